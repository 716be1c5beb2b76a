"""The deconvnet with filters and switches of one's choice, against the gradient and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import assert_close, random_example

from jaxdl.visualize import deconvnet, written_out_deconvnet
from jaxdl.visualize.written_out_deconvnet import (
    correlations,
    mirrored,
    to_centres,
    to_maxima,
    to_random_places,
    transposed,
    turned_by_180,
    unturned,
    upside_down,
)

pytestmark = pytest.mark.usefixtures('quick_compilation')


@pytest.mark.parametrize('layer', ['pool1', 'pool2'])
def test_turned_filters_are_the_deconvnet(layer, x64):
    model, params, images = random_example()
    _, layers = jax.jit(model.apply)(params, images)
    projection = written_out_deconvnet.project(params, layers, layer, turned_by_180)
    assert_close(projection, deconvnet.project(model, params, images, layer))


@pytest.mark.quick
@pytest.mark.parametrize(
    ('turn', 'place'),
    [
        (turned_by_180, (0, 0)),
        (transposed, (3, 3)),
        (unturned, (4, 2)),
        (upside_down, (0, 2)),
        (mirrored, (4, 0)),
    ],
)
def test_where_a_filter_of_one_tap_leads(turn, place):
    """The tap (0, 1) brings pixel (0, 0) to the unit (2, 1), whence only one turn leads back."""
    weight = jnp.zeros((1, 1, 5, 5)).at[0, 0, 0, 1].set(1)
    active = jnp.zeros((1, 8, 8, 1)).at[0, 2, 1, 0].set(5)
    layers = {'conv1': active, 'pool1': jnp.zeros((1, 4, 4, 1)).at[0, 1, 0, 0].set(5)}
    params = {'params': {'conv1_weight': weight}}
    projection = written_out_deconvnet.project(params, layers, 'pool1', turn)
    expected = np.zeros((1, 8, 8, 1))
    expected[0, *place, 0] = 5
    np.testing.assert_array_equal(projection, expected)


@pytest.mark.quick
def test_switches_are_the_first_maxima():
    before = np.array([[1, 3, 0, 0], [3, 2, 0, 0], [9, 8, 5, 6], [7, 9, 8, 7]], float)
    signal = np.array([[10, 20], [30, 40]], float)
    expected = np.array([[0, 10, 20, 0], [0, 0, 0, 0], [30, 0, 0, 0], [0, 0, 40, 0]], float)
    unpooled = to_maxima(jnp.array(signal)[None, ..., None], jnp.array(before)[None, ..., None])
    np.testing.assert_array_equal(unpooled[0, ..., 0], expected)


def test_other_switches_send_the_same_sum_elsewhere():
    signal = jnp.array(np.random.default_rng(0).uniform(1, 2, size=(3, 20, 20, 4)))
    before = jnp.zeros((3, 40, 40, 4)).at[:, ::2, ::2].set(1)

    def windows(unpool):
        unpooled = np.asarray(unpool(signal, before))
        # By window (3, 20, 20, 4) and the place in it (4).
        by_place = unpooled.reshape(3, 20, 2, 20, 2, 4).transpose(0, 1, 3, 5, 2, 4)
        return by_place.reshape(3, 20, 20, 4, 4)

    np.testing.assert_allclose(windows(to_centres), np.repeat(signal[..., None] / 4, 4, -1))
    random = windows(to_random_places(jax.random.key(0)))
    np.testing.assert_allclose(random.sum(-1), signal)
    assert np.all((random > 0).sum(-1) == 1)
    # Each of the four places is drawn in about a quarter of the 4,800 windows.
    np.testing.assert_allclose((random > 0).mean((0, 1, 2, 3)), 0.25, atol=0.03)


@pytest.mark.quick
def test_correlations_are_those_of_numpy():
    first, second = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 1))
    expected = [np.corrcoef(first[i].ravel(), second[i].ravel())[0, 1] for i in range(3)]
    np.testing.assert_allclose(correlations(first, second), expected)
    np.testing.assert_array_equal(correlations(first, np.ones_like(first)), 0)
