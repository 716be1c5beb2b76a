"""Measurements over the epochs of training, and over the lengths of sequences."""

from collections.abc import Sequence
from typing import NamedTuple

from experiments.core.file_schema import RowResults
from experiments.reports.claims import statistics
from experiments.reports.claims.answer import Check, Estimate, Finding, NotKept, Region, within
from experiments.reports.claims.checks import BELOW_ZERO, finding, interval_of
from experiments.reports.claims.measures import CORRELATION, EPOCHS, PERCENT
from experiments.reports.evidence import Evidence, epoch_records

SCORE_NAMES = {
    'exact_match': 'whole sums right',
    'bit_accuracy': 'bits right',
    'accuracy': 'accuracy',
}


def curve_gap(first: str, second: str, score: str, margin: float) -> Check:
    """The largest gap between two mean curves of training, epoch by epoch.

    It must be smaller than a margin, to either side.
    """

    def measured(evidence: Evidence) -> Finding:
        curves = []
        for row in (first, second):
            by_epoch = {}
            for record in epoch_records(evidence.results[row]):
                by_epoch[record.epoch] = interval_of(record.train[score], row)
            curves.append(by_epoch)
        gaps = []
        for epoch in curves[0].keys() & curves[1].keys():
            gaps.append(statistics.of_independent(curves[0][epoch], curves[1][epoch]))
        if not gaps:
            raise NotKept(f'{first} and {second} keep no epoch in common')
        widest = max(gaps, key=lambda gap: abs(gap.estimate))
        label = f'{first} less {second}, largest gap of the curves of {SCORE_NAMES[score]}'
        return finding(label, widest, within(margin), PERCENT, PERCENT.difference)

    return Check((first, second), measured)


class Crossing(NamedTuple):
    """When a mean curve first reaches a level, in epochs.

    One that never does is counted as the epoch after the last.

    Attributes:
        estimate: The first epoch at which the mean has reached it.
        low: An epoch before which even the upper side of the band has not.
        high: The first epoch at which the lower side of the band has.
    """

    estimate: int
    low: int
    high: int


def crossing(results: RowResults, score: str, least: float) -> Crossing:
    """The epoch of which the mean training score first reaches `least`."""
    low = estimate = high = results.epoch + 1
    epoch_before = 0
    for record in epoch_records(results):
        band = interval_of(record.train[score], 'the run')
        if band.estimate >= least:
            estimate = min(estimate, record.epoch)
        if band.low >= least:
            high = min(high, record.epoch)
        if band.high >= least:
            # Not every epoch is kept: the level may have been reached after the one before.
            low = min(low, epoch_before)
        epoch_before = record.epoch
    return Crossing(estimate, low, high)


def earlier(first: str, second: str, score: str, least: float) -> Check:
    """That the mean curve of one run reaches a level at an earlier epoch than that of another."""

    def measured(evidence: Evidence) -> Finding:
        ours = crossing(evidence.results[first], score, least)
        other = crossing(evidence.results[second], score, least)
        level = f'a mean {SCORE_NAMES[score]} of {100 * least:g} % in training'
        if (
            ours.estimate > evidence.results[first].epoch
            and other.estimate > evidence.results[second].epoch
        ):
            return Finding('undecided', f'neither {first} nor {second} reaches {level}')
        # The widest interval that the two bands allow.
        interval = Estimate(
            ours.estimate - other.estimate, ours.low - other.high, ours.high - other.low
        )
        label = f'{first} less {second}, epochs to {level}'
        return finding(label, interval, BELOW_ZERO, EPOCHS, EPOCHS.difference)

    return Check((first, second), measured)


def at_length(row: str, kind: str, lengths: Sequence[int], score: str, region: Region) -> Check:
    """The lowest score of a sequence task over several lengths."""

    def measured(evidence: Evidence) -> Finding:
        intervals = _by_length(evidence.results[row], row, kind, score, lengths)
        lowest = min(intervals.values())
        label = f'{row}, {SCORE_NAMES[score]}, the lowest over {_span(lengths)}, {kind} sequences'
        return finding(label, lowest, region, PERCENT, PERCENT.level)

    return Check((row,), measured)


def _span(lengths):
    """Lengths in words."""
    if len(lengths) == 1:
        return f'length {lengths[0]:,}'
    return f'lengths {lengths[0]} to {lengths[-1]}'


def _by_length(results, row, kind, score, lengths):
    """The Estimate of a score at each of some lengths."""
    table = results.final_test.by_length[kind]
    scores = table.scores[score]
    if scores.ci95 is None:
        raise NotKept(f'{row} has a single seed, hence no interval')
    intervals = {}
    for length, mean, half_width in zip(table.lengths, scores.mean, scores.ci95, strict=True):
        if length in lengths:
            intervals[length] = Estimate(mean, mean - half_width, mean + half_width)
    return intervals


def length_trend(row: str, lengths: Sequence[int], score: str, region: Region) -> Check:
    """The rank correlation of a score with the length of random sequences.

    Its interval is that of curves whose means are drawn anew from their intervals.
    """

    def measured(evidence: Evidence) -> Finding:
        intervals = _by_length(evidence.results[row], row, 'random', score, lengths)
        label = f'{row}, rank correlation of {SCORE_NAMES[score]} with length'
        return finding(
            label, statistics.curve_trend(list(intervals.values())), region, CORRELATION, ''
        )

    return Check((row,), measured)
