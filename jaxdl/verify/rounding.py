"""How far single precision may be from the real numbers that a proof is about. Trusted (see check.py)."""

import math
import struct

from jaxdl.verify.automaton import ARRAYS


def float32_error(certificate, margin):
    """A bound on the error of one step in IEEE single precision, in each state unit, for states in the certificate's sets.

    With u = 2**-24: a sum of n products errs by at most 2 n u times the sum of their magnitudes; tanh and sigmoid have
    slopes 1 and 1/4 at most and err by 16 u themselves; each further product or sum rounds once. Products are taken to be
    IEEE ones (no TF32). Infinite where that does not hold or a sum of two logits could lose half of `margin`: weights that are
    no normal single-precision numbers, or a last layer whose own rounding is too large.
    """
    u = 2.0**-24
    weights = {
        name: [
            [abs(float.fromhex(x)) for x in (row if isinstance(row, list) else [row])]
            for row in value
        ]
        for name, value in certificate['weights'].items()
    }
    hidden, inputs = len(weights['head_weight'][0]), len(weights['weight_ih_l0'][0])
    extents = [
        abs(float.fromhex(centre)) + sum(abs(float.fromhex(x)) for x in row)
        for each in certificate['sets']
        for centre, row in zip(each['centre'], each['edges'])
    ]
    units = ARRAYS[certificate['cell']] * hidden
    h, c = (
        max([1.0] + [extent for at, extent in enumerate(extents) if (at % units < hidden) == first])
        for first in (True, False)
    )
    reach = max(
        sum(x) + sum(w) * h + b_x[0] + b_h[0]
        for x, w, b_x, b_h in zip(
            *(weights[f'{name}_l0'] for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))
        )
    )
    logit = max(
        sum(row) * h + bias[0] for row, bias in zip(weights['head_weight'], weights['head_bias'])
    )
    numbers = [x for value in weights.values() for row in value for x in row]
    if (
        not all(
            x == 0 or 2.0**-100 < x < 2.0**100 and struct.unpack('f', struct.pack('f', x))[0] == x
            for x in numbers
        )
        or 4 * (hidden + 2) * u * logit >= margin / 2
    ):
        return math.inf
    z = 2 * (hidden + inputs + 2) * u * reach
    of_tanh, of_sigmoid = z + 16 * u, z / 4 + 16 * u
    if certificate['cell'] == 'rnn':
        return of_tanh
    if certificate['cell'] == 'gru':
        return of_tanh + (reach + 2 * h) * of_sigmoid + (2 * reach + 8 * h) * u
    return 2 * of_sigmoid + c * of_sigmoid + of_tanh + 4 * u * (c + 1) + 20 * u
