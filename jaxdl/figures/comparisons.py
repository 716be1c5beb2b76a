"""Charts that compare measurements: speed ratios, costs by size, scores by seed and by setting."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxdl.figures.base import REPORTED_COLOUR, SummaryLike, new_figure

MOST_TICKS = 10  # more labels than these overlap on a logarithmic axis


class Line(NamedTuple):
    """A line through n points."""

    x: Sequence[float]  # (n,)
    y: Sequence[float]  # (n,)


class SummaryLine(NamedTuple):
    """Means with their 95 % intervals at n positions, which may be names."""

    x: Sequence[float] | Sequence[str]  # (n,)
    summaries: Sequence[SummaryLike]  # n summaries of numbers


class Panel(NamedTuple):
    """One panel of a chart, with its lines by label.

    Attributes:
        xlabel, ylabel: Of its axes.
        lines: All of type Line, or all of type SummaryLine.
        is_share: Whether the values are shares, whose intervals end at 0 and 1.
    """

    xlabel: str
    ylabel: str
    lines: Mapping[str, Line] | Mapping[str, SummaryLine]
    is_share: bool = False


def speed_ratios(title: str, ratios: Mapping[str, Mapping[str, float]]) -> Figure:
    """Bars of how many times faster than its peers jaxdl is, on a logarithmic axis.

    Args:
        title: The figure's title.
        ratios: The time of a peer over that of jaxdl: {job: {peer: ratio}}. A peer may lack jobs.

    Returns:
        A Figure with a group of bars for each job, and a line at 1.
    """
    figure = new_figure(9, 0.7 + 0.5 * len(ratios), title)
    axes = figure.subplots()
    peers = []
    for ratios_of_job in ratios.values():
        for peer in ratios_of_job:
            if peer not in peers:
                peers.append(peer)
    bar_height = 0.8 / len(peers)
    for number, peer in enumerate(peers):
        offset = 0.8 * (number + 0.5) / len(peers) - 0.4
        centres = []
        widths = []
        for row, ratios_of_job in enumerate(ratios.values()):
            if peer in ratios_of_job:
                centres.append(row - offset)
                widths.append(ratios_of_job[peer])
        bars = axes.barh(centres, widths, bar_height, label=peer)
        axes.bar_label(bars, fmt='%.2f', fontsize=7, padding=2)
    axes.set_yticks(range(len(ratios)), list(ratios))
    axes.invert_yaxis()  # the first job on top
    axes.axvline(1, color='black', linewidth=0.8)
    axes.set_xscale('log')
    axes.set_xlabel("the peer's time over that of jaxdl")
    axes.legend(fontsize=8)
    return figure


def cost_by_size(title: str, panels: Mapping[str, Panel]) -> Figure:
    """Costs over sizes, on logarithmic axes.

    Args:
        title: The figure's title.
        panels: By their titles; their lines are of type Line.

    Returns:
        A Figure with the panels side by side.
    """
    figure = new_figure(5 * len(panels), 3.6, title)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, panel) in zip(all_axes, panels.items(), strict=True):
        for label, line in panel.lines.items():
            axes.plot(line.x, line.y, marker='o', markersize=4, label=label)
        axes.set_xscale('log', base=2)
        axes.set_yscale('log')
        axes.set(title=name, xlabel=panel.xlabel, ylabel=panel.ylabel)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def seed_scores(
    title: str,
    xlabel: str,
    groups: Mapping[str, Sequence[float]],
    reported: Mapping[str, float],
) -> Figure:
    """A row of dots for each group, one dot a seed, with a bar at their mean.

    Args:
        title: The figure's title.
        xlabel: The name of the score.
        groups: The scores (S,) of the seeds of each group.
        reported: Scores marked by a star, for some or all of the groups.

    Returns:
        A Figure with one row for each group.
    """
    figure = new_figure(8, 0.9 + 0.42 * len(groups), title)
    axes = figure.subplots()
    star_scores = []
    star_rows = []
    for row, (label, scores) in enumerate(groups.items()):
        _draw_seeds(axes, row, np.sort(scores))
        if label in reported:
            star_scores.append(reported[label])
            star_rows.append(row)
    if star_rows:
        axes.scatter(
            star_scores,
            star_rows,
            marker='*',
            s=90,
            color=REPORTED_COLOUR,
            zorder=3,
            label='reported',
        )
    axes.set_yticks(range(len(groups)), list(groups))
    axes.invert_yaxis()  # the first group on top
    axes.set_xlabel(xlabel)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def _draw_seeds(axes: Axes, row: int, scores: np.ndarray) -> None:
    # Multiples of the golden ratio, modulo 1, are spread evenly: equal scores lie apart.
    jitter = np.arange(len(scores)) * 0.618 % 1 - 0.5
    axes.scatter(scores, row + 0.5 * jitter, s=10, alpha=0.5, linewidths=0)
    axes.vlines(
        scores.mean(),
        row - 0.35,
        row + 0.35,
        color='black',
        linewidth=1.2,
        label='mean' if row == 0 else None,  # one entry in the legend is enough
    )


def means_with_intervals(title: str, panels: Mapping[str, Panel], log_x: bool = True) -> Figure:
    """Means with their 95 % intervals over sizes, rates, epochs or named things.

    Args:
        title: The figure's title.
        panels: By their titles; their lines are of type SummaryLine. Points whose positions are
            names are not joined.
        log_x: Whether the x axes are logarithmic.

    Returns:
        A Figure with the panels side by side.
    """
    figure = new_figure(5.6 * len(panels), 3.8, title)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, panel) in zip(all_axes, panels.items(), strict=True):
        for label, line in panel.lines.items():
            _draw_errorbars(axes, label, line, panel.is_share)
        axes.set(title=name, xlabel=panel.xlabel, ylabel=panel.ylabel)
        if log_x:
            _set_log_axis(axes, panel.lines.values())
        axes.grid(alpha=0.3)
        if panel.lines:
            axes.legend(fontsize=8)
    return figure


def _draw_errorbars(axes: Axes, label: str, line: SummaryLine, is_share: bool) -> None:
    means = []
    half_widths = []
    for summary in line.summaries:
        means.append(summary.mean)
        half_widths.append(summary.ci95 or 0.0)  # a single seed has no interval
    below, above = np.array(half_widths), np.array(half_widths)
    if is_share:
        # A mean of shares may be above 1 by rounding.
        below = np.clip(np.minimum(below, means), 0, None)
        above = np.clip(np.minimum(above, 1 - np.array(means)), 0, None)
    has_names = isinstance(line.x[0], str)
    axes.errorbar(
        line.x,
        means,
        (below, above),
        fmt='o' if has_names else 'o-',
        markersize=4,
        capsize=2,
        linewidth=1,
        label=label,
    )


def _set_log_axis(axes: Axes, lines: Sequence[SummaryLine]) -> None:
    """Makes the x axis logarithmic, with a tick at each position if they are few."""
    axes.set_xscale('log')
    positions = set()
    for line in lines:
        positions.update(line.x)
    if len(positions) > MOST_TICKS:
        return
    ticks = sorted(positions)
    axes.set_xticks(ticks, [f'{tick:g}' for tick in ticks], fontsize=7)
    axes.minorticks_off()
