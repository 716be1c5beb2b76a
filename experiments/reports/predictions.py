"""What one more run of ours would give for a reported score, and how unlikely the report's is."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from scipy.stats import false_discovery_control

from experiments.reports.one_more_run import (
    Interval,
    OneMoreRun,
    RankedRun,
    StudentRun,
    Tails,
    counts_of_examples,
    counts_of_shares,
)
from experiments.reports.our_values import OurValues
from experiments.reports.pooled_scatter import Scatter, pool
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.score_scales import Scale, variance_of_seeds
from experiments.reports.subset_scatter import SubsetScatter, with_subsets

FALSE_DISCOVERY_RATE = 0.05
MANY_SEEDS = 40  # from which on ranks are used: these seeds may scatter with two humps
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

    @property
    def has_other_examples(self) -> bool:
        """Whether the number is a share of examples of the report's own."""
        return self.ours.draw == 'other' and self.scale.kind == 'logit'


class Prediction(NamedTuple):
    """What one more run of ours would give.

    Attributes:
        case: The score.
        scatter_of_mean: Of the mean of our seeds on their scale; None if nothing is known of it.
        run: The distribution of one more run; None without scatter, or where the report tested
            other examples than we did and does not say how many.
    """

    case: Case
    scatter_of_mean: Scatter | None
    run: OneMoreRun | None

    def tails(self) -> Tails:
        """How likely one more run is to be at or beyond the reported value."""
        number = self.case.score.number
        return self.run.tails(number.low, number.high)

    def p_value(self) -> float:
        """How likely one more run is to contradict the report as much, or more."""
        number, tails = self.case.score.number, self.tails()
        # A bound can be contradicted on one side only.
        if number.low == -math.inf:
            return tails.at_most
        if number.high == math.inf:
            return tails.at_least
        return tails.two_sided

    def unseen(self, level: float) -> Interval:
        """The values whose p would be above a level; of a bound only one of its ends counts."""
        number = self.case.score.number
        if -math.inf < number.low and number.high < math.inf:
            return self.run.interval(level)
        # The p of a bound is a single tail.
        return self.run.interval(2 * level)


def predict(
    cases: Sequence[Case],
    rows: Mapping[str, ReportedRow],
    run_of: Mapping[str, str],
    subsets: SubsetScatter | None = None,
) -> list[Prediction]:
    """What one more run would give in each case, with the scatter pooled over like rows.

    Args:
        cases: Of all rows.
        rows: Of the reports, by id. Rows of one report and one task are alike.
        run_of: By row id, the id of its run. A run under two names counts once.
        subsets: What the choice of the training images adds, if it was measured.
    """
    alike: dict[Hashable, list[Case]] = {}
    for case in cases:
        alike.setdefault(_pool_key(case, rows), []).append(case)
    predictions = []
    for group in alike.values():
        scatters = _pooled(group, run_of)
        for case in group:
            scatter = scatters[_run_key(case, run_of)]
            scatter_of_mean = None
            if scatter is not None:
                scatter_of_mean = _scatter_of_mean(case, scatter, subsets)
            run = _one_more_run(case, scatter, subsets)
            predictions.append(Prediction(case, scatter_of_mean, run))
    return predictions


def _pool_key(case: Case, rows: Mapping[str, ReportedRow]) -> Hashable:
    """What the scores have in common whose scatter is pooled."""
    number = case.score.number
    if len(case.ours.seeds) >= MANY_SEEDS:
        return number  # it has scatter enough of its own
    task = rows[number.row_id].task if number.row_id in rows else number.row_id
    return number.report, task, number.quantity, number.split


def _run_key(case: Case, run_of: Mapping[str, str]) -> Hashable:
    """Equal for a score of one run under two names, whose scatter is no news the second time."""
    number = case.score.number
    # Two rows may show two epochs of their run, so that their values differ.
    values = tuple(case.ours.seeds.tolist())
    return run_of.get(number.row_id, number.row_id), number.index, values


def _pooled(group: list[Case], run_of: Mapping[str, str]) -> dict[Hashable, Scatter | None]:
    """The pooled scatters of like scores, by _run_key."""
    variances, degrees = {}, {}
    for case in group:
        key = _run_key(case, run_of)
        variances[key] = _variance(case)
        degrees[key] = len(case.ours.seeds) - 1
    scatters = pool(list(variances.values()), list(degrees.values()))
    return dict(zip(variances, scatters, strict=True))


def _variance(case: Case) -> float:
    """The variance of the seeds on their scale, 0 for a single one."""
    seeds = case.ours.seeds
    if len(seeds) == 1:
        return 0.0
    return variance_of_seeds(seeds, case.scale)


def _scatter_of_mean(case: Case, scatter: Scatter, subsets: SubsetScatter | None) -> Scatter:
    """The scatter of the mean of our seeds, as an estimate of the mean over all subsets."""
    of_mean = Scatter(scatter.sd / math.sqrt(len(case.ours.seeds)), scatter.degrees)
    if not case.ours.of_subset or subsets is None:
        return of_mean
    return with_subsets(of_mean, subsets, choices=1)


def _one_more_run(
    case: Case, scatter: Scatter | None, subsets: SubsetScatter | None
) -> OneMoreRun | None:
    """See Prediction.run."""
    ours, number = case.ours, case.score.number
    if ours.chances:
        return counts_of_examples(ours.chances)
    other_examples = case.has_other_examples
    if other_examples and number.n is None:
        return None
    count = len(ours.seeds)
    if count >= MANY_SEEDS and other_examples:
        return counts_of_shares(ours.seeds, ours.examples, number.n, anywhere=1 / (count + 1))
    if count >= MANY_SEEDS:
        return RankedRun(ours.seeds)
    if scatter is None:
        return None
    run = _student_run(case, scatter, subsets)
    if other_examples:
        return counts_of_shares(run.nodes(), ours.examples, number.n)
    return run


def _student_run(case: Case, scatter: Scatter, subsets: SubsetScatter | None) -> StudentRun:
    """One more run of a net of which there are a few seeds, on the same examples."""
    seeds, scale = case.ours.seeds, case.scale
    # The new run scatters about the true mean, of which ours is an estimate: hence 1 + 1/n.
    of_run = Scatter(scatter.sd * math.sqrt(1 + 1 / len(seeds)), scatter.degrees)
    if case.ours.of_subset and subsets is not None:
        # Our mean is that of one subset, and the new run has another one.
        of_run = with_subsets(of_run, subsets, choices=2)
    center = float(scale.transform(seeds).mean())
    return StudentRun(center, of_run.sd, of_run.degrees, scale)


class Adjusted(NamedTuple):
    """A p value among those of its family.

    Attributes:
        q: p, adjusted.
        family_size: How many numbers were adjusted together.
    """

    q: float
    family_size: int

    @property
    def level(self) -> float:
        """The p from which down a number differs if it alone of its family deviates.

        The smallest of m p values is adjusted to m p, unless a larger one makes it less.
        """
        return FALSE_DISCOVERY_RATE / self.family_size


def adjusted_p_values(predictions: Sequence[Prediction]) -> dict[ReportedScore, Adjusted]:
    """The p values, adjusted within each family (Benjamini and Hochberg 1995).

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
        p_values = [prediction.p_value() for prediction in family]
        for prediction, q in zip(family, false_discovery_control(p_values), strict=True):
            adjusted[prediction.case.score] = Adjusted(float(q), len(family))
    return adjusted
