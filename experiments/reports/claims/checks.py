"""The forms of measurements that decide claims: each makes a Check from the ids of runs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from experiments.core.file_schema import RowResults
from experiments.reports.claims import statistics
from experiments.reports.claims.answer import Check, Finding, Interval, NotKept, Region, judge
from experiments.reports.claims.measures import (
    CORRELATION,
    EPOCHS,
    PERCENT,
    RATIO,
    Measure,
    Unit,
    seconds_by_epoch,
)
from experiments.reports.evidence import Evidence, epoch_records
from jaxdl.metrics import Summary

ABOVE_ZERO = Region(low=0)
BELOW_ZERO = Region(high=0)
MOST = Region(low=0.5)  # of a share: more than half


def finding(label: str, interval: Interval, region: Region, unit: Unit, suffix: str) -> Finding:
    """The finding of an interval that is held against a region."""

    def text(value: float) -> str:
        return f'{unit.factor * value:,.{unit.digits}f}'

    number = f'{label}: {text(interval.estimate)}'
    if interval.low != interval.high:
        number += f' ({text(interval.low)} to {text(interval.high)})'
    return Finding(judge(interval, region), number + suffix)


def _several(values: np.ndarray, row: str) -> np.ndarray:
    """The values of a row, which must be of more than one seed."""
    if len(values) < 2:
        raise NotKept(f'{row} has a single seed, hence no interval')
    return values


def difference(
    first: str,
    second: str,
    measure: Measure,
    region: Region = ABOVE_ZERO,
    paired: bool = False,
) -> Check:
    """A measure of one run less that of another.

    Args:
        first, second: Ids of runs.
        measure: What is compared.
        region: Of differences for which the claim holds.
        paired: Whether a seed is the same net in both: one that was trained on.
    """
    compare = statistics.paired_difference if paired else statistics.difference

    def measured(evidence: Evidence) -> Finding:
        interval = compare(
            _several(measure.values(evidence.results[first]), first),
            _several(measure.values(evidence.results[second]), second),
        )
        label = f'{first} less {second}, {measure.name}'
        return finding(label, interval, region, measure.unit, measure.unit.difference)

    return Check((first, second), measured)


def level(row: str, measure: Measure, region: Region) -> Check:
    """The mean of a measure over the seeds of one run.

    A measure that is a difference within each net is compared in this way, too: its seeds are
    pairs.
    """

    def measured(evidence: Evidence) -> Finding:
        interval = statistics.mean(_several(measure.values(evidence.results[row]), row))
        label = f'{row}, {measure.name}'
        return finding(label, interval, region, measure.unit, measure.unit.level)

    return Check((row,), measured)


def share_of_seeds(
    row: str,
    condition: str,
    is_hit: Callable[[RowResults], np.ndarray],
    region: Region = MOST,
) -> Check:
    """The share of the seeds of a run for which something is true.

    Args:
        row: The id of the run.
        condition: What is true of them, in words.
        is_hit: From the results to (S,) bool.
        region: Of shares for which the claim holds.
    """

    def measured(evidence: Evidence) -> Finding:
        hits = is_hit(evidence.results[row])
        interval = statistics.share(int(np.sum(hits)), len(hits))
        return finding(f'{row}, seeds with {condition}', interval, region, PERCENT, ' %')

    return Check((row,), measured)


def share_at_least(row: str, measure: Measure, least: float, region: Region = MOST) -> Check:
    """The share of the seeds of a run with a measure of at least some value."""
    condition = f'{measure.name} of {measure.unit.factor * least:g}{measure.unit.level} or more'
    return share_of_seeds(row, condition, lambda results: measure.values(results) >= least, region)


def trend(rows: Sequence[str], measure: Measure, region: Region = ABOVE_ZERO) -> Check:
    """The rank correlation of a measure with the place of its run among `rows`."""

    def measured(evidence: Evidence) -> Finding:
        groups = [_several(measure.values(evidence.results[row]), row) for row in rows]
        label = f'{rows[0]} to {rows[-1]}, rank correlation of {measure.name}'
        return finding(label, statistics.rank_trend(groups), region, CORRELATION, '')

    return Check(tuple(rows), measured)


def leads(row: str, others: Sequence[str], measure: Measure) -> list[Check]:
    """That a run is above each of several others."""
    return [difference(row, other, measure) for other in others if other != row]


def seconds_ratio(first: str, second: str, region: Region) -> Check:
    """The seconds of an epoch of one run, as a multiple of another one's.

    Both must be of the runs claim-time-*, which train alone.
    """

    def measured(evidence: Evidence) -> Finding:
        interval = statistics.ratio(
            seconds_by_epoch(evidence.results[first]), seconds_by_epoch(evidence.results[second])
        )
        label = f'{first} against {second}, seconds an epoch'
        return finding(label, interval, region, RATIO, RATIO.level)

    return Check((first, second), measured)


def exact(label: str, value: Callable[[], float], region: Region, unit: Unit) -> Check:
    """A number that needs no run: a count, or what is computed at once.

    Args:
        label: What it is, in words.
        value: Computes it.
        region: Of values for which the claim holds.
        unit: Of the value.
    """

    def measured(evidence: Evidence) -> Finding:
        del evidence  # it is computed without results
        number = value()
        return finding(label, Interval(number, number, number), region, unit, unit.level)

    return Check((), measured)


def interval_of(summary: Summary, row: str) -> Interval:
    """The Interval of a mean whose seeds may not be known.

    Raises:
        NotKept: It is of a single seed.
    """
    if summary.ci95 is None:
        raise NotKept(f'{row} has a single seed, hence no interval')
    return Interval(summary.mean, summary.mean - summary.ci95, summary.mean + summary.ci95)


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
        label = f'{first} less {second}, largest gap of the curves of {score}'
        return finding(label, widest, Region(-margin, margin), PERCENT, PERCENT.difference)

    return Check((first, second), measured)


class Crossing(NamedTuple):
    """The epochs at which a mean curve, and the two sides of its band, first reach a level.

    Those that never do are counted as the epoch after the last.
    """

    estimate: int
    low: int
    high: int


def crossing(results: RowResults, score: str, least: float) -> Crossing:
    """The epoch of which the mean training score first reaches `least`."""
    records = epoch_records(results)
    never = results.epoch + 1
    first = {'estimate': never, 'low': never, 'high': never}
    for record in reversed(records):
        bounds = interval_of(record.train[score], 'the run')
        # The upper side of the band is the first to reach a level.
        sides = {'estimate': bounds.estimate, 'low': bounds.high, 'high': bounds.low}
        for side, value in sides.items():
            if value >= least:
                first[side] = record.epoch
    return Crossing(**first)


def earlier(first: str, second: str, score: str, least: float) -> Check:
    """That the mean curve of one run reaches a level at an earlier epoch than that of another."""

    def measured(evidence: Evidence) -> Finding:
        a = crossing(evidence.results[first], score, least)
        b = crossing(evidence.results[second], score, least)
        # The widest interval that the two bands allow.
        interval = Interval(a.estimate - b.estimate, a.low - b.high, a.high - b.low)
        label = f'{first} less {second}, epochs to a mean {score} of {100 * least:g} %'
        if min(a.estimate, b.estimate) > evidence.results[first].epoch:
            return Finding('undecided', f'neither {first} nor {second} reaches {100 * least:g} %')
        return finding(label, interval, BELOW_ZERO, EPOCHS, EPOCHS.difference)

    return Check((first, second), measured)


def at_length(row: str, kind: str, lengths: Sequence[int], score: str, region: Region) -> Check:
    """The lowest score of a sequence task over several lengths."""

    def measured(evidence: Evidence) -> Finding:
        intervals = _by_length(evidence.results[row], row, kind, score, lengths)
        lowest = min(intervals.values())
        label = f'{row}, lowest {score} over {len(lengths)} lengths of {kind} sequences'
        return finding(label, lowest, region, PERCENT, PERCENT.level)

    return Check((row,), measured)


def _by_length(results, row, kind, score, lengths):
    """The Interval of a score at each of some lengths."""
    table = results.final_test.by_length[kind]
    scores = table.scores[score]
    if scores.ci95 is None:
        raise NotKept(f'{row} has a single seed, hence no interval')
    intervals = {}
    for length, mean, half_width in zip(table.lengths, scores.mean, scores.ci95, strict=True):
        if length in lengths:
            intervals[length] = Interval(mean, mean - half_width, mean + half_width)
    return intervals


def length_trend(row: str, lengths: Sequence[int], score: str, region: Region) -> Check:
    """The rank correlation of a score with the length of random sequences.

    Its interval is that of curves whose means are drawn anew from their intervals.
    """

    def measured(evidence: Evidence) -> Finding:
        intervals = _by_length(evidence.results[row], row, 'random', score, lengths)
        label = f'{row}, rank correlation of {score} with length'
        return finding(
            label, statistics.curve_trend(list(intervals.values())), region, CORRELATION, ''
        )

    return Check((row,), measured)
