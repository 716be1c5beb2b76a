"""Claims that are decided without training, against NumPy, SciPy and counts by hand."""

import itertools

import numpy as np
import pytest
from scipy.special import expit

from experiments.core import file_schema
from experiments.core.schemas.rows import RowResults
from experiments.reports.catalogue import RESULTS_FOLDER, runs
from experiments.reports.claims import computed, counts

pytestmark = pytest.mark.quick


def final_state(params, digits):
    """The state of an LSTM after a sequence, by the equations of torch.nn.LSTM in float64."""
    h = np.zeros(computed.UNITS)
    c = np.zeros(computed.UNITS)
    for digit in digits:
        z = params['weight_ih_l0'][:, digit] + params['bias_ih_l0']
        z = z + params['weight_hh_l0'] @ h + params['bias_hh_l0']
        i, f, g, o = z.reshape(4, computed.UNITS)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
    return h


def test_two_units_recall_every_sequence_of_up_to_five_digits():
    params = computed.two_unit_params()
    few = (0, 1, 4, 5, 8, 9)
    for length in (3, 4, 5):
        for digits in itertools.product(few, repeat=length):
            logits = params['head_weight'] @ final_state(params, digits) + params['head_bias']
            assert logits.argmax() == digits[computed.K - 1]


def test_two_units_recall_over_a_hundred_digits():
    params = computed.two_unit_params()
    digits = np.random.default_rng(0).integers(0, 10, 100)
    logits = params['head_weight'] @ final_state(params, digits) + params['head_bias']
    assert logits.argmax() == digits[2]


def test_the_model_of_this_program_recalls_with_these_weights():
    assert computed.two_unit_recall() == 1


def test_nll_is_the_cross_entropy_to_rounding():
    assert computed.largest_nll_difference() < 4


def test_sizes_that_nets_read():
    assert computed.sizes_read_by_rnn() == 3
    assert computed.sizes_read_by_cnn() == 1


@pytest.mark.parametrize('row', ['B-lstm20', 'B-gru20', 'A-cnn-assignment1'])
def test_parameters_are_those_of_the_trained_nets(row):
    other = file_schema.read_json(RESULTS_FOLDER / 'B-rnn20.json', RowResults)
    results = file_schema.read_json(RESULTS_FOLDER / f'{row}.json', RowResults)
    expected = results.parameters / other.parameters
    assert counts.parameter_ratio(row, 'B-rnn20')() == pytest.approx(expected)


def test_multiplications_are_counted():
    configs = runs()
    # 28 steps of three gates of 20 units, each of 28 pixels and 20 states; then ten classes.
    assert counts.multiplications(configs['B-gru20']) == 28 * 3 * 20 * (28 + 20) + 10 * 20
    # Two convolutions of 5 x 5, to 32 maps of 28 x 28 and 64 of 14 x 14; then two dense layers.
    convolutions = 28 * 28 * 25 * 32 + 14 * 14 * 25 * 32 * 64
    dense = 7 * 7 * 64 * 1024 + 1024 * 10
    assert counts.multiplications(configs['B-cnn-compare']) == convolutions + dense
