"""Whether a reported number agrees with our seeds: one rule for all, which RULE says in words.

docs/verdicts.md explains it, with formulas.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import stdtrit
from scipy.stats import binomtest, false_discovery_control

from experiments.reports.curve_band import CurveBand, curve_band
from experiments.reports.one_more_run import (
    Interval,
    OneMoreRun,
    RankedRun,
    StudentRun,
    Tails,
    counts_of_examples,
    counts_of_shares,
)
from experiments.reports.our_numbers import Missing, OurValues, Outcomes, our_values
from experiments.reports.pooled_scatter import Scatter, pool
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import CURVES, ReportedScore, reported_scores
from experiments.reports.score_scales import Scale

RULE = """
A reported number comes from a single run. It **differs** if it is too unlikely as one more run of
ours: by Student's t where we have a few seeds, by its rank among them where we have forty or more,
with the scatter of the report's own test examples added where they are not ours, and at a false
discovery rate of 5 % among the like numbers of a net. It **agrees** if it does not differ, the
mean of ours is known to two points (a loss: to 10 %), and the number lies as near to it, or as
near as the report's own test examples allow. Else it is **undecided**: then the verdict says how
large a difference could have stayed unseen.
""".strip()

MANY_SEEDS = 40  # from which on ranks are used: these seeds may scatter with two humps
FALSE_DISCOVERY_RATE = 0.05
NEAR_POINTS = 0.02  # of shares
NEAR_RATIO = 0.1  # of losses, and of all else

# The standard deviation, as a share, that the choice of the images of a subset adds to a row's
# accuracy. It is the same choice for all our seeds, so they do not show it. By row id.
SUBSET_SD: dict[str, float] = {}

Kind = Literal[
    'agrees',
    'differs',
    'undecided',
    'not counted',
    'not judged',
    'not recorded',
    'no run',
    'diverged',
]
DECIDED: tuple[Kind, ...] = ('agrees', 'differs', 'undecided')


class OurScore(NamedTuple):
    """A score of ours.

    Attributes:
        mean: Over seeds.
        interval: The 95 % interval of the mean; None for a single seed without like rows.
        seeds: Their number.
    """

    mean: float
    interval: Interval | None
    seeds: int


class Verdict(NamedTuple):
    """What became of a reported score.

    Attributes:
        score: What was judged: `score.number` has the reported value.
        kind: See RULE. 'not counted' is what a report repeats, or what can hardly be read; 'not
            judged' are seconds; the last three say why there is no number of ours.
        reason: In words, where there is no verdict.
        ours: The same score of ours, or None.
        expected: Where one more run of ours falls 19 times in 20, or None.
        p: How likely one more run lies so far out, or None.
        q: p, adjusted for the like numbers of the net (Benjamini and Hochberg), or None.
        below: The share of further runs of ours below the reported value, equal ones half.
        band: Of a curve: how much of it lies in the band of our seeds.
    """

    score: ReportedScore
    kind: Kind
    reason: str = ''
    ours: OurScore | None = None
    expected: Interval | None = None
    p: float | None = None
    q: float | None = None
    below: float | None = None
    band: CurveBand | None = None

    @property
    def number(self) -> ReportedNumber:
        """The reported number, or the score that several are together."""
        return self.score.number

    @property
    def detectable(self) -> float | None:
        """The smallest difference from our mean, on the wider side, that could have been seen."""
        if self.ours is None or self.expected is None:
            return None
        wider = max(self.expected.high - self.ours.mean, self.ours.mean - self.expected.low)
        return wider + self.number.rounding

    def text(self) -> str:
        """The verdict in words."""
        if self.kind == 'differs':
            difference = self.number.value - self.ours.mean
            return f'differs by {format_difference(difference, self.number.unit, signed=True)}'
        if self.kind == 'undecided' and self.detectable is not None:
            detectable = format_difference(self.detectable, self.number.unit)
            return f'undecided: less than {detectable} would not be seen'
        return self.kind


class _Case(NamedTuple):
    """A score that can be judged, with what is needed for it."""

    score: ReportedScore
    ours: OurValues
    scale: Scale


class _Prediction(NamedTuple):
    """A case, with the distribution of one more run and the scatter of our seeds."""

    case: _Case
    run: OneMoreRun
    scatter: Scatter | None


def judge_all(
    numbers: Sequence[ReportedNumber],
    outcomes: Outcomes,
    rows: Mapping[str, ReportedRow],
) -> list[Verdict]:
    """The verdicts on all reported numbers, one for each of reported_scores.

    Args:
        numbers: What the reports state.
        outcomes: Of our runs, by row id.
        rows: Of the reports, by id, whose tasks say which rows are alike.
    """
    scores = reported_scores(numbers)
    verdicts: dict[ReportedScore, Verdict] = {}
    cases = []
    for score in scores:
        case = _case(score, outcomes)
        if isinstance(case, Verdict):
            verdicts[score] = case
        else:
            cases.append(case)
    predictions = _predictions(cases, rows)
    adjusted = _adjusted(predictions)
    for prediction in predictions:
        score = prediction.case.score
        verdicts[score] = _verdict(prediction, adjusted.get(score))
    return [verdicts[score] for score in scores]


def _case(score: ReportedScore, outcomes: Outcomes) -> _Case | Verdict:
    """What is needed to judge a score, or the verdict that it cannot be judged."""
    number = score.number
    if not number.counted:
        return Verdict(score, 'not counted', 'repeated, or hardly legible')
    if not number.judged:
        return Verdict(score, 'not judged', 'seconds depend on the machine')
    ours = our_values(score, outcomes)
    if isinstance(ours, Missing):
        return Verdict(score, ours.kind, ours.reason)
    return _Case(score, ours, _scale(number, ours))


def _scale(number: ReportedNumber, ours: OurValues) -> Scale:
    if number.unit == 'fraction' and number.quantity != 'difference':
        return Scale('logit', ours.examples)
    if number.unit == 'nat':
        return Scale('log')
    return Scale('plain')


def _predictions(cases: list[_Case], rows: Mapping[str, ReportedRow]) -> list[_Prediction]:
    """The distribution of one more run for each case, with pooled scatter."""
    alike: dict[Hashable, list[_Case]] = {}
    for case in cases:
        alike.setdefault(_pool_key(case, rows), []).append(case)
    predictions = []
    for group in alike.values():
        variances, degrees = [], []
        for case in group:
            seeds = case.ours.seeds
            variances.append(_variance(case))
            degrees.append(len(seeds) - 1)
        for case, scatter in zip(group, pool(variances, degrees), strict=True):
            predictions.append(_Prediction(case, _one_more_run(case, scatter), scatter))
    return predictions


def _pool_key(case: _Case, rows: Mapping[str, ReportedRow]) -> Hashable:
    """What the rows have in common whose scatter is pooled."""
    number = case.score.number
    if len(case.ours.seeds) >= MANY_SEEDS:
        return number  # by rank, whatever like rows do
    task = rows[number.row_id].task if number.row_id in rows else number.row_id
    return number.report, task, number.quantity, number.split


def _variance(case: _Case) -> float:
    """The variance of the seeds on their scale, 0 for a single one."""
    seeds = case.ours.seeds
    if len(seeds) == 1:
        return 0.0
    variance = float(np.var(case.scale.transform(seeds), ddof=1))
    return max(variance, case.scale.resolution_variance(seeds))


def _one_more_run(case: _Case, scatter: Scatter | None) -> OneMoreRun | None:
    """The distribution of one more run; None if nothing is known of the scatter."""
    ours, number = case.ours, case.score.number
    if ours.chances:
        return counts_of_examples(ours.chances)
    # Where a report does not say how many examples it has, they are as many as ours.
    n = number.n or ours.examples
    count = len(ours.seeds)
    if count >= MANY_SEEDS:
        if ours.draw == 'other':
            return counts_of_shares(ours.seeds, ours.examples, n, anywhere=1 / (count + 1))
        return RankedRun(ours.seeds)
    if scatter is None:
        return None
    run = _student_run(case, scatter)
    if ours.draw == 'other' and case.scale.kind == 'logit':
        return counts_of_shares(run.nodes(), ours.examples, n)
    return run


def _student_run(case: _Case, scatter: Scatter) -> StudentRun:
    seeds, scale = case.ours.seeds, case.scale
    # The new run scatters about the true mean, of which ours is an estimate: hence 1 + 1/n.
    variance = scatter.sd**2 * (1 + 1 / len(seeds))
    subset_sd = SUBSET_SD.get(case.score.number.row_id, 0.0)
    if scale.kind == 'logit' and subset_sd:
        share = float(scale.smoothed(seeds).mean())
        variance += (subset_sd / (share * (1 - share))) ** 2  # d logit(p)/dp = 1/(p (1 - p))
    center = float(scale.transform(seeds).mean())
    return StudentRun(center, math.sqrt(variance), scatter.degrees, scale)


def _adjusted(predictions: list[_Prediction]) -> dict[ReportedScore, float]:
    """The p values, adjusted within each family of like numbers of a net."""
    families: dict[Hashable, list[_Prediction]] = {}
    for prediction in predictions:
        if prediction.run is not None:
            families.setdefault(_family(prediction), []).append(prediction)
    adjusted = {}
    for family in families.values():
        p_values = [_tails(prediction).two_sided for prediction in family]
        for prediction, q in zip(family, false_discovery_control(p_values), strict=True):
            adjusted[prediction.case.score] = float(q)
    return adjusted


def _family(prediction: _Prediction) -> Hashable:
    """The numbers that are adjusted together: all of a net that are of one kind.

    A net that is no run of ours shows it in many numbers at once, and those of other nets are no
    reason to believe it the less.
    """
    number = prediction.case.score.number
    kinds = {'precision': 'class', 'recall': 'class', 'f1': 'class', 'accuracy_at_length': 'length'}
    return number.row_id, kinds.get(number.quantity, 'net')


def _tails(prediction: _Prediction) -> Tails:
    low, high = reported_interval(prediction.case.score.number)
    return prediction.run.tails(low, high)


def reported_interval(number: ReportedNumber) -> Interval:
    """The values that a reported number may stand for: all that it is a rounding of, or a bound."""
    if number.quantity == 'accuracy_bound':
        if number.index.startswith('highest'):
            return Interval(-math.inf, number.high)
        return Interval(number.low, math.inf)
    return Interval(number.low, number.high)


def _verdict(prediction: _Prediction, q: float | None) -> Verdict:
    case = prediction.case
    number = case.score.number
    ours = _our_score(prediction)
    if prediction.run is None:
        return Verdict(case.score, 'undecided', 'a single seed shows no scatter', ours)
    tails = _tails(prediction)
    kind: Kind = 'undecided'
    if q <= FALSE_DISCOVERY_RATE:
        kind = 'differs'
    elif _is_known(ours, number) and _is_near(ours, case):
        kind = 'agrees'
    return Verdict(
        case.score,
        kind,
        ours=ours,
        expected=prediction.run.interval(),
        p=tails.two_sided,
        q=q,
        below=tails.below,
        band=_band(case),
    )


def _our_score(prediction: _Prediction) -> OurScore:
    """Our mean and its interval."""
    case = prediction.case
    seeds, scale = case.ours.seeds, case.scale
    mean, count = float(seeds.mean()), len(seeds)
    if case.ours.chances:
        mean = float(np.mean(case.ours.chances))
    if prediction.scatter is None:
        return OurScore(mean, None, count)
    many = count >= MANY_SEEDS
    # Many seeds may have two humps, but their mean is normally distributed as it is.
    center = mean if many else float(scale.transform(seeds).mean())
    sd = float(np.std(seeds, ddof=1)) if many else prediction.scatter.sd
    half_width = stdtrit(prediction.scatter.degrees, 0.975) * sd / math.sqrt(count)
    if many and half_width == 0 and scale.kind == 'logit':
        return OurScore(mean, wilson(mean, case.ours.examples), count)
    ends = np.array([center - half_width, center + half_width])
    if not many:
        ends = scale.restore(ends)
    elif scale.kind == 'logit':
        ends = np.clip(ends, 0, 1)
    return OurScore(mean, Interval(float(ends[0]), float(ends[1])), count)


def wilson(share: float, examples: int) -> Interval:
    """Wilson's 95 % interval of a share that was measured on so many examples."""
    test = binomtest(round(share * examples), examples)
    low, high = test.proportion_ci(0.95, method='wilson')
    return Interval(float(low), float(high))


