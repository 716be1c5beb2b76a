"""Recurrent nets: rnn, lstm and gru cells, any number of layers, one or both directions.

Equations, parameter names and shapes are those of torch.nn.RNN, LSTM and GRU, so weights copy over by name.
In shapes: N batch, T time, D input, H hidden, G gates, K outputs.
"""

import functools
from typing import Callable, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

from jaxdl.models.activations import ACTIVATIONS
from jaxdl.models.initializers import INITS

sigmoid = jax.nn.sigmoid
WRITTEN_OUT = 400  # elements: up to ten units of an LSTM


def _rnn(act, carry, z):
    return (act(z),)


def _lstm(act, carry, z):
    _, c = carry
    i, f, g, o = jnp.split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * act(g)
    return sigmoid(o) * act(c), c


def _gru(act, carry, z_x, z_h):
    (h,) = carry
    (r_x, u_x, n_x), (r_h, u_h, n_h) = jnp.split(z_x, 3, axis=-1), jnp.split(z_h, 3, axis=-1)
    n = act(n_x + sigmoid(r_x + r_h) * n_h)
    return (n + sigmoid(u_x + u_h) * (h - n),)


class Cell(NamedTuple):
    """A recurrent cell after its two matrix products z_x = W_x x + b_x and z_h = W_h h + b_h, each (N, G*H)."""

    gates: int  # G
    states: int  # arrays in the carry; the first is the hidden state h
    summed: bool  # whether the cell uses z_x + z_h only, and so takes the sum
    step: Callable  # (act, carry, z) or (act, carry, z_x, z_h) -> carry

    def inputs(self, z_x, z_h):
        return (z_x + z_h,) if self.summed else (z_x, z_h)


CELLS = {
    'rnn': Cell(1, 1, True, _rnn),
    'lstm': Cell(4, 2, True, _lstm),
    'gru': Cell(3, 1, False, _gru),
}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def recur(cell, act, x, w_x, w_h, b_x, b_h, noise=None):
    """Hidden states of a cell over time from a zero state.

    Args: x (T, N, D); w_x (G*H, D); w_h (G*H, H); b_x, b_h (G*H,); noise (T, A, N, H) is added to the A arrays of the
    carry after each step, None: none. Returns (T, N, H).

    Plain autodiff would add dW up at each time step. The backward pass here only collects the gradients of the
    pre-activations, and takes the gradients of weights and biases as matrix products over all T*N rows.
    """
    return _forward(cell, act, x, w_x, w_h, b_x, b_h, noise)[0]


def _product(rows, matrix):
    """rows (N, I) @ matrix (I, J). A small one is written out, and then XLA:CPU can make one kernel of the whole loop over time."""
    if matrix.size > WRITTEN_OUT:
        return rows @ matrix
    return sum(rows[:, i, None] * matrix[i] for i in range(len(matrix)))


def _forward(cell, act, x, w_x, w_h, b_x, b_h, noise):
    w = lax.optimization_barrier(w_h.T)  # or XLA would transpose it anew at each step

    def body(carry, step):
        z_x, noise = step
        z = cell.inputs(z_x, _product(carry[0], w) + b_h)
        new, pullback = jax.vjp(functools.partial(cell.step, act), carry, *z)
        new = new if noise is None else tuple(part + shock for part, shock in zip(new, noise))
        return new, (new[0], carry[0], pullback)

    carry = (jnp.zeros((x.shape[1], w_h.shape[1]), x.dtype),) * cell.states
    _, (hidden, previous, pullbacks) = lax.scan(
        body, carry, (jnp.einsum('tnd,gd->tng', x, w_x) + b_x, noise)
    )
    return hidden, (x, w_x, w_h, carry, previous, pullbacks, noise)


def _backward(cell, act, residuals, d_hidden):
    x, w_x, w_h, carry, previous, pullbacks, noise = residuals

    def body(d_carry, step):
        d_h, pullback = step
        d_carry, *d_z = pullback((d_carry[0] + d_h, *d_carry[1:]))
        return (d_carry[0] + _product(d_z[-1], w_h), *d_carry[1:]), d_z

    _, d_z = lax.scan(body, carry, (d_hidden, pullbacks), reverse=True)
    if cell.summed:  # both sides have the same gradient: one product for all
        d, inputs = _gradients((x, previous), d_z[0]), x.shape[-1]
        d_w_x, d_w_h, biases = d[:, :inputs], d[:, inputs:-1], (d[:, -1],) * 2
    else:
        d_w_x, d_w_h = _gradients((x,), d_z[0]), _gradients((previous,), d_z[1])
        d_w_x, d_w_h, biases = d_w_x[:, :-1], d_w_h[:, :-1], (d_w_x[:, -1], d_w_h[:, -1])
    d_noise = jax.tree.map(jnp.zeros_like, noise)  # never asked for
    return d_z[0] @ w_x, d_w_x, d_w_h, *biases, d_noise


