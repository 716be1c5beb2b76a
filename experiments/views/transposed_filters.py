"""The pass that projects with transposed filters, as report B did, beside the right ones."""

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import PassResult, title, to_picture
from experiments.views.request import ViewRequest
from jaxdl.figures import grids
from jaxdl.visualize import filters, written_out_deconvnet
from jaxdl.visualize.written_out_deconvnet import correlations, transposed, turned_by_180

POOLS = ('pool1', 'pool2')
TURNS = {'turned': turned_by_180, 'transposed': transposed}


def show_transposed(run: FinishedRun, request: ViewRequest) -> PassResult:
    """The chosen images projected from both pools, with filters turned and transposed."""
    images = run.prepare(request.pixels)
    _, layers = jax.jit(run.model.apply)(run.params, images)
    arrays = {}
    figures = {}
    parts = []
    for layer in POOLS:
        projections = {}
        for name, turn in TURNS.items():
            projections[name] = np.asarray(
                written_out_deconvnet.project(run.params, layers, layer, turn)
            )
            arrays[f'{layer}/{name}'] = projections[name]
        alike = correlations(projections['turned'], projections['transposed'])
        arrays[f'{layer}/correlation'] = alike
        figures[layer] = _figure(run, request, layer, projections, alike)
        parts.append(f'{layer} {alike.mean():.2f}')
    text = 'mean correlation of projections with turned and transposed filters: '
    return PassResult(arrays, figures, text + ', '.join(parts))


def _figure(run, request, layer, projections, alike):
    """A row for each image: itself, and both projections (N, H, W, C)."""
    columns = [to_picture(request.pixels)]
    for projection in projections.values():
        columns.append(filters.centred(projection))
    names = []
    for name, correlation in zip(request.names, alike, strict=True):
        names.append(f'{name}\nr = {correlation:.2f}')
    text = f'{layer}: filters turned by 180 degrees, and transposed; r is their correlation'
    column_names = ['image', 'turned', 'transposed']
    return grids.image_table(title(run, text), np.stack(columns, axis=1), names, column_names)
