"""Medians, and the interval of a median."""

from math import comb

import pytest

from experiments.benchmark import spread
from experiments.benchmark.spread import Spread

pytestmark = pytest.mark.quick


def test_times_have_a_median_and_extremes():
    assert spread.of_times([3.0, 1.0, 2.0, 9.0]) == Spread(2.5, 1.0, 9.0)


@pytest.mark.parametrize('n', [6, 9, 20])
def test_the_interval_is_the_narrowest_that_holds_the_median_often_enough(n):
    """The median of a population is below rank k of n values if fewer than k are below it."""
    interval = spread.of_ratios([float(rank) for rank in range(n, 0, -1)])
    assert interval.low + interval.high == n + 1

    def chance_outside(rank):
        return 2 * sum(comb(n, below) for below in range(rank)) / 2**n

    assert chance_outside(int(interval.low)) <= 0.05
    assert chance_outside(int(interval.low) + 1) > 0.05


def test_few_ratios_have_their_range():
    assert spread.of_ratios([2.0, 1.0, 4.0]) == Spread(2.0, 1.0, 4.0)
    fewest = [float(value) for value in range(spread.FEWEST_FOR_INTERVAL)]
    assert spread.of_ratios(fewest) == Spread(2.5, 0.0, 5.0)
