"""Charts of measurements: ratios, costs, and scores over seeds, sizes and training."""

import numpy as np

from jaxdl.figures import base as plots
from jaxdl.figures.base import new_figure


def ratios(title, table):
    """Bars of how many times faster than each peer, {job: {peer: ratio}}, on a log axis with a line at 1."""
    figure = new_figure(9, 0.7 + 0.5 * len(table), title)
    axes = figure.subplots()
    peers = list(dict.fromkeys(peer for row in table.values() for peer in row))
    for i, peer in enumerate(peers):
        places = [
            (row - 0.8 * (i + 0.5) / len(peers) + 0.4, found[peer])
            for row, found in enumerate(table.values())
            if peer in found
        ]
        bars = axes.barh(*zip(*places), 0.8 / len(peers), label=peer)
        axes.bar_label(bars, fmt='%.2f', fontsize=7, padding=2)
    axes.set_yticks(range(len(table)), table)
    axes.invert_yaxis()
    axes.axvline(1, color='black', linewidth=0.8)
    axes.set_xscale('log')
    axes.set_xlabel('its time over ours')
    axes.legend(fontsize=8)
    return figure


def costs(title, panels):
    """Log-log lines, one panel each: {panel title: (xlabel, ylabel, {label: (xs, ys)})}."""
    figure = new_figure(5 * len(panels), 3.6, title)
    for axes, (name, (xlabel, ylabel, lines)) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items()
    ):
        for label, (xs, ys) in lines.items():
            axes.plot(xs, ys, marker='o', markersize=4, label=label)
        axes.set_xscale('log', base=2)
        axes.set_yscale('log')
        axes.set(title=name, xlabel=xlabel, ylabel=ylabel)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def seeds(title, xlabel, groups, marks):
    """A line of dots, one a seed, for each of groups {label: (S,)}, their mean as a bar, and a star at marks {label: x}."""
    figure = new_figure(8, 0.9 + 0.42 * len(groups), title)
    axes = figure.subplots()
    for row, (label, values) in enumerate(groups.items()):
        values = np.sort(values)
        heights = row + 0.5 * (
            np.arange(len(values)) * 0.618 % 1 - 0.5
        )  # spread evenly, so that equal values are seen
        axes.scatter(values, heights, s=10, alpha=0.5, linewidths=0)
        axes.vlines(
            values.mean(),
            row - 0.35,
            row + 0.35,
            color='black',
            linewidth=1.2,
            label='mean' if row == 0 else None,
        )
    places = [(marks[label], row) for row, label in enumerate(groups) if label in marks]
    if places:
        axes.scatter(*zip(*places), marker='*', s=90, color='tab:red', zorder=3, label='reported')
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def lines(title, panels, logx=True, height=3.8):
    """Means with 95 % intervals over sizes, one panel each: {panel: (xlabel, ylabel, {label: (xs, [{'mean', 'ci95'}])})}."""
    figure = new_figure(5.6 * len(panels), height, title)
    for axes, (name, (xlabel, ylabel, drawn)) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items()
    ):
        for label, (xs, summaries) in drawn.items():
            halves = [one['ci95'] or 0.0 for one in summaries]
            style = 'o' if isinstance(xs[0], str) else 'o-'  # names are not joined
            axes.errorbar(
                xs,
                [one['mean'] for one in summaries],
                halves,
                fmt=style,
                markersize=4,
                capsize=2,
                linewidth=1,
                label=label,
            )
        axes.set(title=name, xlabel=xlabel, ylabel=ylabel)
        if logx:
            axes.set_xscale('log')
            ticks = sorted({x for xs, _ in drawn.values() for x in xs})
            if len(ticks) <= 10:
                axes.set_xticks(ticks, [f'{x:g}' for x in ticks], fontsize=7)
                axes.minorticks_off()
        axes.grid(alpha=0.3)
        if drawn:
            axes.legend(fontsize=8)
    return figure


def curve_grid(title, panels, columns=5):
    """Small panels of accuracy over training: {name: ({label: (steps, {'mean': [...], 'ci95': [...] or None})}, reported or None)}."""
    rows = -(-len(panels) // columns)
    figure = new_figure(2.3 * columns, 1.75 * rows + 0.6, title)
    cells = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in cells[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, (series, reported)) in zip(cells, panels.items()):
        for label, (steps, summary) in series.items():
            plots.band(
                axes,
                steps,
                summary,
                label,
                color=plots.COLORS[label],
                linewidth=1,
                marker='.',
                markersize=3,
            )
        if reported is not None:
            axes.axhline(reported, color='tab:red', linestyle='--', linewidth=0.9, label='reported')
        axes.set_title(name, fontsize=7)
        axes.tick_params(labelsize=6)
        axes.ticklabel_format(axis='x', style='sci', scilimits=(0, 3))
        axes.xaxis.get_offset_text().set_fontsize(6)
        axes.set_ylim(-0.03, 1.03)
        axes.grid(alpha=0.3)
    handles = {
        label: handle
        for axes in cells[: len(panels)]
        for handle, label in zip(*axes.get_legend_handles_labels())
    }
    figure.legend(handles.values(), handles, loc='outside lower center', ncols=4, fontsize=7)
    return figure
