"""Curves: scores over training steps, over sequence lengths, and over transforms of an image."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxdl.figures.base import (
    COLOURS,
    Series,
    SummaryLike,
    draw_band,
    new_figure,
    stack_summaries,
)


class WindowRecord(Protocol):
    """Mean training scores over a window of steps that ends at `step`."""

    step: int
    train: Mapping[str, SummaryLike]


class EpochRecord(Protocol):
    """Scores of the held-out sets after an epoch; None for a set that the run does not have."""

    step: int
    validation: Mapping[str, SummaryLike] | None
    test: Mapping[str, SummaryLike] | None


class LengthTable(Protocol):
    """Scores by sequence length."""

    lengths: Sequence[int]  # (n,), increasing
    scores: Mapping[str, SummaryLike]  # entries of shape (n,)


class Curve(NamedTuple):
    """A score over training steps."""

    steps: Sequence[int]  # (n,)
    series: Series  # entries of shape (n,)


class ResponsePanel(NamedTuple):
    """One panel of `image_responses`: a score of N images under a transform of them."""

    transform: str  # panels of one transform form a row
    score: str  # panels of one score form a column
    x: np.ndarray  # (T,), the parameter of the transform
    values: np.ndarray  # (T, N)
    xlabel: str


def training_curves(
    title: str,
    window_records: Sequence[WindowRecord],
    epoch_records: Sequence[EpochRecord],
    score_names: Sequence[str],
    steps_per_epoch: int,
) -> Figure:
    """Scores over training steps, with epochs on the upper axis.

    Args:
        title: The figure's title.
        window_records: Training scores, in order of steps.
        epoch_records: Validation and test scores, in order of steps.
        score_names: The scores to draw, one panel each. 'loss' gets a logarithmic axis.
        steps_per_epoch: Optimizer steps in an epoch.

    Returns:
        A Figure with one panel for each score.
    """
    figure = new_figure(5.5 * len(score_names), 4, title)
    panels = figure.subplots(1, len(score_names), squeeze=False)[0]
    for axes, name in zip(panels, score_names, strict=True):
        _draw_score(axes, name, window_records, epoch_records)
        _add_epoch_axis(axes, steps_per_epoch)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _draw_score(
    axes: Axes,
    name: str,
    window_records: Sequence[WindowRecord],
    epoch_records: Sequence[EpochRecord],
) -> None:
    steps, series = score_curve(window_records, 'train', name)
    is_loss = name == 'loss'
    low, high = 0.0, 1.0
    if is_loss:
        # On a logarithmic axis a band that reaches down to 0 would hide everything else.
        low, high = min(series.mean) / 3, np.inf
    draw_band(
        axes,
        steps,
        series,
        'train, by step',
        low,
        high,
        color=COLOURS['train'],
        linewidth=0.8,
    )
    for split in ('validation', 'test'):
        steps, series = score_curve(epoch_records, split, name)
        if not steps:
            continue
        draw_band(
            axes,
            steps,
            series,
            f'{split}, by epoch',
            low,
            high,
            color=COLOURS[split],
            marker='o',
            markersize=3,
        )
    axes.set_xlabel('training step')
    axes.set_ylabel(name.replace('_', ' '))
    if is_loss:
        axes.set_yscale('log')


def score_curve(
    records: Sequence[WindowRecord] | Sequence[EpochRecord], split: str, score: str
) -> Curve:
    """The curve of one score.

    Args:
        records: In order of steps. Those without the score are left out.
        split: 'train', 'validation' or 'test'.
        score: The score's name.
    """
    steps = []
    summaries = []
    for record in records:
        scores = getattr(record, split)
        if scores is not None and score in scores:
            steps.append(record.step)
            summaries.append(scores[score])
    return Curve(steps, stack_summaries(summaries))


def _add_epoch_axis(axes: Axes, steps_per_epoch: int) -> None:
    def to_epoch(step: np.ndarray) -> np.ndarray:
        return step / steps_per_epoch

    def to_step(epoch: np.ndarray) -> np.ndarray:
        return epoch * steps_per_epoch

    upper_axis = axes.secondary_xaxis('top', functions=(to_epoch, to_step))
    upper_axis.set_xlabel('epoch')


def accuracy_by_length(
    title: str,
    xlabel: str,
    tables: Mapping[str, LengthTable],
    trained_to: int | None = None,
) -> Figure:
    """Accuracy against length, one panel for each score.

    Args:
        title: The figure's title.
        xlabel: Of the length axis, which is logarithmic where lengths span more than a factor
            of ten.
        tables: Scores by length, one line for each table. All hold the same scores.
        trained_to: The longest length in training, marked by a vertical line.

    Returns:
        A Figure with one panel for each score.
    """
    first_table = next(iter(tables.values()))
    score_names = list(first_table.scores)
    figure = new_figure(6.5 * len(score_names), 4.3, title)
    panels = figure.subplots(1, len(score_names), squeeze=False)[0]
    for axes, score in zip(panels, score_names, strict=True):
        for number, (label, table) in enumerate(tables.items()):
            draw_band(
                axes,
                table.lengths,
                table.scores[score],
                label,
                marker='o',
                # Later lines are thinner, so that lines which coincide are all visible.
                markersize=6 - number,
                linewidth=3.5 - 0.6 * number,
            )
        if trained_to:
            axes.axvline(
                trained_to,
                color='grey',
                linestyle=':',
                label=f'longest in training ({trained_to})',
            )
        _set_length_axis(axes, first_table.lengths)
        axes.set(xlabel=xlabel, ylabel=score.replace('_', ' '), ylim=(-0.03, 1.03))
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _set_length_axis(axes: Axes, lengths: Sequence[int]) -> None:
    if lengths[-1] > 10 * lengths[0]:
        axes.set_xscale('log')
    ticks = lengths
    if len(lengths) > 12:
        # The labels of all short lengths would overlap.
        ticks = [length for length in lengths if length in (1, 2, 5, 10) or length >= 20]
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()


def image_responses(title: str, panels: Sequence[ResponsePanel]) -> Figure:
    """Scores of images under transforms: a thin line for each image, a bold one for their mean.

    Args:
        title: The figure's title.
        panels: One for each pair of a transform and a score. Rows and columns of the figure are
            in the order in which they first appear.

    Returns:
        A Figure with a row for each transform and a column for each score.
    """
    rows = []
    columns = []
    for panel in panels:
        if panel.transform not in rows:
            rows.append(panel.transform)
        if panel.score not in columns:
            columns.append(panel.score)
    figure = new_figure(3.3 * len(columns), 2.5 * len(rows) + 0.5, title)
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for panel in panels:
        axes = grid[rows.index(panel.transform), columns.index(panel.score)]
        axes.plot(panel.x, panel.values, linewidth=0.6, alpha=0.6)
        axes.plot(panel.x, panel.values.mean(1), color='black', linewidth=2, label='mean')
        axes.set_xlabel(panel.xlabel, fontsize=8)
        axes.set_title(panel.score, fontsize=8)
        axes.grid(alpha=0.3)
    return figure
