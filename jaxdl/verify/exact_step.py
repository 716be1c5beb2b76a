"""One step of a recurrent net, bounded in exact affine arithmetic.

Trusted (see check.py). The equations are those of torch.nn, and so are the names of the weights.
With the errors of an arithmetic (rounding.py) the bounds hold for the step as it is computed.
"""

from collections.abc import Mapping, Sequence

from flint import arb, arb_mat

from jaxdl.verify import affine, rounding
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.cell_sizes import GATES, STATE_ARRAYS
from jaxdl.verify.rounding import Arithmetic


def step(
    cell: str,
    weights: Mapping[str, arb_mat],
    state: AffineForm,
    vector: Sequence[int],
    arithmetic: Arithmetic,
) -> AffineForm:
    """Bounds the net state after a step, F(state, vector).

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        weights: By the names of torch.nn, with biases as columns.
        state: The net states before the step: h (H numbers), for LSTM followed by c (H numbers).
        vector: The input vector.
        arithmetic: In which the step is computed.
    """
    state_arrays = affine.split(state, STATE_ARRAYS[cell])
    hidden = state_arrays[0]
    input_weight, input_bias = weights['weight_ih_l0'], weights['bias_ih_l0']
    state_weight, state_bias = weights['weight_hh_l0'], weights['bias_hh_l0']
    inputs = arb_mat([[arb(number)] for number in vector])

    # Inputs are zeros and ones, so their magnitudes are the numbers themselves.
    input_sizes = affine.absolute(input_weight) * inputs + affine.absolute(input_bias)
    state_sizes = affine.absolute(state_weight) * affine.magnitude(hidden)
    state_sizes = state_sizes + affine.absolute(state_bias)
    # The two sums may be computed as one. Then a term is rounded as often as both have terms.
    terms = input_weight.ncols() + state_weight.ncols() + 2
    from_input = affine.constant(
        input_weight * inputs + input_bias,
        hidden.coefficients.ncols(),
        rounding.sum_error(arithmetic, terms, input_sizes),
    )
    from_state = affine.widen(
        affine.linear(state_weight, state_bias, hidden),
        rounding.sum_error(arithmetic, terms, state_sizes),
    )
    input_parts = affine.split(from_input, GATES[cell])
    state_parts = affine.split(from_state, GATES[cell])
    if cell == 'gru':
        return _gru(state_parts, input_parts, hidden, arithmetic)
    # Only a GRU treats the two parts differently; the other cells add them.
    gates = list(map(affine.add, state_parts, input_parts))
    if cell == 'lstm':
        return _lstm(gates, state_arrays[1], arithmetic)
    return _tanh(gates[0], arithmetic)


def _gru(
    state_parts: list[AffineForm],
    input_parts: list[AffineForm],
    state: AffineForm,
    arithmetic: Arithmetic,
) -> AffineForm:
    """The next h' = (1 - u) n + u h, with the reset gate on the state's share of n alone."""
    reset_from_state, update_from_state, new_from_state = state_parts
    reset_from_input, update_from_input, new_from_input = input_parts
    reset = _sigmoid(affine.add(reset_from_state, reset_from_input), arithmetic)
    update = _sigmoid(affine.add(update_from_state, update_from_input), arithmetic)
    reset_new = _product(reset, new_from_state, arithmetic)
    argument = rounding.after_operation(arithmetic, affine.add(reset_new, new_from_input))
    new = _tanh(argument, arithmetic)
    return rounding.after_blend(arithmetic, affine.blend(update, new, state), new, state)


def _lstm(gates: list[AffineForm], cell_state: AffineForm, arithmetic: Arithmetic) -> AffineForm:
    """The next c' = f c + i g and h' = o tanh(c'); i, f and o are sigmoids and g is a tanh."""
    input_gate, forget_gate, new, output_gate = gates
    remembered = _product(_sigmoid(forget_gate, arithmetic), cell_state, arithmetic)
    written = _product(_sigmoid(input_gate, arithmetic), _tanh(new, arithmetic), arithmetic)
    next_cell_state = rounding.after_operation(arithmetic, affine.add(remembered, written))
    hidden = _product(
        _sigmoid(output_gate, arithmetic), _tanh(next_cell_state, arithmetic), arithmetic
    )
    return affine.join(hidden, next_cell_state)


def _tanh(x: AffineForm, arithmetic: Arithmetic) -> AffineForm:
    return rounding.after_function(arithmetic, affine.tanh(x))


def _sigmoid(x: AffineForm, arithmetic: Arithmetic) -> AffineForm:
    return rounding.after_function(arithmetic, affine.sigmoid(x))


def _product(x: AffineForm, y: AffineForm, arithmetic: Arithmetic) -> AffineForm:
    return rounding.after_operation(arithmetic, affine.multiply(x, y))
