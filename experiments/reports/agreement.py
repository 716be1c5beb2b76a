"""Whether a reported number stands: computed by one rule, which RULE says in words."""

import math
from typing import NamedTuple

import numpy as np

RULE = """A report is one run. Its number **stands** if it lies where one more run of ours would fall 19 times in 20 (Student's t of our seeds, half-width *t s* √(1 + 1/n), as if
seeds scattered normally), widened in quadrature by the 95 % interval of a share of its test set's size (1.96 √(p(1 - p)/N), p midway between the two; times √2 where its test
set and ours are different draws) and by half a step where a report says "about" and steps in five points (≈). Otherwise the difference is given, reported minus ours, in points."""
REPORTED = {'test': 'reported_test_acc', 'last_batch': 'reported_train_acc'}
ABOUT = 0.025  # half a step of the numbers that a report rounds to five points
RECALLS, BATCH = 4000, 50  # examples of ours, where the report does not say


class Verdict(NamedTuple):
    kind: str  # 'stands', 'differs', 'no number', 'one seed', 'diverged' or 'not run'
    reported: float | None
    ours: dict | None  # {'mean', 'ci95', 'seeds'}
    difference: float | None = None
    half: float | None = None  # of the interval that the difference is held against

    def text(self):
        return f'differs by {100 * self.difference:+.1f}' if self.kind == 'differs' else self.kind


def score(row):
    """The accuracy that a row tells of: report D counts the bits of a sum, E whole sums."""
    return (
        {'D': 'bit_accuracy', 'E': 'exact_match'}[row['report']]
        if row['task'] == 'binary_add'
        else 'accuracy'
    )


def reported(row):
    """('test' or, where no test is told of, 'last_batch', the number), or (_, None)."""
    for split, column in REPORTED.items():
        if row[column]:
            return split, float(row[column])
    return 'test', None


def accuracy(result, split, name):
    """{'mean', 'ci95', 'seeds'} of a result's score."""
    return result['tested'][name] if split == 'test' else result[split][name]


def judge(row, result):
    """The Verdict on a row of reported_results.csv, by the content of its file in experiments/results (or None)."""
    split, number = reported(row)
    if result is None:
        return Verdict('not run', number, None)
    if 'failed' in result:
        return Verdict('diverged', number, None)
    ours = accuracy(result, split, score(row))
    if number is None:
        return Verdict('no number', None, ours)
    if len(ours['seeds']) == 1:
        return Verdict('one seed', number, ours)
    size = int(row['test_size'] or RECALLS) if split == 'test' else int(row['batch_size'] or BATCH)
    drawn = split != 'test' or row['task'] in ('binary_add', 'recall') or size < 10_000
    half = math.hypot(
        half_of_one(ours['seeds']),
        half_of_share((number + ours['mean']) / 2, size) * math.sqrt(1 + drawn),
        about(row) * ABOUT,
    )
    return Verdict(
        'stands' if abs(number - ours['mean']) <= half else 'differs',
        number,
        ours,
        number - ours['mean'],
        half,
    )


def about(row):
    """Whether a report gives a row's numbers roughly."""
    return '~' in row['provenance']


def half_of_one(seeds):
    """Half-width of the interval into which one more seed falls, about the mean of seeds (S,)."""
    from scipy.special import stdtrit

    n = len(seeds)
    return stdtrit(n - 1, 0.975) * np.std(seeds, ddof=1) * math.sqrt(1 + 1 / n)


def half_of_share(p, size):
    """Half-width of the 95 % interval of a share p found on `size` examples."""
    return 1.96 * math.sqrt(max(p * (1 - p), 0) / size)
