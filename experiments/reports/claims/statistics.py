"""Intervals of what claims are decided by, at any level, as plain functions of arrays."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from experiments.reports.claims.answer import LEVEL, Estimate
from experiments.reports.intervals import welch_half_width

CURVES_DRAWN = 2000
PERMUTATIONS = 9999
PERMUTATIONS_AT_ONCE = 1000  # to bound the memory
RANDOM_SEED = 0


def mean(values: np.ndarray, level: float = LEVEL) -> Estimate:
    """The mean of values (S,), S at least 2, by Student's t."""
    half_width = _students_t(level, len(values)) * stats.sem(values)
    return _symmetric(float(np.mean(values)), half_width)


def difference(first: np.ndarray, second: np.ndarray, level: float = LEVEL) -> Estimate:
    """The mean of values (S,) less that of values (R,) of other nets, by Welch's t."""
    estimate = float(np.mean(first) - np.mean(second))
    return _symmetric(estimate, welch_half_width(first, second, level))


def of_half_width(estimate: float, half_width: float, seeds: int, level: float = LEVEL) -> Estimate:
    """A mean over seeds with half the width of its interval by Student's t at LEVEL.

    Args:
        estimate: The mean.
        half_width: At LEVEL.
        seeds: How many, at least 2.
        level: Of the interval to make.
    """
    widening = _students_t(level, seeds) / _students_t(LEVEL, seeds)
    return _symmetric(estimate, widening * half_width)


def paired_difference(first: np.ndarray, second: np.ndarray, level: float = LEVEL) -> Estimate:
    """The mean of first less second, where entry i of both belongs to the same net or seed.

    Args:
        first: (S,).
        second: (R,). If R is not S, the entries that both have are compared.
        level: Of the interval.
    """
    pairs = min(len(first), len(second))
    differences = np.asarray(first[:pairs]) - np.asarray(second[:pairs])
    return mean(differences, level)


def share(hits: int, trials: int, level: float = LEVEL) -> Estimate:
    """The share of hits among independent trials, by Clopper and Pearson."""
    low, high = stats.binomtest(hits, trials).proportion_ci(level, method='exact')
    return Estimate(hits / trials, float(low), float(high))


def ratio(first: np.ndarray, second: np.ndarray, level: float = LEVEL) -> Estimate:
    """The ratio of the geometric means of two sets of positive values, by Welch's t of the logs."""
    logs = difference(np.log(first), np.log(second), level)
    return Estimate(*np.exp(logs).tolist())


def rank_correlations(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row of scores (D, n) with places (n,): (D,).

    It is 0 where all scores of a row are the same: there is no trend.
    """
    score_ranks = stats.rankdata(scores, axis=1)
    score_ranks -= score_ranks.mean(axis=1, keepdims=True)
    place_ranks = stats.rankdata(places)
    place_ranks -= place_ranks.mean()
    covariances = score_ranks @ place_ranks
    scales = np.sqrt((score_ranks**2).sum(axis=1) * (place_ranks**2).sum())
    correlations = np.zeros(len(scores))
    np.divide(covariances, scales, out=correlations, where=scales > 0)
    return correlations


class RankTrend(NamedTuple):
    """Spearman's rank correlation of values with the place of their group.

    Attributes:
        correlation: Between -1 and 1.
        p_value: Two-sided: how likely so large a correlation is where the place does not matter.
    """

    correlation: float
    p_value: float


def rank_trend(groups: Sequence[np.ndarray]) -> RankTrend:
    """The rank correlation of values with the place of their group, by a permutation test.

    If the place does not matter, each assignment of the values to the places is as likely as any
    other. All of them are tried if they are few, and otherwise as many as PERMUTATIONS, which are
    drawn with a fixed seed. So the test keeps its level with any number of seeds; with two groups
    of two seeds, for example, it cannot find a trend.

    Args:
        groups: In the order of the trend, each with the values of its seeds.
    """
    sizes = [len(group) for group in groups]
    places = np.repeat(np.arange(len(groups)), sizes)
    values = np.concatenate(groups)

    def correlations(permuted, axis):
        rows = permuted.reshape(-1, len(places))
        return rank_correlations(rows, places)

    test = stats.permutation_test(
        (values,),
        correlations,
        permutation_type='pairings',
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=PERMUTATIONS_AT_ONCE,
        random_state=np.random.default_rng(RANDOM_SEED),
    )
    correlation, p_value = np.squeeze(test.statistic), np.squeeze(test.pvalue)
    return RankTrend(float(correlation), float(p_value))


def curve_trend(points: Sequence[Estimate], level: float = LEVEL) -> Estimate:
    """Spearman's rank correlation of the points of a curve with their place.

    Its interval is that of curves whose points are drawn from normal distributions of their means
    and intervals, independently of each other; the draws have a fixed seed.

    Args:
        points: With their intervals at LEVEL.
        level: Of the interval of the correlation.
    """
    places = np.arange(len(points))
    means, lows, highs = np.array(points).T
    half_widths = (highs - lows) / 2
    standard_errors = half_widths / stats.norm.ppf(_upper_end(LEVEL))

    random = np.random.default_rng(RANDOM_SEED)
    curves = random.normal(means, standard_errors, (CURVES_DRAWN, len(points)))
    correlations = rank_correlations(curves, places)
    tail = (1 - level) / 2
    low, high = np.quantile(correlations, [tail, 1 - tail])
    [estimate] = rank_correlations(means[None], places)
    return Estimate(float(estimate), float(low), float(high))


def of_independent(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two independent estimates whose half-widths add in quadrature."""
    width = math.hypot(first.high - first.low, second.high - second.low)
    return _symmetric(first.estimate - second.estimate, width / 2)


def _students_t(level: float, seeds: int) -> float:
    """Half the width of the interval of a mean over seeds, in standard errors of the mean."""
    return stats.t.ppf(_upper_end(level), seeds - 1)


def _upper_end(level: float) -> float:
    """The probability of lying below the upper end of a two-sided interval."""
    return (1 + level) / 2


def _symmetric(estimate: float, half_width: float) -> Estimate:
    return Estimate(estimate, estimate - half_width, estimate + half_width)
