"""Pooled variances: the plain pool by hand, and a prior that a simulation knows."""

import math

import numpy as np
import pytest
from scipy.special import polygamma

from experiments.reports.pooled_scatter import Scatter, pool

pytestmark = pytest.mark.quick


def test_like_variances_are_pooled():
    """(3 x 1 + 3 x 1.1 + 6 x .9)/12 = .975; so equal, they differ by less than chance allows."""
    for scatter in pool([1.0, 1.1, 0.9], [3, 3, 6]):
        assert scatter.sd**2 == pytest.approx(0.975)
        assert scatter.degrees == 12


def test_a_single_row_keeps_its_own():
    assert pool([4.0], [5]) == [Scatter(2.0, 5)]


def test_a_single_seed_has_what_the_others_have():
    borrowed = pool([0.0, 1.0, 1.0], [0, 4, 4])[0]
    assert borrowed.sd == pytest.approx(1) and borrowed.degrees == 8
    assert pool([0.0], [0]) == [None]


def test_rows_that_do_not_scatter():
    assert pool([0.0, 0.0], [3, 3]) == [Scatter(0.0, 6), Scatter(0.0, 6)]


def test_unlike_variances_are_moderated():
    """Two rows of 10 degrees whose log variances are 4 apart: solved here for d0 by bisection."""
    variances = [math.exp(-2), math.exp(2)]
    between = 8 - polygamma(1, 5)  # of the two log variances, ±2, less that of chance
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if polygamma(1, middle) > between else (low, middle)
    prior_degrees = 2 * low
    first, second = pool(variances, [10, 10])
    assert first.degrees == pytest.approx(10 + prior_degrees)
    # moderated: (d0 s0² + d s²)/(d0 + d) of both, so that their difference knows no s0
    difference = 10 * (variances[1] - variances[0]) / (10 + prior_degrees)
    assert second.sd**2 - first.sd**2 == pytest.approx(difference)


def test_a_known_prior_is_found():
    """Variances are s0² d0/chi²(d0), with d0 = 8 and s0² = 2, and each is seen with 4 degrees."""
    rng = np.random.default_rng(0)
    true = 2 * 8 / rng.chisquare(8, 4000)
    seen = true * rng.chisquare(4, 4000) / 4
    scatters = pool(seen, [4] * 4000)
    assert scatters[0].degrees == pytest.approx(12, rel=0.1)
    moderated = np.array([scatter.sd**2 for scatter in scatters])
    np.testing.assert_allclose(moderated, (8 * 2 + 4 * seen) / 12, rtol=0.1)
