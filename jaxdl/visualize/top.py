"""The images of a whole data set that excite each map most, each as the projection of that one activation.

Zeiler & Fergus (2013), figure 2: the nine strongest images of each map, beside the image patch that the unit sees.
A unit depends on its receptive field alone, so its projection is computed there and not on the whole image.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Top(NamedTuple):
    """For each of K maps its `count` strongest units, at most one an image, strongest first."""

    values: np.ndarray  # (K, count)
    images: np.ndarray  # (K, count) places in the data set
    rows: np.ndarray  # (K, count) of the unit in its map
    columns: np.ndarray


class Fields(NamedTuple):
    """What M units see: their receptive fields of S x S pixels, zero outside the image."""

    patches: np.ndarray  # (M, S, S, C)
    pixels: np.ndarray  # (M, S, S) bool, which pixels lie in the image
    pooled: (
        np.ndarray
    )  # (M, 5, 5) bool, which of the pool1 units that a conv2 unit sees lie in the image


def strongest(model, params, images, layer, count=9, batch_size=250):
    """Top of the maps of `layer` over images (N, H, W, C), NumPy or JAX, N at least count; ties go to the earlier image."""

    @jax.jit
    def maxima(images):
        values = model.apply(params, images)[1][layer]
        flat = values.reshape(len(values), -1, values.shape[-1])
        return flat.max(1), *jnp.divmod(flat.argmax(1), values.shape[2])

    parts = [
        jax.device_get(maxima(images[i : i + batch_size]))
        for i in range(0, len(images), batch_size)
    ]
    values, rows, columns = (np.concatenate(part) for part in zip(*parts))
    order = np.argsort(-values, axis=0, kind='stable')[:count]
    values, rows, columns = (
        np.take_along_axis(array, order, 0).T for array in (values, rows, columns)
    )
    return Top(values, order.T, rows, columns)


def receptive_fields(model, images, layer, top):
    """Fields of the units of `top`, in its order: M = K * count. layer: conv1 or conv2; images (N, H, W, C) NumPy."""
    size, stride, before = model.receptive_fields[layer]
    index, *places = (array.ravel() for array in top[1:])

    def grid(reach, sides):
        """Rows (M, n, 1) and columns (M, 1, n) that each unit reaches, and whether they lie in the image (M, n, n)."""
        rows, columns = reach[0][:, :, None], reach[1][:, None, :]
        return (
            rows,
            columns,
            (0 <= rows) & (rows < sides[0]) & (0 <= columns) & (columns < sides[1]),
        )

    height, width = images.shape[1:3]
    rows, columns, pixels = grid(
        [place[:, None] * stride - before + np.arange(size) for place in places], (height, width)
    )
    _, _, pooled = grid(
        [place[:, None] + np.arange(-2, 3) for place in places], (height // 2, width // 2)
    )
    seen = images[index[:, None, None], rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return Fields(np.where(pixels[..., None], seen, 0), pixels, pooled)


def project(model, params, fields, maps, rule='deconvnet'):
    """The projection (M, S, S, C) of the activation of the unit of map maps[i] that sees fields.patches[i].

    The numbers are those of deconvnet.project on the whole image.
    """

    def values(patches):
        return model.clone(rule=rule).apply(params, patches, fields.pooled, method='units')

    found, pullback = jax.vjp(values, jnp.asarray(fields.patches))
    return (
        pullback(found * jax.nn.one_hot(maps, found.shape[-1], dtype=found.dtype))[0]
        * fields.pixels[..., None]
    )
