"""Comparisons that the reports only talk about, as sections of the page."""

import fnmatch
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from experiments.reports.evidence import Evidence
from experiments.reports.page import image_sections, sequence_sections
from experiments.reports.page.document import Page


class Section(NamedTuple):
    """A comparison of our runs.

    Attributes:
        title: A heading.
        patterns: Of the ids that are compared, with * for any text. Some may have no results.
        write: Writes the comparison to a page.
    """

    title: str
    patterns: Sequence[str]
    write: Callable[[Page, Evidence], None]

    def ids(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are compared."""
        return [name for name in names if self._matches(name)]

    def _matches(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)


ADDERS_OF_BOTH_LOSSES = tuple(itertools.chain.from_iterable(sequence_sections.LOSS_PAIRS.values()))
SECTIONS = [
    Section('RNN, LSTM and GRU by hidden size', ['hidden-*'], image_sections.hidden_sizes),
    Section(
        'Learning rate by cell: where does the RNN break?',
        ['rate-*'],
        image_sections.learning_rates,
    ),
    Section(
        'CNN against RNN, by seconds and by parameters',
        ['B-cnn-compare'],
        image_sections.cnn_against_rnns,
    ),
    Section('MSE against BCE', ADDERS_OF_BOTH_LOSSES, sequence_sections.losses),
    Section('Batch 1 against larger ones', ['batch-*'], sequence_sections.batch_sizes),
    Section('Recall by hidden size and cell', ['E-recall-*'], sequence_sections.recall_sizes),
    Section(
        'Recall: accuracy by length, sample sequences',
        ['E-recall-*'],
        sequence_sections.recall_samples,
    ),
    Section(
        'Adders by length, far beyond training', ['E-add-*'], sequence_sections.adders_by_length
    ),
    Section('MNIST: confusion and scores by class', ['E-lstm128'], image_sections.classes),
    Section(
        'Activations of a LeNet late in training',
        ['B-cifar-relu-adam'],
        image_sections.lenet_activations,
    ),
]


def write(page: Page, evidence: Evidence) -> None:
    """Writes all sections to the page, and what has no results yet."""
    page.text('## Comparisons that the reports only talk about')
    for section in SECTIONS:
        page.text(f'### {section.title}')
        names = section.ids(evidence.ids)
        for line in evidence.missing(names):
            page.text(line)
        if evidence.finished(names):
            section.write(page, evidence)
