"""Activation maximization: a closed form for a linear unit, and gains for others."""

import jax
import numpy as np
import pytest
from cnn_examples import random_example

from jaxdl.visualize import maximize


def test_the_maximizer_of_a_linear_unit_is_its_filter(x64):
    model, params, _ = random_example(1)
    numbers = [0, 2, 3]
    objective = maximize.units('conv1_pre', numbers, place=(8, 8))

    @jax.jit
    def maximized():
        return maximize.maximize(
            model,
            params,
            objective,
            jax.random.key(0),
            count=3,
            parametrization=maximize.sphere,
            steps=1500,
            learning_rate=0.02,
            jitter=None,
        )

    result = maximized()
    weights = np.asarray(params['params']['conv1_weight'])[numbers, 0]
    norms = np.sqrt((weights**2).sum((1, 2)))
    expected = np.zeros((3, 16, 16))
    expected[:, 6:11, 6:11] = weights / norms[:, None, None]
    np.testing.assert_allclose(result.image[..., 0], expected, atol=1e-3)
    bias = np.asarray(params['params']['conv1_bias'])[numbers]
    np.testing.assert_allclose(result.after - bias, norms, rtol=1e-5)


OBJECTIVES = {
    'units': maximize.units('conv2_pre', [1, 5]),
    'maps': maximize.maps('conv2_pre', [1, 5]),
    'head': maximize.units('head', [1, 5]),
}


@pytest.mark.parametrize(
    ('objective', 'parametrization'),
    [
        pytest.param('units', 'pixel', marks=pytest.mark.slow),
        ('maps', 'fourier'),
        ('head', 'fourier'),
        pytest.param('units', 'fourier', marks=pytest.mark.slow),
        pytest.param('maps', 'pixel', marks=pytest.mark.slow),
        pytest.param('head', 'pixel', marks=pytest.mark.slow),
    ],
)
def test_maximization_excites_its_units(objective, parametrization):
    model, params, images = random_example(3)
    result = maximize.maximize(
        model,
        params,
        OBJECTIVES[objective],
        jax.random.key(0),
        count=2,
        parametrization=maximize.PARAMETRIZATIONS[parametrization],
        colour=maximize.colour_matrix(images),
        steps=30,
    )
    assert (result.after > result.before).all()
    assert (result.transformed > result.before).all()
    assert result.image.shape == (2, 16, 16, 3)
    assert result.image.min() >= 0
    assert result.image.max() <= 1


@pytest.mark.quick
def test_colours_are_correlated_as_those_of_the_images():
    mixing = np.array([[1.0, 0.5, 0.2], [0, 1, 0.9], [0, 0, 0.1]])
    images = np.random.default_rng(0).normal(size=(4, 50, 50, 3)) @ mixing
    matrix = maximize.colour_matrix(images)

    mixed = matrix @ matrix.T
    covariance = np.cov(images.reshape(-1, 3).T)
    expected = covariance / np.trace(covariance)
    np.testing.assert_allclose(mixed / np.trace(mixed), expected, atol=1e-12)
    assert np.isclose(np.linalg.norm(matrix, axis=1).max(), 1)
