"""The activations of a CNN on the whole test set: statistics of each layer, for each seed."""

import jax
import numpy as np

from experiments.core.config import CNN_TASKS
from experiments.core.schemas.fields import LayerStatistics
from experiments.training.compiled_programs import Program, Setup
from jaxdl import parallel
from jaxdl.metrics import summarize
from jaxdl.train import Params
from jaxdl.visualize.activation_statistics import Moments, batch_moments, merge_moments

IMAGES_AT_ONCE = 250


def activations_on_test_set(setup: Setup, params: Params) -> dict[str, LayerStatistics] | None:
    """Statistics of all layers on the whole test set, by name; None if the net is no CNN.

    Args:
        setup: Of the run.
        params: (P, ...), P at least the run's number of seeds.
    """
    if setup.config.task not in CNN_TASKS:
        return None
    images = setup.task.held_out['test'].inputs
    moments_of_batch = _moments_program(setup)
    batches, sizes = [], []
    for first in range(0, len(images), IMAGES_AT_ONCE):
        batch = parallel.replicate(images[first : first + IMAGES_AT_ONCE], setup.mesh)
        batches.append(jax.device_get(moments_of_batch(params, batch)))
        sizes.append(len(batch))

    def stack(*arrays):
        return np.stack(arrays).astype(float)

    moments = jax.tree.map(stack, *batches)
    statistics = {}
    for layer in moments:
        merged = merge_moments(moments[layer], np.array(sizes))
        statistics[layer] = _layer_statistics(merged, setup.config.seeds)
    return statistics


def _moments_program(setup):
    """The Program (params (P, ...), images (N, ...)) -> {layer: Moments (P, ...)}."""
    task, mesh = setup.task, setup.mesh

    def moments_of_models(params, images):
        inputs = task.prepare(parallel.shard_batch(images, mesh))

        def moments_of_model(params):
            _, layers = task.model.apply(params, inputs)
            return {name: batch_moments(values) for name, values in layers.items()}

        return jax.lax.map(moments_of_model, params)

    jitted = parallel.jit_over_seeds(
        moments_of_models,
        mesh,
        has_seeds_axis=(True, False),
        out_shardings=parallel.everywhere(mesh),
    )
    return Program(jitted, setup.clock)


def _layer_statistics(moments: Moments, seeds: int) -> LayerStatistics:
    """Of the first `seeds` models, without the rows that only fill the mesh."""
    statistics = {
        'mean': moments.mean,
        'std': np.sqrt(moments.variance),
        'min': moments.min.min(-1),
        'max': moments.max.max(-1),
        'dead': np.mean(moments.min == moments.max, axis=-1),
    }
    summaries = {}
    for name, values in statistics.items():
        summaries[name] = summarize(values[:seeds], keep_seeds=True)
    return LayerStatistics(**summaries)
