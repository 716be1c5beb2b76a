"""Tables as figures: a confusion matrix and rows of text."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from jaxdl.figures.base import new_figure

WRONG = 'wrong'  # the last cell of a row of text_table that is drawn in red


def confusion_matrix(title: str, counts: ArrayLike, seeds: int) -> Figure:
    """A confusion matrix: true classes in rows, predicted classes in columns.

    Args:
        title: The figure's title.
        counts: Images (K, K) by true and predicted class, summed over all seeds.
        seeds: How many there are. Cells show images per seed.

    Returns:
        A Figure whose colours tell the share of the true class.
    """
    counts = np.asarray(counts)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = new_figure(6.5, 5.8, title)
    axes = figure.subplots()
    # The root makes rare errors visible beside the diagonal.
    image = axes.imshow(np.sqrt(shares), cmap='Blues', vmin=0, vmax=1)
    _write_counts(axes, counts, shares, seeds)
    classes = np.arange(len(counts))
    axes.set(xlabel='predicted class', ylabel='true class', xticks=classes, yticks=classes)
    tick_shares = np.array([0, 0.01, 0.05, 0.2, 0.5, 1])
    bar = figure.colorbar(image, label='share of the true class', ticks=np.sqrt(tick_shares))
    bar.ax.set_yticklabels(['0', '1 %', '5 %', '20 %', '50 %', '100 %'])
    return figure


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray, seeds: int) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count == 0:
            continue
        is_dark = shares[row, column] > 0.4
        axes.text(
            column,
            row,
            f'{count / seeds:.1f}' if seeds > 1 else str(count),
            ha='center',
            va='center',
            fontsize=7,
            color='white' if is_dark else 'black',
        )


def text_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Figure:
    """Rows of text as a figure. A row whose last cell is 'wrong' is red.

    Args:
        title: The figure's title.
        header: The names of the columns.
        rows: The cells of each row, one for each column.

    Returns:
        A Figure whose height grows with the rows.
    """
    figure = new_figure(6.5, 0.24 * len(rows) + 0.8, title)
    axes = figure.subplots()
    axes.axis('off')
    table = axes.table(
        [list(map(str, row)) for row in rows],
        colLabels=header,
        bbox=(0, 0, 1, 1),
        edges='horizontal',
        cellLoc='center',
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    columns = range(len(header))
    table.auto_set_column_width(columns)
    for number, row in enumerate(rows, start=1):  # row 0 of the drawn table is the header
        if row[-1] == WRONG:
            for column in columns:
                table[number, column].get_text().set_color('red')
    return figure
