"""95 % intervals of what claims are decided by, as plain functions of arrays."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from experiments.reports.claims.answer import Estimate

LEVEL = 0.95
BOOTSTRAP_DRAWS = 2000
BOOTSTRAP_SEED = 0


def mean(values: np.ndarray) -> Estimate:
    """The mean of values (S,), S at least 2, by Student's t."""
    estimate = float(np.mean(values))
    half_width = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * stats.sem(values)
    return Estimate(estimate, estimate - half_width, estimate + half_width)


def difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The mean of values (S,) less that of values (R,) of other nets, by Welch's t."""
    estimate = float(np.mean(first) - np.mean(second))
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Estimate(estimate, estimate, estimate)  # the test is not defined without variance
    with warnings.catch_warnings():
        # scipy warns where one of the two has no variance, which is no trouble here.
        warnings.simplefilter('ignore', RuntimeWarning)
        low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(LEVEL)
    return Estimate(estimate, float(low), float(high))


def paired_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The mean of first less second, where entry i of both belongs to the same net or seed.

    Args:
        first: (S,).
        second: (R,). If R is not S, the entries that both have are compared.
    """
    pairs = min(len(first), len(second))
    return mean(np.asarray(first[:pairs]) - np.asarray(second[:pairs]))


def share(hits: int, trials: int) -> Estimate:
    """The share of hits among independent trials, by Clopper and Pearson."""
    low, high = stats.binomtest(hits, trials).proportion_ci(LEVEL, method='exact')
    return Estimate(hits / trials, float(low), float(high))


def ratio(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The ratio of the geometric means of two sets of positive values, by Welch's t of the logs."""
    logs = difference(np.log(first), np.log(second))
    return Estimate(*np.exp(logs).tolist())


def rank_correlations(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row of scores (D, n) with places (n,): (D,).

    It is 0 where all scores of a row are the same: there is no trend.
    """
    ranks = stats.rankdata(scores, axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    place_ranks = stats.rankdata(places)
    place_ranks -= place_ranks.mean()
    scale = np.sqrt((ranks**2).sum(1) * (place_ranks**2).sum())
    return np.divide(ranks @ place_ranks, scale, out=np.zeros(len(scores)), where=scale > 0)


def _bootstrap_interval(estimate: np.ndarray, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(estimate.item(), float(low), float(high))


def rank_trend(groups: Sequence[np.ndarray]) -> Estimate:
    """Spearman's rank correlation of values with the place of their group, by bootstrap.

    Args:
        groups: In the order of the trend, each with the values of its seeds. The seeds of each
            group are drawn anew; the draws have a fixed seed.
    """
    random = np.random.default_rng(BOOTSTRAP_SEED)
    sizes, columns = [], []
    for group in groups:
        sizes.append(len(group))
        columns.append(random.choice(group, (BOOTSTRAP_DRAWS, len(group))))
    places = np.repeat(np.arange(len(groups)), sizes)
    estimate = rank_correlations(np.concatenate(groups)[None], places)
    return _bootstrap_interval(estimate, rank_correlations(np.concatenate(columns, axis=1), places))


def curve_trend(points: Sequence[Estimate]) -> Estimate:
    """Spearman's rank correlation of the points of a curve with their place.

    Its interval is that of curves whose points are drawn from normal distributions of their means
    and intervals, independently of each other; the draws have a fixed seed.
    """
    random = np.random.default_rng(BOOTSTRAP_SEED)
    places = np.arange(len(points))
    means, lows, highs = np.array(points).T
    errors = (highs - lows) / 2 / stats.norm.ppf((1 + LEVEL) / 2)
    drawn = random.normal(means, errors, (BOOTSTRAP_DRAWS, len(points)))
    return _bootstrap_interval(
        rank_correlations(means[None], places), rank_correlations(drawn, places)
    )


def of_independent(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two independent estimates whose half-widths add in quadrature."""
    estimate = first.estimate - second.estimate
    half_width = math.hypot(first.high - first.low, second.high - second.low) / 2
    return Estimate(estimate, estimate - half_width, estimate + half_width)
