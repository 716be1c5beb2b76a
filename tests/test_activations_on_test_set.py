"""The activations on the test set against NumPy's statistics of what the model returns."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.core import defaults
from experiments.core.tasks import make_task
from experiments.training.activations import IMAGES_AT_ONCE, activations_on_test_set
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Setup, make_mesh, make_programs

CNN = dataclasses.replace(
    defaults.base('mnist_cnn', 'digits'), hidden=6, train_size=256, seeds=3, activation='tanh'
)


def _setup(config):
    task = make_task(config, print)
    mesh = make_mesh(config)
    programs = make_programs(config, task, mesh, Clock())
    return Setup(config, task, mesh, task.data, programs, Clock())


@pytest.mark.parametrize(
    'mesh',
    [
        'seeds:2,data:2',  # fills up the seeds
        pytest.param('seeds:1', marks=pytest.mark.slow),
    ],
)
def test_activations_are_numpys(mesh):
    setup = _setup(dataclasses.replace(CNN, mesh=mesh))
    params = setup.programs.initialize(setup.programs.population, setup.data).params
    # A dead unit: the bias decides, and the tanh of it is constant.
    weight = params['params']['conv2_weight']
    params['params']['conv2_weight'] = weight.at[1, :2].set(0)
    activations = activations_on_test_set(setup, params)
    images = setup.task.held_out['test'].inputs
    assert len(images) % IMAGES_AT_ONCE > 0  # the last batch is smaller
    apply = jax.jit(setup.task.model.apply)
    for seed in range(CNN.seeds):
        own = jax.tree.map(lambda leaf, seed=seed: leaf[seed], params)
        _, layers = apply(own, setup.task.prepare(images))
        assert activations.keys() == layers.keys()
        for name, layer_values in layers.items():
            values = np.asarray(layer_values, float)
            by_unit = values.reshape(-1, values.shape[-1])
            expected = {
                'mean': values.mean(),
                'std': values.std(),
                'min': values.min(),
                'max': values.max(),
                'dead': np.mean(np.ptp(by_unit, axis=0) == 0),
            }
            for statistic, value in expected.items():
                summary = getattr(activations[name], statistic)
                np.testing.assert_allclose(
                    summary.seeds[seed], value, rtol=1e-4, atol=1e-6, err_msg=f'{name} {statistic}'
                )
    dead = activations['conv2'].dead
    assert len(dead.seeds) == CNN.seeds and dead.seeds[1] == 2 / 64 and dead.seeds[0] == 0


def test_a_recurrent_net_has_none():
    config = dataclasses.replace(defaults.base('mnist_rnn', 'digits'), hidden=3)
    assert activations_on_test_set(_setup(config), None) is None
