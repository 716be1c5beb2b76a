"""The programs of a run: layer statistics are those of the parameters before the step."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core import defaults
from experiments.core.config import VMAPPED
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import (
    make_mesh,
    make_population,
    make_programs,
    train_epoch_shapes,
)
from experiments.training.epoch_metrics import statistics_records
from jaxdl.figures.layer_statistics import layer_statistics

ADD = dataclasses.replace(
    defaults.TASK_DEFAULTS['binary_add'],
    cell='rnn',
    train_size=64,
    batch_size=16,
    max_length=5,
    hidden=3,
)
CNN = dataclasses.replace(
    defaults.base('mnist_cnn', 'digits'), hidden=3, train_size=256, statistics_every=2, seeds=2
)


def _open(config):
    """(task, programs, initial states)."""
    task = make_task(config, print)
    programs = make_programs(config, task, make_mesh(config), Clock())
    return task, programs, programs.initialize(programs.population, task.data)


@pytest.mark.slow
def test_layer_statistics_of_a_cnn():
    task, programs, states = _open(CNN)
    initial = jax.tree.map(np.asarray, states.params)
    result = programs.train_epoch(3)(states, programs.population, task.data, jnp.int32(0))
    layers = ('conv1', 'conv1_pre', 'pool1', 'conv2', 'conv2_pre', 'pool2')
    dense_layers = ('dense', 'dense_pre', 'head')
    assert set(result.statistics) == {*initial['params'], *layers, *dense_layers}
    inputs = task.prepare(task.held_out['test'].inputs[:100])
    apply = jax.jit(task.model.apply)
    for seed in range(2):
        params = jax.tree.map(lambda x, seed=seed: x[seed], initial)
        values = np.asarray(apply(params, inputs)[1]['conv2'])
        statistics = jax.tree.map(lambda x, seed=seed: np.asarray(x)[seed], result.statistics)
        assert statistics['conv2']['mean'].shape == (2,)  # before steps 0 and 2
        first = {name: array[0] for name, array in statistics['conv2'].items()}
        np.testing.assert_allclose(first['mean'], values.mean(), rtol=1e-4)
        np.testing.assert_allclose(first['std'], values.std(), rtol=1e-4)
        np.testing.assert_allclose(first['max'], values.max(), rtol=1e-4)
        head_std = statistics['head_weight']['std'][0]
        np.testing.assert_allclose(head_std, params['params']['head_weight'].std(), rtol=1e-5)
    means = result.statistics['conv1']['mean']
    assert not np.allclose(means[:, 0], means[:, 1])
    counts = result.statistics['conv2']['histogram'].sum(-1)
    np.testing.assert_array_equal(counts, values.size)


def test_layer_statistics_of_a_sequence_task():
    _, programs, states = _open(dataclasses.replace(ADD, statistics_every=2))
    result = programs.train_epoch(4)(states, programs.population, (), jnp.int32(0))
    records = statistics_records(1, 0, 2, jax.device_get(result.statistics))
    assert [record.step for record in records] == [0, 2]
    layers = records[0].layers
    assert layers['layer0'].dead is not None and layers['bias_hh_l0'].dead is None
    assert layer_statistics('an adder', records).keys() == {'layer_layer0', 'layer_head'}


@pytest.mark.quick
def test_a_population_of_settings_vmaps_what_differs():
    first = dataclasses.replace(ADD, seeds=2, seed=5)
    second = dataclasses.replace(first, learning_rate=0.3)
    alone = make_population([first])
    assert alone.hyperparameters == {}
    expected = np.stack([jax.random.key_data(jax.random.key(seed)) for seed in (5, 6)])
    np.testing.assert_array_equal(jax.random.key_data(alone.keys), expected)
    together = make_population([first, second])
    assert set(together.hyperparameters) == {'learning_rate'} <= set(VMAPPED)
    np.testing.assert_allclose(together.hyperparameters['learning_rate'], [0.01, 0.01, 0.3, 0.3])
    assert len(together.keys) == 4


def test_devices_that_share_batches_exchange_data_once_a_step():
    config = dataclasses.replace(
        defaults.base('mnist_rnn', 'digits'), hidden=16, mesh='seeds:1,data:2'
    )
    task = make_task(config, print)
    programs = make_programs(config, task, make_mesh(config), Clock())
    program = programs.train_epoch(2).compile(*train_epoch_shapes(programs, task.data))
    # An exchange makes the devices wait for each other, however little is exchanged.
    assert program.as_text().count(' all-reduce(') == 1
