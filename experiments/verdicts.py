"""Whether a reported number stands: computed by one rule, which RULE says in words."""
import math
from typing import NamedTuple

import numpy as np

RULE = """A report is one run. Its number **stands** if it lies in the interval into which one more run of ours falls with a probability of 95 %
(Student's t of our seeds, half-width *t s* √(1 + 1/n)), widened in quadrature by the 95 % interval of a share of its test set's size (1.96 √(p(1 - p)/N), p midway
between the two). Otherwise the difference is given, reported minus ours, in points."""
REPORTED = {'test': 'reported_test_acc', 'last_batch': 'reported_train_acc'}


class Verdict(NamedTuple):
    kind: str          # 'stands', 'differs', 'no number', 'diverged' or 'not run'
    reported: float | None
    ours: dict | None  # {'mean', 'ci95', 'seeds'}
    difference: float | None = None
    half: float | None = None  # of the interval that the difference is held against

    def text(self):
        return f'differs by {100 * self.difference:+.1f}' if self.kind == 'differs' else self.kind


def score(row):
    """The accuracy that a row tells of: report D counts the bits of a sum, E whole sums."""
    return {'D': 'bit_accuracy', 'E': 'exact_match'}[row['report']] if row['task'] == 'binary_add' else 'accuracy'


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
    size = int(row['test_size'] or 4000) if split == 'test' else int(row['batch_size'] or 50)
    half = interval_of_one(ours['seeds'], number, size)
    return Verdict('stands' if abs(number - ours['mean']) <= half else 'differs', number, ours, number - ours['mean'], half)


def interval_of_one(seeds, number, size):
    """Half-width of the interval for one more run, tested on `size` examples, about the mean of seeds (S,)."""
    from scipy.special import stdtrit
    n = len(seeds)
    of_seeds = stdtrit(n - 1, .975) * np.std(seeds, ddof=1) * math.sqrt(1 + 1 / n) if n > 1 else math.inf
    p = (number + np.mean(seeds)) / 2
    return math.hypot(of_seeds, half_of_share(p, size))


def half_of_share(p, size):
    """Half-width of the 95 % interval of a share p found on `size` examples."""
    return 1.96 * math.sqrt(max(p * (1 - p), 0) / size)
