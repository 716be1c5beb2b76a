"""A step in exact affine arithmetic against torch's equations at 60 digits, and in float32."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from exact_cells import exact_numbers, exact_step
from flint import arb, arb_mat, ctx
from random_nets import random_net

from jaxdl.models.recurrence import CELLS
from jaxdl.verify import affine, bound_propagation, check
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.cell_sizes import STATE_ARRAYS
from jaxdl.verify.exact_step import step
from jaxdl.verify.rounding import EXACT, FLOAT32, Arithmetic

HIDDEN = 3
INPUT = (0, 1)
TINY = mpmath.mpf('1e-30')


def exact_matrix(array):
    """An array of floats, (n,) or (n, m), as a matrix of balls."""
    rows = np.asarray(array, float).reshape(len(array), -1)
    return arb_mat(rows.tolist())


def centres_of_balls(matrix):
    rows = [[mpmath.mpf(ball.str(50, radius=False)) for ball in row] for row in matrix.tolist()]
    return np.array(rows)


def random_parallelotope(cell, size, seed=0):
    """(centre, generators) of float32 numbers; `size` scales the generators."""
    rng = np.random.default_rng(seed)
    n = HIDDEN * STATE_ARRAYS[cell]
    centre = rng.uniform(-1, 1, n).astype(np.float32)
    generators = (size * rng.uniform(-1, 1, (n, n))).astype(np.float32)
    return centre, generators


def bounded_step(cell, params, centre, generators, arithmetic=EXACT):
    """The AffineForm of the states after a step from a parallelotope."""
    ctx.prec = check.PRECISION
    mpmath.mp.dps = 60
    weights = {name: exact_matrix(value) for name, value in params.items()}
    no_error = exact_matrix(np.zeros(len(centre)))
    states = AffineForm(exact_matrix(centre), exact_matrix(generators), no_error)
    return step(cell, weights, states, INPUT, arithmetic)


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
@pytest.mark.parametrize('size', [0.0, 0.1, 0.7])
def test_the_form_contains_the_exact_states(cell, size):
    """At corners and inside of a parallelotope; the form of a point is exact."""
    params = random_net(cell, HIDDEN, seed=0)[1]['params']
    centre, generators = random_parallelotope(cell, size)
    image = bounded_step(cell, params, centre, generators)
    image_centre = centres_of_balls(image.centre)[:, 0]
    coefficients = centres_of_balls(image.coefficients)
    error = centres_of_balls(image.error)[:, 0]
    rng = np.random.default_rng(1)
    n = len(centre)
    corners = rng.choice([-1.0, 1.0], (30, n))
    inside = rng.uniform(-1, 1, (30, n))
    for unknowns in np.concatenate([corners, inside]):
        state = exact_numbers(centre.astype(float)) + exact_numbers(
            generators.astype(float)
        ) @ exact_numbers(unknowns)
        distance = np.abs(
            exact_step(cell, params, state, INPUT) - image_centre - coefficients @ unknowns
        )
        assert (distance <= error + TINY).all()
    if size == 0:
        assert (error < TINY).all()


@pytest.mark.quick
@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
@pytest.mark.parametrize('size', [0.0, 0.1, 0.7])
def test_bound_propagation_gives_the_same_form(cell, size):
    params = random_net(cell, HIDDEN, seed=0)[1]['params']
    centre, generators = random_parallelotope(cell, size)
    exact_image = bounded_step(cell, params, centre, generators)
    states = bound_propagation.AffineForm(centre, generators, np.zeros(len(centre)))
    image = bound_propagation.step(cell, params, states, np.array(INPUT, float))
    for array, exact_array in zip(image, exact_image, strict=True):
        expected = [float(ball) for ball in exact_array.entries()]
        np.testing.assert_allclose(np.reshape(array, -1), expected, atol=2e-5)


def float32_step(cell, params, state):
    """The next state (n,) of one state (n,), as the model computes it in single precision."""
    carry = tuple(jnp.split(jnp.array(state)[None], STATE_ARRAYS[cell], axis=1))
    z_x = jnp.array(INPUT, jnp.float32) @ params['weight_ih_l0'].T + params['bias_ih_l0']
    z_h = carry[0] @ params['weight_hh_l0'].T + params['bias_hh_l0']
    parts = CELLS[cell].pre_activations(z_x[None], z_h)
    next_carry = CELLS[cell].update(jnp.tanh, carry, *parts)
    return np.concatenate([np.asarray(array[0], float) for array in next_carry])


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_single_precision_stays_within_the_bounds_on_its_rounding(cell):
    params = random_net(cell, HIDDEN, seed=0)[1]['params']
    for seed in range(20):
        centre, no_generators = random_parallelotope(cell, 0.0, seed)
        exact = bounded_step(cell, params, centre, no_generators)
        bounded = bounded_step(cell, params, centre, no_generators, FLOAT32)
        computed = exact_numbers(float32_step(cell, params, centre))
        for image, holds in ((bounded, True), (exact, False)):
            distance = np.abs(computed - centres_of_balls(image.centre)[:, 0])
            # Where the function is flat a number may be right by luck, but not all of them.
            is_within = distance <= centres_of_balls(image.error)[:, 0] + TINY
            assert is_within.all() == holds
        assert (centres_of_balls(bounded.error) < 1e-4).all()


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_every_operation_may_round_once(cell):
    """The bound on the error of a step is near the roundings added up, to first order.

    With the slopes of tanh (1) and sigmoid (1/4) at 0 and all weights 0 but for one of the biases,
    the error is that of the functions and of the last operations.
    """
    function_error = 16 * 2.0**-24
    roundoff = 2.0**-24
    params = {}
    for name, value in random_net(cell, HIDDEN, seed=0)[1]['params'].items():
        params[name] = np.zeros_like(value)
    size = HIDDEN * STATE_ARRAYS[cell]
    centre = np.full(size, 0.5)
    image = bounded_step(cell, params, centre, np.zeros((size, size)), FLOAT32)
    error = centres_of_balls(image.error)[:, 0]
    if cell == 'rnn':
        expected = [function_error] * HIDDEN
    elif cell == 'gru':
        # h' = n + u (h - n) with n = 0, u = 1/2, h = 1/2: half of the error of n, half of that of
        # u, and four roundings of |n| + |h|.
        expected = [function_error / 2 + function_error / 2 + 4 * roundoff / 2] * HIDDEN
    else:
        # c' = c/2 + 0/2: the error of f times c, that of g times i, the roundings of f c and c'.
        cell_error = function_error / 2 + function_error / 2 + 2 * roundoff / 4
        # h' = tanh(c')/2, with c' = 1/4.
        slope = 1 - np.tanh(0.25) ** 2
        tanh_error = slope * cell_error + function_error
        value = np.tanh(0.25)
        hidden_error = tanh_error / 2 + value * function_error + roundoff * value / 2
        expected = [hidden_error] * HIDDEN + [cell_error] * HIDDEN
    np.testing.assert_allclose(error.astype(float), expected, rtol=1e-4)


@pytest.mark.quick
def test_the_rounding_of_sums_grows_with_all_their_terms():
    """An RNN whose sums cancel: .25 - .25 + .5 from the input and .5 / 2 - .75 from the state."""
    ctx.prec = check.PRECISION
    params = {
        'weight_ih_l0': [[0.25, -0.25]],
        'weight_hh_l0': [[0.5]],
        'bias_ih_l0': [0.5],
        'bias_hh_l0': [-0.75],
    }
    weights = {name: exact_matrix(value) for name, value in params.items()}
    state = AffineForm(exact_matrix([0.5]), exact_matrix([[0.0]]), exact_matrix([0.0]))
    roundoff = 2.0**-10
    arithmetic = Arithmetic(arb(roundoff), arb(0), arb(0))
    low, high = affine.bounds(step('rnn', weights, state, (1, 1), arithmetic))
    # Five terms, whose magnitudes add up to 1 and 1.
    largest = np.tanh(2 * 5 * roundoff * (1 + 1))
    np.testing.assert_allclose(float(high[0, 0]), largest, rtol=1e-12)
    np.testing.assert_allclose(float(low[0, 0]), -largest, rtol=1e-12)
