"""Projections against captum's arrays, and against the paper's construction written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import assert_close, captum_example, random_example

from jaxdl.visualize import deconvnet

pytestmark = pytest.mark.usefixtures('quick_compilation')

UNITS = {'conv1': (1, 5, 4), 'conv2': (2, 3, 0)}  # {layer: (map, row, column)}, as captum has them


def unit_signal(number, row, column):
    """The signal that is 1 at one unit of each image."""

    def signal(values):
        return jnp.zeros_like(values).at[:, row, column, number].set(1)

    return signal


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('rule', ['gradient', 'guided', 'deconvnet'])
def test_projections_against_captum(channels, rule, x64):
    model, params, arrays = captum_example(channels)
    images = jnp.array(arrays['images'])
    logits, _ = jax.jit(model.apply)(params, images)
    assert_close(logits, arrays['logits'])

    labels = deconvnet.one_hot_labels(arrays['labels'])
    projection = deconvnet.project(model, params, images, 'head', labels, rule)
    assert_close(projection, arrays[f'class/{rule}'])

    for layer, place in UNITS.items():
        projection = deconvnet.project(model, params, images, layer, unit_signal(*place), rule)
        assert_close(projection, arrays[f'{layer}/{rule}'])


@pytest.mark.quick
def test_the_reference_has_ties():
    model, params, arrays = captum_example(1)
    _, layers = jax.jit(model.apply)(params, arrays['images'])
    for layer in ('conv1', 'conv2'):
        n, height, width, maps = layers[layer].shape
        windows = np.asarray(layers[layer]).reshape(n, height // 2, 2, width // 2, 2, maps)
        windows = windows.transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)
        windows = np.sort(windows)
        tied = windows[:, -1] == windows[:, -2]
        assert tied.mean() > 0.05


def _correlate(x, w):
    """Cross-correlation of x (H, W, C) with w (K, C, 5, 5), zero padded, tap by tap."""
    height, width, _ = x.shape
    padded = np.pad(x, ((2, 2), (2, 2), (0, 0)))
    total = 0
    for i in range(5):
        for j in range(5):
            total = total + padded[i : i + height, j : j + width] @ w[:, :, i, j].T
    return total


def _pool(x):
    """Maxima (h, w, K) and switches (h, w, K, 2), the place of the first one in its window."""
    height, width, maps = x.shape
    maxima = np.zeros((height // 2, width // 2, maps))
    switches = np.zeros((*maxima.shape, 2), int)
    for i, j, k in np.ndindex(*maxima.shape):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
        row, column = np.unravel_index(window.argmax(), (2, 2))
        maxima[i, j, k] = window[row, column]
        switches[i, j, k] = 2 * i + row, 2 * j + column
    return maxima, switches


def _unpool(signal, switches):
    height, width, maps = signal.shape
    unpooled = np.zeros((2 * height, 2 * width, maps))
    for i, j, k in np.ndindex(*signal.shape):
        row, column = switches[i, j, k]
        unpooled[row, column, k] = signal[i, j, k]
    return unpooled


def _rectify(x):
    return np.maximum(x, 0)


def _transpose(w):
    """The filters turned by 180 degrees, from K maps to C channels."""
    return w[:, :, ::-1, ::-1].swapaxes(0, 1)


def _explicit_deconvnet(params, image):
    """The paper's construction for all maps of pool2: unpool, rectify, correlate, twice."""
    w1 = np.asarray(params['conv1_weight'])
    w2 = np.asarray(params['conv2_weight'])
    pool1, switches1 = _pool(_rectify(_correlate(image, w1) + params['conv1_bias']))
    pool2, switches2 = _pool(_rectify(_correlate(pool1, w2) + params['conv2_bias']))
    signal = _correlate(_rectify(_unpool(pool2, switches2)), _transpose(w2))
    return _correlate(_rectify(_unpool(signal, switches1)), _transpose(w1))


