"""The pass that shows which input most excites a unit, a map or a class."""

from collections.abc import Sequence

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import CONVOLUTIONS, PassResult, title
from experiments.views.request import ViewRequest
from jaxdl.figures import grids
from jaxdl.figures.base import Figure
from jaxdl.visualize import filters, maximize
from jaxdl.visualize.maximize import Maximized

DEFAULT_UNITS = 32  # of a layer, at most, if the user names none
COLOUR_IMAGES = 1000  # test images that the correlation of the colours is taken from


def show_maximize(run: FinishedRun, request: ViewRequest) -> PassResult:
    """Images that excite the units that the user names, or the first of each layer."""
    units = request.units or _default_units(run)
    # Raw pixels, because the images are made in their scale and prepared afterwards.
    colour = maximize.colour_matrix(run.inputs[:COLOUR_IMAGES])
    arrays = {}
    figures = {}
    gains = []
    for layer, numbers in units.items():
        result = _maximize(run, request, layer, numbers, colour)
        for name, values in result._asdict().items():
            arrays[f'{layer}/{name}'] = values
        arrays[f'{layer}/units'] = np.array(numbers)
        figures[layer] = _figure(run, request, layer, numbers, result)
        gains.append(f'{layer} {result.before.mean():.3g} to {result.after.mean():.3g}')
    text = 'mean value ahead of the activation: ' + ', '.join(gains)
    return PassResult(arrays, figures, text)


def _default_units(run: FinishedRun) -> dict[str, list[int]]:
    units = {}
    for layer in (*CONVOLUTIONS, 'head'):
        size = len(run.params['params'][f'{layer}_bias'])
        units[layer] = list(range(min(size, DEFAULT_UNITS)))
    return units


def _takes_whole_maps(request, layer):
    """Whether the mean of each map of a layer is maximized, and not one unit."""
    return request.whole_maps and layer in CONVOLUTIONS


def _maximize(
    run: FinishedRun,
    request: ViewRequest,
    layer: str,
    numbers: Sequence[int],
    colour: np.ndarray,
) -> Maximized:
    """The images for some units of a layer, as NumPy arrays."""
    # A rectified unit that starts at 0 has no gradient, so the value before the activation is
    # maximized. The head has no activation.
    values = layer if layer == 'head' else f'{layer}_pre'
    make_objective = maximize.maps if _takes_whole_maps(request, layer) else maximize.units
    objective = make_objective(values, numbers)

    # prepare takes pixels from 0 to 255, the parametrizations make pictures in [0, 1].
    def from_picture(images):
        if request.parametrization == 'sphere':
            return images  # these are in the net's scale already
        return run.prepare(255 * images)

    @jax.jit
    def maximized(params):
        return maximize.maximize(
            run.model,
            params,
            objective,
            jax.random.key(0),
            count=len(numbers),
            parametrization=maximize.PARAMETRIZATIONS[request.parametrization],
            to_input=from_picture,
            colour=colour,
        )

    return jax.tree.map(np.asarray, maximized(run.params))


def _figure(
    run: FinishedRun,
    request: ViewRequest,
    layer: str,
    numbers: Sequence[int],
    result: Maximized,
) -> Figure:
    pictures = result.image
    if request.parametrization == 'sphere':
        pictures = filters.centred(pictures)
    labels = []
    for i, number in enumerate(numbers):
        name = request.class_names[number] if layer == 'head' else number
        labels.append(
            f'{name}: {result.before[i]:.2g} to {result.after[i]:.2g}\n'
            f'moved {result.transformed[i]:.2g}'
        )
    what = 'each map' if _takes_whole_maps(request, layer) else 'each unit'
    text = (
        f'{layer}: the image that most excites {what} ({request.parametrization}); '
        'value ahead of the activation before, after, under small transforms'
    )
    return grids.numbered_grid(title(run, text), pictures, labels=labels, size=1.1)
