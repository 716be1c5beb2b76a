"""Charts that compare measurements: bars, lines, error bars and dots of the right values."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxdl.figures.comparisons import (
    Line,
    Panel,
    SummaryLine,
    cost_by_size,
    means_with_intervals,
    seed_scores,
    speed_ratios,
)


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.mark.quick
def test_ratios_are_bars_beside_the_name_of_their_job():
    ratios = {'LeNet': {'PyTorch': 1.5, 'Keras': 2.0}, 'adder': {'Keras': 7.0}}
    (axes,) = speed_ratios('', ratios).axes
    assert tick_labels(axes.yaxis) == ['LeNet', 'adder']
    pytorch_bars, keras_bars = axes.containers
    assert [bar.get_width() for bar in pytorch_bars] == [1.5]
    assert [bar.get_width() for bar in keras_bars] == [2.0, 7.0]
    for row, bar in enumerate(keras_bars):
        assert abs(bar.get_y() + bar.get_height() / 2 - row) < 0.5


def test_costs_are_lines_on_logarithmic_axes():
    panel = Panel('devices', 'ms a step', {'seeds': Line([1, 2, 4], [8.0, 4.0, 2.0])})
    (axes,) = cost_by_size('', {'strong scaling': panel}).axes
    assert axes.get_xscale() == 'log'
    assert axes.get_yscale() == 'log'
    assert axes.get_title() == 'strong scaling'
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 8], [2, 4], [4, 2]])


def test_seed_scores_are_dots_with_mean_and_reported_score():
    groups = {'first': [0.2, 0.4, 0.6], 'second': [0.5, 0.5]}
    (axes,) = seed_scores('', 'accuracy', groups, {'second': 0.9}).axes
    first_dots, first_mean, second_dots, second_mean, stars = axes.collections
    np.testing.assert_allclose(first_dots.get_offsets()[:, 0], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(first_mean.get_segments()[0][:, 0], 0.4)
    np.testing.assert_allclose(second_mean.get_segments()[0][:, 0], 0.5)
    np.testing.assert_allclose(stars.get_offsets(), [[0.9, 1]])
    equal_scores = second_dots.get_offsets()
    assert equal_scores[0, 1] != equal_scores[1, 1]  # both dots are visible


def test_means_have_error_bars_and_a_tick_for_each_size():
    summaries = [SimpleNamespace(mean=0.5, ci95=0.1), SimpleNamespace(mean=0.7, ci95=None)]
    panel = Panel('units', 'accuracy', {'gru': SummaryLine([5, 128], summaries)})
    (axes,) = means_with_intervals('', {'accuracy': panel}).axes
    (line,) = axes.lines[:1]
    np.testing.assert_allclose(line.get_xydata(), [[5, 0.5], [128, 0.7]])
    assert line.get_linestyle() == '-'
    (bars,) = axes.collections
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [0.4, 0.6])
    assert tick_labels(axes.xaxis) == ['5', '128']


def test_named_positions_are_not_joined():
    summaries = [SimpleNamespace(mean=0.5, ci95=0.1), SimpleNamespace(mean=0.7, ci95=0.1)]
    panel = Panel('adder', 'exact match', {'MSE': SummaryLine(['h3', 'h5'], summaries)})
    (axes,) = means_with_intervals('', {'exact match': panel}, log_x=False).axes
    assert axes.lines[0].get_linestyle() == 'None'
    assert tick_labels(axes.xaxis) == ['h3', 'h5']


@pytest.mark.quick
def test_intervals_of_shares_end_at_0_and_1():
    summaries = [SimpleNamespace(mean=0.95, ci95=0.2), SimpleNamespace(mean=0.05, ci95=0.2)]
    panel = Panel('units', 'accuracy', {'gru': SummaryLine([5, 128], summaries)}, is_share=True)
    (axes,) = means_with_intervals('', {'accuracy': panel}).axes
    (bars,) = axes.collections
    first, second = bars.get_segments()
    np.testing.assert_allclose(first[:, 1], [0.75, 1])
    np.testing.assert_allclose(second[:, 1], [0, 0.25])
