"""Bound propagation through a recurrent net: the affine arithmetic of affine.py, in JAX.

Not trusted: it is differentiable and rounds as floats do, which serves the search for a proof. The
derivations are in affine.py. Shapes: n numbers of a vector, m unknowns, D inputs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jaxdl.verify.cell_sizes import STATE_ARRAYS

Params = Mapping[str, Array]  # of a net of one layer, by the names of torch.nn


class AffineForm(NamedTuple):
    """The vectors centre + coefficients y + e, for y in [-1, 1]^m and |e_i| <= error_i.

    Attributes:
        centre: (n,).
        coefficients: (n, m).
        error: (n,), not negative.
    """

    centre: Array
    coefficients: Array
    error: Array


# Affine forms


def radius(form: AffineForm) -> Array:
    """The largest distance of each number from the centre, (n,)."""
    return jnp.abs(form.coefficients).sum(1) + form.error


def bounds(form: AffineForm) -> tuple[Array, Array]:
    """The smallest and the largest value of each number, (n,) each."""
    return form.centre - radius(form), form.centre + radius(form)


def split(form: AffineForm, parts: int) -> list[AffineForm]:
    """The vector cut into parts of equal length."""
    centres = jnp.split(form.centre, parts)
    coefficients = jnp.split(form.coefficients, parts)
    errors = jnp.split(form.error, parts)
    return list(map(AffineForm, centres, coefficients, errors))


def join(upper: AffineForm, lower: AffineForm) -> AffineForm:
    """Two vectors, one behind the other."""
    return AffineForm(
        jnp.concatenate([upper.centre, lower.centre]),
        jnp.concatenate([upper.coefficients, lower.coefficients]),
        jnp.concatenate([upper.error, lower.error]),
    )


def shift(form: AffineForm, offset: Array) -> AffineForm:
    """The form of x + offset, for a known offset (n,)."""
    return form._replace(centre=form.centre + offset)


def add(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x + y."""
    return AffineForm(
        x.centre + y.centre,
        x.coefficients + y.coefficients,
        x.error + y.error,
    )


