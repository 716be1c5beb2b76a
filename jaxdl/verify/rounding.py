"""How an operation of single precision may differ from that of the real numbers.

Trusted (see check.py). The unit roundoff is u = 2**-24. A product or a sum of two numbers rounds
once, by at most u times its magnitude; where it underflows, by at most the smallest normal number.
A sum of n products, computed in any order, errs by at most 2 n u times the sum of their magnitudes.
Tanh and sigmoid are taken to err by 16 u at most, and products to be those of IEEE 754 single
precision (no TF32).
"""

import struct
from typing import NamedTuple

from flint import arb, arb_mat

from jaxdl.verify import affine
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.certificate import Matrix

# A weight between these magnitudes is a normal number, and sums of such weights do not overflow.
SMALLEST_WEIGHT = 2.0**-100
LARGEST_WEIGHT = 2.0**100


class Arithmetic(NamedTuple):
    """Bounds on the errors of an arithmetic.

    Attributes:
        roundoff: u, the error of an operation relative to its result.
        underflow: The further error of an operation whose result is small.
        function_error: Of tanh and sigmoid.
    """

    roundoff: arb
    underflow: arb
    function_error: arb


EXACT = Arithmetic(arb(0), arb(0), arb(0))
FLOAT32 = Arithmetic(arb(2) ** -24, arb(2) ** -126, 16 * arb(2) ** -24)


def after_operation(arithmetic: Arithmetic, result: AffineForm) -> AffineForm:
    """The computed result of one operation, from the exact result."""
    return affine.widen(result, _operation_error(arithmetic, affine.magnitude(result)))


def after_blend(
    arithmetic: Arithmetic, result: AffineForm, n: AffineForm, h: AffineForm
) -> AffineForm:
    """The computed blend (1 - u) n + u h of a GRU, from the exact one.

    Computed as n + u (h - n), or as it is written, no number on the way is larger than |n| + |h|,
    and at most three roundings add up. A fourth one is for the roundings of roundings.
    """
    sizes = affine.magnitude(n) + affine.magnitude(h)
    return affine.widen(result, _operation_error(arithmetic, sizes) * arb(4))


def _operation_error(arithmetic: Arithmetic, magnitude: arb_mat) -> arb_mat:
    error = magnitude * arithmetic.roundoff
    return affine.map_entries(lambda entry: entry + arithmetic.underflow, error)


def after_function(arithmetic: Arithmetic, result: AffineForm) -> AffineForm:
    """The computed tanh or sigmoid, from the exact one."""
    error = affine.map_entries(lambda _: arithmetic.function_error, result.error)
    return affine.widen(result, error)


def sum_error(arithmetic: Arithmetic, terms: int, sizes: arb_mat) -> arb_mat:
    """Bounds the errors (n, 1) of sums of products, computed in any order.

    Args:
        arithmetic: In which they are computed.
        terms: The number of products of each sum.
        sizes: (n, 1) the magnitudes of the products of each sum, summed.
    """
    error = sizes * (2 * terms * arithmetic.roundoff)
    return affine.map_entries(lambda entry: entry + 2 * terms * arithmetic.underflow, error)


def fits_float32(matrix: Matrix) -> bool:
    """Whether single precision holds every number exactly: 0, or one of medium size."""
    for row in matrix:
        for number in row:
            if number != 0 and not _is_float32(number):
                return False
    return True


def _is_float32(number: float) -> bool:
    if not SMALLEST_WEIGHT < abs(number) < LARGEST_WEIGHT:
        return False
    (as_float32,) = struct.unpack('f', struct.pack('f', number))
    return as_float32 == number
