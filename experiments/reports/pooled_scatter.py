"""The scatter of seeds, pooled over like rows as far as their scatters agree."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

SMALLEST_VARIANCE = 1e-5  # times the median of the family's


class Scatter(NamedTuple):
    """A standard deviation.

    Attributes:
        sd: The standard deviation.
        degrees: Of freedom, with which it is known.
    """

    sd: float
    degrees: float


class Prior(NamedTuple):
    """What a family says of the variance of one more row.

    Attributes:
        variance: Its typical value.
        degrees: Of freedom that it is worth; infinite where all rows agree.
    """

    variance: float
    degrees: float


def pool(variances: Sequence[float], degrees: Sequence[int]) -> list[Scatter | None]:
    """The scatter of each row of a family.

    A row's own variance s² with d degrees of freedom is moderated by the family's: it becomes
    (d0 s0² + d s²)/(d0 + d), with d0 + d degrees of freedom, but no more than all rows have
    together. d0 and s0² are estimated from all rows (Smyth 2004, Statistical Applications in
    Genetics and Molecular Biology 3, article 3, section 6). Where the variances differ no more
    than chance would have it, d0 is infinite: this is the pooled variance then.

    Args:
        variances: (R,), s² of each row. Those without a degree of freedom are not used.
        degrees: (R,), the number of seeds less 1.

    Returns:
        (R,); None for each row if no row has a degree of freedom.
    """
    degrees = np.asarray(degrees, float)
    variances = np.asarray(variances, float)
    known = degrees > 0
    if not known.any():
        return [None] * len(degrees)
    total_degrees = float(degrees.sum())
    prior = _prior(variances[known], degrees[known])
    scatters = []
    for variance, own_degrees in zip(variances, degrees, strict=True):
        own = variance if own_degrees else 0.0
        if math.isinf(prior.degrees):
            moderated = prior.variance
        elif prior.degrees + own_degrees == 0:
            scatters.append(None)
            continue
        else:
            weighted_sum = prior.degrees * prior.variance + own_degrees * own
            moderated = weighted_sum / (prior.degrees + own_degrees)
        allowed = min(prior.degrees + own_degrees, total_degrees)
        scatters.append(Scatter(math.sqrt(moderated), allowed))
    return scatters


def _prior(variances: np.ndarray, degrees: np.ndarray) -> Prior:
    """The family's s0² and d0, from variances (R,) with degrees (R,) of at least 1."""
    pooled = Prior(float(np.average(variances, weights=degrees)), math.inf)
    if len(variances) == 1:
        return Prior(0.0, 0.0)  # there is nothing to pool with
    floor = SMALLEST_VARIANCE * np.median(variances)
    if floor == 0:
        return pooled  # most have no scatter at all, and 0 has no logarithm
    half = degrees / 2
    # log s² less what it is on average for a variance of 1
    logs = np.log(np.maximum(variances, floor)) - digamma(half) + np.log(half)
    # what chance alone makes of log s² is polygamma(1, d/2), and the rest is between the rows
    between_rows = np.var(logs, ddof=1) - np.mean(polygamma(1, half))
    if between_rows <= 0:
        return pooled
    prior_degrees = 2 * _inverse_trigamma(between_rows)
    log_variance = np.mean(logs) + digamma(prior_degrees / 2) - math.log(prior_degrees / 2)
    return Prior(math.exp(log_variance), prior_degrees)


def _inverse_trigamma(value: float) -> float:
    """The x whose trigamma function has this value, which is above 0."""

    def excess(log_x):
        return math.log(polygamma(1, math.exp(log_x))) - math.log(value)

    # trigamma(x) is near 1/x for large x and near 1/x² for small ones
    return math.exp(brentq(excess, -20.0, 20.0))