def _gradients(rows, d_z):
    """The gradients (G*H, I + 1) of a matrix and a bias that map rows (T, N, .), joined, to what has the gradient d_z (T, N, G*H)."""
    rows = jnp.concatenate([*rows, jnp.ones_like(rows[0][..., :1])], axis=-1)
    return jnp.einsum(
        'tni,tng->ig', rows, d_z
    ).T  # transposing the rows is cheaper than transposing d_z


recur.defvjp(_forward, _backward)


def _flip(x, lengths):
    """Reverses each sequence of x (T, N, D) within its length; what lies behind the end stays behind it."""
    if lengths is None:
        return x[::-1]
    time = jnp.arange(len(x))[:, None]
    return jnp.take_along_axis(
        x, jnp.where(time < lengths, lengths - 1 - time, time)[..., None], axis=0
    )


def _last(x, lengths):
    """The state (N, H) after each sequence's last step, of x (T, N, H)."""
    return (
        x[-1]
        if lengths is None
        else jnp.take_along_axis(x, (lengths - 1)[None, :, None], axis=0)[0]
    )


class RNN(nn.Module):
    """Stacked recurrent layers and a linear head.

    Args: inputs (N, T, D); lengths (N,) int, the steps that count in each sequence, or None for all T.
    Returns (logits, intermediates): logits (N, K) after the last step, or (N, T, K) with every_step;
    intermediates maps 'layer0', ... to hidden states (N, T, H), or (N, T, 2H) bidirectional.
    Padding never reaches a valid step (its states are computed all the same: they must not overflow, as relu's may,
    over a padding much longer than the sequence). In training, state_noise is the deviation of Gaussian noise on each state. A bidirectional net's last state is each direction's own final state.
    """

    outputs: int
    hidden: int = 128
    cell: str = 'lstm'
    layers: int = 1
    bidirectional: bool = False
    activation: str = 'tanh'
    initializer: str = 'torch'
    head_initializer: str = 'torch'
    forget_bias: float = 0.0
    dropout: float = 0.0
    every_step: bool = False
    state_noise: float = 0.0

    def _direction(self, x, suffix, train):
        cell = CELLS[self.cell]
        weight_init, bias_init = INITS[self.initializer](self.hidden)
        rows = cell.gates * self.hidden

        def input_bias(key, shape):
            bias = bias_init(key, shape)
            return (
                bias.at[self.hidden : 2 * self.hidden].add(self.forget_bias)
                if self.cell == 'lstm'
                else bias
            )

        w_x = self.param(f'weight_ih_{suffix}', weight_init, (rows, x.shape[-1]))
        w_h = self.param(f'weight_hh_{suffix}', weight_init, (rows, self.hidden))
        b_x = self.param(f'bias_ih_{suffix}', input_bias, (rows,))
        b_h = self.param(f'bias_hh_{suffix}', bias_init, (rows,))
        noise = None
        if train and self.state_noise:
            shape = len(x), cell.states, x.shape[1], self.hidden
            noise = self.state_noise * jax.random.normal(self.make_rng('dropout'), shape)
        return recur(cell, ACTIVATIONS[self.activation], x, w_x, w_h, b_x, b_h, noise)

    @nn.compact
    def __call__(self, inputs, lengths=None, train=False):
        x = inputs.swapaxes(0, 1)
        intermediates = {}
        dropout = functools.partial(nn.Dropout, self.dropout, deterministic=not train)
        for layer in range(self.layers):
            x = dropout()(x) if layer else x
            states = [self._direction(x, f'l{layer}', train)]
            if self.bidirectional:
                states.append(self._direction(_flip(x, lengths), f'l{layer}_reverse', train))
            last = jnp.concatenate([_last(s, lengths) for s in states], axis=-1)
            x = jnp.concatenate([states[0], *(_flip(s, lengths) for s in states[1:])], axis=-1)
            intermediates[f'layer{layer}'] = x.swapaxes(0, 1)
        features = dropout()(x.swapaxes(0, 1) if self.every_step else last)
        weight_init, bias_init = INITS[self.head_initializer](features.shape[-1])
        weight = self.param('head_weight', weight_init, (self.outputs, features.shape[-1]))
        bias = self.param('head_bias', bias_init, (self.outputs,))
        return features @ weight.T + bias, intermediates
