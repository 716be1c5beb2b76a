"""Runs of a recurrent net on sequences of input vectors, without bounds.

Not trusted. Shapes: N sequences, T steps, D inputs, H units, n numbers of a net state (H, for LSTM
2 H), K logits.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.cell_sizes import STATE_ARRAYS


class Simulation(NamedTuple):
    """A net on N sequences of T steps.

    Attributes:
        states: (N, T, n) after each step: h, for LSTM followed by c.
        logits: (N, T, K).
    """

    states: Array
    logits: Array


def start_states(cell: str, params: Params, count: int) -> Array:
    """The zero states (count, n) in which a net starts."""
    return jnp.zeros((count, STATE_ARRAYS[cell] * params['weight_hh_l0'].shape[1]))


def next_states(cell: str, params: Params, states: Array, vectors: Array) -> Array:
    """The net states after a step (torch's equations).

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        states: (N, n) before the step.
        vectors: (N, D) input vectors.
    """
    hidden, *cell_state = jnp.split(states, STATE_ARRAYS[cell], axis=1)
    from_input = vectors @ params['weight_ih_l0'].T + params['bias_ih_l0']
    from_state = hidden @ params['weight_hh_l0'].T + params['bias_hh_l0']
    if cell == 'rnn':
        return jnp.tanh(from_input + from_state)
    if cell == 'gru':
        reset_input, update_input, new_input = jnp.split(from_input, 3, axis=1)
        reset_state, update_state, new_state = jnp.split(from_state, 3, axis=1)
        reset = jax.nn.sigmoid(reset_input + reset_state)
        update = jax.nn.sigmoid(update_input + update_state)
        new = jnp.tanh(new_input + reset * new_state)
        return (1 - update) * new + update * hidden
    input_gate, forget_gate, new, output_gate = jnp.split(from_input + from_state, 4, axis=1)
    remembered = jax.nn.sigmoid(forget_gate) * cell_state[0]
    next_cell_state = remembered + jax.nn.sigmoid(input_gate) * jnp.tanh(new)
    next_hidden = jax.nn.sigmoid(output_gate) * jnp.tanh(next_cell_state)
    return jnp.concatenate([next_hidden, next_cell_state], axis=1)


def logits_of(params: Params, states: Array) -> Array:
    """The logits (N, K) of net states (N, n). They see h alone."""
    units = params['weight_hh_l0'].shape[1]
    return states[:, :units] @ params['head_weight'].T + params['head_bias']


def simulate(cell: str, params: Params, inputs: np.ndarray | Array) -> Simulation:
    """Runs a net from the zero state.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        inputs: Input vectors (N, T, D).
    """

    def advance(states, vectors):
        states = next_states(cell, params, states, vectors)
        return states, (states, logits_of(params, states))

    start = start_states(cell, params, len(inputs))
    inputs_by_step = jnp.asarray(inputs, float).swapaxes(0, 1)
    # states (T, N, n), logits (T, N, K)
    _, (states, logits) = lax.scan(advance, start, inputs_by_step)
    return Simulation(states.swapaxes(0, 1), logits.swapaxes(0, 1))
