"""The playground's reading of rows against jaxdl.models.rnn, in double precision."""

import jax
import numpy as np
import pytest
from scripts import call, engine, shaped, shaped_all

from jaxdl.models.rnn import RNN

ROWS, COLUMNS = 6, 4


@pytest.fixture(scope='module')
def script():
    return engine()


@pytest.mark.quick
@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_beliefs_after_each_row(cell, script, x64):
    model = RNN(outputs=10, hidden=5, cell=cell, every_step=True)
    random = np.random.default_rng(0)
    image = random.normal(size=(ROWS, COLUMNS))
    shapes = jax.eval_shape(model.init, jax.random.key(0), image[None])['params']
    weights = {}
    for name, array in shapes.items():
        weights[name] = random.normal(size=array.shape)
    net = {'cell': cell, 'weights': shaped_all(weights)}

    logits, _ = jax.jit(model.apply)({'params': weights}, image[None])
    beliefs = call(script, 'readRows', net, shaped(image))
    np.testing.assert_allclose(beliefs, jax.nn.softmax(logits[0]), rtol=1e-6)


@pytest.mark.quick
def test_inputs_are_scaled_as_the_net_was_trained(script):
    net = {'pixels': {'mean': 0.25, 'deviation': 0.5}}
    inputs = call(script, 'inputsOf', net, shaped(np.array([[0, 0.25], [0.5, 1]])))
    assert inputs == {'shape': [2, 2], 'values': [-0.5, 0, 0.5, 1.5]}
    assert call(script, 'blackInput', net['pixels']) == -0.5


@pytest.mark.quick
def test_changes_of_mind(script):
    beliefs = [[0.5, 0.3, 0.2], [0.6, 0.4, 0], [0.1, 0.2, 0.7], [0.9, 0, 0.1]]
    changes = call(script, 'changesOfMind', beliefs)
    expected = [{'row': 1, 'answer': 0}, {'row': 3, 'answer': 2}, {'row': 4, 'answer': 0}]
    assert changes == expected
