"""The recurrence of a layer: its cells, unrolled over time with a backward pass of its own.

The equations are those of torch.nn.RNN, LSTM and GRU. reset_before_gru holds one more cell.

Letters in shapes: N batch, T time, D inputs, H hidden units, G gates. Time is the first axis,
because lax.scan runs over the first axis. A prefix d_ marks the gradient of the loss with respect
to a value.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid

from jaxdl.models.activations import Activation

# The carry of a cell: arrays (N, H), the first of which is the hidden state h.
Carry = tuple[Array, ...]

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
      kernels: the gates whose weights TensorFlow 1 draws as one kernel, in order: so many gates
        have the first kernel, so many the second.
      biased_gates: the places of the gates whose bias may start apart from those of the others.
      carry_size: the number of arrays (N, H) in the carry.
      uses_sum: whether the cell depends on z_x + z_h only.
      update: (act, carry, z_x + z_h) -> new carry, or without uses_sum
        (act, carry, z_x, z_h) -> new carry.
    """

    kernels: tuple[int, ...]
    biased_gates: tuple[int, ...]
    carry_size: int
    uses_sum: bool
    update: Callable[..., Carry]

    @property
    def gates(self) -> int:
        """G, the number of gates."""
        return sum(self.kernels)

    def pre_activations(self, z_x: Array, z_h: Array) -> tuple[Array, ...]:
        """The arguments that `update` takes after the carry."""
        if self.uses_sum:
            return (z_x + z_h,)
        return z_x, z_h


CELLS = {
    'rnn': Cell(
        kernels=(1,),
        biased_gates=(),
        carry_size=1,
        uses_sum=True,
        update=_update_rnn,
    ),
    'lstm': Cell(
        kernels=(4,),
        biased_gates=(1,),  # the forget gate
        carry_size=2,
        uses_sum=True,
        update=_update_lstm,
    ),
    'gru': Cell(
        kernels=(2, 1),
        biased_gates=(0, 1),  # the reset and the update gate
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


def one_row_a_step(noise: Array | None) -> Array | None:
    """The noise (T, ...) of all steps as (T, M), or None.

    XLA draws random numbers in the shape in which the loop takes them, and on a CPU it is faster
    where the last axis is long.
    """
    return None if noise is None else noise.reshape(len(noise), -1)


def _unroll_forward(cell, act, x, w_x, w_h, b_x, b_h, noise):
    # Without the barrier XLA would transpose the matrix anew at each step.
    w_h_transposed = lax.optimization_barrier(w_h.T)
    update = functools.partial(cell.update, act)

    def step(carry, inputs):
        z_x, step_noise = inputs
        h = carry[0]
        z_h = matmul(h, w_h_transposed) + b_h
        z = cell.pre_activations(z_x, z_h)
        new_carry, pullback = jax.vjp(update, carry, *z)
        if step_noise is not None:
            shocks = step_noise.reshape(cell.carry_size, *h.shape)
            pairs = zip(new_carry, shocks, strict=True)
            new_carry = tuple(state + shock for state, shock in pairs)
        return new_carry, (new_carry[0], h, pullback)

    batch_size = x.shape[1]
    hidden_size = w_h.shape[1]
    zeros = jnp.zeros((batch_size, hidden_size), x.dtype)
    zero_carry = (zeros,) * cell.carry_size
    # The inputs of all steps are known, so their products are taken at once, outside the loop.
    z_x = jnp.einsum('tnd,gd->tng', x, w_x) + b_x
    _, outputs = lax.scan(step, zero_carry, (z_x, one_row_a_step(noise)))
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
        d_h = d_h + matmul(d_z[-1], residuals.w_h)
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
        d_both = layer_gradient((x, previous_hidden), d_z_x)
        features = x.shape[-1]
        d_w_x = d_both[:, :features]
        d_w_h = d_both[:, features:-1]
        d_b_x = d_both[:, -1]
        d_b_h = d_b_x
    else:
        d_layer_x = layer_gradient((x,), d_z_x)
        d_layer_h = layer_gradient((previous_hidden,), d_z_h)
        d_w_x = d_layer_x[:, :-1]
        d_w_h = d_layer_h[:, :-1]
        d_b_x = d_layer_x[:, -1]
        d_b_h = d_layer_h[:, -1]
    # The noise is a constant. If there is none, d_noise is None too.
    d_noise = jax.tree.map(jnp.zeros_like, residuals.noise)
    d_x = d_z_x @ residuals.w_x
    return d_x, d_w_x, d_w_h, d_b_x, d_b_h, d_noise


unroll.defvjp(_unroll_forward, _unroll_backward)


def matmul(rows: Array, matrix: Array) -> Array:
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


def layer_gradient(inputs: tuple[Array, ...], d_z: Array) -> Array:
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
