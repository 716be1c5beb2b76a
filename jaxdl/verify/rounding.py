"""How far single precision may be from the real numbers that a proof is about.

Trusted (see check.py). The unit roundoff is u = 2**-24. A sum of n products, computed in any order,
errs by at most 2 n u times the sum of their magnitudes. A product or a sum of two numbers rounds
once. Tanh and sigmoid are taken to err by 16 u at most, and products to be those of IEEE 754 single
precision (no TF32).
"""

import math
import struct
from typing import NamedTuple

from jaxdl.verify.certificate import Claim, Matrix

UNIT_ROUNDOFF = 2.0**-24
FUNCTION_ERROR = 16 * UNIT_ROUNDOFF  # of tanh and sigmoid
# A weight between these magnitudes is a normal number, and sums of such weights do not overflow.
SMALLEST_WEIGHT = 2.0**-100
LARGEST_WEIGHT = 2.0**100


class Magnitudes(NamedTuple):
    """Bounds on the magnitudes that occur in a step from a state of one of the sets.

    Attributes:
        hidden: Of a number of h; at least 1.
        cell_state: Of a number of c; at least 1.
        preactivation: Of the terms of a pre-activation, summed.
        logit: Of the terms of a logit, summed.
    """

    hidden: float
    cell_state: float
    preactivation: float
    logit: float


def float32_error(claim: Claim, margin: float) -> float:
    """Bounds the error of one step in single precision, from a net state in one of the sets.

    Args:
        claim: The net and its sets.
        margin: The smallest sum of logits that must be positive.

    Returns:
        The largest error of a number of the state. Infinity where no bound holds: a weight is no
        normal number of single precision, or a sum of two logits could lose half of `margin`.
    """
    weights = {name: _absolute(matrix) for name, matrix in claim.weights.items()}
    magnitudes = _magnitudes(claim, weights)
    hidden = len(weights['weight_hh_l0'][0])
    inputs = len(weights['weight_ih_l0'][0])
    # A weight that float32 cannot hold is another one in the computer.
    if not all(map(_is_exact, weights.values())):
        return math.inf
    logits_error = 4 * (hidden + 2) * UNIT_ROUNDOFF * magnitudes.logit
    if logits_error >= margin / 2:
        return math.inf
    preactivation_error = 2 * (hidden + inputs + 2) * UNIT_ROUNDOFF * magnitudes.preactivation
    # The slope of tanh is 1 at most, that of sigmoid 1/4.
    tanh_error = preactivation_error + FUNCTION_ERROR
    sigmoid_error = preactivation_error / 4 + FUNCTION_ERROR
    if claim.cell == 'rnn':
        return tanh_error
    if claim.cell == 'gru':
        return _gru_error(magnitudes, tanh_error, sigmoid_error)
    return _lstm_error(magnitudes, tanh_error, sigmoid_error)


def _gru_error(magnitudes: Magnitudes, tanh_error: float, sigmoid_error: float) -> float:
    """The error of h' = (1 - u) n + u h, where n = tanh(n_x + r n_h)."""
    z = magnitudes.preactivation
    h = magnitudes.hidden
    # An error of r is multiplied by n_h, one of u by h - n. No |n| is above 1, and h is at least 1.
    gates_error = (z + 2 * h) * sigmoid_error
    roundings = (2 * z + 8 * h) * UNIT_ROUNDOFF
    return tanh_error + gates_error + roundings


def _lstm_error(magnitudes: Magnitudes, tanh_error: float, sigmoid_error: float) -> float:
    """The larger of the errors of c' = f c + i g and of h' = o tanh(c')."""
    c = magnitudes.cell_state
    return (
        2 * sigmoid_error  # of i and o, multiplied by g and tanh(c'), which are 1 at most
        + c * sigmoid_error  # of f, multiplied by c
        + tanh_error  # of g, multiplied by i
        + 4 * UNIT_ROUNDOFF * (c + 1)  # rounding of the products and the sum
        + 20 * UNIT_ROUNDOFF  # tanh(c') itself, and the product with o
    )


def _magnitudes(claim: Claim, weights: dict[str, Matrix]) -> Magnitudes:
    """Bounds over all sets, symbols and units; `weights` are absolute values."""
    size = len(weights['weight_hh_l0'][0])
    hidden = 1.0
    cell_state = 1.0
    for state_set in claim.sets:
        extents = []
        for centre, row in zip(state_set.centre, state_set.generators, strict=True):
            extents.append(abs(centre) + sum(map(abs, row)))
        hidden = max([hidden, *extents[:size]])
        cell_state = max([cell_state, *extents[size:]])  # of an LSTM; else there are none

    preactivations = []
    for input_row, state_row, input_bias, state_bias in zip(
        weights['weight_ih_l0'],
        weights['weight_hh_l0'],
        weights['bias_ih_l0'],
        weights['bias_hh_l0'],
        strict=True,
    ):
        # Input vectors hold zeros and ones.
        terms = sum(input_row) + sum(state_row) * hidden + input_bias[0] + state_bias[0]
        preactivations.append(terms)

    logits = []
    for row, bias in zip(weights['head_weight'], weights['head_bias'], strict=True):
        logits.append(sum(row) * hidden + bias[0])
    return Magnitudes(hidden, cell_state, max(preactivations), max(logits))


def _absolute(matrix: Matrix) -> Matrix:
    rows = []
    for row in matrix:
        rows.append(list(map(abs, row)))
    return rows


def _is_exact(matrix: Matrix) -> bool:
    """Whether single precision holds every magnitude exactly: 0, or one of medium size."""
    for row in matrix:
        for number in row:
            if number != 0 and not _is_exact_number(number):
                return False
    return True


def _is_exact_number(number: float) -> bool:
    if not SMALLEST_WEIGHT < number < LARGEST_WEIGHT:
        return False
    (as_float32,) = struct.unpack('f', struct.pack('f', number))
    return as_float32 == number
