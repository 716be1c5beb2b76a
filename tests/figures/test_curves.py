"""Curves over steps, lengths and transforms: the right numbers on the right panels."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxdl.figures.curves import (
    ResponsePanel,
    accuracy_by_length,
    image_responses,
    training_curves,
)


def summary(mean, ci95=0.1):
    return SimpleNamespace(mean=mean, ci95=ci95)


def line_data(axes):
    """{label: (x, y)} of the lines of a panel."""
    data = {}
    for line in axes.lines:
        data[line.get_label()] = (list(line.get_xdata()), list(line.get_ydata()))
    return data


def legend_labels(legend):
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.quick
def test_training_curves_have_a_panel_for_each_score():
    window_records = [
        SimpleNamespace(step=10, train={'loss': summary(2.0), 'accuracy': summary(0.3)}),
        SimpleNamespace(step=20, train={'loss': summary(1.0), 'accuracy': summary(0.6)}),
    ]
    held_out = {'loss': summary(1.5), 'accuracy': summary(0.5)}
    epoch_records = [
        SimpleNamespace(step=10, validation=held_out, test=None),
        SimpleNamespace(step=20, validation=held_out, test=None),
    ]
    figure = training_curves('', window_records, epoch_records, ['loss', 'accuracy'], 10)
    loss_axes, accuracy_axes = figure.axes
    assert loss_axes.get_yscale() == 'log'
    assert accuracy_axes.get_yscale() == 'linear'
    assert line_data(loss_axes) == {
        'train, by step': ([10, 20], [2.0, 1.0]),
        'validation, by epoch': ([10, 20], [1.5, 1.5]),
    }
    assert line_data(accuracy_axes)['train, by step'] == ([10, 20], [0.3, 0.6])


def test_the_band_of_a_loss_stays_above_0():
    window_records = [SimpleNamespace(step=10, train={'loss': summary(0.3, 5.0)})]
    figure = training_curves('', window_records, [], ['loss'], 10)
    (band,) = figure.axes[0].collections
    assert band.get_paths()[0].vertices[:, 1].min() == pytest.approx(0.1)


def test_accuracy_by_length_has_a_line_for_each_table():
    lengths = [1, 2, 5, 100]
    tables = {}
    for kind in ('random', 'carries'):
        scores = {'bit_accuracy': summary([1, 1, 0.9, 0.5], None)}
        tables[kind] = SimpleNamespace(lengths=lengths, scores=scores)
    figure = accuracy_by_length('', 'bits', tables, trained_to=20)
    (axes,) = figure.axes
    assert axes.get_ylabel() == 'bit accuracy'
    assert axes.get_xscale() == 'log'
    assert list(axes.get_xticks()) == lengths
    expected_labels = ['random', 'carries', 'longest in training (20)']
    assert legend_labels(axes.get_legend()) == expected_labels
    assert line_data(axes)['carries'] == (lengths, [1, 1, 0.9, 0.5])


def test_of_many_lengths_only_some_are_labelled():
    lengths = [*range(1, 21), 50, 100]
    table = SimpleNamespace(lengths=lengths, scores={'accuracy': summary([1.0] * 22, None)})
    (axes,) = accuracy_by_length('', 'bits', {'random': table}).axes
    assert list(axes.get_xticks()) == [1, 2, 5, 10, 20, 50, 100]


def test_image_responses_have_a_row_for_each_transform():
    x = np.arange(3)
    values = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    panels = [
        ResponsePanel('scale', 'conv1', x, values, 'factor'),
        ResponsePanel('rotation', 'conv1', x, values + 1, 'degrees'),
    ]
    scale_axes, rotation_axes = image_responses('', panels).axes
    assert scale_axes.get_xlabel() == 'factor'
    assert line_data(scale_axes)['mean'] == ([0, 1, 2], [0.5, 2.5, 4.5])
    assert line_data(rotation_axes)['mean'] == ([0, 1, 2], [1.5, 3.5, 5.5])
    assert len(rotation_axes.lines) == 3  # two images and their mean
