"""The distributions of the initial parameters."""

import jax
import numpy as np
import pytest

from jaxdl.models.initializers import INITIALIZERS

pytestmark = pytest.mark.usefixtures('quick_compilation')

OUTPUTS, INPUTS = 300, 200


def initial_parameters(name):
    """The weights (OUTPUTS, INPUTS) and biases (OUTPUTS,) of a dense layer."""
    weight_init, bias_init = INITIALIZERS[name](INPUTS)
    weight_key, bias_key = jax.random.split(jax.random.key(0))
    weight = weight_init(weight_key, (OUTPUTS, INPUTS))
    bias = bias_init(bias_key, (OUTPUTS,))
    return np.asarray(weight), np.asarray(bias)


def assert_is_uniform(values, limit):
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.98 * limit
    np.testing.assert_allclose(values.std(), limit / 3**0.5, rtol=0.1)


@pytest.mark.quick
def test_torch_draws_both_from_one_uniform_distribution():
    weight, bias = initial_parameters('torch')
    assert_is_uniform(weight, INPUTS**-0.5)
    assert_is_uniform(bias, INPUTS**-0.5)


@pytest.mark.parametrize('name', ['glorot_uniform', 'glorot_joint'])
def test_glorot_uniform_takes_both_fans(name):
    weight, bias = initial_parameters(name)
    assert_is_uniform(weight, (6 / (INPUTS + OUTPUTS)) ** 0.5)
    assert not bias.any()


def test_lecun_normal_takes_the_fan_in():
    weight, bias = initial_parameters('lecun_normal')
    np.testing.assert_allclose(weight.std(), INPUTS**-0.5, rtol=0.02)
    assert not bias.any()


def test_truncated_normal_ends_at_two_deviations():
    weight, bias = initial_parameters('truncated_normal')
    assert 0.19 < np.abs(weight).max() <= 0.2
    np.testing.assert_allclose(weight.std(), 0.088, rtol=0.02)
    np.testing.assert_array_equal(bias, np.float32(0.1))


def test_normal_is_standard_normal():
    weight, bias = initial_parameters('normal')
    np.testing.assert_allclose(weight.std(), 1, rtol=0.02)
    np.testing.assert_allclose(bias.std(), 1, rtol=0.15)


def test_fans_of_a_convolution_count_its_taps():
    weight_init, _ = INITIALIZERS['glorot_uniform'](3 * 5 * 5)
    kernel = weight_init(jax.random.key(0), (40, 3, 5, 5))
    assert_is_uniform(np.asarray(kernel), (6 / (3 * 25 + 40 * 25)) ** 0.5)
