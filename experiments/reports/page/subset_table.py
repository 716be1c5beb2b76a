"""What the choice of the training images adds to the scatter of a net, as a table of the page."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import expit

from experiments.reports.evidence import Evidence
from experiments.reports.page.blocks import Block, Chapter
from experiments.reports.subset_runs import SUBSETS_OF_ROWS, first_seeds
from experiments.reports.subset_scatter import (
    SubsetScatter,
    accuracies_by_subset,
    analyse,
    measured_scatter,
)

HEADER = (
    'row',
    'subsets',
    'test, %',
    'sd of seeds, points',
    'sd of subsets, points',
    'ratio of variances',
    'its 95 % interval',
    'F',
    'p',
)


def subset_blocks(evidence: Evidence) -> list[Block]:
    """The scatter between subsets of the images and within them."""
    chapter = Chapter()
    names = []
    for row in SUBSETS_OF_ROWS:
        names.extend(first_seeds(row))
    for line in evidence.missing(names):
        chapter.text(line)
    outcomes = evidence.outcomes()
    rows = accuracies_by_subset(outcomes)
    both = measured_scatter(outcomes)
    if both is None:
        return chapter.blocks
    chapter.text(
        'The CIFAR-10 nets of reports B and C are trained on 1,000 images of each class. All seeds '
        'of a row have the same random choice of them, and the report had another one. Here '
        f'{both.nets} nets each are trained on other choices and tested on all test images. What '
        'the means of the subsets scatter beyond the scatter of the seeds is added to one more run '
        "of each of these rows, once for our choice and once for the report's (`docs/verdicts.md`)."
    )
    lines = []
    for row, subsets in rows.items():
        table = np.array(list(subsets.values()))
        lines.append(_line(row, len(table), analyse([table]), float(expit(table.mean()))))
    if len(rows) > 1:
        count = sum(len(subsets) for subsets in rows.values())
        lines.append(_line('together', count, both))
        lines.extend(_difference_lines(rows))
    chapter.table(HEADER, lines)
    return chapter.blocks


def _difference_lines(rows: Mapping[str, Mapping[int, np.ndarray]]) -> list[list[object]]:
    """The difference of two rows on the same subsets, where they have at least two in common."""
    (first, first_subsets), (second, second_subsets) = rows.items()
    differences = []
    for seed in first_subsets.keys() & second_subsets.keys():
        differences.append(first_subsets[seed] - second_subsets[seed])
    if len(differences) < 2:
        return []
    name = f'{first} less {second}'
    return [_line(name, len(differences), analyse([np.array(differences)]))]


def _line(
    name: str, subsets: int, scatter: SubsetScatter, accuracy: float | None = None
) -> list[object]:
    """A line of the table. Without an accuracy, points are those at an accuracy of a half."""
    # A small step on the logit scale is p (1 - p) times as large as a share.
    share = 0.5 if accuracy is None else accuracy
    points = 100 * share * (1 - share)
    interval = scatter.ratio_interval()
    return [
        name,
        subsets,
        '' if accuracy is None else f'{100 * accuracy:.1f}',
        f'{points * math.sqrt(scatter.within):.2f}',
        f'{points * math.sqrt(scatter.variance):.2f}',
        f'{scatter.ratio:.2f}',
        f'{interval.low:.2f} to {interval.high:.2f}',
        f'{scatter.f_value:.2f} ({scatter.between_degrees}, {scatter.within_degrees})',
        f'{scatter.p_value:.2g}',
    ]
