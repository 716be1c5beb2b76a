"""Measurements over the epochs of training, and over the lengths of sequences."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from experiments.core.schemas.rows import RowResults
from experiments.reports.claims import statistics
from experiments.reports.claims.answer import (
    LEVEL,
    Check,
    Estimate,
    Finding,
    HoldsIf,
    NotKept,
    Region,
    all_of,
    any_of,
    find_parts,
    within,
)
from experiments.reports.claims.checks import ABOVE_ZERO, BELOW_ZERO, finding
from experiments.reports.claims.measures import CORRELATION, EPOCHS, NATS, PERCENT, Unit
from experiments.reports.evidence import Evidence, epoch_records
from jaxdl.metrics import Summary

SCORE_NAMES = {
    'exact_match': 'whole sums right',
    'bit_accuracy': 'bits right',
    'accuracy': 'accuracy',
}


def _estimate(score: Summary, results: RowResults, level: float) -> Estimate:
    """The mean of a run's seeds, whose single scores may not be kept, with its interval.

    Raises:
        NotKept: It is of a single seed.
    """
    if score.ci95 is None:
        raise NotKept('a run has a single seed, hence no interval')
    return statistics.of_half_width(score.mean, score.ci95, results.config['seeds'], level)


def _over_places(
    estimates: Mapping[str, Callable[[float], Estimate]],
    holds_if: HoldsIf,
    region: Region,
    unit: Unit,
    suffix: str,
    confidence: float,
) -> Finding:
    """The finding of a number that must lie in a region at all or any of several places.

    Args:
        estimates: By the place in words, from the level of the interval to the number there.
        holds_if: Whether it must lie there at 'all' places or at 'any'.
        region: Of numbers for which the claim holds.
        unit: Of the numbers.
        suffix: What follows a number.
        confidence: The level at which all places together are judged.

    Returns:
        The number is that of the place that decides: the one farthest out if it must lie in the
        region at all places, and the one farthest in if at any.
    """

    def at(place: str, level: float) -> Finding:
        return finding(place, estimates[place](level), region, unit, suffix)

    findings = find_parts([partial(at, place) for place in estimates], holds_if, confidence)
    kind = all_of(findings) if holds_if == 'all' else any_of(findings)
    deciding, rooms = [], []
    for place, found in zip(estimates, findings, strict=True):
        if found.kind == kind:
            estimate = estimates[place](confidence).estimate
            deciding.append(found)
            rooms.append(min(estimate - region.low, region.high - estimate))
    chosen = np.argmin(rooms) if holds_if == 'all' else np.argmax(rooms)
    return deciding[chosen]


def curve_gap(first: str, second: str, score: str, margin: float) -> Check:
    """The gap between two mean curves of training, which must be small after each epoch.

    It must be smaller than a margin, to either side. The seeds of the two are other nets.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        runs = evidence.results[first], evidence.results[second]
        curves = [_by_epoch(results, score) for results in runs]
        if not curves[0] or curves[0].keys() != curves[1].keys():
            raise NotKept(f'the files of {first} and {second} do not keep the same epochs')

        def gap(epoch: int, level: float) -> Estimate:
            return statistics.of_independent(
                _estimate(curves[0][epoch], runs[0], level),
                _estimate(curves[1][epoch], runs[1], level),
            )

        gaps = {}
        for epoch in curves[0]:
            label = f'{first} less {second}, {SCORE_NAMES[score]} in training, epoch {epoch}'
            gaps[label] = partial(gap, epoch)
        return _over_places(gaps, 'all', within(margin), PERCENT, PERCENT.difference, confidence)

    return Check((first, second), measured)


def _by_epoch(results: RowResults, score: str) -> dict[int, Summary]:
    """A training score by the number of the epoch, of those that are kept."""
    return {record.epoch: record.train[score] for record in epoch_records(results)}


