"""The forms of measurements that decide claims: each makes a Check from the ids of runs."""

from collections.abc import Callable, Sequence

import numpy as np

from experiments.core.file_schema import LayerStatistics, RowResults
from experiments.reports.claims import statistics
from experiments.reports.claims.answer import Check, Estimate, Finding, Kind, NotKept, Region, judge
from experiments.reports.claims.measures import (
    CORRELATION,
    NATS,
    PERCENT,
    RATIO,
    SECONDS,
    Measure,
    Unit,
    seconds_by_epoch,
)
from experiments.reports.evidence import Evidence
from jaxdl.metrics import Summary

ABOVE_ZERO = Region(low=0)
BELOW_ZERO = Region(high=0)
MOST = Region(low=0.5)  # of a share: more than half


def finding(label: str, interval: Estimate, region: Region, unit: Unit, suffix: str) -> Finding:
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
        first: The id of a run.
        second: The id of another one.
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


def levels(rows: Sequence[str], measure: Measure, region: Region) -> list[Check]:
    """The mean of a measure over seeds, of each of several runs."""
    checks = []
    for row in rows:
        checks.append(level(row, measure, region))
    return checks


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


def shares_at_least(rows: Sequence[str], measure: Measure, least: float) -> list[Check]:
    """That most seeds have a measure of at least some value, of each of several runs."""
    checks = []
    for row in rows:
        checks.append(share_at_least(row, measure, least))
    return checks


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
        return finding(label, Estimate(number, number, number), region, unit, unit.level)

    return Check((), measured)


def negated(check: Check) -> Check:
    """The Check that holds where another one does not, and the other way round."""
    opposite: dict[Kind, Kind] = {'holds': 'does not hold', 'does not hold': 'holds'}

    def measured(evidence: Evidence) -> Finding:
        found = check.measure(evidence)
        return Finding(opposite.get(found.kind, found.kind), found.number)

    return Check(check.rows, measured)


def interval_of(summary: Summary, row: str) -> Estimate:
    """The Estimate of a mean whose seeds may not be known.

    Raises:
        NotKept: It is of a single seed.
    """
    if summary.ci95 is None:
        raise NotKept(f'{row} has a single seed, hence no interval')
    return Estimate(summary.mean, summary.mean - summary.ci95, summary.mean + summary.ci95)


def _last_layer(results: RowResults, layer: str) -> LayerStatistics:
    """The last statistics of a layer."""
    if not results.layer_statistics or layer not in results.layer_statistics[-1].layers:
        raise NotKept(f'the file has no statistics of {layer}')
    return results.layer_statistics[-1].layers[layer]


def minimum_is_zero(row: str, layer: str) -> Check:
    """That the smallest activation of a layer, late in training, is exactly 0 in all seeds.

    It is for activations that are never below 0: if their mean over seeds is 0, all are.
    """

    def measured(evidence: Evidence) -> Finding:
        lowest = _last_layer(evidence.results[row], layer).min.mean
        kind = 'holds' if lowest == 0 else 'does not hold'
        return Finding(kind, f'{row}, mean of the smallest activation of {layer}: {lowest:g}')

    return Check((row,), measured)


def mean_activation(row: str, layer: str, region: Region) -> Check:
    """The mean activation of a layer late in training."""

    def measured(evidence: Evidence) -> Finding:
        interval = interval_of(_last_layer(evidence.results[row], layer).mean, row)
        return finding(f'{row}, mean activation of {layer}', interval, region, NATS, '')

    return Check((row,), measured)


def share_not_falsified(row: str, region: Region = MOST) -> Check:
    """The share of the adders of a run that no sum of any length has shown to be wrong."""

    def not_falsified(results: RowResults) -> np.ndarray:
        hits = []
        for seed in results.final_test.verdicts.values():
            hits.append(seed.verdict != 'falsified')
        return np.array(hits)

    return share_of_seeds(row, 'no counterexample', not_falsified, region)


def seconds_of_all_seeds(row: str, region: Region) -> Check:
    """The seconds that training took for all seeds of a run together.

    They bound those of a single seed from above, whatever else trained beside it.
    """

    def measured(evidence: Evidence) -> Finding:
        results = evidence.results[row]
        seconds = results.seconds.get('train')
        if not seconds:
            raise NotKept(f'the file of {row} does not keep its seconds')
        label = f'{row}, seconds of all {results.config["seeds"]} seeds together'
        interval = Estimate(seconds, seconds, seconds)
        return finding(label, interval, region, SECONDS, SECONDS.level)

    return Check((row,), measured)
