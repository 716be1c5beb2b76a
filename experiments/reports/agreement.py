"""Whether a reported number agrees with our seeds: one rule for all, which RULE says in words."""

import math
from typing import Literal, NamedTuple

from experiments.core.file_schema import FailedRow, RowResults
from experiments.reports.intervals import next_seed_half_width, share_half_width
from experiments.reports.reported import ReportedRow
from jaxdl.metrics import Summary

RULE = """
A reported number comes from a single run. It **stands** if one more run of ours could well have
given it, that is, if it lies in the interval into which one more seed would fall 19 times in 20.
The half-width of that interval is *t s* √(1 + 1/n), by Student's t, for n seeds of ours with
standard deviation s, taken as normally distributed. Two things widen the interval, added in
quadrature. The first is the 95 % interval of a share that is measured on N test examples,
1.96 √(p(1 - p)/N), where p is midway between the two numbers; times √2 where the report's test set
and ours are different draws. The second is half a step where a report gives a number only roughly,
in steps of five points (marked ≈). If the number lies outside, it **differs**, and the verdict
gives the difference in points, reported minus ours.
""".strip()

HALF_ROUNDING_STEP = 0.025  # of numbers that a report rounds to five points
# Examples in our test and in a training batch, where the report does not give their number.
USUAL_TEST_SIZE = 4000
USUAL_BATCH_SIZE = 50
WHOLE_TEST_SET = 10_000  # images; smaller test sets are a choice of them

Kind = Literal['stands', 'differs', 'no number', 'one seed', 'diverged', 'not run']
Split = Literal['test', 'last_batch']


class ReportedScore(NamedTuple):
    """The accuracy that a row reports.

    Attributes:
        split: Of the test set, or of the last training batch where no test is reported.
        accuracy: From 0 to 1; None if no number is reported.
    """

    split: Split
    accuracy: float | None


class Verdict(NamedTuple):
    """What became of a reported number.

    Attributes:
        kind: See RULE; 'one seed' where ours has no interval, 'diverged' and 'not run' where
            there is no number of ours.
        reported: The number, from 0 to 1, or None.
        ours: The same score of our seeds, or None.
        difference: Reported minus ours; None unless the number stands or differs.
        half_width: The largest difference with which it stands.
    """

    kind: Kind
    reported: float | None
    ours: Summary | None
    difference: float | None = None
    half_width: float | None = None

    def text(self) -> str:
        """The verdict in words."""
        if self.kind == 'differs':
            return f'differs by {100 * self.difference:+.1f}'
        return self.kind


def score_name(row: ReportedRow) -> str:
    """The score that a row reports. Of sums, report D counts the bits, and E whole sums."""
    # Whole sums are much harder than bits: one wrong bit makes a sum wrong.
    if row.task != 'binary_add':
        return 'accuracy'
    return 'bit_accuracy' if row.report == 'D' else 'exact_match'


def reported_score(row: ReportedRow) -> ReportedScore:
    """The number of a row that is judged."""
    if row.reported_test_acc is None and row.reported_train_acc is not None:
        return ReportedScore('last_batch', row.reported_train_acc)
    return ReportedScore('test', row.reported_test_acc)


def is_rough(row: ReportedRow) -> bool:
    """Whether a report gives a row's numbers only roughly."""
    return '~' in row.provenance


def judge(row: ReportedRow, results: RowResults | FailedRow | None) -> Verdict:
    """The verdict on a row of a report, by RULE.

    Args:
        row: The row.
        results: Of our run, or None if there is none.
    """
    split, reported = reported_score(row)
    if results is None:
        return Verdict('not run', reported, None)
    if isinstance(results, FailedRow):
        return Verdict('diverged', reported, None)
    ours = _our_score(row, split, results)
    if reported is None:
        return Verdict('no number', None, ours)
    # A single seed says nothing of how far seeds scatter.
    if len(ours.seeds) == 1:
        return Verdict('one seed', reported, ours)
    difference = reported - ours.mean
    half_width = _largest_difference(row, split, reported, ours)
    kind = 'stands' if abs(difference) <= half_width else 'differs'
    return Verdict(kind, reported, ours, difference, half_width)


def _our_score(row: ReportedRow, split: Split, results: RowResults) -> Summary:
    if split == 'test':
        return getattr(results.final_test, score_name(row))
    return results.last_batch[score_name(row)]


def _largest_difference(row: ReportedRow, split: Split, reported: float, ours: Summary) -> float:
    """The largest difference with which a reported number stands."""
    if split == 'test':
        examples = row.test_size or USUAL_TEST_SIZE
    else:
        examples = row.batch_size or USUAL_BATCH_SIZE
    share_error = share_half_width((reported + ours.mean) / 2, examples)
    if split != 'test' or row.task in ('binary_add', 'recall') or examples < WHOLE_TEST_SET:
        # The report's examples and ours are different draws, each with its own error.
        share_error *= math.sqrt(2)
    rounding_error = HALF_ROUNDING_STEP if is_rough(row) else 0.0
    return math.hypot(next_seed_half_width(ours.seeds), share_error, rounding_error)
