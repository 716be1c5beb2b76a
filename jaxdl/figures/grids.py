"""Many small images in one figure. Images are (n, H, W, C) in [0, 1], C 1 or 3, unless said otherwise."""

import numpy as np

from jaxdl.figures.base import new_figure

GAP = 1


def mosaic(images, columns, gap=GAP):
    """One image of all, row by row, `columns` beside each other, with white gaps."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    out = np.ones((rows * (height + gap) - gap, columns * (width + gap) - gap, channels))
    for i, image in enumerate(np.asarray(images, float)):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        out[top : top + height, left : left + width] = image
    return out


def _show(axes, image):
    axes.imshow(
        image if image.shape[-1] == 3 else image[..., 0],
        cmap='gray',
        vmin=0,
        vmax=1,
        interpolation='nearest',
    )
    axes.set_axis_off()


def numbered(title, images, columns=8, labels=None, size=0.85, red=()):
    """A grid of images with a label under each, their number if none is given; size in inches of one; red (n,) says which labels are."""
    labels = range(len(images)) if labels is None else labels
    _, height, width, channels = images.shape
    space = max(2, round(height * 0.22))
    framed = np.concatenate([images, np.ones((len(images), space, width, channels))], axis=1)
    rows = -(-len(images) // columns)
    figure = new_figure(size * columns + 0.3, size * rows * (height + space) / width + 0.6, title)
    axes = figure.subplots()
    _show(axes, mosaic(framed, columns))
    for i, label in enumerate(labels):
        axes.text(
            i % columns * (width + GAP) + width / 2,
            i // columns * (height + space + GAP) + height,
            label,
            ha='center',
            va='top',
            fontsize=5.5,
            color='red' if len(red) and red[i] else 'black',
        )
    return figure


def blocks(title, groups, columns=8):
    """Side by side, for each of groups {name: (K, n, H, W, C)}: K numbered blocks, each a square mosaic of its n images."""
    figure = new_figure(
        8.5 * len(groups),
        8.5 * -(-len(next(iter(groups.values()))) // columns) / columns + 0.8,
        title,
    )
    for axes, (name, images) in zip(
        figure.subplots(1, len(groups), squeeze=False)[0], groups.items()
    ):
        side = int(np.ceil(np.sqrt(images.shape[1])))
        each = np.stack([mosaic(block, side, 0) for block in images])
        _show(axes, mosaic(each, columns, 2))
        for number in range(len(each)):
            axes.text(
                number % columns * (each.shape[2] + 2),
                number // columns * (each.shape[1] + 2),
                number,
                fontsize=5,
                color='yellow',
                va='top',
                bbox={'facecolor': 'black', 'pad': 0.3, 'linewidth': 0},
            )
        axes.set_title(name, fontsize=9)
    return figure


def table(title, images, rows, columns):
    """images (R, K, H, W, C) as a table with a name for each row and column."""
    _, _, height, width, _ = images.shape
    gap = max(2, height // 14)
    figure = new_figure(1.05 * len(columns) + 1.1, 1.05 * len(rows) + 1.1, title)
    axes = figure.subplots()
    _show(axes, mosaic(images.reshape(-1, *images.shape[2:]), len(columns), gap))
    for j, name in enumerate(columns):
        axes.text(j * (width + gap) + width / 2, -gap, name, fontsize=7, ha='center', va='bottom')
    for i, name in enumerate(rows):
        axes.text(-gap, i * (height + gap) + height / 2, name, fontsize=7, ha='right', va='center')
    return figure


def strips(title, images, names, columns=4):
    """images (K, E, H, W, C): a numbered strip of E images for each of K maps, `names` of the E on top."""
    figure = new_figure(
        3.2 * columns, 3 / images.shape[1] * -(-len(images) // columns) + 0.9, title
    )
    per_column = -(-len(images) // columns)
    for column, axes in enumerate(figure.subplots(1, columns, squeeze=False)[0]):
        part = images[column * per_column : (column + 1) * per_column]
        axes.set_axis_off()
        if not len(part):
            continue
        _show(axes, mosaic(part.reshape(-1, *part.shape[2:]), part.shape[1]))
        height, width = part.shape[2] + GAP, part.shape[3] + GAP
        for i in range(len(part)):
            axes.text(
                -1,
                i * height + height / 2,
                column * per_column + i,
                fontsize=6,
                ha='right',
                va='center',
            )
        for i, name in enumerate(names):
            axes.text(i * width + width / 2, -1, name, fontsize=6, ha='center', va='bottom')
    return figure


def maps(title, rows, columns, classes):
    """rows: for each row of the figure its (name, [(array, kind), ...]), a cell for each of columns.

    kind: 'image', of an array (h, w, C); 'values', numbers (h, w) with a colour bar of their own; 'classes', (h, w) ints.
    """
    figure = new_figure(2.1 * len(columns) + 0.8, 1.75 * len(rows) + 0.8, title)
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for axes, column in zip(grid[0], columns):
        axes.set_title(column, fontsize=7)
    for (name, cells), line in zip(rows, grid):
        line[0].text(
            -0.12, 0.5, name, transform=line[0].transAxes, fontsize=7, ha='right', va='center'
        )
        for axes, (array, kind) in zip(line, cells):
            axes.set_xticks([])
            axes.set_yticks([])
            if kind == 'image':
                _show(axes, array)
                continue
            of_classes = {'cmap': 'tab10', 'vmin': -0.5, 'vmax': 9.5} if kind == 'classes' else {}
            bar = figure.colorbar(axes.imshow(array, **of_classes), ax=axes, shrink=0.8)
            bar.ax.tick_params(labelsize=5)
            if of_classes:
                bar.set_ticks(range(len(classes)), labels=classes)
    return figure


def histograms(title, statistics):
    """A panel for each layer of statistics, {layer: one of activations.over_data}, with its numbers on top."""
    columns = 4
    figure = new_figure(3.4 * columns, 2.6 * -(-len(statistics) // columns) + 0.5, title)
    cells = figure.subplots(-(-len(statistics) // columns), columns, squeeze=False).ravel()
    for axes in cells[len(statistics) :]:
        axes.set_axis_off()
    for axes, (layer, row) in zip(cells, statistics.items()):
        edges = np.linspace(row['min'].min(), row['max'].max(), len(row['histogram']) + 1)
        axes.stairs(row['histogram'] / row['histogram'].sum(), edges, fill=True)
        axes.set_yscale('log')
        axes.set_title(
            f'{layer}: mean {row["mean"]:.3g}, variance {row["variance"]:.3g}\nzero {row["sparsity"]:.1%}, '
            f'dead units {row["dead"]:.1%}',
            fontsize=7,
        )
        axes.tick_params(labelsize=6)
    return figure


def lines(title, panels):
    """A panel for each of panels {(kind, score): (x (T,), values (T, N), xlabel)}: thin lines of each image, bold their mean."""
    kinds, scores = ([*dict.fromkeys(key[i] for key in panels)] for i in (0, 1))
    figure = new_figure(3.3 * len(scores), 2.5 * len(kinds) + 0.5, title)
    grid = figure.subplots(len(kinds), len(scores), squeeze=False)
    for (kind, score), (x, values, xlabel) in panels.items():
        axes = grid[kinds.index(kind), scores.index(score)]
        axes.plot(x, values, linewidth=0.6, alpha=0.6)
        axes.plot(x, values.mean(1), color='black', linewidth=2, label='mean')
        axes.set_xlabel(xlabel, fontsize=8)
        axes.set_title(score, fontsize=8)
        axes.grid(alpha=0.3)
    return figure


def read_as(title, images, names, probabilities):
    """uint8 images (n, H, W) with a name each, an int where the truth is known, and the class of most probabilities (n, K); wrong ones in red."""
    labels = [
        f'{name}\nread as {row.argmax()} ({row.max():.0%})'
        for name, row in zip(names, probabilities)
    ]
    wrong = [
        isinstance(name, int) and name != row.argmax() for name, row in zip(names, probabilities)
    ]
    return numbered(title, 1 - images[..., None] / 255, 10, labels, 1.1, wrong)


def image_grid(title, images, labels, predictions, classes=None):
    """uint8 images (n, H, W) or (n, H, W, C) with true and predicted class, named by `classes`; wrong ones in red."""
    pixels = np.asarray(images).reshape(*images.shape[:3], -1) / 255
    truth, answers = (
        [classes[i] if classes else i for i in numbers] for numbers in (labels, predictions)
    )
    return numbered(
        title,
        pixels if classes else 1 - pixels,
        10,
        [f'is {one}\nread as {other}' for one, other in zip(truth, answers)],
        1.1,
        np.not_equal(labels, predictions),
    )
