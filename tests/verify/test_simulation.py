"""Runs of a net are those of the model."""

import jax
import numpy as np
import pytest
from random_nets import random_net

from jaxdl.verify.simulation import simulate

pytestmark = pytest.mark.usefixtures('quick_compilation')


@pytest.mark.parametrize('cell', [pytest.param('rnn', marks=pytest.mark.quick), 'gru', 'lstm'])
def test_simulation_is_the_models(cell):
    model, params = random_net(cell, 4, seed=1)
    bits = np.random.default_rng(0).integers(0, 2, (5, 9, 2))
    logits, layers = jax.jit(model.apply)(params, bits.astype(np.float32))
    simulation = simulate(cell, params['params'], bits)
    np.testing.assert_allclose(simulation.states[..., :4], layers['layer0'], atol=1e-5)
    np.testing.assert_allclose(simulation.logits, logits, atol=1e-5)
