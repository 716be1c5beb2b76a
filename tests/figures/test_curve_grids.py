"""Grids of small curves: the right numbers on the right panels, one legend for all."""

import numpy as np
import pytest

from jaxdl.figures.base import Series
from jaxdl.figures.curve_grids import CurvePanel, WindowPanel, curve_grid, window_grid
from jaxdl.figures.curves import Curve

pytestmark = pytest.mark.quick


def lines_by_label(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def legend_labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize('score', ['accuracy', 'loss'])
def test_a_grid_of_curves(score):
    train = Curve([1, 2], Series([0.2, 0.4], None))
    test = Curve([2], Series([0.3], None))
    panels = {
        'first row': CurvePanel({'train': train}, reported=None),
        'second row': CurvePanel({'train': train, 'test': test}, reported=0.8),
    }
    figure = curve_grid('', panels, columns=2, score=score)
    first_axes, second_axes = figure.axes
    assert first_axes.get_title() == 'first row'
    assert lines_by_label(first_axes) == {'train': [[1, 0.2], [2, 0.4]]}
    assert {y for _, y in lines_by_label(second_axes)['reported']} == {0.8}
    assert legend_labels(figure) == ['train', 'test', 'reported']
    assert second_axes.get_yscale() == ('log' if score == 'loss' else 'linear')


def test_windows_lie_over_the_band_of_the_seeds():
    ours = np.array([[0.1, 0.5, 0.6], [0.3, 0.4, 0.8]])
    figure = window_grid('', {'a net': WindowPanel([11, 31], [0.2, 0.7], ours, [11, 21, 31])})
    (axes,) = figure.axes
    lines = lines_by_label(axes)
    assert lines['reported'] == [[11, 0.2], [31, 0.7]]
    np.testing.assert_allclose(lines['ours'], [[11, 0.2], [21, 0.45], [31, 0.7]])
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    for low, high, batch in zip([0.1, 0.4, 0.6], [0.3, 0.5, 0.8], [11, 21, 31], strict=True):
        heights = corners[corners[:, 0] == batch, 1]
        assert (heights.min(), heights.max()) == (low, high)
