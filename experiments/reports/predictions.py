"""What one more run of ours would give for a reported score, and how unlikely the report's is."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from experiments.reports.one_more_run import (
    OneMoreRun,
    RankedRun,
    StudentRun,
    Tails,
    counts_of_examples,
    counts_of_shares,
)
from experiments.reports.our_numbers import OurValues
from experiments.reports.pooled_scatter import Scatter, pool
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.score_scales import Scale

MANY_SEEDS = 40  # from which on ranks are used: these seeds may scatter with two humps
# The standard deviation, as a share, that the choice of the images of a subset adds to a row's
# accuracy. It is the same choice for all our seeds, so they do not show it. By row id.
SUBSET_SD: dict[str, float] = {}
# Numbers of which a net has many, by quantity. They are families of their own, so that a net's
# final accuracy is not lost among them.
KINDS = {
    'precision': 'class',
    'recall': 'class',
    'f1': 'class',
    'accuracy_at_length': 'length',
}


class Case(NamedTuple):
    """A reported score, and the values of our seeds.

    Attributes:
        score: What a report states.
        ours: Of our seeds.
        scale: On which the seeds are nearly normally distributed.
    """

    score: ReportedScore
    ours: OurValues
    scale: Scale


class Prediction(NamedTuple):
    """What one more run of ours would give.

    Attributes:
        case: The score.
        scatter: Of our seeds on their scale, pooled over like rows; None if nothing is known of it.
        run: The distribution of one more run; None without scatter.
    """

    case: Case
    scatter: Scatter | None
    run: OneMoreRun | None

    def tails(self) -> Tails:
        """How likely one more run is to be at or beyond the reported value."""
        number = self.case.score.number
        return self.run.tails(number.low, number.high)


def predict(cases: Sequence[Case], rows: Mapping[str, ReportedRow]) -> list[Prediction]:
    """What one more run would give in each case, with the scatter pooled over like rows.

    Args:
        cases: Of all rows.
        rows: Of the reports, by id. Rows of one report and one task are alike.
    """
    alike: dict[Hashable, list[Case]] = {}
    for case in cases:
        alike.setdefault(_pool_key(case, rows), []).append(case)
    predictions = []
    for group in alike.values():
        scatters = _pooled(group)
        for case in group:
            scatter = scatters[_seeds_key(case)]
            predictions.append(Prediction(case, scatter, _one_more_run(case, scatter)))
    return predictions


def _pool_key(case: Case, rows: Mapping[str, ReportedRow]) -> Hashable:
    """What the scores have in common whose scatter is pooled."""
    number = case.score.number
    if len(case.ours.seeds) >= MANY_SEEDS:
        return number  # it has scatter enough of its own
    task = rows[number.row_id].task if number.row_id in rows else number.row_id
    return number.report, task, number.quantity, number.split


def _seeds_key(case: Case) -> Hashable:
    """Equal for one run under two names, whose scatter is no news the second time."""
    return tuple(case.ours.seeds.tolist())


def _pooled(group: list[Case]) -> dict[Hashable, Scatter | None]:
    """The pooled scatters of like scores, by _seeds_key."""
    variances, degrees = {}, {}
    for case in group:
        key = _seeds_key(case)
        variances[key] = _variance(case)
        degrees[key] = len(case.ours.seeds) - 1
    scatters = pool(list(variances.values()), list(degrees.values()))
    return dict(zip(variances, scatters, strict=True))


def _variance(case: Case) -> float:
    """The variance of the seeds on their scale, 0 for a single one."""
    seeds = case.ours.seeds
    if len(seeds) == 1:
        return 0.0
    variance = float(np.var(case.scale.transform(seeds), ddof=1))
    return max(variance, case.scale.resolution_variance(seeds))


def _one_more_run(case: Case, scatter: Scatter | None) -> OneMoreRun | None:
    """The distribution of one more run; None if nothing is known of the scatter."""
    ours, number = case.ours, case.score.number
    if ours.chances:
        return counts_of_examples(ours.chances)
    # Where a report does not say how many examples it has, they are as many as ours.
    n = number.n or ours.examples
    other_examples = ours.draw == 'other' and case.scale.kind == 'logit'
    count = len(ours.seeds)
    if count >= MANY_SEEDS and other_examples:
        return counts_of_shares(ours.seeds, ours.examples, n, anywhere=1 / (count + 1))
    if count >= MANY_SEEDS:
        return RankedRun(ours.seeds)
    if scatter is None:
        return None
    run = _student_run(case, scatter)
    if other_examples:
        return counts_of_shares(run.nodes(), ours.examples, n)
    return run


def _student_run(case: Case, scatter: Scatter) -> StudentRun:
    """One more run of a net of which there are a few seeds, on the same examples."""
    seeds, scale = case.ours.seeds, case.scale
    # The new run scatters about the true mean, of which ours is an estimate: hence 1 + 1/n.
    variance = scatter.sd**2 * (1 + 1 / len(seeds))
    subset_sd = SUBSET_SD.get(case.score.number.row_id, 0.0)
    if scale.kind == 'logit' and subset_sd:
        share = float(scale.smoothed(seeds).mean())
        variance += (subset_sd / (share * (1 - share))) ** 2  # d logit(p)/dp = 1/(p (1 - p))
    center = float(scale.transform(seeds).mean())
    return StudentRun(center, math.sqrt(variance), scatter.degrees, scale)


def adjusted_p_values(predictions: Sequence[Prediction]) -> dict[ReportedScore, float]:
    """The two-sided p values, adjusted within each family (Benjamini and Hochberg 1995).

    A family is all numbers of a net that are of one kind. A net that is no run of ours shows it in
    many of them at once, and the numbers of other nets are no reason to believe it the less.

    Args:
        predictions: Of all scores. Those without a distribution have no p value.
    """
    families: dict[Hashable, list[Prediction]] = {}
    for prediction in predictions:
        if prediction.run is not None:
            number = prediction.case.score.number
            kind = KINDS.get(number.quantity, 'net')
            families.setdefault((number.row_id, kind), []).append(prediction)
    adjusted = {}
    for family in families.values():
        p_values = [prediction.tails().two_sided for prediction in family]
        for prediction, q in zip(family, false_discovery_control(p_values), strict=True):
            adjusted[prediction.case.score] = float(q)
    return adjusted
