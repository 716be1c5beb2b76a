"""Statistics of a layer's values: moments, extremes, histogram and dead units.

`layer_statistics` and `dead_share` take the values of one batch and run inside a training program.
`statistics_over_dataset` looks at a whole data set.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.visualize.model_interface import Model, Params

BINS = 40

Array = jax.Array | np.ndarray


class DatasetStatistics(NamedTuple):
    """Statistics of one layer over a data set.

    Attributes:
        mean: Of all values.
        variance: Of all values.
        sparsity: The share of values that are exactly 0.
        min: (units,) the smallest value of each unit; the units are the last axis of the layer.
        max: (units,) the largest one.
        dead: The share of units that have the same value on all images.
        histogram: (BINS,) int, counts in equal bins from the smallest to the largest value.
    """

    mean: float
    variance: float
    sparsity: float
    min: np.ndarray
    max: np.ndarray
    dead: float
    histogram: np.ndarray


class Moments(NamedTuple):
    """The moments and extremes of a layer's values, of one batch or of several.

    Attributes:
        mean: () of all values.
        variance: () of all values.
        sparsity: () the share of values that are exactly 0.
        min: (units,) the smallest value of each unit; the units are the last axis of the layer.
        max: (units,) the largest one.
    """

    mean: Array
    variance: Array
    sparsity: Array
    min: Array
    max: Array


def histogram(values: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    """Counts (BINS,) int32 of values, of any shape, in equal bins from low to high."""
    # If all values are equal, any width will do: they all fall into the first bin.
    span = jnp.where(high > low, high - low, 1)
    places = (values.ravel() - low) / (span / BINS)
    # The largest value itself would fall into a bin after the last one.
    bins = jnp.clip(places, 0, BINS - 1).astype(jnp.int32)
    return jnp.zeros(BINS, jnp.int32).at[bins].add(1)


def layer_statistics(values: jax.Array) -> dict[str, jax.Array]:
    """Statistics of an array of any shape.

    Returns:
        {'mean', 'std', 'min', 'max'}, each (), and 'histogram' (BINS,) int32, counts in equal bins
        from min to max.
    """
    low = values.min()
    high = values.max()
    return {
        'mean': values.mean(),
        'std': values.std(),
        'min': low,
        'max': high,
        'histogram': histogram(values, low, high),
    }


def dead_share(values: jax.Array) -> jax.Array:
    """The share () of units, the last axis of values, with the same value on the whole batch."""
    all_but_units = tuple(range(values.ndim - 1))
    return jnp.mean(values.min(all_but_units) == values.max(all_but_units))


def statistics_over_dataset(
    model: Model,
    params: Params,
    images: np.ndarray,
    batch_size: int = 250,
) -> dict[str, DatasetStatistics]:
    """Statistics of every layer over a data set, in two passes over batches.

    Args:
        model: The net.
        params: Its parameters.
        images: (N, H, W, C), as the model takes them.
        batch_size: The number of images in a batch.

    Returns:
        {layer: DatasetStatistics}.
    """
    batches = []
    for first in range(0, len(images), batch_size):
        batches.append(images[first : first + batch_size])

    # Two passes, because the range of the histograms is known only after the first one.
    moments = _moments_of_layers(model, params, batches)
    histograms = _histograms_of_layers(model, params, batches, moments)

    batch_sizes = np.array([len(batch) for batch in batches])
    statistics = {}
    for layer in moments:
        merged = merge_moments(moments[layer], batch_sizes)
        statistics[layer] = DatasetStatistics(
            mean=merged.mean,
            variance=merged.variance,
            sparsity=merged.sparsity,
            min=merged.min,
            max=merged.max,
            dead=np.mean(merged.min == merged.max),
            histogram=histograms[layer],
        )
    return statistics


def _moments_of_layers(model, params, batches):
    """The first pass: {layer: Moments}, stacked over batches, in float64."""

    @jax.jit
    def moments_of_batch(batch):
        _, layers = model.apply(params, batch)
        return {name: batch_moments(values) for name, values in layers.items()}

    def stack(*numbers):
        return np.array(numbers, float)

    moments = []
    for batch in batches:
        moments.append(jax.device_get(moments_of_batch(batch)))
    return jax.tree.map(stack, *moments)


def batch_moments(values: jax.Array) -> Moments:
    """The Moments of a layer's values (N, ..., units) on one batch."""
    by_unit = values.reshape(-1, values.shape[-1])
    return Moments(
        mean=values.mean(),
        variance=values.var(),
        sparsity=jnp.mean(values == 0),
        min=by_unit.min(0),
        max=by_unit.max(0),
    )


def merge_moments(moments: Moments, batch_sizes: np.ndarray) -> Moments:
    """The Moments of all batches together.

    Args:
        moments: Of B batches, each array (B, ...) in float64. Behind B there may be other axes.
        batch_sizes: (B,) the number of examples in each batch.
    """
    weights = batch_sizes / batch_sizes.sum()

    def mean_over_batches(values):
        return np.tensordot(weights, values, axes=1)

    mean = mean_over_batches(moments.mean)
    # The variance within the batches and that between them: a difference of mean squares would
    # lose digits.
    variance = mean_over_batches(moments.variance + (moments.mean - mean) ** 2)
    return Moments(
        mean=mean,
        variance=variance,
        sparsity=mean_over_batches(moments.sparsity),
        min=moments.min.min(0),
        max=moments.max.max(0),
    )


def _histograms_of_layers(model, params, batches, moments):
    """The second pass: {layer: (BINS,) int32}, summed over batches."""
    ranges = {}
    for layer, layer_moments in moments.items():
        low = layer_moments.min.min()
        high = layer_moments.max.max()
        ranges[layer] = np.float32(low), np.float32(high)

    @jax.jit
    def histograms_of_batch(batch, ranges):
        _, layers = model.apply(params, batch)
        counts = {}
        for layer, values in layers.items():
            low, high = ranges[layer]
            counts[layer] = histogram(values, low, high)
        return counts

    totals = dict.fromkeys(moments, 0)
    for batch in batches:
        counts = jax.device_get(histograms_of_batch(batch, ranges))
        for layer in totals:
            totals[layer] = totals[layer] + counts[layer]
    return totals
