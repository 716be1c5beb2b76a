"""Warped images against SciPy, and the changes of features against their definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cnn_examples import random_example
from scipy import ndimage

from jaxdl.visualize import invariance

pytestmark = pytest.mark.usefixtures('quick_compilation')

IMAGE = np.random.default_rng(0).uniform(size=(1, 9, 9, 2))


def test_warp_turns_counterclockwise(x64):
    np.testing.assert_allclose(invariance.warp(IMAGE), IMAGE, atol=1e-12)
    turned = invariance.warp(IMAGE, angle=np.pi / 2)
    np.testing.assert_allclose(turned, np.rot90(IMAGE, axes=(1, 2)), atol=1e-12)


@pytest.mark.quick
def test_warp_moves_and_fills(x64):
    moved = invariance.warp(IMAGE, shift=(2.0, -1.0), fill=0.5)
    np.testing.assert_allclose(moved[0, 2:, :-1], IMAGE[0, :-2, 1:], atol=1e-12)
    np.testing.assert_allclose(moved[0, :2], 0.5)

    filled = invariance.warp(IMAGE, shift=(2.0, 0.0), fill=np.array([0.2, 0.7]))
    np.testing.assert_allclose(filled[0, 1], [[0.2, 0.7]] * 9)


def test_warp_between_pixels_against_scipy(x64):
    image = IMAGE[0, ..., 0]
    moved = invariance.warp(IMAGE, shift=(0.3, 0.6))[0, ..., 0]
    expected = ndimage.shift(image, (0.3, 0.6), order=1)
    np.testing.assert_allclose(moved[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-12)

    zoomed = invariance.warp(IMAGE, scale=2.0)[0, ..., 0]
    expected = ndimage.affine_transform(image, [0.5, 0.5], 2.0, order=1)
    np.testing.assert_allclose(zoomed, expected, atol=1e-12)


def test_changes_are_distances_over_norms(x64):
    model, params, images = random_example(1)
    moved = invariance.warp(images, shift=(1.0, 0.0))
    labels = np.arange(6)
    changes = invariance.changes(model, params, images, labels, jnp.stack([images, moved]))

    _, layers = jax.jit(model.apply)(params, images)
    logits, moved_layers = jax.jit(model.apply)(params, moved)
    features = np.asarray(layers['pool2']).reshape(6, -1)
    moved_features = np.asarray(moved_layers['pool2']).reshape(6, -1)
    distances = np.linalg.norm(features - moved_features, axis=1)
    norms = np.linalg.norm(features, axis=1)
    np.testing.assert_allclose(changes.distances['pool2'][0], 0)
    np.testing.assert_allclose(changes.distances['pool2'][1], distances / norms)
    probabilities = jax.nn.softmax(logits)
    np.testing.assert_allclose(changes.probability[1], probabilities[labels, labels])
