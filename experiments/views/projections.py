"""Passes that project activations down to the pixels: deconvnet, top9 and evolution.

Shapes: N images, K maps of a layer, S the side of a receptive field, E epochs; images are NHWC.
"""

from typing import NamedTuple

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import (
    CONVOLUTIONS,
    PassResult,
    prepared_test_set,
    title,
    to_picture,
)
from experiments.views.request import ViewRequest
from jaxdl.figures import grids
from jaxdl.models.activations import RULES
from jaxdl.visualize import deconvnet, filters, top_units
from jaxdl.visualize.deconvnet import Signal
from jaxdl.visualize.model_interface import Model, Params
from jaxdl.visualize.top_units import TopUnits

POOLS = ('pool1', 'pool2')  # after pooling, so that switches play a part
COUNT = 9  # maps of an image, or images of a map
SIGNALS = {
    'all maps': deconvnet.all_maps,
    'strongest map': deconvnet.strongest_map,
    'strongest unit': deconvnet.strongest_unit,
}


class Source(NamedTuple):
    """What a column of the deconvnet's figure projects.

    Attributes:
        group, name: What the column is called: 'pool1' and 'all maps', or 'class' and 'guided'.
        layer: The layer that the signal starts from.
        signal: A signal of jaxdl.visualize.deconvnet.
        rule: How it passes back through rectifiers.
    """

    group: str
    name: str
    layer: str
    signal: Signal
    rule: str


class StrongestActivations(NamedTuple):
    """The strongest activations of all maps of a layer over a data set.

    Attributes:
        units: Where they are, and their values.
        projections: (K, count, S, S, C), the projection of each.
    """

    units: TopUnits
    projections: np.ndarray


def show_deconvnet(run: FinishedRun, request: ViewRequest) -> PassResult:
    """The chosen images projected from several layers, by several signals and rules."""
    images = run.prepare(request.pixels)
    sources = _sources(request)
    projections = _project(run, images, sources)
    arrays = {}
    for source, projection in zip(sources, projections, strict=True):
        arrays[_array_name(source.group, source.name)] = projection
    figures = {'images': _sources_figure(run, request, sources, projections)}

    project_strongest_maps = jax.jit(
        deconvnet.strongest_maps, static_argnames=('model', 'layer', 'count', 'rule')
    )
    for layer in POOLS:
        maps, projections = project_strongest_maps(
            run.model, run.params, images, layer, COUNT, request.rule
        )
        arrays[_array_name(layer, 'nine maps')] = projections
        arrays[_array_name(layer, 'nine maps numbers')] = maps
        figures[f'nine-maps-{layer}'] = _nine_maps_figure(run, request, layer, projections)
    return PassResult(arrays, figures, f'{len(images)} images, rule {request.rule}')


def _sources(request: ViewRequest) -> list[Source]:
    """The columns of the figure: signals of the pools, the user's units, and the class."""
    sources = []
    for layer in POOLS:
        for name, signal in SIGNALS.items():
            sources.append(Source(layer, name, layer, signal, request.rule))
    for layer, numbers in request.units.items():
        # A unit that is named twice is projected once.
        for number in dict.fromkeys(numbers):
            signal = deconvnet.one_map(number)
            sources.append(Source(layer, f'no. {number}', layer, signal, request.rule))
    # The gradient of the class under each rule: these columns compare the rules.
    class_signal = deconvnet.one_hot_labels(request.labels)
    for rule in RULES:
        sources.append(Source('class', rule, 'head', class_signal, rule))
    return sources


def _project(run, images, sources):
    """The projection (N, H, W, C) of each source."""
    # Functions and names cannot be traced: there is a program for each layer, signal and rule.
    project = jax.jit(deconvnet.project, static_argnames=('model', 'layer', 'signal', 'rule'))
    projections = []
    for source in sources:
        projection = project(
            run.model,
            run.params,
            images,
            source.layer,
            source.signal,
            source.rule,
        )
        projections.append(projection)
    return projections


def _array_name(group, name):
    return f'{group}/{name}'.replace(' ', '_')


def _sources_figure(run, request, sources, projections):
    """A row for each image: itself, and its projection from each source."""
    columns = [to_picture(request.pixels)]
    column_names = ['image']
    for source, projection in zip(sources, projections, strict=True):
        columns.append(filters.centred(projection))
        column_names.append(f'{source.group}\n{source.name}')
    text = f'Projections to the pixels by the rule {request.rule}, each scaled by its largest value'
    tiles = np.stack(columns, axis=1)
    return grids.image_table(title(run, text), tiles, request.names, column_names)


