"""Linear probes against scikit-learn, and on targets that the states hold or do not hold."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from jaxdl.visualize import linear_probe

pytestmark = pytest.mark.quick
RANDOM = np.random.default_rng(0)


def test_a_probe_is_that_of_scikit_learn():
    states = RANDOM.normal(size=(80, 6)) + 3
    targets = states @ RANDOM.normal(size=(6, 4)) + RANDOM.normal(size=(80, 4))
    probe = linear_probe.fit(states[:50], targets[:50], penalty=2.5)
    ridge = Ridge(alpha=2.5).fit(states[:50], targets[:50])
    np.testing.assert_allclose(probe.weight, ridge.coef_.T)
    np.testing.assert_allclose(probe.bias, ridge.intercept_)
    share = linear_probe.explained_share(probe, states[50:], targets[50:])
    expected = r2_score(targets[50:], ridge.predict(states[50:]), multioutput='variance_weighted')
    assert share == pytest.approx(expected)


def test_what_the_states_hold_is_read_and_nothing_else():
    bits = RANDOM.integers(2, size=(2000, 3))
    states = bits[:, :2] @ np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0]])
    probe = linear_probe.fit(states[:1000], bits[:1000], penalty=1e-6)

    def share(columns):
        part = linear_probe.LinearProbe(probe.weight[:, columns], probe.bias[columns])
        return linear_probe.explained_share(part, states[1000:], bits[1000:, columns])

    assert share([0]) == pytest.approx(1)
    assert share([1]) == pytest.approx(1)
    assert share([2]) == pytest.approx(0, abs=0.02)


def test_units_that_are_constant_or_equal_have_one_solution():
    unit = RANDOM.normal(size=(40, 1))
    states = np.concatenate([unit, unit, np.ones_like(unit)], axis=1)
    probe = linear_probe.fit(states, unit, penalty=1e-6)
    np.testing.assert_allclose(probe.weight[:, 0], [0.5, 0.5, 0], atol=1e-6)
