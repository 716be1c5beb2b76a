"""The deconvnet step by step, with filters and switches of one's choice on the way down.

`deconvnet.project` goes down by the gradient of the net, whose filters are always the right ones:
turned by 180 degrees. So are its switches, the places of the maxima. One can also write the way
down out, and then get the filters or the switches wrong. This is what that looks like.

Only for nets of two convolutions, each with a rectifier and a max pool of 2 x 2.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl.visualize.model_interface import Params

Turn = Callable[[jax.Array], jax.Array]
# From a signal (N, h, w, K) and the values before the pooling (N, 2h, 2w, K) to a signal of the
# latter shape.
Unpool = Callable[[jax.Array, jax.Array], jax.Array]


def turned_by_180(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) of the adjoint of a convolution."""
    return kernel[::-1, ::-1]


def transposed(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) with height and width exchanged, which is no adjoint."""
    return kernel.swapaxes(0, 1)


def unturned(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) as it is on the way up, which is no adjoint."""
    return kernel


def upside_down(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) flipped in its rows alone, which is no adjoint."""
    return kernel[::-1]


def mirrored(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) flipped in its columns alone, which is no adjoint."""
    return kernel[:, ::-1]


def to_maxima(signal: jax.Array, before_pool: jax.Array) -> jax.Array:
    """Unpools to the switches: the first maximum of each window of 2 x 2."""
    _, unpool = jax.vjp(_max_pool, before_pool)
    (unpooled,) = unpool(signal)
    return unpooled


def to_centres(signal: jax.Array, before_pool: jax.Array) -> jax.Array:
    """Unpools to the middle of each window: a quarter of the signal to each of its four places."""
    del before_pool  # the switches are not looked at
    return jnp.repeat(jnp.repeat(signal / 4, 2, axis=1), 2, axis=2)


def to_random_places(key: jax.Array) -> Unpool:
    """Makes an Unpool to one of the four places of each window, drawn with a key."""

    def unpool(signal, before_pool):
        # The maxima of noise are at random places.
        noise = jax.random.uniform(key, before_pool.shape)
        return to_maxima(signal, noise)

    return unpool


def project(
    params: Params,
    layers: Mapping[str, jax.Array],
    layer: Literal['pool1', 'pool2'],
    turn: Turn = turned_by_180,
    unpool: Unpool = to_maxima,
) -> jax.Array:
    """Projects all maps of a pooled layer down to the pixels.

    Args:
        params: Of the net, named and shaped as in torch.
        layers: The values inside the net for N images.
        layer: The layer that the signal starts from.
        turn: What becomes of a kernel on the way down.
        unpool: Where a signal goes on its way down through a pooling.

    Returns:
        (N, H, W, C).
    """
    weights = params['params']
    signal = layers[layer]
    if layer == 'pool2':
        unpooled = unpool(signal, layers['conv2'])
        signal = _apply_filters(unpooled, weights['conv2_weight'], turn)
    unpooled = unpool(signal, layers['conv1'])
    return _apply_filters(unpooled, weights['conv1_weight'], turn)


def _apply_filters(signal: jax.Array, weight: jax.Array, turn: Turn) -> jax.Array:
    """Rectifies a signal, and applies the turned filters."""
    kernel = turn(weight.transpose(2, 3, 0, 1))  # from (K, C, S, S)
    return lax.conv_general_dilated(
        jnp.maximum(signal, 0),
        kernel,
        window_strides=(1, 1),
        padding='SAME',
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )


def _max_pool(values: jax.Array) -> jax.Array:
    window = (1, 2, 2, 1)
    return lax.reduce_window(
        values, -jnp.inf, lax.max, window_dimensions=window, window_strides=window, padding='VALID'
    )


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The correlation (N,) of the pixels of each of N pairs of images; 0 for a blank one."""
    first = _deviations(first)
    second = _deviations(second)
    covariances = np.sum(first * second, axis=1)
    scales = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return covariances / np.where(scales > 0, scales, 1)


def _deviations(images: np.ndarray) -> np.ndarray:
    """The pixels (N, P) of each of N images, less their mean."""
    pixels = np.asarray(images, float).reshape(len(images), -1)
    return pixels - pixels.mean(axis=1, keepdims=True)
