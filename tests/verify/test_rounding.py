"""The bound on the rounding of single precision."""

import math

import numpy as np
import pytest
from hand_built import adder_certificate, params_of, seal

from jaxdl.verify.certificate import parse
from jaxdl.verify.check import check
from jaxdl.verify.rounding import float32_error
from jaxdl.verify.simulation import simulate


@pytest.mark.quick
@pytest.mark.parametrize('scale', [2.0**-151, 1e300, 0.1 + 1e-12])
def test_no_bound_where_single_precision_cannot_hold_the_weights(scale):
    certificate = adder_certificate()
    row = certificate['weights']['head_weight'][0]
    scaled_row = [(scale * float.fromhex(number)).hex() for number in row]
    certificate['weights']['head_weight'] = [scaled_row]
    assert check(seal(certificate)).float32_error == math.inf


def test_no_bound_where_the_logits_may_lose_half_of_the_margin():
    claim = parse(adder_certificate())
    assert float32_error(claim, margin=0.9) < 1e-4
    assert float32_error(claim, margin=1e-6) == math.inf


@pytest.mark.quick
def test_a_step_in_single_precision_errs_by_less():
    certificate = adder_certificate()
    params = params_of(certificate)
    exact_params = {name: np.asarray(array, float) for name, array in params.items()}
    inputs = np.array([[[0, 1]], [[1, 0]], [[1, 1]], [[0, 0]]])
    states = np.asarray(simulate('rnn', params, inputs).states)[:, 0]
    from_input = inputs[:, 0] @ exact_params['weight_ih_l0'].T
    exact = np.tanh(from_input + exact_params['bias_ih_l0'] + exact_params['bias_hh_l0'])
    assert np.abs(states - exact).max() <= check(certificate).float32_error
