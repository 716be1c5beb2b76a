"""Recurrent nets: plain RNN, LSTM and GRU, any number of layers, in one or both directions.

Equations, parameter names and shapes are those of torch.nn.RNN, LSTM and GRU, so weights copy over
by name.

Letters in shapes: N batch, T time, D inputs, H hidden units, G gates, K outputs. Inside this module
time is the first axis, because lax.scan runs over the first axis. A prefix d_ marks the gradient of
the loss with respect to a value.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array, lax
from jax.nn import sigmoid
from jax.nn.initializers import Initializer

from jaxdl.models.activations import ACTIVATIONS, Activation
from jaxdl.models.initializers import INITIALIZERS

# The carry of a cell: arrays (N, H), the first of which is the hidden state h.
Carry = tuple[Array, ...]
# The values inside a net: layer name -> hidden states of all steps.
Intermediates = dict[str, Array]

# A product with a matrix of at most so many elements is written out as a sum of columns times rows.
# That is up to ten hidden units of an LSTM.
LARGEST_EXPANDED_MATRIX = 400


def _update_rnn(act: Activation, carry: Carry, z: Array) -> Carry:
    """The new state h' = act(z)."""
    return (act(z),)


def _update_lstm(act: Activation, carry: Carry, z: Array) -> Carry:
    """The new states c' = f c + i act(g) and h' = o act(c').

    The gates i, f and o are the sigmoids of their parts of z. The first state is h, the second c.
    """
    _, c = carry
    i, f, g, o = jnp.split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * act(g)
    return sigmoid(o) * act(c), c


def _update_gru(act: Activation, carry: Carry, z_x: Array, z_h: Array) -> Carry:
    """The new state h' = (1 - u) n + u h, with the candidate n = act(n_x + r n_h).

    The reset gate r and the update gate u are the sigmoids of their parts of z_x + z_h.
    """
    (h,) = carry
    r_x, u_x, n_x = jnp.split(z_x, 3, axis=-1)
    r_h, u_h, n_h = jnp.split(z_h, 3, axis=-1)
    r = sigmoid(r_x + r_h)
    n = act(n_x + r * n_h)
    u = sigmoid(u_x + u_h)
    return (n + u * (h - n),)


class Cell(NamedTuple):
    """A recurrent cell behind its two matrix products.

    The products z_x = W_x x + b_x and z_h = W_h h + b_h are (N, G*H), gate after gate.

    Attributes:
      gates: G, the number of gates.
      carry_size: the number of arrays (N, H) in the carry.
      uses_sum: whether the cell depends on z_x + z_h only.
      update: (act, carry, z_x + z_h) -> new carry, or without uses_sum
        (act, carry, z_x, z_h) -> new carry.
    """

    gates: int
    carry_size: int
    uses_sum: bool
    update: Callable[..., Carry]

    def pre_activations(self, z_x: Array, z_h: Array) -> tuple[Array, ...]:
        """The arguments that `update` takes after the carry."""
        if self.uses_sum:
            return (z_x + z_h,)
        return z_x, z_h


CELLS = {
    'rnn': Cell(
        gates=1,
        carry_size=1,
        uses_sum=True,
        update=_update_rnn,
    ),
    'lstm': Cell(
        gates=4,
        carry_size=2,
        uses_sum=True,
        update=_update_lstm,
    ),
    'gru': Cell(
        gates=3,
        carry_size=1,
        uses_sum=False,  # the reset gate acts on a part of z_h only
        update=_update_gru,
    ),
}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def unroll(
    cell: Cell,
    act: Activation,
    x: Array,
    w_x: Array,
    w_h: Array,
    b_x: Array,
    b_h: Array,
    noise: Array | None = None,
) -> Array:
    """Runs a cell over time from a zero state.

    Plain autodiff would add up the gradients of the weights at each time step. The backward pass
    here only collects the gradients of the pre-activations, and then takes the gradients of weights
    and biases as one matrix product over all T*N rows.

    Args:
      cell: the cell, one of CELLS.
      act: the activation of the cell.
      x: inputs (T, N, D).
      w_x: weights of the inputs (G*H, D).
      w_h: weights of the hidden state (G*H, H).
      b_x: bias (G*H,) that is added to the product of the inputs.
      b_h: bias (G*H,) that is added to the product of the hidden state.
      noise: (T, carry_size, N, H), added to the carry after each step, or None. It is a constant:
        its gradient is zero.

    Returns:
      The hidden states (T, N, H).
    """
    hidden, _ = _unroll_forward(cell, act, x, w_x, w_h, b_x, b_h, noise)
    return hidden