def subtract(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x - y."""
    return AffineForm(
        x.centre - y.centre,
        x.coefficients - y.coefficients,
        x.error + y.error,
    )


def linear(weight: Array, bias: Array | float, x: AffineForm) -> AffineForm:
    """The form of weight x + bias; weight (k, n), bias (k,)."""
    return AffineForm(
        weight @ x.centre + bias,
        weight @ x.coefficients,
        jnp.abs(weight) @ x.error,
    )


def tanh(x: AffineForm) -> AffineForm:
    """The form of the tanh of x, entry by entry."""
    return _sigmoidal(jnp.tanh, _tanh_slope, x)


def sigmoid(x: AffineForm) -> AffineForm:
    """The form of 1 / (1 + exp(-x)), entry by entry."""
    return _sigmoidal(jax.nn.sigmoid, _sigmoid_slope, x)


def _tanh_slope(value):
    return 1 - value * value


def _sigmoid_slope(value):
    return value * (1 - value)


def _sigmoidal(
    function: Callable[[Array], Array],
    slope_at_value: Callable[[Array], Array],
    x: AffineForm,
) -> AffineForm:
    """An S-shaped function; its slope is given as a function of its value."""
    low, high = bounds(x)
    slope = jnp.minimum(
        slope_at_value(function(low)),
        slope_at_value(function(high)),
    )
    remainder_low = function(low) - slope * low
    remainder_high = function(high) - slope * high
    return _around_plane([slope], [x], remainder_low, remainder_high)


def multiply(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x y, entry by entry."""
    x_low, x_high = bounds(x)
    y_low, y_high = bounds(y)
    a = _nearest_to_zero(y_low, y_high)
    b = _nearest_to_zero(x_low, x_high)
    # Of (x - b)(y - a), whose factors have 0 in their ranges.
    smallest = jnp.minimum(
        (x_low - b) * (y_high - a),
        (x_high - b) * (y_low - a),
    )
    largest = jnp.maximum(
        (x_low - b) * (y_low - a),
        (x_high - b) * (y_high - a),
    )
    return _around_plane([a, b], [x, y], smallest - a * b, largest - a * b)


def blend(u: AffineForm, n: AffineForm, h: AffineForm) -> AffineForm:
    """The form of (1 - u) n + u h, entry by entry."""
    u_low, u_high = bounds(u)
    n_low, n_high = bounds(n)
    h_low, h_high = bounds(h)
    # h - n is the slope of the blend in u.
    a = _nearest_to_zero(*bounds(subtract(h, n)))
    width = u_high - u_low
    # Of what the plane leaves, at the two ends of the range of u.
    low = jnp.minimum(
        width * n_low - a * u_low,
        width * h_low - a * u_high,
    )
    high = jnp.maximum(
        width * n_high - a * u_low,
        width * h_high - a * u_high,
    )
    return _around_plane([a, 1 - u_high, u_low], [u, n, h], low, high)


def _nearest_to_zero(low: Array, high: Array) -> Array:
    """The number nearest to 0 in each range."""
    return jnp.maximum(low, 0.0) + jnp.minimum(high, 0.0)


def _around_plane(
    slopes: Sequence[Array],
    variables: Sequence[AffineForm],
    low: Array,
    high: Array,
) -> AffineForm:
    """A function f of the variables with low <= f - (a_1 x_1 + a_2 x_2 + ...) <= high."""
    centres, coefficient_matrices, errors = zip(*variables, strict=True)
    columns = [slope[:, None] for slope in slopes]
    centre = _weighted_sum(slopes, centres)
    coefficients = _weighted_sum(columns, coefficient_matrices)
    error = _weighted_sum(map(jnp.abs, slopes), errors)
    # What the plane leaves lies between low and high.
    return AffineForm(
        centre + (low + high) / 2,
        coefficients,
        error + (high - low) / 2,
    )


def _weighted_sum(factors, arrays):
    total = 0.0
    for factor, array in zip(factors, arrays, strict=True):
        total = total + factor * array
    return total


# A step of the net


def step(
    cell: str,
    params: Params,
    state: AffineForm,
    vector: Array,
) -> AffineForm:
    """Bounds the net state after a step (torch's equations).

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        state: The net states before the step: h, for LSTM followed by c.
        vector: The input vector (D,).
    """
    state_arrays = split(state, STATE_ARRAYS[cell])
    from_input = params['weight_ih_l0'] @ vector + params['bias_ih_l0']
    from_state = linear(params['weight_hh_l0'], params['bias_hh_l0'], state_arrays[0])
    if cell == 'gru':
        return _gru(from_state, from_input, state_arrays[0])
    preactivation = shift(from_state, from_input)
    if cell == 'lstm':
        return _lstm(preactivation, state_arrays[1])
    return tanh(preactivation)


def _gru(
    from_state: AffineForm,
    from_input: Array,
    hidden_state: AffineForm,
) -> AffineForm:
    """The next h' = (1 - u) n + u h, with the reset gate on the state's share of n alone."""
    units = len(hidden_state.centre)
    # The input's share of n is added after the reset gate.
    before_reset = shift(from_state, from_input.at[-units:].set(0.0))
    reset, update, new = split(before_reset, 3)
    after_reset = from_input[-units:]
    new = multiply(sigmoid(reset), new)
    new = tanh(shift(new, after_reset))
    return blend(sigmoid(update), new, hidden_state)


def _lstm(preactivation: AffineForm, cell_state: AffineForm) -> AffineForm:
    """The next c' = f c + i g and h' = o tanh(c'); i, f and o are sigmoids and g is a tanh."""
    input_gate, forget_gate, new, output_gate = split(preactivation, 4)
    remembered = multiply(sigmoid(forget_gate), cell_state)
    written = multiply(sigmoid(input_gate), tanh(new))
    next_cell_state = add(remembered, written)
    hidden = multiply(sigmoid(output_gate), tanh(next_cell_state))
    return join(hidden, next_cell_state)
