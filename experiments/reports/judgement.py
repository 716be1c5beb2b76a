"""Whether a reported number agrees with our seeds: one rule for all.

RULE in verdict.py says it in words, and docs/verdicts.md explains it with formulas.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtrit
from scipy.stats import binomtest

from experiments.reports.curve_band import CurveBand, curve_band
from experiments.reports.one_more_run import Interval
from experiments.reports.our_numbers import our_values
from experiments.reports.our_values import Missing, OurValues, Outcomes
from experiments.reports.pooled_scatter import Scatter
from experiments.reports.predictions import (
    FALSE_DISCOVERY_RATE,
    MANY_SEEDS,
    Adjusted,
    Case,
    Prediction,
    adjusted_p_values,
    predict,
)
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import CURVES, ReportedScore, reported_scores
from experiments.reports.score_scales import Scale
from experiments.reports.subset_scatter import measured_scatter
from experiments.reports.verdict import Kind, OurScore, Verdict
from jaxdl.metrics import summarize

NEAR_POINTS = 0.02  # of shares
NEAR_RATIO = 0.1  # of losses, and of all else


def judge_all(
    numbers: Sequence[ReportedNumber],
    outcomes: Outcomes,
    rows: Mapping[str, ReportedRow],
    run_of: Mapping[str, str],
) -> list[Verdict]:
    """The verdicts on all reported numbers, one for each of reported_scores.

    Args:
        numbers: What the reports state.
        outcomes: Of our runs, by row id.
        rows: Of the reports, by id, whose tasks say which rows are alike.
        run_of: By row id, the id of its run, which rows of equal settings share.
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
    predictions = predict(cases, rows, run_of, measured_scatter(outcomes))
    adjusted = adjusted_p_values(predictions)
    for prediction in predictions:
        score = prediction.case.score
        verdicts[score] = _verdict(prediction, adjusted.get(score))
    return [verdicts[score] for score in scores]


def _case(score: ReportedScore, outcomes: Outcomes) -> Case | Verdict:
    """What is needed to judge a score, or the verdict that it cannot be judged."""
    number = score.number
    if not number.counted:
        return Verdict(score, 'not counted', 'repeated, or hardly legible')
    if not number.judged:
        return Verdict(score, 'not judged', 'seconds depend on the machine')
    ours = our_values(score, outcomes)
    if isinstance(ours, Missing):
        return Verdict(score, ours.kind, ours.reason)
    return Case(score, ours, _scale(number, ours))


def _scale(number: ReportedNumber, ours: OurValues) -> Scale:
    if number.unit == 'fraction' and number.quantity != 'difference':
        return Scale('logit', ours.examples)
    if number.unit == 'nat':
        return Scale('log')
    return Scale('plain')


def _verdict(prediction: Prediction, adjusted: Adjusted | None) -> Verdict:
    """The verdict on a score; `adjusted` is None where there is no distribution."""
    case = prediction.case
    number = case.score.number
    ours = _our_score(prediction)
    if adjusted is None:
        reason = 'a single seed shows no scatter'
        if case.has_other_examples and number.n is None:
            reason = 'the report does not say how many examples it tested'
        return Verdict(case.score, 'undecided', reason, ours)
    kind: Kind = 'undecided'
    if adjusted.q <= FALSE_DISCOVERY_RATE:
        kind = 'differs'
    elif _is_known(ours, number) and _is_near(ours, case):
        kind = 'agrees'
    return Verdict(
        case.score,
        kind,
        ours=ours,
        expected=prediction.run.interval(),
        p=prediction.p_value(),
        q=adjusted.q,
        family_size=adjusted.family_size,
        unseen=prediction.unseen(adjusted.level),
        below=prediction.tails().below,
        band=_band(case),
    )


def _our_score(prediction: Prediction) -> OurScore:
    """Our mean and its interval."""
    case = prediction.case
    seeds = case.ours.seeds
    mean = float(seeds.mean())
    if case.ours.chances:
        mean = float(np.mean(case.ours.chances))
    if prediction.scatter_of_mean is None:
        return OurScore(mean, None, len(seeds))
    if len(seeds) >= MANY_SEEDS:
        return OurScore(mean, _interval_of_many(case), len(seeds))
    return OurScore(mean, _interval_of_few(case, prediction.scatter_of_mean), len(seeds))


def _interval_of_few(case: Case, scatter: Scatter) -> Interval:
    """The 95 % interval of the mean with this scatter, by Student's t on the score's scale."""
    seeds, scale = case.ours.seeds, case.scale
    half_width = stdtrit(scatter.degrees, 0.975) * scatter.sd
    center = scale.transform(seeds).mean()
    low, high = scale.restore(np.array([center - half_width, center + half_width]))
    return Interval(float(low), float(high))


def _interval_of_many(case: Case) -> Interval:
    """The 95 % interval of the mean of seeds that may have two humps, as their mean has not."""
    seeds = case.ours.seeds
    is_share = case.scale.kind == 'logit'
    if is_share and np.ptp(seeds) == 0:
        return wilson(float(seeds.mean()), case.ours.examples)
    half_width = summarize(seeds).ci95
    low, high = seeds.mean() - half_width, seeds.mean() + half_width
    if is_share:
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(float(low), float(high))


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


def _is_near(ours: OurScore, case: Case) -> bool:
    """Whether a number lies near our mean, or as near as the report's own examples allow."""
    number = case.score.number
    distance = max(number.low - ours.mean, ours.mean - number.high, 0.0)
    if distance <= _tolerance(ours.mean, number):
        return True
    if case.ours.draw == 'same' or case.scale.kind != 'logit':
        return False
    of_report = wilson(number.value, number.n or case.ours.examples)
    return of_report.low <= ours.mean <= of_report.high


def _band(case: Case) -> CurveBand | None:
    if case.score.number.quantity not in CURVES or case.ours.windows is None:
        return None
    low = np.array([window.low for window in case.score.parts])
    high = np.array([window.high for window in case.score.parts])
    # The score is the mean of all windows, but the band is of one.
    scale = case.scale._replace(examples=case.score.parts[0].n)
    return curve_band(low, high, case.ours.windows, scale)