@pytest.mark.parametrize('channels', [1, 3])
def test_deconvnet_against_the_explicit_construction(channels, x64):
    model, params, images = random_example(channels)
    projections = deconvnet.project(model, params, images, 'pool2')
    for image, projection in zip(images, projections, strict=True):
        expected = _explicit_deconvnet(params['params'], np.asarray(image))
        assert_close(projection, expected)


def test_one_map_keeps_one_map(x64):
    model, params, images = random_example()
    _, layers = jax.jit(model.apply)(params, images)
    values = np.asarray(layers['conv2'])
    signal = np.asarray(deconvnet.one_map(3)(layers['conv2']))
    np.testing.assert_array_equal(signal[..., 3], values[..., 3])
    assert not np.delete(signal, 3, axis=-1).any()


def test_strongest_map_and_unit_keep_the_strongest(x64):
    model, params, images = random_example()
    _, layers = jax.jit(model.apply)(params, images)
    values = np.asarray(layers['conv2'])
    map_signal = np.asarray(deconvnet.strongest_map(layers['conv2']))
    unit_signal = np.asarray(deconvnet.strongest_unit(layers['conv2']))
    for i in range(len(images)):
        norms = np.sqrt((values[i] ** 2).sum((0, 1)))
        strongest = norms.argmax()
        np.testing.assert_array_equal(map_signal[i, ..., strongest], values[i, ..., strongest])
        assert not np.delete(map_signal[i], strongest, axis=-1).any()
        assert unit_signal[i].max() == values[i].max()
        assert np.count_nonzero(unit_signal[i]) == 1


def test_strongest_maps_are_projected_one_by_one(x64):
    model, params, images = random_example()
    maps, projections = deconvnet.strongest_maps(model, params, images, 'pool2', 3)
    _, layers = jax.jit(model.apply)(params, images)
    norms = np.sqrt((np.asarray(layers['pool2']) ** 2).sum((1, 2)))
    np.testing.assert_array_equal(maps, np.argsort(-norms, axis=1)[:, :3])

    second = []
    for i in range(len(images)):
        signal = deconvnet.one_map(maps[i, 1])
        second.append(deconvnet.project(model, params, images[i : i + 1], 'pool2', signal))
    assert_close(projections[:, 1], np.concatenate(second))


@pytest.mark.parametrize('layer', ['conv1', 'pool1', 'conv2', 'pool2'])
def test_receptive_fields_are_where_the_gradient_is(layer, x64):
    # A sigmoid passes some gradient everywhere; many images leave no pixel out by chance.
    model, params, images = random_example(1, 32, 40, activation='sigmoid')
    _, layers = jax.jit(model.apply)(params, images)
    row = layers[layer].shape[1] // 2
    column = 3
    signal = unit_signal(0, row, column)
    gradient = deconvnet.project(model, params, images, layer, signal, 'gradient')
    seen = np.abs(gradient).max((0, 3)) > 0

    size, stride, before = model.receptive_fields[layer]
    top = row * stride - before
    left = column * stride - before
    expected = np.zeros((32, 32), bool)
    expected[max(top, 0) : top + size, max(left, 0) : left + size] = True
    np.testing.assert_array_equal(seen, expected)


def test_projection_is_an_adjoint(x64):
    """<A x, y> = <x, A' y> where the model is linear: conv1 before its activation."""
    model, params, images = random_example(3)
    _, layers = jax.jit(model.apply)(params, images)
    _, layers_of_zeros = jax.jit(model.apply)(params, jnp.zeros_like(images))
    forward = layers['conv1_pre'] - layers_of_zeros['conv1_pre']
    y = jax.random.normal(jax.random.key(5), forward.shape, forward.dtype)

    backward = deconvnet.project(model, params, images, 'conv1_pre', lambda values: y, 'gradient')
    np.testing.assert_allclose(jnp.vdot(forward, y), jnp.vdot(images, backward), rtol=1e-12)
