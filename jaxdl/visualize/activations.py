"""What a layer's values look like as numbers: moments, extremes, histogram, dead units; on one batch or a whole data set."""

import jax
import jax.numpy as jnp
import numpy as np

BINS = 40


def counts(values, low, high):
    """How many of values, any shape, lie in each of BINS equal bins from low to high: (BINS,) int32."""
    width = jnp.where(high > low, high - low, 1) / BINS
    bins = jnp.clip((values.ravel() - low) / width, 0, BINS - 1).astype(jnp.int32)
    return jnp.zeros(BINS, jnp.int32).at[bins].add(1)


def summary(values):
    """{'mean', 'std', 'min', 'max', 'histogram' (BINS,) counts from min to max} of an array."""
    low, high = values.min(), values.max()
    return {
        'mean': values.mean(),
        'std': values.std(),
        'min': low,
        'max': high,
        'histogram': counts(values, low, high),
    }


def dead(values):
    """The share of a layer's units, the last axis of values, that have one and the same value on the whole batch."""
    axes = tuple(range(values.ndim - 1))
    return jnp.mean(values.min(axes) == values.max(axes))


def over_data(model, params, images, batch_size=250):
    """Statistics of every layer over images (N, H, W, C), in two passes over batches.

    Returns {layer: {'mean', 'variance', 'sparsity' (the share of values that are exactly 0), 'min' and 'max' (units,),
    'dead' (share of units with one and the same value on all images), 'histogram' (BINS,) from smallest to largest}}.
    """
    batches = [images[i : i + batch_size] for i in range(0, len(images), batch_size)]
    weights = np.array([len(batch) for batch in batches]) / len(images)

    @jax.jit
    def moments(images):
        return {
            layer: {
                'mean': x.mean(),
                'square': x.var() + x.mean() ** 2,
                'sparsity': jnp.mean(x == 0),
                'min': x.reshape(-1, x.shape[-1]).min(0),
                'max': x.reshape(-1, x.shape[-1]).max(0),
            }
            for layer, x in model.apply(params, images)[1].items()
        }

    @jax.jit
    def histograms(images, ranges):
        return {
            layer: counts(x, *ranges[layer]) for layer, x in model.apply(params, images)[1].items()
        }

    parts = jax.tree.map(
        lambda *x: np.array(x, float), *[jax.device_get(moments(batch)) for batch in batches]
    )
    found = {}
    for layer, part in parts.items():
        mean, square, sparsity = (weights @ part[name] for name in ('mean', 'square', 'sparsity'))
        low, high = part['min'].min(0), part['max'].max(0)
        found[layer] = {
            'mean': mean,
            'variance': square - mean**2,
            'sparsity': sparsity,
            'min': low,
            'max': high,
            'dead': np.mean(low == high),
        }
    ranges = {
        layer: (np.float32(row['min'].min()), np.float32(row['max'].max()))
        for layer, row in found.items()
    }
    for batch in batches:
        for layer, part in jax.device_get(histograms(batch, ranges)).items():
            found[layer]['histogram'] = found[layer].get('histogram', 0) + part
    return found
