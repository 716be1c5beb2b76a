"""The GRU whose reset gate acts before the product with the hidden state.

    r, u = sigmoid(W_x x + b_x + W_h h + b_h), the parts of r and u
    n = act(W_xn x + b_xn + W_hn (r * h) + b_hn)
    h' = (1 - u) n + u h

This is the GRU of its first paper (Cho et al. 2014, equations 5 to 8), of TensorFlow 1, of ONNX
with linear_before_reset=0 and of Keras with reset_after=False. That of torch, which is in
jaxdl.models.recurrence, resets the product W_hn h + b_hn instead. It needs one product a step, and
this one two, the second of which waits for the first. So this one has a recurrence of its own.

Letters and prefixes are those of jaxdl.models.recurrence. The weights have the order r, u, n.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid

from jaxdl.models.activations import Activation
from jaxdl.models.recurrence import layer_gradient, matmul, one_row_a_step


def _gate(h: Array, z: Array) -> tuple[Array, Array]:
    """The reset state r h and the update gate u, from pre-activations z (N, 2H)."""
    z_r, z_u = jnp.split(z, 2, axis=-1)
    return sigmoid(z_r) * h, sigmoid(z_u)


def _update(act: Activation, h: Array, u: Array, z_n: Array) -> Array:
    """The new state h' = (1 - u) n + u h, with the candidate n = act(z_n)."""
    n = act(z_n)
    return n + u * (h - n)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll_reset_before(
    act: Activation,
    x: Array,
    w_x: Array,
    w_h: Array,
    b_x: Array,
    b_h: Array,
    noise: Array | None = None,
) -> Array:
    """Runs the GRU over time from a zero state.

    Its backward pass has the reason of that of recurrence.unroll: the gradients of weights and
    biases are taken at the end, over all time steps at once.

    Args:
      act: the activation of the candidate.
      x: inputs (T, N, D).
      w_x: weights of the inputs (3*H, D).
      w_h: weights of the hidden state (3*H, H).
      b_x: bias (3*H,).
      b_h: bias (3*H,), which is merely added to b_x.
      noise: (T, 1, N, H), added to the state after each step, or None. It is a constant: its
        gradient is zero.

    Returns:
      The hidden states (T, N, H).
    """
    hidden, _ = _forward(act, x, w_x, w_h, b_x, b_h, noise)
    return hidden


class _Residuals(NamedTuple):
    """What the backward pass needs from the forward pass."""

    x: Array  # (T, N, D)
    w_x: Array  # (3*H, D)
    w_h: Array  # (3*H, H)
    previous_hidden: Array  # (T, N, H), the hidden state before each step
    reset_hidden: Array  # (T, N, H), the same times the reset gate
    gate_pullbacks: Any  # the T pullbacks of _gate, stacked
    update_pullbacks: Any  # the T pullbacks of _update, stacked
    noise: Array | None


def _forward(act, x, w_x, w_h, b_x, b_h, noise):
    hidden_size = w_h.shape[1]
    w_gates, w_candidate = _split_rows(w_h)
    # Without the barrier XLA would transpose the matrices anew at each step.
    w_gates_transposed = lax.optimization_barrier(w_gates.T)
    w_candidate_transposed = lax.optimization_barrier(w_candidate.T)
    update = functools.partial(_update, act)

    def step(h, inputs):
        z_x, step_noise = inputs
        z_gates = z_x[:, : 2 * hidden_size] + matmul(h, w_gates_transposed)
        (reset_h, u), gate_pullback = jax.vjp(_gate, h, z_gates)
        z_n = z_x[:, 2 * hidden_size :] + matmul(reset_h, w_candidate_transposed)
        new_h, update_pullback = jax.vjp(update, h, u, z_n)
        if step_noise is not None:
            new_h = new_h + step_noise.reshape(h.shape)
        return new_h, (new_h, h, reset_h, gate_pullback, update_pullback)

    zero_state = jnp.zeros((x.shape[1], hidden_size), x.dtype)
    # The inputs of all steps are known, so their products are taken at once, outside the loop.
    z_x = jnp.einsum('tnd,gd->tng', x, w_x) + (b_x + b_h)
    _, outputs = lax.scan(step, zero_state, (z_x, one_row_a_step(noise)))
    hidden, previous_hidden, reset_hidden, gate_pullbacks, update_pullbacks = outputs
    residuals = _Residuals(
        x=x,
        w_x=w_x,
        w_h=w_h,
        previous_hidden=previous_hidden,
        reset_hidden=reset_hidden,
        gate_pullbacks=gate_pullbacks,
        update_pullbacks=update_pullbacks,
        noise=noise,
    )
    return hidden, residuals


def _backward(act, residuals, d_hidden):
    w_gates, w_candidate = _split_rows(residuals.w_h)

    def step(d_h_next, inputs):
        d_h_out, gate_pullback, update_pullback = inputs
        # The hidden state of a step is an output, and also goes on to the next step.
        d_new_h = d_h_next + d_h_out
        d_h_updated, d_u, d_z_n = update_pullback(d_new_h)
        d_reset_h = matmul(d_z_n, w_candidate)
        d_h_gated, d_z_gates = gate_pullback((d_reset_h, d_u))
        d_h = d_h_updated + d_h_gated + matmul(d_z_gates, w_gates)
        return d_h, (d_z_gates, d_z_n)

    x = residuals.x
    inputs = (d_hidden, residuals.gate_pullbacks, residuals.update_pullbacks)
    # Nothing follows the last step, so the gradient of its state is zero.
    _, (d_z_gates, d_z_n) = lax.scan(step, jnp.zeros_like(d_hidden[0]), inputs, reverse=True)
    # The gates read the state before the step, the candidate reads it behind the reset gate.
    d_gates_layer = layer_gradient((x, residuals.previous_hidden), d_z_gates)
    d_candidate_layer = layer_gradient((x, residuals.reset_hidden), d_z_n)
    d_layer = jnp.concatenate([d_gates_layer, d_candidate_layer])
    features = x.shape[-1]
    d_w_x = d_layer[:, :features]
    d_w_h = d_layer[:, features:-1]
    d_b = d_layer[:, -1]
    # The noise is a constant. If there is none, d_noise is None too.
    d_noise = jax.tree.map(jnp.zeros_like, residuals.noise)
    d_x = jnp.concatenate([d_z_gates, d_z_n], axis=-1) @ residuals.w_x
    return d_x, d_w_x, d_w_h, d_b, d_b, d_noise


unroll_reset_before.defvjp(_forward, _backward)


def _split_rows(w_h: Array) -> tuple[Array, Array]:
    """The rows of the two gates (2*H, H) and of the candidate (H, H)."""
    hidden_size = w_h.shape[1]
    return w_h[: 2 * hidden_size], w_h[2 * hidden_size :]
