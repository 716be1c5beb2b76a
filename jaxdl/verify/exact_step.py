"""One step of a recurrent net, bounded in exact affine arithmetic.

Trusted (see check.py). The equations are those of torch.nn, and so are the names of the weights.
"""

from collections.abc import Mapping, Sequence

from flint import arb, arb_mat

from jaxdl.verify import affine
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.cell_sizes import GATES, STATE_ARRAYS


def step(
    cell: str,
    weights: Mapping[str, arb_mat],
    state: AffineForm,
    vector: Sequence[int],
) -> AffineForm:
    """Bounds the net state after a step, F(state, vector).

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        weights: By the names of torch.nn, with biases as columns.
        state: The net states before the step: h (H numbers), for LSTM followed by c (H numbers).
        vector: The input vector.
    """
    state_arrays = affine.split(state, STATE_ARRAYS[cell])
    input_column = arb_mat([[arb(number)] for number in vector])
    from_input = weights['weight_ih_l0'] * input_column + weights['bias_ih_l0']
    from_state = affine.linear(weights['weight_hh_l0'], weights['bias_hh_l0'], state_arrays[0])
    input_parts = affine.split_rows(from_input, GATES[cell])
    state_parts = affine.split(from_state, GATES[cell])
    if cell == 'gru':
        return _gru(state_parts, input_parts, state_arrays[0])
    # Only a GRU treats the two parts differently; the other cells add them.
    gates = list(map(affine.shift, state_parts, input_parts))
    if cell == 'lstm':
        return _lstm(gates, state_arrays[1])
    return affine.tanh(gates[0])


def _gru(
    state_parts: list[AffineForm],
    input_parts: list[arb_mat],
    state: AffineForm,
) -> AffineForm:
    """The next h' = (1 - u) n + u h, with the reset gate on the state's share of n alone."""
    reset_from_state, update_from_state, new_from_state = state_parts
    reset_from_input, update_from_input, new_from_input = input_parts
    reset = affine.sigmoid(affine.shift(reset_from_state, reset_from_input))
    update = affine.sigmoid(affine.shift(update_from_state, update_from_input))
    reset_new = affine.multiply(reset, new_from_state)
    new = affine.tanh(affine.shift(reset_new, new_from_input))
    return affine.blend(update, new, state)


def _lstm(gates: list[AffineForm], cell_state: AffineForm) -> AffineForm:
    """The next c' = f c + i g and h' = o tanh(c'); i, f and o are sigmoids and g is a tanh."""
    input_gate, forget_gate, new, output_gate = gates
    remembered = affine.multiply(affine.sigmoid(forget_gate), cell_state)
    written = affine.multiply(affine.sigmoid(input_gate), affine.tanh(new))
    next_cell_state = affine.add(remembered, written)
    hidden = affine.multiply(affine.sigmoid(output_gate), affine.tanh(next_cell_state))
    return affine.join(hidden, next_cell_state)
