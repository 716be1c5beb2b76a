"""Bounds after words of several symbols against states that are followed one by one, in NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from random_nets import random_net
from scipy.special import expit

from jaxdl.verify.bound_propagation import AffineForm, radius
from jaxdl.verify.cell_sizes import STATE_ARRAYS
from jaxdl.verify.word_images import word_images

pytestmark = pytest.mark.usefixtures('quick_compilation')

HIDDEN = 3
VECTORS = np.array([[0.0, 0], [0, 1], [1, 1]])
WORD_STEPS = 3
SAMPLES = 200


def numpy_step(cell, params, states, vector):
    """The next states (N, n), by torch's equations."""
    state_arrays = np.split(states, STATE_ARRAYS[cell], axis=1)
    from_input = params['weight_ih_l0'] @ vector + params['bias_ih_l0']
    from_state = state_arrays[0] @ params['weight_hh_l0'].T + params['bias_hh_l0']
    if cell == 'rnn':
        return np.tanh(from_input + from_state)
    if cell == 'lstm':
        i, f, g, o = np.split(from_input + from_state, 4, axis=1)
        c = expit(f) * state_arrays[1] + expit(i) * np.tanh(g)
        return np.concatenate([expit(o) * np.tanh(c), c], axis=1)
    r_x, u_x, n_x = np.split(from_input, 3)
    r_h, u_h, n_h = np.split(from_state, 3, axis=1)
    n = np.tanh(n_x + expit(r_x + r_h) * n_h)
    u = expit(u_x + u_h)
    return (1 - u) * n + u * state_arrays[0]


def random_states(cell, size):
    """(a random parallelotope as a form, its corners and points inside of it)."""
    rng = np.random.default_rng(0)
    n = HIDDEN * STATE_ARRAYS[cell]
    centre = rng.uniform(-1, 1, n)
    generators = size * rng.uniform(-1, 1, (n, n))
    corners = rng.choice([-1.0, 1.0], (SAMPLES // 2, n))
    inside = rng.uniform(-1, 1, (SAMPLES // 2, n))
    states = centre + np.concatenate([corners, inside]) @ generators.T
    form = AffineForm(jnp.array(centre), jnp.array(generators), jnp.zeros(n))
    return form, states


def assert_within(form, states):
    """The states lie in the form, as far as its extent in random directions tells."""
    rng = np.random.default_rng(2)
    axes = np.eye(len(form.centre))
    directions = np.concatenate([axes, rng.normal(size=(50, len(axes)))])
    extent = np.abs(directions @ form.coefficients).sum(1) + np.abs(directions) @ form.error
    distance = np.abs((states - form.centre) @ directions.T)
    assert (distance <= extent + 1e-5).all()


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
@pytest.mark.parametrize('error', [pytest.param(0.0, marks=pytest.mark.slow), 0.05])
def test_the_images_contain_the_states_after_every_word(cell, error):
    params = random_net(cell, HIDDEN, seed=0)[1]['params']
    weights = {name: np.asarray(value, float) for name, value in params.items()}
    form, states = random_states(cell, size=0.1)
    levels = word_images(cell, params, form, jnp.array(VECTORS), WORD_STEPS, error)
    rng = np.random.default_rng(1)
    for steps, images in enumerate(levels, start=1):
        # itertools.product is in lexicographic order.
        words = list(itertools.product(range(len(VECTORS)), repeat=steps))
        assert images.centre.shape == (len(words), len(form.centre))
        for place, word in enumerate(words):
            followed = states
            for symbol in word:
                followed = numpy_step(cell, weights, followed, VECTORS[symbol])
                # As far off as is allowed.
                followed = followed + rng.choice([-error, error], followed.shape)
            assert_within(jax.tree.map(lambda leaf, place=place: leaf[place], images), followed)


@pytest.mark.quick
def test_errors_of_earlier_steps_stay_correlated():
    """The error of two steps ago goes through a quarter turn, which leaves its box a box.

    As an interval it would go through an eighth of a turn twice, and grow twice as large.
    """
    eighth_turn = 0.3 * np.sqrt(0.5) * np.array([[1.0, -1], [1, 1]])
    params = {
        'weight_ih_l0': jnp.zeros((2, 1)),
        'weight_hh_l0': jnp.array(eighth_turn),
        'bias_ih_l0': jnp.zeros(2),
        'bias_hh_l0': jnp.zeros(2),
    }
    point = AffineForm(jnp.zeros(2), jnp.zeros((2, 0)), jnp.zeros(2))
    error = 1e-3
    after_three = word_images('rnn', params, point, jnp.zeros((1, 1)), 3, error)[2]
    image = jax.tree.map(lambda leaf: leaf[0], after_three)
    quarter_turn = eighth_turn @ eighth_turn
    expected = error * (1 + np.abs(eighth_turn).sum(1) + np.abs(quarter_turn).sum(1))
    np.testing.assert_allclose(radius(image), expected, rtol=1e-3)
