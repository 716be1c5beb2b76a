"""Statistics of layers against NumPy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import random_example

from jaxdl.visualize import activation_statistics

pytestmark = pytest.mark.usefixtures('quick_compilation')


def test_statistics_of_a_data_set_are_numpys(x64):
    model, params, images = random_example(1, 16, 30)
    statistics = activation_statistics.statistics_over_dataset(model, params, images, batch_size=8)
    _, layers = jax.jit(model.apply)(params, images)
    for layer, layer_values in layers.items():
        values = np.asarray(layer_values)
        by_unit = values.reshape(-1, values.shape[-1])
        row = statistics[layer]
        np.testing.assert_allclose(row.mean, values.mean(), atol=1e-12)
        np.testing.assert_allclose(row.variance, values.var(), atol=1e-12)
        np.testing.assert_allclose(row.sparsity, (values == 0).mean(), atol=1e-12)
        np.testing.assert_allclose(row.min, by_unit.min(0))
        np.testing.assert_allclose(row.max, by_unit.max(0))

        ends = np.float32(values.min()), np.float32(values.max())
        expected, _ = np.histogram(values, activation_statistics.BINS, ends)
        assert row.histogram.sum() == values.size
        # A value at the edge of two bins may be counted in either.
        assert np.abs(row.histogram - expected).sum() <= 4


@pytest.mark.quick
def test_layer_statistics_and_dead_share(x64):
    values = np.random.default_rng(0).normal(size=(5, 3, 3, 4))
    values[..., 2] = 0
    statistics = activation_statistics.layer_statistics(jnp.array(values))
    assert statistics['min'] == values.min()
    expected, _ = np.histogram(values, activation_statistics.BINS)
    np.testing.assert_array_equal(statistics['histogram'], expected)
    assert activation_statistics.dead_share(jnp.array(values)) == 0.25