class _Residuals(NamedTuple):
    """What the backward pass of `unroll` needs from the forward pass."""

    x: Array  # (T, N, D)
    w_x: Array  # (G*H, D)
    w_h: Array  # (G*H, H)
    zero_carry: Carry
    previous_hidden: Array  # (T, N, H), the hidden state before each step
    pullbacks: Any  # the T pullbacks of cell.update, stacked
    noise: Array | None


def _unroll_forward(cell, act, x, w_x, w_h, b_x, b_h, noise):
    # Without the barrier XLA would transpose the matrix anew at each step.
    w_h_transposed = lax.optimization_barrier(w_h.T)
    update = functools.partial(cell.update, act)

    def step(carry, inputs):
        z_x, step_noise = inputs
        h = carry[0]
        z_h = _matmul(h, w_h_transposed) + b_h
        z = cell.pre_activations(z_x, z_h)
        new_carry, pullback = jax.vjp(update, carry, *z)
        if step_noise is not None:
            pairs = zip(new_carry, step_noise, strict=True)
            new_carry = tuple(state + shock for state, shock in pairs)
        return new_carry, (new_carry[0], h, pullback)

    batch_size = x.shape[1]
    hidden_size = w_h.shape[1]
    zeros = jnp.zeros((batch_size, hidden_size), x.dtype)
    zero_carry = (zeros,) * cell.carry_size
    # The inputs of all steps are known, so their products are taken at once, outside the loop.
    z_x = jnp.einsum('tnd,gd->tng', x, w_x) + b_x
    _, outputs = lax.scan(step, zero_carry, (z_x, noise))
    hidden, previous_hidden, pullbacks = outputs
    residuals = _Residuals(
        x=x,
        w_x=w_x,
        w_h=w_h,
        zero_carry=zero_carry,
        previous_hidden=previous_hidden,
        pullbacks=pullbacks,
        noise=noise,
    )
    return hidden, residuals


def _unroll_backward(cell, act, residuals, d_hidden):
    def step(d_carry, inputs):
        d_h_out, pullback = inputs
        # The hidden state of a step is an output, and also goes on to the next step.
        d_h, *d_others = d_carry
        d_h = d_h + d_h_out
        d_previous_carry, *d_z = pullback((d_h, *d_others))
        # The hidden state before the step also went through w_h, into the last pre-activation.
        d_h, *d_others = d_previous_carry
        d_h = d_h + _matmul(d_z[-1], residuals.w_h)
        return (d_h, *d_others), d_z

    x = residuals.x
    previous_hidden = residuals.previous_hidden
    inputs = (d_hidden, residuals.pullbacks)
    # Nothing follows the last step, so the gradient of its carry is zero.
    last_d_carry = residuals.zero_carry
    # d_z holds one array (T, N, G*H) for z_x + z_h, or two for z_x and z_h.
    _, d_z = lax.scan(step, last_d_carry, inputs, reverse=True)
    d_z_x = d_z[0]
    d_z_h = d_z[-1]
    if cell.uses_sum:
        # z_x and z_h have the same gradient, so one matrix product does for both.
        d_both = _layer_gradient((x, previous_hidden), d_z_x)
        features = x.shape[-1]
        d_w_x = d_both[:, :features]
        d_w_h = d_both[:, features:-1]
        d_b_x = d_both[:, -1]
        d_b_h = d_b_x
    else:
        d_layer_x = _layer_gradient((x,), d_z_x)
        d_layer_h = _layer_gradient((previous_hidden,), d_z_h)
        d_w_x = d_layer_x[:, :-1]
        d_w_h = d_layer_h[:, :-1]
        d_b_x = d_layer_x[:, -1]
        d_b_h = d_layer_h[:, -1]
    # The noise is a constant. If there is none, d_noise is None too.
    d_noise = jax.tree.map(jnp.zeros_like, residuals.noise)
    d_x = d_z_x @ residuals.w_x
    return d_x, d_w_x, d_w_h, d_b_x, d_b_h, d_noise


