"""What all figures share: an empty Figure, its PNG, and a line of means with its 95 % band.

Figures are made without pyplot, so there is no global state and none needs closing.
"""

import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

# Of Okabe and Ito, which also those tell apart who are colour-blind.
COLOURS = {'train': '#0072b2', 'validation': '#e69f00', 'test': '#009e73'}
REPORTED_COLOUR = '#d55e00'


class SummaryLike(Protocol):
    """A mean over seeds and the half-width of its 95 % confidence interval.

    Both are numbers, or sequences of the same length. `ci95` is None for a single seed. The
    Summary of `jaxdl.metrics` and the Series below are such objects.
    """

    mean: float | Sequence[float]
    ci95: float | Sequence[float] | None


class Series(NamedTuple):
    """The summaries of n points in two sequences."""

    mean: Sequence[float]  # (n,)
    ci95: Sequence[float] | None  # (n,), half-widths of the 95 % intervals


def new_figure(width: float, height: float, title: str | None = None) -> Figure:
    """An empty Figure of `width` by `height` inches."""
    # The constrained layout keeps titles, labels and colour bars from overlapping.
    figure = Figure(figsize=(width, height), layout='constrained')
    # A title that is wider than the figure would be cut off at both ends.
    figure.suptitle(title or '', wrap=True)
    return figure


def to_png(figure: Figure) -> bytes:
    """The content of a PNG file of the figure."""
    file = io.BytesIO()
    # The default compression level, 6, takes far longer and saves little.
    figure.savefig(file, format='png', dpi=110, pil_kwargs={'compress_level': 3})
    return file.getvalue()


def to_webp(figure: Figure) -> bytes:
    """The content of a WebP file of the figure, without loss: smaller than a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format='webp', dpi=110, pil_kwargs={'lossless': True, 'method': 4})
    return file.getvalue()


def stack_summaries(summaries: Iterable[SummaryLike]) -> Series:
    """The Series of n summaries of numbers. Its `ci95` is None if that of any summary is."""
    means = []
    half_widths = []
    for summary in summaries:
        means.append(summary.mean)
        half_widths.append(summary.ci95)
    if None in half_widths:
        return Series(means, None)
    return Series(means, half_widths)


def draw_band(
    axes: Axes,
    x: ArrayLike,
    summary: SummaryLike,
    label: str,
    low: float = 0.0,
    high: float = 1.0,
    **style: str | float,
) -> None:
    """Draws a line of means, and its 95 % interval as a band.

    Args:
        axes: Where to draw.
        x: Positions (n,) of the points.
        summary: A summary whose entries have shape (n,).
        label: The line's name in the legend.
        low: The band is cut off below this value.
        high: The band is cut off above this value.
        **style: Keyword arguments of `Axes.plot` for the line.
    """
    mean = np.asarray(summary.mean, float)
    (line,) = axes.plot(x, mean, label=label, **style)
    if summary.ci95 is None:
        return
    half_width = np.asarray(summary.ci95, float)
    axes.fill_between(
        x,
        np.clip(mean - half_width, low, high),
        np.clip(mean + half_width, low, high),
        color=line.get_color(),
        alpha=0.2,
        linewidth=0,
    )
