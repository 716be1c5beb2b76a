"""The GRU that resets its state before the product, beside a loop that autodiff differentiates.

tests/test_keras_cells.py compares it with Keras.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.models.activations import ACTIVATIONS
from jaxdl.models.reset_before_gru import unroll_reset_before
from jaxdl.models.rnn import RNN

pytestmark = pytest.mark.usefixtures('quick_compilation')

STEPS, BATCH, INPUTS, HIDDEN = 5, 2, 3, 4
SHAPES = (
    (STEPS, BATCH, INPUTS),
    (3 * HIDDEN, INPUTS),
    (3 * HIDDEN, HIDDEN),
    (3 * HIDDEN,),
    (3 * HIDDEN,),
)


def random_arguments():
    rng = np.random.default_rng(0)
    return [jnp.array(rng.normal(size=shape)) for shape in SHAPES]


def plain_loop(act, noise, x, w_x, w_h, b_x, b_h):
    """Equations 5 to 8 of Cho et al. 2014, with biases, gate after gate."""
    w_xr, w_xu, w_xn = jnp.split(w_x, 3)
    w_hr, w_hu, w_hn = jnp.split(w_h, 3)
    b_r, b_u, b_n = jnp.split(b_x + b_h, 3)
    h = jnp.zeros((BATCH, HIDDEN))
    states = []
    for x_now, noise_now in zip(x, noise, strict=True):
        r = 1 / (1 + jnp.exp(-(x_now @ w_xr.T + h @ w_hr.T + b_r)))
        u = 1 / (1 + jnp.exp(-(x_now @ w_xu.T + h @ w_hu.T + b_u)))
        n = act(x_now @ w_xn.T + (r * h) @ w_hn.T + b_n)
        h = u * h + (1 - u) * n + noise_now[0]
        states.append(h)
    return jnp.stack(states)


@pytest.mark.parametrize('activation', ['tanh', pytest.param('relu', marks=pytest.mark.slow)])
@pytest.mark.parametrize('largest_expanded', [0, 400])
@pytest.mark.parametrize('deviation', [0, 0.1])
def test_states_and_gradients(activation, largest_expanded, deviation, x64, monkeypatch):
    monkeypatch.setattr('jaxdl.models.recurrence.LARGEST_EXPANDED_MATRIX', largest_expanded)
    act = ACTIVATIONS[activation]
    args = random_arguments()
    noise = deviation * jax.random.normal(jax.random.key(0), (STEPS, 1, BATCH, HIDDEN))

    def expected_states(*args):
        return plain_loop(act, noise, *args)

    def states(*args):
        return unroll_reset_before(act, *args, noise if deviation else None)

    def gradients(function):
        def loss(*args):
            return jnp.sum(function(*args) ** 3)

        return jax.jit(jax.grad(loss, argnums=range(5)))(*args)

    expected = jax.jit(expected_states)(*args)
    np.testing.assert_allclose(jax.jit(states)(*args), expected, rtol=0, atol=1e-12)
    for gradient, expected in zip(gradients(states), gradients(expected_states), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-10)


@pytest.mark.quick
def test_the_net_resets_before_or_after():
    inputs = jax.random.normal(jax.random.key(1), (3, 7, 3))
    after = RNN(outputs=2, hidden=4, cell='gru')
    before = RNN(outputs=2, hidden=4, cell='gru', reset_after=False)
    params = jax.jit(after.init)(jax.random.key(0), inputs)
    # Before the first step there is no state to reset, only the bias, which but one of them resets.
    params['params']['bias_hh_l0'] = jnp.zeros(12)
    _, layers_after = jax.jit(after.apply)(params, inputs)
    _, layers_before = jax.jit(before.apply)(params, inputs)
    states_after = layers_after['layer0']
    states_before = layers_before['layer0']
    np.testing.assert_allclose(states_before[:, 0], states_after[:, 0], atol=1e-7)
    assert not np.allclose(states_before[:, 1], states_after[:, 1])


@pytest.mark.slow
def test_padding_changes_nothing_in_two_directions():
    model = RNN(outputs=2, hidden=4, cell='gru', layers=2, bidirectional=True, reset_after=False)
    inputs = jax.random.normal(jax.random.key(1), (3, 7, 3))
    params = jax.jit(model.init)(jax.random.key(0), inputs)
    lengths = [2, 7, 5]
    apply = jax.jit(model.apply)
    padded_logits, _ = apply(params, inputs, jnp.array(lengths))
    for row, length in enumerate(lengths):
        logits, _ = apply(params, inputs[row : row + 1, :length])
        np.testing.assert_allclose(logits[0], padded_logits[row], atol=1e-6)