unroll.defvjp(_unroll_forward, _unroll_backward)


def _matmul(rows: Array, matrix: Array) -> Array:
    """The product (N, J) of rows (N, I) and a matrix (I, J).

    XLA:CPU calls a library for a matrix product. With a small one written out as a sum it can make
    one kernel of the whole loop over time.
    """
    if matrix.size > LARGEST_EXPANDED_MATRIX:
        return rows @ matrix
    product = 0
    for i in range(len(matrix)):
        product += rows[:, i, None] * matrix[i]
    return product


def _layer_gradient(inputs: tuple[Array, ...], d_z: Array) -> Array:
    """The gradient of weights and bias of z = W [inputs, joined] + b.

    Args:
      inputs: arrays (T, N, I_1), (T, N, I_2), ..., whose last axes add up to I.
      d_z: the gradient (T, N, G*H) of z.

    Returns:
      (G*H, I + 1): the gradient of W, and in the last column that of b, whose input is always 1.
    """
    ones = jnp.ones_like(inputs[0][..., :1])
    rows = jnp.concatenate([*inputs, ones], axis=-1)
    # In this order the rows are transposed, which is cheaper than transposing d_z.
    return jnp.einsum('tni,tng->ig', rows, d_z).T


def _reverse(x: Array, lengths: Array | None) -> Array:
    """Reverses each sequence of x (T, N, D) within its length. The padding stays where it is."""
    if lengths is None:
        return x[::-1]
    time = jnp.arange(len(x))[:, None]
    is_valid = time < lengths
    source = jnp.where(is_valid, lengths - 1 - time, time)
    return jnp.take_along_axis(x, source[..., None], axis=0)


def _final_state(x: Array, lengths: Array | None) -> Array:
    """The state (N, H) after the last valid step of each sequence of states x (T, N, H)."""
    if lengths is None:
        return x[-1]
    last_step = (lengths - 1)[None, :, None]
    return jnp.take_along_axis(x, last_step, axis=0)[0]


def _with_forget_bias(
    bias_init: Initializer, hidden: int, forget_bias: float
) -> Callable[[Array, tuple[int]], Array]:
    """An initializer of an LSTM's bias (4*H,) that adds forget_bias in the forget gate."""

    def initializer(key, shape):
        bias = bias_init(key, shape)
        # The order of the gates is i, f, g, o.
        return bias.at[hidden : 2 * hidden].add(forget_bias)

    return initializer


