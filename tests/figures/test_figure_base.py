"""What all figures share: bands of 95 % intervals, and summaries stacked into series."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from jaxdl.figures.base import Series, draw_band, new_figure, stack_summaries, to_png, to_webp


@pytest.mark.quick
def test_a_band_is_the_interval_cut_off_at_the_limits():
    axes = new_figure(3, 3).subplots()
    draw_band(axes, [1, 2], Series([0.5, 0.9], [0.2, 0.3]), 'a score')
    (line,) = axes.lines
    (band,) = axes.collections
    assert line.get_label() == 'a score'
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.9])
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(0.3)
    assert heights.max() == 1.0  # not 1.2


def test_a_single_seed_has_no_band():
    axes = new_figure(3, 3).subplots()
    draw_band(axes, [1, 2], Series([0.5, 0.9], None), 'a score')
    assert len(axes.lines) == 1
    assert not axes.collections


def test_summaries_are_stacked():
    with_interval = SimpleNamespace(mean=0.5, ci95=0.1)
    without = SimpleNamespace(mean=0.7, ci95=None)
    assert stack_summaries([with_interval, with_interval]) == Series([0.5, 0.5], [0.1, 0.1])
    assert stack_summaries([with_interval, without]) == Series([0.5, 0.7], None)
    assert stack_summaries([]) == Series([], [])


def test_a_figure_is_written_as_png():
    assert to_png(new_figure(1, 1, 'a title')).startswith(b'\x89PNG')


@pytest.mark.quick
def test_a_long_title_stays_within_the_figure():
    figure = new_figure(5, 3, 'a title of many words that is far wider than its figure ' * 3)
    figure.subplots()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    extent = figure._suptitle.get_window_extent(canvas.get_renderer())
    assert extent.x0 >= 0 and extent.x1 <= figure.bbox.width and extent.y1 <= figure.bbox.height


def test_webp_has_the_pixels_of_png():
    figure = new_figure(2, 1, 'a title')
    png, webp = Image.open(io.BytesIO(to_png(figure))), Image.open(io.BytesIO(to_webp(figure)))
    assert webp.format == 'WEBP'
    np.testing.assert_array_equal(webp.convert('RGB'), png.convert('RGB'))
