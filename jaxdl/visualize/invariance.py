"""How features and answers change when the image is moved, turned or scaled (Zeiler & Fergus 2013, figure 5)."""

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates


def warp(images, angle=0.0, scale=1.0, shift=(0.0, 0.0), fill=0.0):
    """images (N, H, W, C) turned by angle (radians, counterclockwise) and scaled about the centre, then moved.

    angle, scale: () or (N,); shift: (2,) or (N, 2) pixels, down and right. Bilinear; outside the image all is `fill`, () or (C,).
    """
    n, height, width, _ = images.shape
    angle, scale = (jnp.broadcast_to(jnp.asarray(x, images.dtype), (n,)) for x in (angle, scale))
    shift = jnp.broadcast_to(jnp.asarray(shift, images.dtype), (n, 2))
    middle = jnp.array([(height - 1) / 2, (width - 1) / 2], images.dtype)
    target = jnp.stack(
        jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing='ij'), -1
    ).astype(images.dtype)

    def one(image, angle, scale, shift):
        row, column = jnp.moveaxis(target - middle - shift, -1, 0)
        source = (
            jnp.stack(
                [
                    jnp.cos(angle) * row + jnp.sin(angle) * column,
                    jnp.cos(angle) * column - jnp.sin(angle) * row,
                ]
            )
            / scale
            + middle[:, None, None]
        )
        sample = jax.vmap(
            lambda x: map_coordinates(x, list(source), order=1, mode='constant'),
            in_axes=-1,
            out_axes=-1,
        )
        return sample(image - jnp.asarray(fill)) + jnp.asarray(fill)

    return jax.vmap(one)(images, angle, scale, shift)


def invariance(model, params, images, labels, versions, layers=('pool1', 'pool2', 'dense')):
    """How far the features of transformed images lie from those of images (N, H, W, C).

    versions: (T, N, H, W, C), T transformed ones of each. Returns {layer: (T, N)} Euclidean distances, divided by the
    norm of the untransformed features so that layers compare, and 'probability' (T, N) of the right class `labels` (N,).
    """

    def features(images):
        logits, out = model.apply(params, images)
        return (
            {layer: out[layer].reshape(len(images), -1) for layer in layers},
            jnp.take_along_axis(jax.nn.softmax(logits), labels[:, None], 1)[:, 0],
        )

    start, _ = features(images)

    def one(images):
        found, probability = features(images)
        return {
            'probability': probability,
            **{
                layer: jnp.linalg.norm(found[layer] - start[layer], axis=1)
                / jnp.linalg.norm(start[layer], axis=1)
                for layer in layers
            },
        }

    return jax.lax.map(one, versions)
