"""The strongest units against a search, and their projections against those of whole images."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import random_example

from jaxdl.visualize import deconvnet, top_units

pytestmark = pytest.mark.usefixtures('quick_compilation')


def _unit_value(row, column, number):
    """The signal of one unit's value, of a single image."""

    def signal(values):
        value = values[0, row, column, number]
        return jnp.zeros_like(values).at[0, row, column, number].set(value)

    return signal


def _cut(projection, row, column, receptive_field):
    """The receptive field (S, S, C) of a unit in the projection of a whole image."""
    size, stride, before = receptive_field
    padded = np.pad(projection, ((size, size), (size, size), (0, 0)))
    first_row = row * stride - before + size
    first_column = column * stride - before + size
    return padded[first_row : first_row + size, first_column : first_column + size]


@pytest.mark.parametrize(
    'rule, layer, act',
    [
        ('deconvnet', 'conv1', 'relu'),
        ('deconvnet', 'conv2', 'relu'),
        ('guided', 'conv2', 'relu'),
        ('gradient', 'conv2', 'tanh'),
        pytest.param('gradient', 'conv2', 'relu', marks=pytest.mark.slow),
        pytest.param('deconvnet', 'conv2', 'leaky_relu', marks=pytest.mark.slow),
    ],
)
def test_projection_in_the_receptive_field_is_the_whole_one(rule, layer, act, x64):
    model, params, images = random_example(3, 20, 3, activation=act)
    _, layers = jax.jit(model.apply)(params, images)
    _, side, _, maps = layers[layer].shape

    # Units at borders, in corners and in the middle.
    places = []
    for row in (0, 1, 3, side // 2, side - 2, side - 1):
        for column in (0, 2, side - 1):
            places.append((row, column))
    rows, columns = np.array(places).T
    image_numbers = np.arange(len(places)) % len(images)
    map_numbers = np.arange(len(places)) % maps
    units = top_units.TopUnits(values=None, images=image_numbers, rows=rows, columns=columns)

    fields = top_units.receptive_fields(model, np.asarray(images), layer, units)
    patches = np.asarray(top_units.project(model, params, fields, map_numbers, rule))

    for i, patch in enumerate(patches):
        image = images[image_numbers[i]][None]
        signal = _unit_value(rows[i], columns[i], map_numbers[i])
        (whole,) = np.asarray(deconvnet.project(model, params, image, layer, signal, rule))
        expected = _cut(whole, rows[i], columns[i], model.receptive_fields[layer])
        # Equal sums of squares: nothing of the whole projection lies outside the patch.
        np.testing.assert_allclose(np.sum(patch**2), np.sum(whole**2), rtol=1e-9, atol=1e-30)
        tolerance = 1e-10 * max(np.abs(whole).max(), 1e-30)
        np.testing.assert_allclose(patch, expected, rtol=0, atol=tolerance)


@pytest.mark.quick
@pytest.mark.parametrize('layer', ['conv1', 'conv2'])
def test_strongest_units_are_those_of_a_search(layer, x64):
    model, params, images = random_example(1, 16, 30)
    units = top_units.strongest_units(model, params, images, layer, 9, batch_size=7)
    _, layers = jax.jit(model.apply)(params, images)
    values = np.asarray(layers[layer])
    for number in range(values.shape[-1]):
        maxima = values[..., number].max((1, 2))
        expected_images = sorted(range(30), key=lambda i, maxima=maxima: -maxima[i])[:9]
        np.testing.assert_array_equal(units.images[number], expected_images)
        for rank, image in enumerate(expected_images):
            row = units.rows[number, rank]
            column = units.columns[number, rank]
            assert units.values[number, rank] == maxima[image]
            assert values[image, row, column, number] == maxima[image]


@pytest.mark.quick
def test_purity_is_the_share_of_the_commonest_class():
    classes = np.random.default_rng(0).integers(0, 5, size=(20, 9))
    expected = [Counter(row).most_common(1)[0][1] / 9 for row in classes.tolist()]
    np.testing.assert_allclose(top_units.class_purity(classes), expected)
    assert top_units.class_purity(np.array([[3, 3, 3]])) == 1
