"""The pass that asks whether a net knows corresponding parts of different images.

The same part of several images of a class is covered, and parts at random for comparison (Zeiler &
Fergus 2013, section 4.3). Shapes: K classes, N images of each, P ways to cover, H = W the side of
an image.
"""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from experiments.views.pass_result import PassResult, prepared_grey, title
from experiments.views.request import ViewRequest
from jaxdl import UserError
from jaxdl.figures import grids
from jaxdl.figures.base import Figure
from jaxdl.figures.grids import Cell, MapRow
from jaxdl.visualize import occlusion

IMAGES_OF_CLASS = 5
RANDOM_COVERS = 9  # as many as there are ninths of the image
COLUMNS = (
    'the same ninth covered,\nmean over classes',
    'random parts,\nby class',
    'the same ninth,\nclass by part',
)

ByLayer = dict[str, np.ndarray]


def show_correspondence(run: FinishedRun, request: ViewRequest) -> PassResult:
    """Whether the same part, covered, changes the features of all images of a class alike.

    Raises:
        UserError: A class has a single test image.
    """
    images = _images_by_class(run)
    measure = _make_measure(run, images, prepared_grey(run, request.fill))
    classes, images_of_class, side, _, _ = images.shape
    windows = _all_windows(side)
    same = measure(_same_covers(windows, classes, images_of_class))
    random = measure(_random_covers(windows, classes, images_of_class))

    arrays = {}
    parts = []
    for layer in same:
        arrays[f'same/{layer}'] = same[layer]
        arrays[f'random/{layer}'] = random[layer]
        parts.append(
            f'{layer}: same parts {same[layer].mean():.3f}, random parts {random[layer].mean():.3f}'
        )
    figure = _figure(run, request, same, random)
    return PassResult(arrays, {'parts': figure}, '; '.join(parts))


def _images_by_class(run: FinishedRun) -> jax.Array:
    """The first test images of each class, as the net takes them: (K, N, H, W, C)."""
    classes, counts = np.unique(run.labels, return_counts=True)
    # All classes have the same number of images, so that they stack.
    count = min(IMAGES_OF_CLASS, counts.min())
    if count < 2:
        raise UserError('correspondence needs two test images of each class at least')
    groups = []
    for label in classes:
        groups.append(np.flatnonzero(run.labels == label)[:count])
    return run.prepare(np.asarray(run.inputs)[np.stack(groups)])


def _all_windows(side: int) -> np.ndarray:
    """The masks of squares of a third of the image's side, by row and column: (R, R, H, W)."""
    size = side // 3
    places = side - size + 1
    return occlusion.windows(side, size).reshape(places, places, side, side)


def _same_covers(windows, classes, images_of_class):
    """Masks (K, N, H, W) that cover the same ninth in all images, for each of nine."""
    places, _, side, _ = windows.shape
    last = places - 1
    firsts = (0, last // 2, last)  # at the edges and in the middle
    covers = []
    for row in firsts:
        for column in firsts:
            shape = (classes, images_of_class, side, side)
            covers.append(np.broadcast_to(windows[row, column], shape))
    return covers


def _random_covers(windows, classes, images_of_class):
    """Masks (K, N, H, W) that cover another part in each image, RANDOM_COVERS of them."""
    places, _, side, _ = windows.shape
    flat_windows = windows.reshape(-1, side, side)
    rng = np.random.default_rng(0)  # fixed, so that a run always gets the same parts
    covers = []
    for _ in range(RANDOM_COVERS):
        numbers = rng.integers(places**2, size=(classes, images_of_class))
        covers.append(flat_windows[numbers])
    return covers


def _make_measure(
    run: FinishedRun,
    images: jax.Array,
    fill: jax.Array,
) -> Callable[[Sequence[np.ndarray]], ByLayer]:
    """A function from P covers (K, N, H, W) to the inconsistency {layer: (K, P)}."""

    @jax.jit
    @jax.vmap
    def measure_classes(images, masks):
        return occlusion.inconsistency(run.model, run.params, images, masks, fill)

    def stack(*values):
        return np.stack(values, axis=1)

    def measure(covers):
        # One cover after the other, since all at once would take P times the memory.
        rows = []
        for masks in covers:
            rows.append(jax.device_get(measure_classes(images, masks)))
        return jax.tree.map(stack, *rows)

    return measure


def _figure(
    run: FinishedRun,
    request: ViewRequest,
    same: ByLayer,
    random: ByLayer,
) -> Figure:
    rows = []
    for layer in same:
        mean_over_classes = same[layer].mean(0).reshape(3, 3)
        random_by_class = random[layer].mean(1)[:, None]
        cells = [
            Cell(mean_over_classes, 'values'),
            Cell(random_by_class, 'values'),
            Cell(same[layer], 'values'),
        ]
        rows.append(MapRow(layer, cells))
    text = (
        'Share of features whose change differs in sign\n'
        'between images of a class: low is consistent'
    )
    return grids.value_maps(title(run, text), rows, COLUMNS, request.class_names)
