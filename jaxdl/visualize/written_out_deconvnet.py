"""The deconvnet step by step, with filters of one's choice on the way down.

`deconvnet.project` goes down by the gradient of the net, whose filters are always the right ones:
turned by 180 degrees. One can also write the way down out, and then get the filters wrong. This is
what that looks like.

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


def turned_by_180(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) of the adjoint of a convolution."""
    return kernel[::-1, ::-1]


def transposed(kernel: jax.Array) -> jax.Array:
    """The kernel (S, S, K, C) with height and width exchanged, which is no adjoint."""
    return kernel.swapaxes(0, 1)


def project(
    params: Params, layers: Mapping[str, jax.Array], layer: Literal['pool1', 'pool2'], turn: Turn
) -> jax.Array:
    """Projects all maps of a pooled layer down to the pixels.

    Args:
        params: Of the net, named and shaped as in torch.
        layers: The values inside the net for N images.
        layer: The layer that the signal starts from.
        turn: What becomes of a kernel on the way down.

    Returns:
        (N, H, W, C).
    """
    weights = params['params']
    signal = layers[layer]
    if layer == 'pool2':
        signal = _down(signal, layers['conv2'], weights['conv2_weight'], turn)
    return _down(signal, layers['conv1'], weights['conv1_weight'], turn)


def _down(signal: jax.Array, before_pool: jax.Array, weight: jax.Array, turn: Turn) -> jax.Array:
    """Sends a signal from a max pool down to the inputs of the convolution below it.

    Args:
        signal: (N, H / 2, W / 2, K), for the values after the pool.
        before_pool: (N, H, W, K), the values that were pooled.
        weight: (K, C, S, S), of the convolution.
        turn: What becomes of its kernel.

    Returns:
        (N, H, W, C).
    """
    unpooled = _unpool(signal, before_pool)
    rectified = jnp.maximum(unpooled, 0)
    kernel = weight.transpose(2, 3, 0, 1)  # (S, S, K, C): from K maps down to C channels
    return lax.conv_general_dilated(
        rectified,
        turn(kernel),
        window_strides=(1, 1),
        padding='SAME',
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )


def _unpool(signal: jax.Array, before_pool: jax.Array) -> jax.Array:
    """Brings a signal back to the places of the maxima, which is the gradient of max pooling."""
    _, pullback = jax.vjp(_max_pool, before_pool)
    (unpooled,) = pullback(signal)
    return unpooled


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
