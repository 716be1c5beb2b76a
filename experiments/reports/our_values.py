"""What a value of ours is, and the facts about rows that all readers of our results need."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from experiments.core.final_test import (
    MAX_RECALL_LENGTHS,
    RECALLS_PER_LENGTH,
    SHORT_LENGTHS,
    STRINGS_PER_LENGTH,
)
from experiments.core.schemas.rows import FailedRow, RowResults

Outcomes = Mapping[str, RowResults | FailedRow]  # by the ids of the rows that were run

# Images of the test set that a report may have scored whole, as we do.
WHOLE_TEST_SET = 10_000

Draw = Literal['same', 'other', 'each']


class OurValues(NamedTuple):
    """A score of our seeds.

    Attributes:
        seeds: (S,) values.
        examples: N, of which a share is taken.
        draw: Whether the report's examples are the 'same' as ours, 'other' ones from the same
            source, or whether 'each' seed has its own, as many as the report has.
        chances: (n,), of each of the report's n examples, to be right; empty if they are alike.
        windows: (S, W) values of the W windows of a curve, or None.
        of_subset: Whether it is the test accuracy of nets that all have one random choice of the
            training images, which is another one than the report's.
    """

    seeds: np.ndarray
    examples: int
    draw: Draw
    chances: tuple[float, ...] = ()
    windows: np.ndarray | None = None
    of_subset: bool = False


class Missing(NamedTuple):
    """Why there are no values.

    Attributes:
        kind: The row was not run, its run diverged, or the results do not have the value.
        reason: In words.
    """

    kind: Literal['no run', 'diverged', 'not recorded']
    reason: str


def finished(row_id: str, outcomes: Outcomes) -> RowResults | Missing:
    """The results of a row, or why there are none."""
    results = outcomes.get(row_id)
    if results is None:
        return Missing('no run', f'{row_id} was not run')
    if isinstance(results, FailedRow):
        return Missing('diverged', results.failed)
    return results


def score_name(row_id: str, task: str) -> str:
    """The score that a row reports. Of sums, report D counts the bits, and E whole sums."""
    # Whole sums are much harder than bits: one wrong bit makes a sum wrong.
    if task != 'binary_add':
        return 'accuracy'
    return 'bit_accuracy' if row_id.startswith('D-') else 'exact_match'


def examples_of_test(results: RowResults) -> int:
    """The number of examples of our final test that the headline score is a share of."""
    task = results.config['task']
    if task == 'binary_add':
        return STRINGS_PER_LENGTH * len(SHORT_LENGTHS)
    if task == 'recall':
        lengths = results.config.get('max_length', 10) - results.config.get('min_length', 3) + 1
        return RECALLS_PER_LENGTH * min(lengths, MAX_RECALL_LENGTHS)
    # 0 images of each class mean all of them.
    return 10 * results.config.get('test_per_class', 0) or WHOLE_TEST_SET
