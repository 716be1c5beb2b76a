"""Comparisons that the reports only talk about, as sections of the page."""

import fnmatch
from collections.abc import Callable
from typing import NamedTuple

from experiments.reports.page import image_sections, sequence_sections
from experiments.reports.page.document import Page
from experiments.reports.page.evidence import Evidence


class Section(NamedTuple):
    """A comparison of our runs.

    Attributes:
        title: A heading.
        pattern: Of the ids that are compared, with * for any text. Some may have no results.
        write: Writes the comparison to a page.
    """

    title: str
    pattern: str
    write: Callable[[Page, Evidence], None]


SECTIONS = [
    Section('RNN, LSTM and GRU by hidden size', 'hidden-*', image_sections.hidden_sizes),
    Section(
        'Learning rate by cell: where does the RNN break?',
        'rate-*',
        image_sections.learning_rates,
    ),
    Section(
        'CNN against RNN, by seconds and by parameters',
        'B-cnn-compare',
        image_sections.cnn_against_rnns,
    ),
    Section('MSE against BCE', '?-add-*', sequence_sections.losses),
    Section('Batch 1 against larger ones', 'batch-*', sequence_sections.batch_sizes),
    Section('Recall by hidden size and cell', 'E-recall-*', sequence_sections.recall_sizes),
    Section(
        'Recall: accuracy by length, sample sequences',
        'E-recall-*',
        sequence_sections.recall_samples,
    ),
    Section('Adders by length, far beyond training', 'E-add-*', sequence_sections.adders_by_length),
    Section('MNIST: confusion and scores by class', 'E-lstm128', image_sections.classes),
    Section(
        'Activations of a LeNet late in training',
        'B-cifar-relu-adam',
        image_sections.lenet_activations,
    ),
]


def write(page: Page, evidence: Evidence) -> None:
    """Writes all sections to the page, and what has no results yet."""
    page.text('## Comparisons that the reports only talk about')
    for section in SECTIONS:
        page.text(f'### {section.title}')
        names = fnmatch.filter(evidence.ids, section.pattern)
        for line in evidence.missing(names):
            page.text(line)
        if evidence.finished(names):
            section.write(page, evidence)
