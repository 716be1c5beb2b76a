"""Comparisons that the reports only talk about, as sections of the page."""

import fnmatch
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from experiments.reports.evidence import Evidence
from experiments.reports.page import image_sections, sequence_sections
from experiments.reports.page.blocks import Chapter, Section


class Comparison(NamedTuple):
    """A comparison of our runs.

    Attributes:
        title: A heading.
        anchor: Of the heading.
        patterns: Of the ids that are compared, with * for any text. Some may have no results.
        write: Adds the comparison to a chapter.
    """

    title: str
    anchor: str
    patterns: Sequence[str]
    write: Callable[[Chapter, Evidence], None]

    def ids(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are compared."""
        return [name for name in names if self._matches(name)]

    def _matches(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)


ADDERS_OF_BOTH_LOSSES = tuple(itertools.chain.from_iterable(sequence_sections.LOSS_PAIRS.values()))
COMPARISONS = [
    Comparison(
        'RNN, LSTM and GRU by hidden size',
        'hidden-sizes',
        ['hidden-*'],
        image_sections.hidden_sizes,
    ),
    Comparison(
        'Learning rate by cell: where does the RNN break?',
        'learning-rates',
        ['rate-*'],
        image_sections.learning_rates,
    ),
    Comparison(
        'CNN against RNN, by seconds and by parameters',
        'cnn-against-rnns',
        ['B-cnn-compare'],
        image_sections.cnn_against_rnns,
    ),
    Comparison(
        'MSE against BCE', 'losses-compared', ADDERS_OF_BOTH_LOSSES, sequence_sections.losses
    ),
    Comparison(
        'Batch 1 against larger ones', 'batch-sizes', ['batch-*'], sequence_sections.batch_sizes
    ),
    Comparison(
        'Recall by hidden size and cell',
        'recall-sizes',
        ['E-recall-*'],
        sequence_sections.recall_sizes,
    ),
    Comparison(
        'Recall: accuracy by length, sample sequences',
        'recall-lengths',
        ['E-recall-*'],
        sequence_sections.recall_samples,
    ),
    Comparison(
        'Adders by length, far beyond training',
        'adder-lengths',
        ['E-add-*'],
        sequence_sections.adders_by_length,
    ),
    Comparison(
        'Activations of a LeNet late in training',
        'lenet-activations',
        ['B-cifar-relu-adam'],
        image_sections.lenet_activations,
    ),
]


def comparisons_section(evidence: Evidence) -> Section:
    """All comparisons, and what has no results yet."""
    sections = []
    for comparison in COMPARISONS:
        chapter = Chapter()
        names = comparison.ids(evidence.ids)
        for line in evidence.missing(names):
            chapter.text(line)
        if evidence.finished(names):
            comparison.write(chapter, evidence)
        sections.append(Section(comparison.title, comparison.anchor, chapter.blocks))
    return Section('Comparisons that the reports only talk about', 'comparisons', sections)
