"""What in an image a unit, a map or a class answers to: projections down to the pixels.

The deconvnet of Zeiler & Fergus (2013, arXiv 1311.2901, section 2.1) sends a layer's activations down again: unpooling to
the places (switches) that the maxima came from, rectification, and the filters' adjoint. Unpooling is max pooling's
gradient and the adjoint is the convolution's, so a projection is one jax.vjp of the model under the backward rule
'deconvnet' of its activations; guided backpropagation and the plain gradient are the same under 'guided' and 'gradient'.

`model` is a model with a field `rule`, whose apply(params, images) returns (logits, {layer: values}); images
(N, H, W, C) are as the model takes them; values are (N, h, w, K), or (N, K) for a dense layer.
"""

import jax
import jax.numpy as jnp


def all_maps(values):
    """The signal that is sent down: the values themselves."""
    return values


def one_map(number):
    """Only map (or unit of a dense layer) `number`."""
    return lambda values: values * jax.nn.one_hot(number, values.shape[-1], dtype=values.dtype)


def map_norms(values):
    """The norm (N, K) of each map of each image."""
    return jnp.sqrt(jnp.sum(values**2, axis=tuple(range(1, values.ndim - 1))))


def strongest_map(values):
    """Only the map of each image with the largest norm."""
    kept = jax.nn.one_hot(map_norms(values).argmax(-1), values.shape[-1], dtype=values.dtype)
    return values * kept.reshape(len(values), *[1] * (values.ndim - 2), -1)


def strongest_unit(values):
    """Only the single largest value of each image."""
    flat = values.reshape(len(values), -1)
    return (flat * jax.nn.one_hot(flat.argmax(-1), flat.shape[-1], dtype=flat.dtype)).reshape(
        values.shape
    )


def classes(labels):
    """A one for each image's class of `labels` (N,), for the gradient of its logit."""
    return lambda values: jax.nn.one_hot(labels, values.shape[-1], dtype=values.dtype)


def project(model, params, images, layer, signal=all_maps, rule='deconvnet'):
    """The projection (N, H, W, C) of signal(values of `layer`), a function of this module or your own, to the pixels."""

    def values(images):
        return model.clone(rule=rule).apply(params, images)[1][layer]

    found, pullback = jax.vjp(values, images)
    return pullback(signal(found))[0]


def strongest_maps(model, params, images, layer, count=9, rule='deconvnet'):
    """The `count` maps of each image with the largest norm, each projected alone: ((N, count) maps, (N, count, H, W, C)).

    This is what report B calls its top nine: maps of one image, not images of one map (see top.py).
    """

    def values(images):
        return model.clone(rule=rule).apply(params, images)[1][layer]

    found, pullback = jax.vjp(values, images)
    maps = jax.lax.top_k(map_norms(found), count)[1]

    def one(maps):
        kept = jax.nn.one_hot(maps, found.shape[-1], dtype=found.dtype)
        return pullback(found * kept.reshape(len(found), *[1] * (found.ndim - 2), -1))[0]

    return maps, jax.lax.map(one, maps.T).swapaxes(0, 1)
