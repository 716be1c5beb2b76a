"""Small CNNs with images, for the tests of jaxdl.visualize."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.models.cnn import CNN

REFERENCE = Path(__file__).parent / 'reference/captum_cnn.npz'


class Example(NamedTuple):
    model: CNN
    params: dict
    images: jax.Array


class CaptumExample(NamedTuple):
    """The LeNet of tests/reference/make_captum.py, and captum's arrays of it by name."""

    model: CNN
    params: dict
    arrays: dict


def captum_example(channels):
    """The example with grey (1) or coloured (3) images."""
    params = {}
    arrays = {}
    with np.load(REFERENCE) as file:
        for full_name, array in file.items():
            name = full_name.removeprefix(f'{channels}/')
            if name == full_name:
                continue
            if name.startswith('param/'):
                params[name.removeprefix('param/')] = jnp.array(array)
            else:
                arrays[name] = array
    model = CNN(outputs=5, shape=(12, 12, channels), maps=(3, 4), hidden=6)
    return CaptumExample(model, {'params': params}, arrays)


def random_example(channels=1, side=16, n=6, **fields):
    """Random weights and float64 images, a part of them flat so that pooling windows tie."""
    model = CNN(outputs=10, shape=(side, side, channels), maps=(4, 6), hidden=8, **fields)
    images = np.random.default_rng(0).uniform(size=(n, side, side, channels))
    images[:, :5, 6:] = 0.3
    params = jax.jit(model.init)(jax.random.key(1), images)
    return Example(model, params, jnp.asarray(images))


def assert_close(actual, expected, tolerance=1e-10):
    """No entry differs by more than `tolerance` times the largest magnitude of `expected`."""
    largest = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * largest)
