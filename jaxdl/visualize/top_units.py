"""The images of a data set that excite each map most, and the projections of those activations.

This is figure 2 of Zeiler & Fergus (2013): the nine strongest images of each map, each as the
projection of one activation beside the image patch that the unit sees. A unit depends on its
receptive field alone. So its projection is computed there and not on the whole image.

See model_interface.py for the model and the shapes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.arguments import require_range, require_shape
from jaxdl.names import look_up
from jaxdl.visualize.model_interface import Model, Params, with_rule


class TopUnits(NamedTuple):
    """The strongest units of each of K maps, at most one in an image, strongest first.

    Attributes:
        values: (K, count) their activations.
        images: (K, count) int, the images by their number in the data set.
        rows: (K, count) int, the row of the unit in its map.
        columns: (K, count) int, the column.
    """

    values: np.ndarray
    images: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


class ReceptiveFields(NamedTuple):
    """What M units see.

    Attributes:
        patches: (M, S, S, C), their receptive fields, zero outside the image.
        inside: (M, S, S) bool, the pixels of the patch that lie in the image.
        pooled_inside: (M, 5, 5) bool, which of the pool1 units that a conv2 unit reads lie in the
            image.
    """

    patches: np.ndarray
    inside: np.ndarray
    pooled_inside: np.ndarray


def strongest_units(
    model: Model,
    params: Params,
    images: np.ndarray,
    layer: str,
    count: int = 9,
    batch_size: int = 250,
) -> TopUnits:
    """Finds the strongest units of each map of a layer over a data set.

    Args:
        model: The net.
        params: Its parameters.
        images: (N, H, W, C), NumPy or JAX, N at least `count`.
        layer: A layer with maps.
        count: The number of units for each map. Of equal ones those in earlier images are first.
        batch_size: The number of images in a batch.

    Raises:
        UserError: There is no such layer, or it has no maps, or there are too few images.
    """
    require_shape('images', images, 'N', 'H', 'W', 'C')
    require_range('count', count, 1, len(images))

    @jax.jit
    def strongest_in_image(batch):
        _, layers = model.apply(params, batch)
        values = look_up('layer', layer, layers)
        require_shape(f'the values of the layer {layer!r}', values, 'N', 'h', 'w', 'K')
        n, _, width, maps = values.shape
        by_place = values.reshape(n, -1, maps)
        row, column = jnp.divmod(by_place.argmax(1), width)
        return by_place.max(1), row, column

    def join(*parts):
        return np.concatenate(parts)

    parts = []
    for first in range(0, len(images), batch_size):
        batch = images[first : first + batch_size]
        parts.append(jax.device_get(strongest_in_image(batch)))
    values, rows, columns = jax.tree.map(join, *parts)  # each (N, K)

    # A stable sort keeps equal values in the order of the images.
    order = np.argsort(-values, axis=0, kind='stable')
    top = order[:count]  # (count, K)
    return TopUnits(
        values=np.take_along_axis(values, top, 0).T,
        images=top.T,
        rows=np.take_along_axis(rows, top, 0).T,
        columns=np.take_along_axis(columns, top, 0).T,
    )


def class_purity(classes: np.ndarray) -> np.ndarray:
    """The share of the commonest class among the strongest images of each map: (K,).

    Args:
        classes: (K, count) int from 0 on, the classes of the images of each map.
    """
    counts = []
    for number in range(classes.max() + 1):
        counts.append(np.sum(classes == number, axis=1))
    return np.max(counts, axis=0) / classes.shape[1]


def receptive_fields(
    model: Model,
    images: np.ndarray,
    layer: str,
    top: TopUnits,
) -> ReceptiveFields:
    """Cuts out what units see.

    Args:
        model: The net.
        images: (N, H, W, C), the data set, NumPy.
        layer: 'conv1' or 'conv2'.
        top: The units, by image, row and column.

    Returns:
        The receptive fields of the units in the order of `top`, M = K * count.
    """
    field = look_up('layer', layer, model.receptive_fields)
    height, width = images.shape[1:3]
    unit_rows = top.rows.ravel()[:, None]
    unit_columns = top.columns.ravel()[:, None]

    offsets = np.arange(field.size) - field.before
    pixel_rows = unit_rows * field.stride + offsets  # (M, S)
    pixel_columns = unit_columns * field.stride + offsets
    inside = _inside(pixel_rows, pixel_columns, height, width)
    # Places outside the image are read at its border, and set to zero afterwards.
    seen = images[
        top.images.ravel()[:, None, None],
        pixel_rows.clip(0, height - 1)[:, :, None],
        pixel_columns.clip(0, width - 1)[:, None, :],
    ]
    patches = np.where(inside[..., None], seen, 0)

    # A unit of conv2 reads 5 x 5 units of pool1, whose maps have half the side of the image.
    neighbours = np.arange(-2, 3)
    pooled_rows = unit_rows + neighbours
    pooled_columns = unit_columns + neighbours
    pooled_inside = _inside(pooled_rows, pooled_columns, height // 2, width // 2)
    return ReceptiveFields(patches, inside, pooled_inside)


def _inside(rows, columns, height, width):
    """Which places lie in an image: (M, n, n) bool, for n rows (M, n) and n columns (M, n)."""
    row_inside = (rows >= 0) & (rows < height)
    column_inside = (columns >= 0) & (columns < width)
    return row_inside[:, :, None] & column_inside[:, None, :]


def project(
    model: Model,
    params: Params,
    fields: ReceptiveFields,
    maps: np.ndarray,
    rule: str = 'deconvnet',
) -> jax.Array:
    """Projects the activations of M units to the pixels that they see.

    The numbers are those of deconvnet.project on the whole image.

    Args:
        model: The net.
        params: Its parameters.
        fields: The receptive fields of the units.
        maps: (M,) int, the map of each unit.
        rule: The backward rule of the activations: 'deconvnet', 'guided' or 'gradient'.

    Returns:
        (M, S, S, C), zero outside the image.
    """
    require_shape('maps', maps, len(fields.patches))
    ruled_model = with_rule(model, rule)

    def unit_values(patches):
        return ruled_model.apply(params, patches, fields.pooled_inside, method='units')

    values, pullback = jax.vjp(unit_values, jnp.asarray(fields.patches))
    # `units` gives the values (M, K) of all maps at a place, of which each patch is about one.
    mask = jax.nn.one_hot(maps, values.shape[-1], dtype=values.dtype)
    (projection,) = pullback(values * mask)
    return projection * fields.inside[..., None]