def _tolerance(mean: float, number: ReportedNumber) -> float:
    """How far from our mean a number is near to it."""
    if number.unit == 'fraction':
        return NEAR_POINTS
    return NEAR_RATIO * abs(mean)


def _is_known(ours: OurScore, number: ReportedNumber) -> bool:
    """Whether our mean is known well enough to agree with anything."""
    if ours.interval is None:
        return False
    wider = max(ours.interval.high - ours.mean, ours.mean - ours.interval.low)
    return wider <= _tolerance(ours.mean, number)


def _is_near(ours: OurScore, case: _Case) -> bool:
    """Whether a number lies near our mean, or as near as the report's own examples allow."""
    number = case.score.number
    low, high = reported_interval(number)
    distance = max(low - ours.mean, ours.mean - high, 0.0)
    if distance <= _tolerance(ours.mean, number):
        return True
    if case.ours.draw == 'same' or case.scale.kind != 'logit' or number.n is None:
        return False
    of_report = wilson(number.value, number.n)
    return of_report.low <= ours.mean <= of_report.high


def _band(case: _Case) -> CurveBand | None:
    if case.score.number.quantity not in CURVES or case.ours.windows is None:
        return None
    low = np.array([window.low for window in case.score.parts])
    high = np.array([window.high for window in case.score.parts])
    return curve_band(low, high, case.ours.windows, case.scale)


def format_difference(difference: float, unit: str, signed: bool = False) -> str:
    """A difference in the words of its unit: points of a share, else the plain number."""
    sign = '+' if signed else ''
    if unit == 'fraction':
        return f'{100 * difference:{sign}.1f} points'
    return f'{difference:{sign}.2g}'
