"""How far repeated times lie apart, and how sure their median is."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import quantile_test

FEWEST_FOR_INTERVAL = 6  # the smallest n with 2 * .5**n < .05


class Spread(NamedTuple):
    """A median with a range around it."""

    median: float
    low: float
    high: float


def of_times(times: Sequence[float]) -> Spread:
    """The median, the smallest and the largest time."""
    return Spread(statistics.median(times), min(times), max(times))


def of_ratios(ratios: Sequence[float]) -> Spread:
    """The median with its 95 % confidence interval.

    The interval lies between two of the ordered ratios, whose ranks follow from the binomial
    distribution. It holds for any distribution (Conover, Practical Nonparametric Statistics, 3rd
    ed. 1999, section 3.2). Fewer than six ratios give their range, which is less sure.
    """
    median = statistics.median(ratios)
    if len(ratios) < FEWEST_FOR_INTERVAL:
        return Spread(median, min(ratios), max(ratios))
    interval = quantile_test(ratios, q=median, p=0.5).confidence_interval(0.95)
    return Spread(median, float(interval.low), float(interval.high))
