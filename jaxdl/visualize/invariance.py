"""How features and answers change when the image is moved, turned or scaled.

This is figure 5 of Zeiler & Fergus (2013). See model.py for the model and the shapes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from jaxdl.visualize.model_interface import Model, Params

COMPARED_LAYERS = ('pool1', 'pool2', 'dense')


class Changes(NamedTuple):
    """How a net's view of N images changes in T transformed versions of them.

    Attributes:
        distances: {layer: (T, N)}, the Euclidean distance of the features from those of the
            untransformed image. It is divided by the norm of the latter, so that layers compare.
        probability: (T, N) of the right class.
    """

    distances: dict[str, jax.Array]
    probability: jax.Array


def warp(
    images: jax.Array,
    angle: jax.Array | float = 0.0,
    scale: jax.Array | float = 1.0,
    shift: jax.Array | tuple[float, float] = (0.0, 0.0),
    fill: jax.Array | float = 0.0,
) -> jax.Array:
    """Turns and scales images about their centre, then moves them.

    Args:
        images: (N, H, W, C).
        angle: () or (N,), in radians, counterclockwise.
        scale: () or (N,), above 1 to enlarge.
        shift: (2,) or (N, 2), pixels down and to the right.
        fill: () or (C,), the value outside the image.

    Returns:
        (N, H, W, C), interpolated bilinearly.
    """
    n, height, width, _ = images.shape
    dtype = images.dtype
    angles = jnp.broadcast_to(jnp.asarray(angle, dtype), (n,))
    scales = jnp.broadcast_to(jnp.asarray(scale, dtype), (n,))
    shifts = jnp.broadcast_to(jnp.asarray(shift, dtype), (n, 2))
    fill = jnp.asarray(fill)
    centre = jnp.array([(height - 1) / 2, (width - 1) / 2], dtype)
    rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing='ij')
    pixels = jnp.stack([rows, columns], -1).astype(dtype)  # (H, W, 2)

    def warp_one(image, angle, scale, shift):
        # Each pixel of the result is traced back to the place that it comes from: moved and
        # turned the other way, then divided by the scale.
        from_centre = pixels - centre - shift
        row, column = jnp.moveaxis(from_centre, -1, 0)
        cos = jnp.cos(angle)
        sin = jnp.sin(angle)
        turned_back = jnp.stack([cos * row + sin * column, cos * column - sin * row])
        places = turned_back / scale + centre[:, None, None]  # (2, H, W)

        def sample(channel):
            return map_coordinates(channel, list(places), order=1, mode='constant')

        sample_channels = jax.vmap(sample, in_axes=-1, out_axes=-1)
        # Outside the image map_coordinates gives 0, so `fill` is made the zero for a while.
        return sample_channels(image - fill) + fill

    return jax.vmap(warp_one)(images, angles, scales, shifts)


def changes(
    model: Model,
    params: Params,
    images: jax.Array,
    labels: jax.Array,
    versions: jax.Array,
) -> Changes:
    """Compares the features of transformed images with those of the images themselves.

    Args:
        model: The net.
        params: Its parameters.
        images: (N, H, W, C).
        labels: (N,) int, their right classes.
        versions: (T, N, H, W, C), T transformed versions of the images.
    """
    n = len(images)
    _, original_values = model.apply(params, images)

    def compare(transformed):
        logits, values = model.apply(params, transformed)
        distances = {}
        for layer in COMPARED_LAYERS:
            features = values[layer].reshape(n, -1)
            originals = original_values[layer].reshape(n, -1)
            distance = jnp.linalg.norm(features - originals, axis=1)
            distances[layer] = distance / jnp.linalg.norm(originals, axis=1)
        probabilities = jax.nn.softmax(logits)
        of_class = jnp.take_along_axis(probabilities, labels[:, None], 1)[:, 0]
        return Changes(distances, of_class)

    # Versions are compared one after the other: all at once would need T times the memory.
    return jax.lax.map(compare, versions)
