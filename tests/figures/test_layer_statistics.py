"""Statistics of layers over training: one figure a layer, histograms on a common range."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxdl.figures.layer_statistics import layer_histograms, layer_statistics, statistics_over_steps


def summary(mean):
    return SimpleNamespace(mean=mean, ci95=None)


def array_statistics(low, high, histogram, dead=None):
    return SimpleNamespace(
        mean=summary((low + high) / 2),
        std=summary(1.0),
        min=summary(low),
        max=summary(high),
        dead=None if dead is None else summary(dead),
        range=[low, high],
        histogram=histogram,
    )


@pytest.mark.quick
def test_arrays_are_grouped_by_layer():
    statistics = array_statistics(0.0, 1.0, [1, 1])
    array_names = ('layer0', 'weight_ih_l0_reverse', 'bias_hh_l0', 'head', 'head_weight')
    layers = dict.fromkeys(array_names, statistics)
    records = [SimpleNamespace(step=0, layers=layers)]
    figures = layer_statistics('an adder', records)
    assert figures.keys() == {'layer_layer0', 'layer_head'}
    titles = [axes.get_ylabel() for axes in figures['layer_layer0'].axes]
    assert {'layer0', 'weight ih l0 reverse', 'bias hh l0'} <= set(titles)


def test_without_records_there_are_no_figures():
    assert layer_statistics('an adder', []) == {}


def test_histograms_are_shares_on_a_common_range():
    """The first record lies in [0, 1] and the second in [0, 2]; both are drawn on [0, 2]."""
    records = [
        SimpleNamespace(step=0, layers={'conv1': array_statistics(0.0, 1.0, [30, 10])}),
        SimpleNamespace(step=5, layers={'conv1': array_statistics(0.0, 2.0, [20, 20])}),
    ]
    figure = layer_statistics('a CNN', records)['layer_conv1']
    (mesh,) = figure.axes[1].collections
    shares = 10 ** np.asarray(mesh.get_array())
    rows = len(shares)
    np.testing.assert_allclose(shares[: rows // 4, 0].sum(), 0.75, rtol=1e-6)
    np.testing.assert_allclose(shares[rows // 2 :, 0], 1e-6)  # none: the smallest share drawn
    np.testing.assert_allclose(shares[:, 1], 1 / rows)
    steps = mesh.get_coordinates()[0, :, 0]
    np.testing.assert_array_equal(steps, [0, 5, 10])


def test_dead_units_are_drawn_where_there_are_any():
    alive = array_statistics(0.0, 1.0, [1, 1], dead=0.0)
    dying = array_statistics(0.0, 1.0, [1, 1], dead=0.25)
    records = [
        SimpleNamespace(step=0, layers={'conv1': alive, 'conv2': alive}),
        SimpleNamespace(step=5, layers={'conv1': alive, 'conv2': dying}),
    ]
    figures = layer_statistics('a CNN', records)

    def percent_axes(figure):
        return [axes for axes in figure.axes if axes.get_ylabel() == 'dead units, %']

    assert not percent_axes(figures['layer_conv1'])
    (axes,) = percent_axes(figures['layer_conv2'])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0, 25])


def test_layer_histograms_say_their_statistics():
    values = SimpleNamespace(
        mean=0.5,
        variance=2.0,
        sparsity=0.25,
        dead=0.5,
        min=np.array([-1.0, 0.0]),
        max=np.array([1.0, 3.0]),
        histogram=np.array([3, 1]),
    )
    figure = layer_histograms('', {'conv1': values})
    axes = figure.axes[0]
    expected_title = 'conv1: mean 0.5, variance 2\nzero 25.0%, dead units 50.0%'
    assert axes.get_title() == expected_title
    (steps,) = axes.patches
    heights, edges, _ = steps.get_data()
    np.testing.assert_allclose(heights, [0.75, 0.25])
    np.testing.assert_allclose(edges, [-1, 1, 3])


@pytest.mark.filterwarnings('error')
def test_layers_without_a_histogram_and_of_one_value_are_drawn():
    values = SimpleNamespace(
        mean=0.0, variance=0.0, sparsity=1.0, dead=1.0, min=np.zeros(2), max=np.zeros(2)
    )
    nothing = SimpleNamespace(**vars(values), histogram=np.array([0, 0]))
    zeros = SimpleNamespace(**vars(values), histogram=np.array([4, 0]))
    figure = layer_histograms('', {'conv1': nothing, 'conv2': zeros})
    empty, constant, *_ = figure.axes
    assert [text.get_text() for text in empty.texts] == ['no value in any bin']
    assert not empty.patches
    (steps,) = constant.patches
    heights, edges, _ = steps.get_data()
    np.testing.assert_allclose(heights, [1, 0])
    np.testing.assert_allclose(edges, [0, 0.5, 1])
    figure.canvas.draw()


@pytest.mark.quick
def test_statistics_over_steps_have_a_line_for_each_layer():
    conv1 = SimpleNamespace(mean=[3.0, 1.0, 2.0], ci95=None)
    conv2 = SimpleNamespace(mean=[4.0, 5.0, 6.0], ci95=[0.5, 0.5, 0.5])
    panels = {'deviation': {'conv1': conv1, 'conv2': conv2}, 'mean': {'conv1': conv2}}
    figure = statistics_over_steps('', [0, 100, 200], panels, mark=100)
    deviation, mean = figure.axes
    first, second, mark = deviation.lines
    assert first.get_xydata().tolist() == [[0, 3], [100, 1], [200, 2]]
    assert second.get_label() == 'conv2'
    assert set(mark.get_xdata()) == {100}
    assert mean.get_title() == 'mean'
