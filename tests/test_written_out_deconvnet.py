"""The deconvnet with filters of one's choice, against the gradient of the net and by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import assert_close, random_example

from jaxdl.visualize import deconvnet, written_out_deconvnet
from jaxdl.visualize.written_out_deconvnet import correlations, transposed, turned_by_180

pytestmark = pytest.mark.quick


@pytest.mark.parametrize('layer', ['pool1', 'pool2'])
def test_turned_filters_are_the_deconvnet(layer, x64):
    model, params, images = random_example()
    _, layers = model.apply(params, images)
    projection = written_out_deconvnet.project(params, layers, layer, turned_by_180)
    assert_close(projection, deconvnet.project(model, params, images, layer))


@pytest.mark.parametrize(('turn', 'place'), [(turned_by_180, (0, 0)), (transposed, (3, 3))])
def test_where_a_filter_of_one_tap_leads(turn, place):
    """The tap (0, 1) brings pixel (0, 0) to the unit (2, 1); transposed it leads on to (3, 3)."""
    weight = jnp.zeros((1, 1, 5, 5)).at[0, 0, 0, 1].set(1)
    active = jnp.zeros((1, 8, 8, 1)).at[0, 2, 1, 0].set(5)
    layers = {'conv1': active, 'pool1': jnp.zeros((1, 4, 4, 1)).at[0, 1, 0, 0].set(5)}
    params = {'params': {'conv1_weight': weight}}
    projection = written_out_deconvnet.project(params, layers, 'pool1', turn)
    expected = np.zeros((1, 8, 8, 1))
    expected[0, *place, 0] = 5
    np.testing.assert_array_equal(projection, expected)


def test_correlations_are_those_of_numpy():
    first, second = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 1))
    expected = [np.corrcoef(first[i].ravel(), second[i].ravel())[0, 1] for i in range(3)]
    np.testing.assert_allclose(correlations(first, second), expected)
    np.testing.assert_array_equal(correlations(first, np.ones_like(first)), 0)
