"""What in an image a unit, a map or a class answers to: projections down to the pixels.

The deconvnet of Zeiler & Fergus (2013, arXiv 1311.2901, section 2.1) sends a layer's activations
down again. It unpools to the places (switches) that the maxima came from, rectifies, and applies
the adjoint of the filters. Unpooling is the gradient of max pooling and the adjoint is the gradient
of the convolution. So a projection is one `jax.vjp` of the model under the backward rule
'deconvnet' of its activations. Guided backpropagation and the plain gradient are the same
projection under the rules 'guided' and 'gradient'.

A signal is a function from the values of a layer, (N, h, w, K) or (N, K), to an array of the same
shape: what is sent down. See model_interface.py for the model and the meaning of the shapes.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxdl.arguments import require_floats, require_range, require_shape
from jaxdl.names import look_up
from jaxdl.visualize.model_interface import Model, Params, with_rule

Signal = Callable[[jax.Array], jax.Array]


class MapProjections(NamedTuple):
    """The strongest maps of each image and their projections, strongest first.

    Attributes:
        maps: (N, count) int, the numbers of the maps.
        projections: (N, count, H, W, C).
    """

    maps: jax.Array
    projections: jax.Array


def all_maps(values: jax.Array) -> jax.Array:
    """The signal of the values themselves."""
    return values


def one_map(number: int | jax.Array) -> Signal:
    """Makes the signal of map (or unit of a dense layer) `number` alone."""

    def keep_map(values):
        maps = values.shape[-1]
        require_range('the number of a map', number, 0, maps - 1)
        mask = jax.nn.one_hot(number, values.shape[-1], dtype=values.dtype)
        return values * mask

    return keep_map


def one_hot_labels(labels: jax.Array) -> Signal:
    """Makes a signal for the head: 1 at the class of each image, labels (N,), and 0 elsewhere."""

    def one_hot(values):
        return jax.nn.one_hot(labels, values.shape[-1], dtype=values.dtype)

    return one_hot


def map_norms(values: jax.Array) -> jax.Array:
    """The norm (N, K) of each map of each image."""
    height_and_width = tuple(range(1, values.ndim - 1))
    return jnp.sqrt(jnp.sum(values**2, axis=height_and_width))


def strongest_map(values: jax.Array) -> jax.Array:
    """The signal of the map with the largest norm of each image."""
    return _keep_maps(values, map_norms(values).argmax(-1))


def strongest_unit(values: jax.Array) -> jax.Array:
    """The signal of the single largest value of each image."""
    flat = values.reshape(len(values), -1)
    mask = jax.nn.one_hot(flat.argmax(-1), flat.shape[-1], dtype=flat.dtype)
    return (flat * mask).reshape(values.shape)


def _keep_maps(values, numbers):
    """Values of map numbers[i] of each image i, and 0 in its other maps."""
    mask = jax.nn.one_hot(numbers, values.shape[-1], dtype=values.dtype)
    height_and_width = [1] * (values.ndim - 2)
    return values * mask.reshape(len(values), *height_and_width, -1)


def project(
    model: Model,
    params: Params,
    images: jax.Array,
    layer: str,
    signal: Signal = all_maps,
    rule: str = 'deconvnet',
) -> jax.Array:
    """Projects a signal of a layer down to the pixels.

    Args:
        model: The net.
        params: Its parameters.
        images: (N, H, W, C).
        layer: The layer that the signal starts from.
        signal: A signal of this module, or your own.
        rule: The backward rule of the activations: 'deconvnet', 'guided' or 'gradient'.

    Returns:
        (N, H, W, C).

    Raises:
        UserError: The images or the signal have another shape or type, or a name is unknown.
    """
    values, pullback = _layer_and_pullback(model, params, images, layer, rule)
    sent_down = signal(values)
    require_shape('the signal', sent_down, *values.shape)
    (projection,) = pullback(sent_down)
    return projection


def strongest_maps(
    model: Model,
    params: Params,
    images: jax.Array,
    layer: str,
    count: int = 9,
    rule: str = 'deconvnet',
) -> MapProjections:
    """Projects the `count` maps of each image with the largest norm, each of them alone.

    These are several maps of one image. Several images of one map are in top_units.py. The
    arguments are those of `project`.
    """
    values, pullback = _layer_and_pullback(model, params, images, layer, rule)
    require_range('count', count, 1, values.shape[-1])
    _, maps = jax.lax.top_k(map_norms(values), count)

    def project_maps(numbers):
        (projection,) = pullback(_keep_maps(values, numbers))
        return projection

    # One rank after the other: the strongest map of every image, then the second strongest, ...
    projections = jax.lax.map(project_maps, maps.T)
    return MapProjections(maps, projections.swapaxes(0, 1))


def _layer_and_pullback(model, params, images, layer, rule):
    """The values of a layer, and the function that sends a signal of their shape to the pixels."""
    require_shape('images', images, 'N', 'H', 'W', 'C')
    require_floats('images', images)
    ruled_model = with_rule(model, rule)

    def layer_values(images):
        _, layers = ruled_model.apply(params, images)
        return look_up('layer', layer, layers)

    return jax.vjp(layer_values, images)
