"""Many small images in one figure.

Images are arrays (n, H, W, C) in [0, 1], with C 1 (grey) or 3 (colour), unless said otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from jaxdl.figures.base import new_figure

GAP = 1  # pixels between images


class Cell(NamedTuple):
    """One cell of `value_maps`."""

    array: np.ndarray  # (H, W, C) for an image, else (H, W)
    kind: Literal['image', 'values', 'classes']


class MapRow(NamedTuple):
    """One row of `value_maps`."""

    name: str
    cells: Sequence[Cell]


def mosaic(images: ArrayLike, columns: int, gap: int = GAP) -> np.ndarray:
    """One image that shows all images, row by row, with white gaps.

    Args:
        images: (n, H, W, C).
        columns: Images in a row.
        gap: Pixels between images.

    Returns:
        An image of ceil(n / columns) rows, white where there is no image.
    """
    images = np.asarray(images, float)
    n, height, width, channels = images.shape
    rows = math.ceil(n / columns)
    whole_height = rows * (height + gap) - gap
    whole_width = columns * (width + gap) - gap
    whole = np.ones((whole_height, whole_width, channels))
    for index, image in enumerate(images):
        top = index // columns * (height + gap)
        left = index % columns * (width + gap)
        whole[top : top + height, left : left + width] = image
    return whole


def _show_image(axes: Axes, image: np.ndarray) -> None:
    is_grey = image.shape[-1] == 1
    pixels = image[..., 0] if is_grey else image
    axes.imshow(
        pixels,
        cmap='gray',
        vmin=0,
        vmax=1,
        interpolation='nearest',  # pixels stay sharp when they are enlarged
    )
    axes.set_axis_off()


def numbered_grid(
    title: str,
    images: np.ndarray,
    columns: int = 8,
    labels: Sequence[object] | None = None,
    size: float = 0.85,
    red: Sequence[bool] | None = None,
) -> Figure:
    """A grid of images with a label under each.

    Args:
        title: The figure's title.
        images: (n, H, W, C).
        columns: Images in a row.
        labels: (n,) texts; the numbers of the images if None.
        size: Width of an image in inches.
        red: (n,), whether each label is red; all are black if None.

    Returns:
        A Figure with one panel.
    """
    if labels is None:
        labels = range(len(images))
    if red is None:
        red = [False] * len(images)
    n, height, width, channels = images.shape
    # A white strip below each image, in its pixels, makes room for the label.
    label_height = max(2, round(height * 0.22))
    white = np.ones((n, label_height, width, channels))
    tiles = np.concatenate([images, white], axis=1)
    tile_height = height + label_height
    rows = math.ceil(n / columns)
    figure = new_figure(size * columns + 0.3, size * rows * tile_height / width + 0.6, title)
    axes = figure.subplots()
    _show_image(axes, mosaic(tiles, columns))
    for index, (label, is_red) in enumerate(zip(labels, red, strict=True)):
        x = index % columns * (width + GAP) + width / 2
        y = index // columns * (tile_height + GAP) + height
        axes.text(
            x,
            y,
            label,
            ha='center',
            va='top',
            fontsize=5.5,
            color='red' if is_red else 'black',
        )
    return figure


def block_mosaics(title: str, groups: Mapping[str, np.ndarray], columns: int = 8) -> Figure:
    """Numbered blocks of images, one panel for each group.

    Args:
        title: The figure's title.
        groups: Images (K, n, H, W, C) by the panel's title: K blocks, each a square mosaic of its
            n images.
        columns: Blocks in a row.

    Returns:
        A Figure with the groups side by side.
    """
    first_group = next(iter(groups.values()))
    rows = math.ceil(len(first_group) / columns)
    figure = new_figure(8.5 * len(groups), 8.5 * rows / columns + 0.8, title)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (name, images) in zip(panels, groups.items(), strict=True):
        _draw_blocks(axes, images, columns)
        axes.set_title(name, fontsize=9)
    return figure


def _draw_blocks(axes: Axes, images: np.ndarray, columns: int) -> None:
    gap = 2  # wider than within a block, where there is none
    side = math.ceil(math.sqrt(images.shape[1]))
    blocks = np.stack([mosaic(block, side, gap=0) for block in images])
    _show_image(axes, mosaic(blocks, columns, gap))
    _, height, width, _ = blocks.shape
    for number in range(len(blocks)):
        x = number % columns * (width + gap)
        y = number // columns * (height + gap)
        axes.text(
            x,
            y,
            number,
            fontsize=5,
            color='yellow',
            va='top',
            bbox={'facecolor': 'black', 'pad': 0.3, 'linewidth': 0},
        )


def image_table(
    title: str, images: np.ndarray, row_names: Sequence[str], column_names: Sequence[str]
) -> Figure:
    """Images as a table with named rows and columns.

    Args:
        title: The figure's title.
        images: (R, K, H, W, C).
        row_names: (R,), on the left.
        column_names: (K,), on top.

    Returns:
        A Figure with one panel.
    """
    _, columns, height, width, _ = images.shape
    gap = max(2, height // 14)
    figure = new_figure(1.05 * columns + 1.1, 1.05 * len(row_names) + 1.1, title)
    axes = figure.subplots()
    flat_images = images.reshape(-1, *images.shape[2:])
    _show_image(axes, mosaic(flat_images, columns, gap))
    for column, name in enumerate(column_names):
        x = column * (width + gap) + width / 2
        axes.text(x, -gap, name, fontsize=7, ha='center', va='bottom')
    for row, name in enumerate(row_names):
        y = row * (height + gap) + height / 2
        axes.text(-gap, y, name, fontsize=7, ha='right', va='center')
    return figure


def strips(title: str, images: np.ndarray, names: Sequence[object], columns: int = 4) -> Figure:
    """A numbered strip of images for each of K maps.

    Args:
        title: The figure's title.
        images: (K, E, H, W, C), E images for each map.
        names: (E,), over the images of each panel: their epochs, for example.
        columns: Panels beside each other.

    Returns:
        A Figure whose panels hold the strips, in order from top to bottom and left to right.
    """
    n, length, height, width, _ = images.shape
    strips_per_panel = math.ceil(n / columns)
    figure = new_figure(3.2 * columns, 3 / length * strips_per_panel + 0.9, title)
    for panel, axes in enumerate(figure.subplots(1, columns, squeeze=False)[0]):
        axes.set_axis_off()
        first = panel * strips_per_panel
        panel_images = images[first : first + strips_per_panel]
        if not len(panel_images):
            continue  # the strips have filled fewer panels
        flat_images = panel_images.reshape(-1, *images.shape[2:])
        _show_image(axes, mosaic(flat_images, length))
        for row in range(len(panel_images)):
            y = row * (height + GAP) + (height + GAP) / 2
            axes.text(-1, y, first + row, fontsize=6, ha='right', va='center')
        for column, name in enumerate(names):
            x = column * (width + GAP) + (width + GAP) / 2
            axes.text(x, -1, name, fontsize=6, ha='center', va='bottom')
    return figure


def value_maps(
    title: str, rows: Sequence[MapRow], columns: Sequence[str], class_names: Sequence[str]
) -> Figure:
    """A table of images, of maps of numbers, and of maps of classes.

    Args:
        title: The figure's title.
        rows: A name and one cell for each column. An 'image' is (H, W, C); 'values' are numbers
            (H, W), with a colour bar of their own; 'classes' are ints (H, W).
        columns: The titles of the columns.
        class_names: The names of the classes.

    Returns:
        A Figure with one panel for each cell.
    """
    figure = new_figure(2.1 * len(columns) + 1, 1.75 * len(rows) + 0.8, title)
    # Images keep their shape, by which the names at their left may move beyond the edge.
    figure.get_layout_engine().set(rect=(0.02, 0, 0.98, 1))
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for axes, column in zip(grid[0], columns, strict=True):
        axes.set_title(column, fontsize=7)
    for row, row_axes in zip(rows, grid, strict=True):
        leftmost = row_axes[0]
        leftmost.text(
            -0.12,
            0.5,
            row.name,
            transform=leftmost.transAxes,
            fontsize=7,
            ha='right',
            va='center',
        )
        for axes, cell in zip(row_axes, row.cells, strict=True):
            _draw_cell(figure, axes, cell, class_names)
    return figure


def _draw_cell(figure: Figure, axes: Axes, cell: Cell, class_names: Sequence[str]) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    if cell.kind == 'image':
        _show_image(axes, cell.array)
        return
    if cell.kind == 'classes':
        image = axes.imshow(cell.array, cmap='tab10', vmin=-0.5, vmax=9.5)
    else:
        image = axes.imshow(cell.array)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=5)
    if cell.kind == 'classes':
        bar.set_ticks(range(len(class_names)), labels=class_names)


def handwriting_predictions(
    title: str,
    images: np.ndarray,
    names: Sequence[str],
    probabilities: np.ndarray,
    digits: Sequence[int] | None = None,
) -> Figure:
    """Images of handwriting with the digit that each is read as.

    Args:
        title: The figure's title.
        images: (n, H, W) uint8, white on black.
        names: (n,), what each image is called.
        probabilities: (n, K), of each digit.
        digits: (n,), the true digits; the labels of wrong ones are red. None if not known.

    Returns:
        A grid of the images, black on white.
    """
    answers = probabilities.argmax(-1)
    labels = []
    for name, answer, probability in zip(names, answers, probabilities.max(-1), strict=True):
        labels.append(f'{name}\nread as {answer} ({probability:.0%})')
    wrong = None if digits is None else np.not_equal(digits, answers)
    black_on_white = 1 - images[..., None] / 255
    return numbered_grid(title, black_on_white, 10, labels, size=1.1, red=wrong)


def classified_images(
    title: str,
    images: ArrayLike,
    labels: np.ndarray,
    predictions: np.ndarray,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Images with their true and predicted classes; the labels of wrong ones are red.

    Args:
        title: The figure's title.
        images: (n, H, W) or (n, H, W, C), uint8.
        labels: (n,) int, the true classes.
        predictions: (n,) int, the predicted classes.
        class_names: Names of the classes; None of digits, which are drawn black on white.

    Returns:
        A grid of the images.
    """
    images = np.asarray(images)
    pixels = images.reshape(*images.shape[:3], -1) / 255
    if class_names is None:
        pixels = 1 - pixels
        class_names = range(10)
    texts = []
    for label, prediction in zip(labels, predictions, strict=True):
        texts.append(f'is {class_names[label]}\nread as {class_names[prediction]}')
    wrong = np.not_equal(labels, predictions)
    return numbered_grid(title, pixels, 10, texts, size=1.1, red=wrong)
