"""The bounds on rounding by hand, and which proofs cover single precision."""

import numpy as np
import pytest
from flint import arb, arb_mat
from hand_built import (
    adder_certificate,
    check_content,
    constant_certificate,
    over_steps,
    seal,
    set_entry,
)

from jaxdl.verify import check, rounding
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.certificate import parse
from jaxdl.verify.rounding import Arithmetic

# Of each error a power of two of its own.
BY_HAND = Arithmetic(roundoff=arb(2) ** -10, underflow=arb(2) ** -30, function_error=arb(2) ** -5)
# From -7 to 3: the largest magnitude is 7.
FORM = AffineForm(arb_mat([[-2]]), arb_mat([[-1, 3]]), arb_mat([[1]]))


@pytest.mark.quick
def test_the_errors_of_operations():
    one_operation = 7 * 2.0**-10 + 2.0**-30
    assert rounding.after_operation(BY_HAND, FORM).error == arb_mat([[1 + one_operation]])
    assert rounding.after_function(BY_HAND, FORM).error == arb_mat([[1 + 2.0**-5]])
    # A blend of this form with itself has four errors, of numbers up to 7 + 7.
    blend_error = 4 * (14 * 2.0**-10 + 2.0**-30)
    assert rounding.after_blend(BY_HAND, FORM, FORM, FORM).error == arb_mat([[1 + blend_error]])
    # Each of five terms is rounded five times, here twice as often; they add up to 3.
    sum_error = rounding.sum_error(BY_HAND, 5, arb_mat([[3]]))
    assert sum_error == arb_mat([[2 * 5 * (3 * 2.0**-10 + 2.0**-30)]])


@pytest.mark.quick
def test_single_precision():
    assert arb(2) ** -24 == rounding.FLOAT32.roundoff
    assert arb(2) ** -126 == rounding.FLOAT32.underflow
    assert arb(2) ** -20 == rounding.FLOAT32.function_error


@pytest.mark.quick
@pytest.mark.parametrize(
    ('number', 'fits'),
    [
        (0.0, True),
        (-1.5, True),
        (0.1, False),
        (float(np.float32(0.1)), True),
        (1.5 * 2.0**-100, True),
        (2.0**-100, False),
        (-(2.0**-101), False),
        (1.5 * 2.0**99, True),
        (2.0**100, False),
    ],
)
def test_what_single_precision_holds(number, fits):
    assert rounding.fits_float32([[1.0], [number]]) == fits


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


def test_the_rounding_of_a_logit(monkeypatch):
    """The state is 0, the logit its bias of 1: two terms, rounded twice each, here twice as often.

    In an arithmetic that rounds to 10 bits, and otherwise as that of the real numbers.
    """
    ten_bits = Arithmetic(roundoff=arb(2) ** -10, underflow=arb(0), function_error=arb(0))
    monkeypatch.setattr(rounding, 'EXACT', ten_bits)
    certificate = constant_certificate(0.0, room=0.01)
    set_entry(certificate, ('weights', 'head_bias', 0), (1.0).hex())
    margin = check.check(parse(seal(certificate))).margin
    assert margin == pytest.approx(1 - 2 * 2 * 2.0**-10, abs=1e-12)


@pytest.mark.quick
def test_several_steps_are_covered_too():
    assert check_content(over_steps(adder_certificate(), 2)).covers_float32
