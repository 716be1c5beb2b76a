"""The intervals of the claims, against formulas and by hand."""

import math
import warnings

import numpy as np
import pytest
from scipy.special import stdtrit

from experiments.reports.intervals import (
    difference,
    excludes_zero,
    share_half_width,
)
from jaxdl.metrics import Summary, summarize

pytestmark = pytest.mark.quick


def test_a_difference_of_means_is_welchs():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.3, 1, 12), rng.normal(0, 3, 30)
    first_part, second_part = first.var(ddof=1) / 12, second.var(ddof=1) / 30
    total = first_part + second_part
    degrees_of_freedom = total**2 / (first_part**2 / 11 + second_part**2 / 29)
    half_width = stdtrit(degrees_of_freedom, 0.975) * math.sqrt(total)

    result = difference(summarize(first, keep_seeds=True), summarize(second, keep_seeds=True))
    np.testing.assert_allclose(result.mean, first.mean() - second.mean())
    np.testing.assert_allclose(result.ci95, half_width)


def test_a_difference_without_variance_has_an_interval_of_0():
    result = difference(Summary(0.5, 0.0, [0.5, 0.5, 0.5]), Summary(0.1, 0.0, [0.1, 0.1]))
    assert result.mean == pytest.approx(0.4)
    assert result.ci95 == 0
    assert excludes_zero(result)


def test_a_difference_of_which_one_part_has_no_variance():
    first, second = [1.0, 1.0, 1.0], [0.5, 0.6, 0.7]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        result = difference(Summary(1.0, 0.0, first), Summary(0.6, 0.2, second))
    half_width = stdtrit(2, 0.975) * math.sqrt(0.01 / 3)
    np.testing.assert_allclose([result.mean, result.ci95], [0.4, half_width])


def test_a_single_seed_has_no_interval():
    result = difference(Summary(0.5, None, [0.5]), Summary(0.1, 0.0, [0.1, 0.2]))
    assert result.mean == pytest.approx(0.35)
    assert result.ci95 is None
    assert not excludes_zero(result)


def test_an_interval_may_hold_0():
    assert not excludes_zero(Summary(0.1, 0.2))
    assert excludes_zero(Summary(-0.3, 0.2))


def test_a_share_of_examples():
    assert share_half_width(0.5, 1000) == pytest.approx(0.031, abs=1e-4)
    assert share_half_width(1.0, 1000) == 0
    assert share_half_width(1.02, 1000) == 0  # the mean of two numbers may be above 1 by rounding