def above_any(row: str, layer: str, end: Literal['first', 'last']) -> Check:
    """That a layer's activations deviate more at one end of training than at some other step.

    From the first step on the deviation must then have fallen, or must have risen until the last.
    The number is that of the step where it is the lowest. Both steps are of the same nets, but are
    taken as independent: the interval is too wide rather than too narrow where they rise together.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        results = evidence.results[row]
        deviations = _deviations(results, layer)
        steps = list(deviations)
        end_step = steps[0] if end == 'first' else steps[-1]

        def above(step: int, level: float) -> Estimate:
            return statistics.of_independent(
                _estimate(deviations[end_step], results, level),
                _estimate(deviations[step], results, level),
            )

        estimates = {}
        for step in steps:
            if step != end_step:
                label = f'{row}, deviation of {layer} at step {end_step:,} less step {step:,}'
                estimates[label] = partial(above, step)
        return _over_places(estimates, 'any', ABOVE_ZERO, NATS, NATS.difference, confidence)

    return Check((row,), measured)


def _deviations(results: RowResults, layer: str) -> dict[int, Summary]:
    """The standard deviation of a layer's activations by step, in rising order.

    Raises:
        NotKept: The file lacks it, has a single seed, or a single step.
    """
    curve = results.statistics_curve
    if curve is None or layer not in curve.layers or 'std' not in curve.layers[layer]:
        raise NotKept(f'the file does not keep the statistics of {layer} over the steps')
    scores = curve.layers[layer]['std']
    if scores.ci95 is None:
        raise NotKept('a run has a single seed, hence no interval')
    if len(curve.steps) < 2:
        raise NotKept(f'the file keeps the statistics of {layer} of a single step')
    deviations = {}
    for step, mean, half_width in zip(curve.steps, scores.mean, scores.ci95, strict=True):
        deviations[step] = Summary(mean, half_width)
    return deviations


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


def crossing(results: RowResults, score: str, least: float, level: float = LEVEL) -> Crossing:
    """The epoch of which the mean training score first reaches `least`, with a band at a level."""
    low = estimate = high = results.epoch + 1
    epoch_before = 0
    for record in epoch_records(results):
        band = _estimate(record.train[score], results, level)
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

    def measured(evidence: Evidence, confidence: float) -> Finding:
        ours = crossing(evidence.results[first], score, least, confidence)
        other = crossing(evidence.results[second], score, least, confidence)
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
    """The score of a sequence task, which must lie in a region at each of several lengths."""

    def measured(evidence: Evidence, confidence: float) -> Finding:
        results = evidence.results[row]
        estimates = {}
        for length, summary in _by_length(results, row, kind, score, lengths).items():
            label = f'{row}, {SCORE_NAMES[score]} at length {length:,}, {kind} sequences'
            estimates[label] = partial(_estimate, summary, results)
        return _over_places(estimates, 'all', region, PERCENT, PERCENT.level, confidence)

    return Check((row,), measured)


def _by_length(
    results: RowResults, row: str, kind: str, score: str, lengths: Sequence[int]
) -> dict[int, Summary]:
    """A score at each of some lengths.

    Raises:
        NotKept: The file lacks one of them, or has a single seed.
    """
    table = results.final_test.by_length.get(kind)
    if table is None or score not in table.scores:
        raise NotKept(f'the file of {row} has no {SCORE_NAMES[score]} of {kind} sequences')
    scores = table.scores[score]
    if scores.ci95 is None:
        raise NotKept(f'{row} has a single seed, hence no interval')
    summaries = {}
    for length, mean, half_width in zip(table.lengths, scores.mean, scores.ci95, strict=True):
        if length in lengths:
            summaries[length] = Summary(mean, half_width)
    missing = [length for length in lengths if length not in summaries]
    if missing:
        raise NotKept(f'the file of {row} has no {kind} sequences of length {missing[0]:,}')
    return summaries


def length_trend(row: str, lengths: Sequence[int], score: str, region: Region) -> Check:
    """The rank correlation of a score with the length of random sequences.

    Its interval is that of curves whose means are drawn anew from their intervals.
    """

    def measured(evidence: Evidence, confidence: float) -> Finding:
        results = evidence.results[row]
        points = []
        for summary in _by_length(results, row, 'random', score, lengths).values():
            points.append(_estimate(summary, results, LEVEL))
        interval = statistics.curve_trend(points, confidence)
        label = f'{row}, rank correlation of {SCORE_NAMES[score]} with length'
        return finding(label, interval, region, CORRELATION, '')

    return Check((row,), measured)
