"""Passes that show a net's layers as they are: the filters of conv1 and the activations."""

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import CONVOLUTIONS, PassResult, prepared_test_set, title
from experiments.views.request import ViewRequest
from jaxdl.figures import grids
from jaxdl.figures.layer_statistics import layer_histograms
from jaxdl.visualize import activation_statistics, filters


def show_filters(run: FinishedRun, request: ViewRequest) -> PassResult:
    """The filters of conv1 as pictures, and which of them are dead or alike."""
    weights = np.asarray(run.params['params']['conv1_weight'])
    dead = filters.dead_filters(weights)
    pairs = filters.similar_pairs(weights)
    pictures = filters.pictures(weights, request.shared_scale)

    scale = 'one scale for all' if request.shared_scale else 'each by its own largest weight'
    text = f'The {len(weights)} filters of conv1, {scale}; mid-grey is 0'
    return PassResult(
        arrays={
            'weights': weights,
            'pictures': pictures,
            'dead': dead,
            # Without any pair this still has its three columns.
            'duplicates': np.array(pairs).reshape(-1, 3),
        },
        figures={'conv1': grids.numbered_grid(title(run, text), pictures)},
        text=f'{len(dead)} dead filters (norm below 1 % of the largest), '
        f'{len(pairs)} pairs alike or opposite (|cosine| above .95)',
    )


def show_activations(run: FinishedRun, request: ViewRequest) -> PassResult:
    """Statistics of all layers over the test set, and the feature maps of the first image."""
    images = prepared_test_set(run)
    statistics = activation_statistics.statistics_over_dataset(run.model, run.params, images)
    text = f'Activations on {len(images):,} test images'
    figures = {'histograms': layer_histograms(title(run, text), statistics)}
    arrays = {}
    for layer, layer_statistics in statistics.items():
        for name, value in layer_statistics._asdict().items():
            arrays[f'{layer}/{name}'] = value

    first_image = run.prepare(request.pixels[:1])
    # One image is enough, since the maps of all images would fill the file.
    _, layers = jax.jit(run.model.apply)(run.params, first_image)
    for layer in CONVOLUTIONS:
        text = f'Feature maps of {layer} for {request.names[0]}, each by its own largest value'
        (values,) = np.asarray(layers[layer])
        maps = values.transpose(2, 0, 1)[..., None]  # each map as a grey image
        arrays[f'maps/{layer}'] = layers[layer]
        figures[f'maps-{layer}'] = grids.numbered_grid(title(run, text), filters.centred(maps))

    moments = []
    for layer in (*CONVOLUTIONS, 'dense'):
        mean = statistics[layer].mean
        variance = statistics[layer].variance
        moments.append(f'{layer} mean {mean:.4g} variance {variance:.4g}')
    return PassResult(arrays, figures, '; '.join(moments))
