"""Many small panels of curves over training, beside what was reported."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxdl.figures.base import COLOURS, REPORTED_COLOUR, draw_band, new_figure
from jaxdl.figures.curves import Curve


class CurvePanel(NamedTuple):
    """One panel of `curve_grid`."""

    curves: Mapping[str, Curve]  # keys of COLOURS: 'train', 'validation', 'test'
    reported: float | None  # drawn as a dashed line


class WindowPanel(NamedTuple):
    """One panel of `window_grid`: a reported curve over W windows of training."""

    windows: Sequence[int]  # (W,), the last batch of each
    reported: Sequence[float]  # (W,)
    ours: np.ndarray  # (S, V) of S seeds in V windows
    our_windows: Sequence[int]  # (V,)


def curve_grid(
    title: str,
    panels: Mapping[str, CurvePanel],
    columns: int = 4,
    score: Literal['accuracy', 'loss'] = 'accuracy',
) -> Figure:
    """Many small panels of a score over training steps, with one legend for all.

    Args:
        title: The figure's title.
        panels: The panels by their titles, drawn row by row.
        columns: Panels in a row.
        score: Accuracies share an axis from 0 to 1; each loss has a logarithmic one of its own.

    Returns:
        A Figure.
    """
    is_loss = score == 'loss'
    cells = _cells(title, len(panels), columns, sharey=not is_loss)
    for axes, (name, panel) in zip(cells, panels.items(), strict=True):
        _draw_curve_panel(axes, panel, is_loss)
        if is_loss:
            axes.set_yscale('log')
        else:
            axes.set_ylim(-0.03, 1.03)
        _set_small_axes(axes, name)
    return _with_legend(cells)


def window_grid(
    title: str,
    panels: Mapping[str, WindowPanel],
    columns: int = 4,
    score: Literal['accuracy', 'loss'] = 'accuracy',
) -> Figure:
    """Reported curves over windows of training, each with the band of our seeds.

    Args:
        title: The figure's title.
        panels: The panels by their titles, drawn row by row.
        columns: Panels in a row.
        score: Accuracies share an axis from 0 to 1.

    Returns:
        A Figure. A band reaches from the lowest to the highest seed.
    """
    cells = _cells(title, len(panels), columns, sharey=score == 'accuracy')
    for axes, (name, panel) in zip(cells, panels.items(), strict=True):
        axes.fill_between(
            panel.our_windows,
            panel.ours.min(0),
            panel.ours.max(0),
            color=COLOURS['train'],
            alpha=0.25,
            linewidth=0,
            label='ours, lowest to highest seed',
        )
        mean = panel.ours.mean(0)
        axes.plot(panel.our_windows, mean, color=COLOURS['train'], linewidth=1, label='ours')
        axes.plot(
            panel.windows,
            panel.reported,
            color=REPORTED_COLOUR,
            linestyle='--',
            linewidth=0.9,
            label='reported',
        )
        _set_small_axes(axes, name)
        if score == 'accuracy':
            axes.set_ylim(-0.03, 1.03)
    return _with_legend(cells)


def _cells(title: str, count: int, columns: int, sharey: bool) -> Sequence[Axes]:
    """The small panels of a new Figure; its cells behind the last one are empty."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = new_figure(2.4 * columns + 0.4, 1.85 * rows + 0.8, title)
    cells = figure.subplots(rows, columns, squeeze=False, sharey=sharey).ravel()
    for axes in cells[count:]:
        axes.set_axis_off()
    return cells[:count]


def _set_small_axes(axes: Axes, name: str) -> None:
    axes.set_title(name, fontsize=8)
    axes.tick_params(which='both', labelsize=7)
    axes.ticklabel_format(axis='x', style='sci', scilimits=(0, 3))
    axes.xaxis.get_offset_text().set_fontsize(7)
    axes.grid(alpha=0.3)


def _with_legend(cells: Sequence[Axes]) -> Figure:
    """The Figure of the panels, with one legend for all."""
    figure = cells[0].get_figure()
    handles_by_label = {}
    for axes in cells:
        handles, labels = axes.get_legend_handles_labels()
        handles_by_label.update(zip(labels, handles, strict=True))
    figure.legend(
        handles_by_label.values(),
        handles_by_label.keys(),
        loc='outside lower center',
        ncols=4,
        fontsize=8,
    )
    return figure


def _draw_curve_panel(axes: Axes, panel: CurvePanel, is_loss: bool) -> None:
    for label, curve in panel.curves.items():
        low, high = 0.0, 1.0
        if is_loss:
            # On a logarithmic axis a band that reaches down to 0 would hide everything else.
            low, high = min(curve.series.mean) / 3, np.inf
        draw_band(
            axes,
            curve.steps,
            curve.series,
            label,
            low,
            high,
            color=COLOURS[label],
            linewidth=1,
            marker='.',
            markersize=3,
        )
    if panel.reported is not None:
        axes.axhline(
            panel.reported,
            color=REPORTED_COLOUR,
            linestyle='--',
            linewidth=0.9,
            label='reported',
        )
