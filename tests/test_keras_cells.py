"""The cells of TensorFlow 1, as Keras still has them: outputs, gradients and initial biases."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.models.rnn import RNN

pytestmark = pytest.mark.usefixtures('quick_compilation')

# Made by reference/make_keras.py. Names are '<cell>-<activation>/<what>'.
REFERENCE = np.load(Path(__file__).parent / 'reference' / 'keras_cells.npz')
KINDS = sorted({name.split('/')[0] for name in REFERENCE})
HIDDEN = 4
# The place of each of our gates among those of Keras. In a GRU we have r, u, n, Keras has z, r, h,
# and its z is our u. In an LSTM both have i, f, g, o.
GATES = {'gru': (1, 0, 2), 'lstm': (0, 1, 2, 3)}
# Our parameters, and those of Keras. It has one bias where we have two.
PARAMETERS = {
    'weight_ih_l0': 'kernel',
    'weight_hh_l0': 'recurrent_kernel',
    'bias_ih_l0': 'bias',
    'bias_hh_l0': 'bias',
}


def as_our_rows(cell, array):
    """Parameters of Keras (..., G*H) in our order (G*H, ...)."""
    gates = np.split(array, len(GATES[cell]), axis=-1)
    return np.concatenate([gates[place] for place in GATES[cell]], axis=-1).T


@pytest.mark.quick
@pytest.mark.parametrize('kind', KINDS)
def test_outputs_and_gradients_are_those_of_keras(kind, x64):
    cell, activation = kind.split('-')
    model = RNN(
        outputs=1, hidden=HIDDEN, cell=cell, activation=activation, reset_after=cell != 'gru'
    )
    params = {'head_weight': np.zeros((1, HIDDEN)), 'head_bias': np.zeros(1)}
    for name, name_in_keras in PARAMETERS.items():
        params[name] = as_our_rows(cell, REFERENCE[f'{kind}/param/{name_in_keras}'])
    params['bias_hh_l0'] = np.zeros_like(params['bias_ih_l0'])

    def states_of(params, inputs):
        _, layers = model.apply({'params': params}, inputs)
        return layers['layer0']

    def loss(params, inputs):
        return jnp.sum(states_of(params, inputs) * REFERENCE[f'{kind}/mix'])

    inputs = REFERENCE[f'{kind}/inputs']
    states = jax.jit(states_of)(params, inputs)
    np.testing.assert_allclose(states, REFERENCE[f'{kind}/output'], rtol=0, atol=1e-12)
    d_params, d_inputs = jax.jit(jax.grad(loss, argnums=(0, 1)))(params, inputs)
    np.testing.assert_allclose(d_inputs, REFERENCE[f'{kind}/grad/inputs'], rtol=0, atol=1e-11)
    for name, name_in_keras in PARAMETERS.items():
        expected = as_our_rows(cell, REFERENCE[f'{kind}/grad/{name_in_keras}'])
        np.testing.assert_allclose(d_params[name], expected, rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.quick
def test_a_gate_bias_of_one_is_the_unit_forget_bias_of_keras():
    model = RNN(outputs=1, hidden=HIDDEN, initializer='glorot_uniform', gate_bias=1.0)
    params = model.init(jax.random.key(0), jnp.zeros((1, 1, 3)))['params']
    expected = as_our_rows('lstm', REFERENCE['lstm-tanh/initial_bias'])
    np.testing.assert_array_equal(params['bias_ih_l0'] + params['bias_hh_l0'], expected)
