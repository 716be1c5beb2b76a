"""Passes that change the image and watch the net: occlusion and invariance."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import PassResult, prepared_grey, title, to_picture
from experiments.views.request import ViewRequest
from jaxdl.figures import grids
from jaxdl.figures.base import Figure
from jaxdl.figures.curves import ResponsePanel, image_responses
from jaxdl.figures.grids import Cell, MapRow
from jaxdl.visualize import filters, invariance, occlusion
from jaxdl.visualize.invariance import warp
from jaxdl.visualize.occlusion import Occlusion

OCCLUSION_COLUMNS = (
    'image',
    'activity of the strongest\nconv2 map',
    'projection of that map',
    'probability of its class',
    'most probable class',
)


class Transform(NamedTuple):
    """A transform of images, and how far it is taken.

    Attributes:
        name: 'rotation', say.
        values: (T,), its strengths.
        unit: What they are measured in.
        apply: (images (N, H, W, C), strength, fill (C,)) -> images of that shape.
    """

    name: str
    values: np.ndarray
    unit: str
    apply: Callable[[jax.Array, float, jax.Array], jax.Array]


def _translate(images, pixels, fill):
    return warp(images, shift=(0.0, pixels), fill=fill)


def _rotate(images, degrees, fill):
    return warp(images, angle=np.deg2rad(degrees), fill=fill)


def _scale(images, factor, fill):
    return warp(images, scale=factor, fill=fill)


TRANSFORMS = (
    Transform('translation', np.arange(-8.0, 9.0), 'pixels to the right', _translate),
    Transform('rotation', np.arange(0.0, 361.0, 10.0), 'degrees', _rotate),
    Transform('scale', np.linspace(0.6, 1.8, 13), 'factor', _scale),
)


def show_occlusion(run: FinishedRun, request: ViewRequest) -> PassResult:
    """A grey square covers each place of each image."""
    side = run.inputs.shape[1]
    masks = occlusion.windows(side, request.window)
    # The square is filled after the images are prepared, so its grey must be prepared too.
    fill = prepared_grey(run, request.fill)
    # A flax module is hashable, so jit takes it as a constant.
    occlude = jax.jit(occlusion.occlude, static_argnames='model')
    results = []
    for image, label in zip(run.prepare(request.pixels), request.labels, strict=True):
        result = occlude(run.model, run.params, image, masks, label, fill)
        results.append(jax.device_get(result))

    arrays = {}
    for name in Occlusion._fields:
        arrays[name] = np.stack([getattr(result, name) for result in results])
    other_answers = np.mean(arrays['answer'] != request.labels[:, None])
    text = (
        f'{len(masks)} places in each of {len(results)} images; '
        f'{other_answers:.0%} of the answers are not the class; '
        f'fill {fill} in the scale of the net'
    )
    return PassResult(arrays, {'images': _occlusion_figure(run, request, results)}, text)


def _occlusion_figure(
    run: FinishedRun,
    request: ViewRequest,
    results: Sequence[Occlusion],
) -> Figure:
    places_on_a_side = run.inputs.shape[1] - request.window + 1

    def as_map(values):
        return values.reshape(places_on_a_side, places_on_a_side)

    rows = []
    pictures = to_picture(request.pixels)
    for name, picture, result in zip(request.names, pictures, results, strict=True):
        (projection,) = filters.centred(result.projection[None])
        cells = [
            Cell(picture, 'image'),
            Cell(as_map(result.activity), 'values'),
            Cell(projection, 'image'),
            Cell(as_map(result.probability), 'values'),
            Cell(as_map(result.answer), 'classes'),
        ]
        rows.append(MapRow(name, cells))
    text = (
        f'A {request.window}x{request.window} square of {request.fill:g} '
        'on the scale 0 (black) to 1 (white) covers each place'
    )
    return grids.value_maps(title(run, text), rows, OCCLUSION_COLUMNS, request.class_names)


def show_invariance(run: FinishedRun, request: ViewRequest) -> PassResult:
    """Features and answers when the images are moved, turned and scaled."""
    images = run.prepare(request.pixels)
    black = prepared_grey(run, 0)  # what comes in from outside the image
    measure = jax.jit(invariance.changes, static_argnames='model')
    arrays = {}
    panels = []
    for transform in TRANSFORMS:
        versions = []
        for value in transform.values:
            versions.append(transform.apply(images, value, black))
        changes = measure(run.model, run.params, images, request.labels, jnp.stack(versions))
        changes = jax.device_get(changes)  # drawing one element at a time from a device is slow
        for layer, distances in changes.distances.items():
            panels.append(_panel(transform, f'{layer}: distance / norm', distances))
            arrays[f'{transform.name}/{layer}'] = distances
        panels.append(_panel(transform, 'probability of its class', changes.probability))
        arrays[f'{transform.name}/probability'] = changes.probability
        arrays[f'{transform.name}/values'] = transform.values
    text = f'Features and answers of {len(images)} images, moved, turned and scaled'
    return PassResult(arrays, {'images': image_responses(title(run, text), panels)}, text='')


def _panel(transform, score, values):
    return ResponsePanel(
        transform=transform.name,
        score=score,
        x=transform.values,
        values=values,
        xlabel=f'{transform.name}, {transform.unit}',
    )
