"""The forms of measurements that decide claims: each makes a Check from the ids of runs."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from experiments.core.schemas.rows import RowResults
from experiments.reports.claims import statistics
from experiments.reports.claims.answer import Check, Estimate, Finding, Kind, NotKept, Region, judge
from experiments.reports.claims.measured import Measured
from experiments.reports.claims.measures import (
    PERCENT,
    RATIO,
    Measure,
    Unit,
    activation,
    seconds_by_epoch,
)
from experiments.reports.evidence import Evidence

ABOVE_ZERO = Region(low=0)
BELOW_ZERO = Region(high=0)
MOST = Region(low=0.5)  # of a share: more than half

AnyMeasure = Measure | Measured


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
    measure: AnyMeasure,
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

    def measured(evidence: Evidence, confidence: float) -> Finding:
        interval = compare(
            _several(measure.of_row(evidence, first), first),
            _several(measure.of_row(evidence, second), second),
            confidence,
        )
        label = f'{first} less {second}, {measure.name}'
        return finding(label, interval, region, measure.unit, measure.unit.difference)

    return Check((first, second), measured)


def level(row: str, measure: AnyMeasure, region: Region) -> Check:
    """The mean of a measure over the seeds of one run.

    A measure that is a difference within each net is compared in this way, too: its seeds are
    pairs.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        interval = statistics.mean(_several(measure.of_row(evidence, row), row), confidence)
        label = f'{row}, {measure.name}'
        return finding(label, interval, region, measure.unit, measure.unit.level)

    return Check((row,), measured)


def levels(rows: Sequence[str], measure: AnyMeasure, region: Region) -> list[Check]:
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

    def measured(evidence: Evidence, confidence: float) -> Finding:
        hits = is_hit(evidence.results[row])
        interval = statistics.share(int(np.sum(hits)), len(hits), confidence)
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


def trend(
    rows: Sequence[str], measure: AnyMeasure, direction: Literal['rises', 'falls'] = 'rises'
) -> Check:
    """That a measure rises, or falls, with the place of its run among `rows`.

    Its rank correlation with the place must differ from 0 in a permutation test.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        groups = [_several(measure.of_row(evidence, row), row) for row in rows]
        found = statistics.rank_trend(groups)
        number = (
            f'{rows[0]} to {rows[-1]}, rank correlation of {measure.name}: '
            f'{found.correlation:.2f} (p = {found.p_value:.2g})'
        )
        if found.p_value > 1 - confidence:
            return Finding('undecided', number)
        as_claimed = (found.correlation > 0) == (direction == 'rises')
        return Finding('holds' if as_claimed else 'does not hold', number)

    return Check(tuple(rows), measured)


def leads(row: str, others: Sequence[str], measure: Measure) -> list[Check]:
    """That a run is above each of several others."""
    return [difference(row, other, measure) for other in others if other != row]


def seconds_ratio(first: str, second: str) -> Check:
    """The seconds of an epoch of one run, as a multiple of another one's.

    It decides nothing: its interval is over the epochs of one run of each, which are alike, while
    the machine may have been slower during the whole of one run than during the other. Both must be
    of the runs claim-time-*, which train alone.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        interval = statistics.ratio(
            seconds_by_epoch(evidence.results[first]),
            seconds_by_epoch(evidence.results[second]),
            confidence,
        )
        label = f'{first} against {second}, seconds an epoch'
        found = finding(label, interval, Region(), RATIO, RATIO.level)
        return Finding('undecided', f'{found.number} over the epochs of one run of each')

    return Check((first, second), measured)


def exact(label: str, value: Callable[[], float], region: Region, unit: Unit) -> Check:
    """A number that needs no run: a count, or what is computed at once.

    Args:
        label: What it is, in words.
        value: Computes it.
        region: Of values for which the claim holds.
        unit: Of the value.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        del evidence, confidence  # it is computed without results, and has no interval
        number = value()
        return finding(label, Estimate(number, number, number), region, unit, unit.level)

    return Check((), measured)


def negated(check: Check) -> Check:
    """The Check that holds where another one does not, and the other way round."""
    opposite: dict[Kind, Kind] = {'holds': 'does not hold', 'does not hold': 'holds'}

    def measured(evidence: Evidence, confidence: float) -> Finding:
        found = check.measure(evidence, confidence)
        return Finding(opposite.get(found.kind, found.kind), found.number)

    return Check(check.rows, measured)


def minimum_is_zero(row: str, layer: str) -> Check:
    """That the smallest activation of a layer on the whole test set is exactly 0 in each seed."""
    minimum = activation(layer, 'minimum')

    def measured(evidence: Evidence, confidence: float) -> Finding:
        del confidence  # whether a number is 0 is known without an interval
        values = minimum.values(evidence.results[row])
        kind = 'does not hold' if values.any() else 'holds'
        number = f'{row}, {minimum.name}: {values.min():g} to {values.max():g} among the seeds'
        return Finding(kind, number)

    return Check((row,), measured)


def share_not_falsified(row: str, region: Region = MOST) -> Check:
    """The share of the adders of a run that no sum of any length has shown to be wrong."""

    def not_falsified(results: RowResults) -> np.ndarray:
        hits = []
        for seed in results.final_test.verdicts.values():
            hits.append(seed.verdict != 'falsified')
        return np.array(hits)

    return share_of_seeds(row, 'no counterexample', not_falsified, region)


def seconds_of_all_seeds_below(row: str, most: float) -> Check:
    """That the training of a single seed takes less than `most` seconds.

    The seconds of all seeds together bound them from above, whatever else trained beside them. So
    they can show that the claim holds, but not that it does not.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        del confidence  # the bound is exact
        results = evidence.results[row]
        seconds = results.seconds.get('train')
        if not seconds:
            raise NotKept(f'the file of {row} does not keep its seconds')
        number = f'{row}, seconds of all {results.config["seeds"]} seeds together: {seconds:,.2f} s'
        return Finding('holds' if seconds < most else 'undecided', number)

    return Check((row,), measured)
