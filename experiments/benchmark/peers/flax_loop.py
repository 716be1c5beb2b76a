"""The peer flax.linen: its RNN, optax, and a jitted step in a Python loop over batches."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from experiments.benchmark.peers.common import (
    TrainEpoch,
    is_supported,
    loss_weights,
    split_gates,
)
from experiments.core.config import Config
from jaxdl.train import Examples

CELLS = {'rnn': nn.SimpleCell, 'lstm': nn.OptimizedLSTMCell, 'gru': nn.GRUCell}
# Flax names the parameters of a gate by its letter, behind an i (input) or an h (hidden state).
# The order is that of our weights.
GATES = {'rnn': ('',), 'lstm': ('i', 'f', 'g', 'o'), 'gru': ('r', 'z', 'n')}


def make_epoch(config: Config, params: dict[str, Any], examples: Examples) -> TrainEpoch | None:
    """A recurrent net. See `peers.make_peer`."""
    if config.net() == 'cnn' or not is_supported(config):
        return None
    weights = params['params']
    params = _flax_params(config, weights)
    mean_loss = _make_mean_loss(config, outputs=len(weights['head_bias']))
    optimizer = _make_optimizer(config, params)
    opt_state = optimizer.init(params)
    arrays = (*examples, loss_weights(config, examples))

    def take(array, rows):
        return None if array is None else array[rows]

    @jax.jit
    def step(params, opt_state, batch):
        loss, gradients = jax.value_and_grad(mean_loss)(params, *batch)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss

    def train_epoch(order):
        nonlocal params, opt_state
        losses = []
        for rows in order.reshape(-1, config.batch_size):
            batch = [take(array, rows) for array in arrays]
            params, opt_state, loss = step(params, opt_state, batch)
            losses.append(loss)  # still on the device: reading it would wait for the step
        return np.array(jax.device_get(losses))

    return train_epoch


def _flax_params(config: Config, weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """{'l0', 'l0_reverse' if bidirectional, 'head'}: the parameters of each flax module."""
    params = {'l0': _layer_params(config.cell, weights, 'l0')}
    if config.bidirectional:
        params['l0_reverse'] = _layer_params(config.cell, weights, 'l0_reverse')
    head = {'kernel': weights['head_weight'].T, 'bias': weights['head_bias']}
    params['head'] = {'params': head}
    return params


def _layer_params(cell: str, weights: Mapping[str, np.ndarray], suffix: str) -> dict[str, Any]:
    """The parameters of nn.RNN for one direction."""
    letters = GATES[cell]
    cell_params = {}
    for letter, gate in zip(letters, split_gates(weights, suffix, len(letters)), strict=True):
        # A kernel is (inputs, outputs), our weight (outputs, inputs).
        from_input = {'kernel': gate.w_x.T}
        from_state = {'kernel': gate.w_h.T}
        if cell == 'gru' and letter == 'n':
            # The reset gate stands between the two biases, so they are not added up.
            from_input['bias'] = gate.b_x
            from_state['bias'] = gate.b_h
        elif cell == 'lstm':
            from_state['bias'] = gate.b_x + gate.b_h
        else:
            from_input['bias'] = gate.b_x + gate.b_h
        cell_params[f'i{letter}'] = from_input
        cell_params[f'h{letter}'] = from_state
    return {'params': {'cell': cell_params}}


def _make_optimizer(config: Config, params: dict[str, Any]) -> optax.GradientTransformation:
    """Adam that moves a bias which is the sum of two of ours twice as far."""

    def is_sum(path, leaf):
        module = path[0].key
        *_, layer, name = (part.key for part in path)
        return module != 'head' and name == 'bias' and layer not in ('in', 'hn')

    sums = jax.tree_util.tree_map_with_path(is_sum, params)
    adam = optax.adam(config.learning_rate)
    return optax.chain(adam, optax.masked(optax.scale(2.0), sums))


def _make_mean_loss(config: Config, outputs: int) -> Callable[..., jax.Array]:
    """Makes mean_loss(params, x, targets, lengths, step_weights) -> ().

    x is (N, T, D), params are as of _flax_params, step_weights as of loss_weights.
    """
    cell = CELLS[config.cell](config.hidden)
    forward = nn.RNN(cell)
    backward = nn.RNN(cell, reverse=True, keep_order=True)
    head = nn.Dense(outputs)

    def mean_loss(params, x, targets, lengths, step_weights):
        if config.is_of_images():
            x = x.astype(jnp.float32) / 255
        directions = [forward.apply(params['l0'], x)]
        if config.bidirectional:
            states = backward.apply(params['l0_reverse'], x, seq_lengths=lengths)
            directions.append(states)
        if config.task == 'binary_add':
            logits = head.apply(params['head'], jnp.concatenate(directions, axis=-1))
            losses = optax.sigmoid_binary_cross_entropy(logits[..., 0], targets)
            return jnp.sum(losses * step_weights)
        final_states = _final_states(directions, lengths)
        logits = head.apply(params['head'], jnp.concatenate(final_states, axis=-1))
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

    return mean_loss


def _final_states(directions: list[jax.Array], lengths: jax.Array | None) -> list[jax.Array]:
    """The last states (N, H) that each direction computes, of all its states (N, T, H)."""
    forward_states = directions[0]
    n, steps, _ = forward_states.shape
    last_step = steps - 1 if lengths is None else lengths - 1
    final_states = [forward_states[jnp.arange(n), last_step]]
    # A backward direction ends at the first step.
    for backward_states in directions[1:]:
        final_states.append(backward_states[:, 0])
    return final_states