class RNN(nn.Module):
    """Stacked recurrent layers and a linear head.

    Attributes:
      outputs: K, the number of logits.
      hidden: H, the number of hidden units of each layer and direction.
      cell: a key of CELLS.
      layers: the number of recurrent layers.
      bidirectional: whether each layer also reads the sequence backwards. The layer's states are
        then those of both directions, joined.
      activation: a key of ACTIVATIONS, for the cell.
      initializer: a key of INITIALIZERS, for the recurrent layers.
      head_initializer: a key of INITIALIZERS, for the head.
      forget_bias: added to the initial input bias of an LSTM's forget gate.
      dropout: the probability of dropout between layers and before the head, in training.
      every_step: whether there are logits after every step, or after the last one only.
      state_noise: the standard deviation of Gaussian noise on each state, in training.
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

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        lengths: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, Intermediates]:
        """Applies the net to a batch of sequences.

        Padding never reaches a valid step. The states over the padding are computed all the same
        and must not overflow, as they may with relu over a padding much longer than the sequence.

        Args:
          inputs: (N, T, D).
          lengths: (N,) int, the valid steps of each sequence, or None if all T are valid.
          train: whether dropout and state noise are on. They draw from the 'dropout' key.

        Returns:
          Logits and intermediates. Logits are (N, T, K) with every_step. Otherwise they are (N, K),
          after the last valid step; in a bidirectional net each direction gives its own final
          state. Intermediates map 'layer0', 'layer1', ... to hidden states (N, T, H), or (N, T, 2H)
          if bidirectional.
        """
        intermediates = {}
        x = inputs.swapaxes(0, 1)
        for layer in range(self.layers):
            if layer > 0:
                x = self._drop(x, train)
            x, final_state = self._layer(x, lengths, f'l{layer}', train)
            intermediates[f'layer{layer}'] = x.swapaxes(0, 1)
        features = x.swapaxes(0, 1) if self.every_step else final_state
        features = self._drop(features, train)
        return self._head(features), intermediates

    def _drop(self, x, train):
        dropout = nn.Dropout(self.dropout, deterministic=not train)
        return dropout(x)

    def _layer(self, x, lengths, suffix, train):
        """Runs a layer over inputs x (T, N, D).

        Returns:
          The states (T, N, H), or (T, N, 2H) if bidirectional, and the final states (N, H) or
          (N, 2H).
        """
        forward = self._direction(x, suffix, train)
        if not self.bidirectional:
            return forward, _final_state(forward, lengths)
        # The backward states are in reversed time, so their final state is the last valid one too.
        backward = self._direction(_reverse(x, lengths), f'{suffix}_reverse', train)
        final_forward = _final_state(forward, lengths)
        final_backward = _final_state(backward, lengths)
        final_state = jnp.concatenate([final_forward, final_backward], axis=-1)
        backward = _reverse(backward, lengths)
        states = jnp.concatenate([forward, backward], axis=-1)
        return states, final_state

    def _direction(self, x, suffix, train):
        """The hidden states (T, N, H) of one direction of a layer, over inputs x (T, N, D)."""
        cell = CELLS[self.cell]
        act = ACTIVATIONS[self.activation]
        # torch takes H as the fan-in of all four parameters, also of the inputs' weights.
        weight_init, bias_init = INITIALIZERS[self.initializer](self.hidden)
        input_bias_init = bias_init
        if self.cell == 'lstm':
            input_bias_init = _with_forget_bias(bias_init, self.hidden, self.forget_bias)

        steps, batch_size, inputs = x.shape
        rows = cell.gates * self.hidden
        w_x = self.param(f'weight_ih_{suffix}', weight_init, (rows, inputs))
        w_h = self.param(f'weight_hh_{suffix}', weight_init, (rows, self.hidden))
        b_x = self.param(f'bias_ih_{suffix}', input_bias_init, (rows,))
        b_h = self.param(f'bias_hh_{suffix}', bias_init, (rows,))

        noise = None
        if train and self.state_noise:
            key = self.make_rng('dropout')
            shape = (steps, cell.carry_size, batch_size, self.hidden)
            noise = self.state_noise * jax.random.normal(key, shape)
        return unroll(cell, act, x, w_x, w_h, b_x, b_h, noise)

    def _head(self, features):
        """The logits (..., K) of features (..., H) or (..., 2H)."""
        inputs = features.shape[-1]
        weight_init, bias_init = INITIALIZERS[self.head_initializer](inputs)
        weight = self.param('head_weight', weight_init, (self.outputs, inputs))
        bias = self.param('head_bias', bias_init, (self.outputs,))
        return features @ weight.T + bias
