"""The values and weights of each layer: their statistics over training, and their histograms."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxdl.figures.base import Series, SummaryLike, draw_band, new_figure, stack_summaries

HISTOGRAM_ROWS = 80  # pixels of a histogram over training
SMALLEST_SHARE = 1e-6  # of an empty bin, whose logarithm is drawn


class LayerStatistics(Protocol):
    """Statistics of one array of a layer, over seeds."""

    mean: SummaryLike
    std: SummaryLike  # standard deviation
    min: SummaryLike
    max: SummaryLike
    dead: SummaryLike | None  # share of dead units; None for weights
    range: Sequence[float]  # (2,), ends of the histogram
    histogram: Sequence[int]  # (bins,), counts in bins of equal width


class DatasetStatistics(Protocol):
    """Statistics of a layer of one net, over a data set."""

    mean: float
    variance: float
    sparsity: float  # share of values that are exactly 0
    dead: float  # share of dead units
    min: np.ndarray  # (units,)
    max: np.ndarray  # (units,)
    histogram: np.ndarray  # (bins,), counts in equal bins from the smallest to the largest value


class StatisticsRecord(Protocol):
    """Statistics of all layers before a training step."""

    step: int
    layers: Mapping[str, LayerStatistics]


def layer_statistics(title: str, records: Sequence[StatisticsRecord]) -> dict[str, Figure]:
    """Figures of each layer's values and weights over training.

    A figure has a row for each array of its layer. On the left are mean, standard deviation,
    extremes and the share of dead units; on the right is the histogram.

    Args:
        title: What was trained, to be followed by the layer's name.
        records: In order of steps; none gives no figures.

    Returns:
        {'layer_<name>': Figure}.
    """
    if not records:
        return {}
    steps = [record.step for record in records]
    arrays_of_layers = {}
    for array_name in records[0].layers:
        layer = _layer_of(array_name)
        arrays_of_layers.setdefault(layer, []).append(array_name)
    figures = {}
    for layer, array_names in arrays_of_layers.items():
        height = 2.9 * len(array_names) + 0.5
        figure = new_figure(11, height, f'{title}: {layer} over the training')
        rows = figure.subplots(len(array_names), 2, squeeze=False)
        for (left, right), array_name in zip(rows, array_names, strict=True):
            statistics = [record.layers[array_name] for record in records]
            ylabel = array_name.replace('_', ' ')
            _draw_statistics(left, steps, statistics, ylabel)
            _draw_histograms(figure, right, steps, statistics, ylabel)
        figures[f'layer_{layer}'] = figure
    return figures


def statistics_over_steps(
    title: str, steps: Sequence[int], panels: Mapping[str, Mapping[str, SummaryLike]], mark: int
) -> Figure:
    """Statistics of layers over training, a panel for each statistic.

    Args:
        title: The figure's title.
        steps: (n,).
        panels: {statistic: {layer: summary with entries of shape (n,)}}.
        mark: A step that is marked by a vertical line.

    Returns:
        A Figure with the panels side by side.
    """
    figure = new_figure(4.2 * len(panels), 3.6, title)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (statistic, layers) in zip(all_axes, panels.items(), strict=True):
        for layer, summary in layers.items():
            draw_band(axes, steps, summary, layer.replace('_', ' '), -np.inf, np.inf)
        axes.axvline(mark, color='grey', linestyle=':', label=f'step {mark:,}')
        axes.set(title=statistic, xlabel='training step')
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def _layer_of(array_name: str) -> str:
    """The layer of an array: 'layer0' of 'weight_ih_l0_reverse', 'conv1' of 'conv1_weight'."""
    array_name = re.sub(r'(weight|bias)_[ih]h_l(\d+).*', r'layer\2', array_name)
    return array_name.split('_')[0]


def _draw_statistics(
    axes: Axes, steps: Sequence[int], statistics: Sequence[LayerStatistics], ylabel: str
) -> None:
    means = _series(statistics, 'mean')
    deviations = _series(statistics, 'std')
    smallest = _series(statistics, 'min').mean
    largest = _series(statistics, 'max').mean
    draw_band(axes, steps, means, 'mean', -np.inf, np.inf)
    draw_band(axes, steps, deviations, 'standard deviation', -np.inf, np.inf)
    axes.plot(steps, smallest, color='grey', linewidth=0.8, label='smallest and largest')
    axes.plot(steps, largest, color='grey', linewidth=0.8)
    axes.set(xlabel='training step', ylabel=ylabel)
    # Extremes may be orders of magnitude larger than the mean, and either sign occurs.
    axes.set_yscale('symlog', linthresh=max(np.median(deviations.mean), 1e-6))
    axes.grid(alpha=0.3)
    if statistics[0].dead is not None:
        _draw_dead_units(axes, steps, _series(statistics, 'dead').mean)
    axes.legend(fontsize=7)


def _series(statistics: Sequence[LayerStatistics], name: str) -> Series:
    """One of the statistics, over all records."""
    return stack_summaries(getattr(row, name) for row in statistics)


def _draw_dead_units(axes: Axes, steps: Sequence[int], shares: Sequence[float]) -> None:
    if not any(shares):
        return
    percent_axes = axes.twinx()
    percent_axes.plot(
        steps,
        100 * np.array(shares),
        color='tab:red',
        linestyle='--',
        linewidth=0.8,
    )
    percent_axes.set_ylabel('dead units, %', color='tab:red')
    percent_axes.set_ylim(0, 105)


def _draw_histograms(
    figure: Figure,
    axes: Axes,
    steps: Sequence[int],
    statistics: Sequence[LayerStatistics],
    ylabel: str,
) -> None:
    """Draws histograms over training: a column for each step, a row for each bin."""
    ranges = np.array([row.range for row in statistics])  # (n, 2)
    low = ranges[:, 0].min()
    high = ranges[:, 1].max()
    if high <= low:
        high = low + 1
    edges = np.linspace(low, high, HISTOGRAM_ROWS + 1)
    # Each histogram has a range of its own, so all are brought to a common one.
    counts = np.array([_rebinned(row, edges) for row in statistics])
    shares = counts.T / np.maximum(counts.sum(axis=1), 1)
    # Each column reaches from its step to the next one, the last one as far as the one before.
    last_width = steps[-1] - steps[-2] if len(steps) > 1 else 1
    mesh = axes.pcolormesh(
        [*steps, steps[-1] + last_width],
        edges,
        np.log10(np.maximum(shares, SMALLEST_SHARE)),
        cmap='viridis',
        vmin=-5,
        vmax=0,
        shading='flat',
    )
    axes.set(xlabel='training step', ylabel=ylabel)
    figure.colorbar(mesh, ax=axes, label='log10 of the share')


def _rebinned(statistics: LayerStatistics, edges: np.ndarray) -> np.ndarray:
    """The counts (B,) of a histogram between new edges (B + 1,), as if uniform within its bins."""
    low, high = statistics.range
    old_edges = np.linspace(low, high, len(statistics.histogram) + 1)
    cumulative = np.concatenate([[0], np.cumsum(statistics.histogram)])
    return np.diff(np.interp(edges, old_edges, cumulative))


def layer_histograms(title: str, statistics: Mapping[str, DatasetStatistics]) -> Figure:
    """A histogram of each layer's values, with its statistics on top.

    Args:
        title: The figure's title.
        statistics: By layer.

    Returns:
        A Figure with one panel for each layer.
    """
    columns = 4
    rows = math.ceil(len(statistics) / columns)
    figure = new_figure(3.4 * columns, 2.6 * rows + 0.5, title)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells[len(statistics) :]:
        axes.set_axis_off()
    used_cells = cells[: len(statistics)]
    for axes, (layer, values) in zip(used_cells, statistics.items(), strict=True):
        _draw_histogram(axes, values)
        moments = f'mean {values.mean:.3g}, variance {values.variance:.3g}'
        shares = f'zero {values.sparsity:.1%}, dead units {values.dead:.1%}'
        axes.set_title(f'{layer}: {moments}\n{shares}', fontsize=7)
        axes.tick_params(labelsize=6)
    return figure


def _draw_histogram(axes: Axes, values: DatasetStatistics) -> None:
    counts = values.histogram
    total = counts.sum()
    if total == 0:
        # Values that are no finite numbers fall into no bin.
        axes.text(0.5, 0.5, 'no value in any bin', ha='center', transform=axes.transAxes)
        return
    low, high = values.min.min(), values.max.max()
    if high <= low:
        high = low + 1
    axes.stairs(counts / total, np.linspace(low, high, len(counts) + 1), fill=True)
    axes.set_yscale('log')
