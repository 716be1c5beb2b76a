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

# A small step on the logit scale changes a share p by p (1 - p) of it.
POINTS_AT_HALF = 25.0
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
    chapter.text(_conclusion(both))
    return chapter.blocks


def _conclusion(scatter: SubsetScatter) -> str:
    """What is added to one more run, and whether it is above 0."""
    added = f'{POINTS_AT_HALF * math.sqrt(scatter.variance):.1f} points for each choice'
    if scatter.p_value <= 0.05:
        return f'Subsets scatter by more than their nets explain. What is added: {added}.'
    return (
        'At the level of 5 % subsets do not scatter by more than their nets explain. The estimate '
        f'is added all the same: {added}. That it is known from few subsets makes the intervals '
        'wider still.'
    )


def _difference_lines(rows: Mapping[str, Mapping[int, np.ndarray]]) -> list[list[object]]:
    """The difference of two rows on the same subsets, where they have at least two in common."""
    (first, first_subsets), (second, second_subsets) = rows.items()
    differences = []
    for seed in sorted(first_subsets.keys() & second_subsets.keys()):
        differences.append(first_subsets[seed] - second_subsets[seed])
    if len(differences) < 2:
        return []
    name = f'{first} less {second}'
    return [_line(name, len(differences), analyse([np.array(differences)]))]


def _line(
    name: str, subsets: int, scatter: SubsetScatter, accuracy: float | None = None
) -> list[object]:
    """A line of the table. Without an accuracy, points are those at an accuracy of a half."""
    points = POINTS_AT_HALF
    if accuracy is not None:
        points = 100 * accuracy * (1 - accuracy)
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
