"""Which proofs cover single precision; the bounds themselves are tested in test_exact_step."""

import numpy as np
import pytest
from hand_built import (
    adder_certificate,
    check_content,
    constant_certificate,
    over_steps,
    seal,
    set_entry,
)


@pytest.mark.quick
@pytest.mark.parametrize('scale', [2.0**-151, 1e300, 0.1 + 1e-12])
def test_weights_that_single_precision_cannot_hold_are_not_covered(scale):
    certificate = adder_certificate()
    row = certificate['weights']['head_weight'][0]
    scaled_row = [(scale * float.fromhex(number)).hex() for number in row]
    certificate['weights']['head_weight'] = [scaled_row]
    assert not check_content(seal(certificate)).covers_float32


@pytest.mark.quick
def test_logits_that_rounding_may_turn_are_not_covered():
    """The margin is the smallest logit; a bias that cancels it down to 1e-6 leaves too little."""
    certificate = adder_certificate() | {'slack': (0.0).hex()}
    margin = check_content(seal(certificate)).margin
    assert check_content(seal(certificate)).covers_float32
    # The smallest logit is a positive one, for the answer 1.
    for spared, covered in ((1e-4, True), (1e-6, False)):
        bias = np.float32(spared - margin)
        set_entry(certificate, ('weights', 'head_bias', 0), float(bias).hex())
        result = check_content(seal(certificate))
        assert result.margin == pytest.approx(spared, rel=0.2)
        assert result.covers_float32 == covered


@pytest.mark.quick
def test_sets_that_rounding_may_leave_are_not_covered():
    """The box around tanh of a constant, closed for the real numbers by 1e-9 and 1e-5."""
    for room, covered in ((1e-5, True), (1e-9, False)):
        certificate = constant_certificate(0.5, room)
        assert check_content(certificate).covers_float32 == covered


@pytest.mark.quick
def test_several_steps_are_covered_too():
    assert check_content(over_steps(adder_certificate(), 2)).covers_float32
