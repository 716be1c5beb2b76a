"""A forget gate held at 0, against an LSTM in NumPy that has none."""

import jax
import numpy as np
import pytest

from jaxdl.models.rnn import RNN
from jaxdl.visualize.ablation import close_forget_gate

pytestmark = [pytest.mark.quick, pytest.mark.usefixtures('quick_compilation')]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_cell_state_is_forgotten_at_each_step(x64):
    inputs = np.random.default_rng(0).normal(size=(4, 6, 3))
    model = RNN(outputs=2, hidden=5, cell='lstm')
    params = jax.jit(model.init)(jax.random.key(0), inputs)
    closed = close_forget_gate(params, hidden=5)
    _, layers = jax.jit(model.apply)(closed, inputs)

    tensors = {name: np.asarray(value) for name, value in params['params'].items()}
    h = np.zeros((4, 5))
    for step in range(6):
        z = inputs[:, step] @ tensors['weight_ih_l0'].T + h @ tensors['weight_hh_l0'].T
        z = z + tensors['bias_ih_l0'] + tensors['bias_hh_l0']
        i, _, g, o = np.split(z, 4, axis=-1)
        c = sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(layers['layer0'][:, step], h)