def _nine_maps_figure(run, request, layer, projections):
    """A row for each image: itself, and the projections (N, COUNT, H, W, C) of its maps."""
    images = to_picture(request.pixels)[:, None]
    tiles = np.concatenate([images, _centred_each(projections)], axis=1)
    column_names = ['image']
    for rank in range(1, COUNT + 1):
        column_names.append(f'no. {rank}')
    text = f'The nine strongest maps of {layer} of each image, projected one by one'
    return grids.image_table(title(run, text), tiles, request.names, column_names)


def show_top9(run: FinishedRun, request: ViewRequest) -> PassResult:
    """The test images that excite each map most: their projections and their patches."""
    images = prepared_test_set(run)
    count = min(COUNT, len(images))  # each of another image
    arrays = {}
    figures = {}
    for layer in CONVOLUTIONS:
        units, projections = _strongest_activations(
            run.model, run.params, images, layer, count, request.rule
        )
        # The patches as the user knows the images, not as the net takes them.
        fields = top_units.receptive_fields(run.model, np.asarray(run.inputs), layer, units)
        patches = to_picture(fields.patches).reshape(projections.shape)
        arrays[f'{layer}/values'] = units.values
        arrays[f'{layer}/images'] = units.images
        arrays[f'{layer}/rows'] = units.rows
        arrays[f'{layer}/columns'] = units.columns
        arrays[f'{layer}/projections'] = projections
        arrays[f'{layer}/patches'] = patches
        figures[layer] = _top_figure(run, request, layer, units, projections, patches)
    layers = ' and '.join(CONVOLUTIONS)
    text = f'all maps of {layers} over {len(images):,} images, rule {request.rule}'
    return PassResult(arrays, figures, text)


def _strongest_activations(
    model: Model,
    params: Params,
    images: np.ndarray,
    layer: str,
    count: int,
    rule: str,
) -> StrongestActivations:
    """Finds the `count` strongest units of each map of a layer, and projects them."""
    units = top_units.strongest_units(model, params, images, layer, count)
    fields = top_units.receptive_fields(model, images, layer, units)
    map_count = len(units.values)
    # The order of the fields: all units of map 0, then all of map 1, ...
    maps = np.repeat(np.arange(map_count), count)
    project = jax.jit(top_units.project, static_argnames=('model', 'rule'))
    projections = np.asarray(project(model, params, fields, maps, rule))
    by_map = projections.reshape(map_count, count, *projections.shape[1:])
    return StrongestActivations(units, by_map)


def _top_figure(run, request, layer, units, projections, patches):
    """A block for each map, of projections (K, count, S, S, C) and of patches of that shape."""
    # A map that is active in fewer images has patches of no meaning, which are drawn grey.
    inactive = units.values == 0
    seen = np.where(inactive[..., None, None, None], 0.5, patches)
    never_active = inactive.all(1).sum()
    _, count = inactive.shape
    text = (
        f'{layer}: the {count} of {len(run.inputs):,} test images that excite each map most '
        f'({never_active} maps are never active)'
    )
    blocks = {
        f'projection of that one activation ({request.rule})': _centred_each(projections),
        'the patch that the unit sees': seen,
    }
    return grids.block_mosaics(title(run, text), blocks)


def show_evolution(run: FinishedRun, request: ViewRequest) -> PassResult:
    """The projection of the strongest activation of each map, at every kept epoch."""
    images = prepared_test_set(run)
    epochs = []
    params_of_epochs = []
    for epoch, params_at in run.snapshots.items():
        # Epochs after the one asked for are not its past.
        if epoch <= run.epoch:
            epochs.append(epoch)
            params_of_epochs.append(params_at())
    arrays = {}
    figures = {}
    for layer in CONVOLUTIONS:
        projections = []
        for params in params_of_epochs:
            strongest = _strongest_activations(
                run.model, params, images, layer, count=1, rule=request.rule
            )
            projections.append(strongest.projections[:, 0])  # the only one
        by_map = np.stack(projections, axis=1)  # (K, E, S, S, C)
        arrays[layer] = by_map
        text = (
            f'{layer}: projection of the strongest activation of each map '
            f'over {len(images):,} test images, by epoch'
        )
        figures[layer] = grids.strips(title(run, text), _centred_each(by_map), epochs)
    arrays['epochs'] = np.array(epochs)
    return PassResult(arrays, figures, 'epochs ' + ', '.join(map(str, epochs)))


def _centred_each(images):
    """Signed images (A, B, H, W, C) as pictures, each by its own scale."""
    images = np.asarray(images)
    flat = images.reshape(-1, *images.shape[2:])
    return filters.centred(flat).reshape(images.shape)
