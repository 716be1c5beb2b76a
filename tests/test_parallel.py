"""Meshes of devices: their axes, and that they give the numbers of one device."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core import defaults
from experiments.core.config import MESH_AXES
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs
from jaxdl import UserError, parallel

pytestmark = pytest.mark.usefixtures('quick_compilation')

choose_axes = parallel.choose_axes  # before conftest puts a stub in its place
ADD = dataclasses.replace(
    defaults.TASK_DEFAULTS['binary_add'],
    hidden=3,
    seeds=3,
    train_size=640,
    validation_size=50,
    max_length=6,
    state_noise=0.1,
    batch_size=10,
)
IMAGES = dataclasses.replace(
    defaults.base('mnist_rnn', 'digits'),
    hidden=5,
    seeds=3,
    train_size=100,
    batch_size=18,
    dropout=0.5,
)
CNN = dataclasses.replace(
    defaults.base('mnist_cnn', 'digits'),
    hidden=5,
    seeds=2,
    train_size=100,
    batch_size=18,
    dropout=0.5,
    statistics_every=3,
)


def _first_epoch(config):
    """Means, layer statistics, parameters and validation scores of a config's first epoch."""
    task, mesh = make_task(config, print), make_mesh(config)
    programs = make_programs(config, task, mesh, Clock())
    data = parallel.replicate(task.data, mesh)
    train_epoch = programs.train_epoch(task.steps_per_epoch)
    states = programs.initialize(programs.population, data)
    result = train_epoch(states, programs.population, data, jnp.int32(0))
    for layer in (result.statistics or {}).values():
        layer.pop('histogram')  # counts: a value near an edge may fall on either side of it
    arrays = result.means, result.statistics, result.states.params
    arrays = jax.tree.map(lambda x: np.asarray(x)[: config.seeds], arrays)
    evaluation = programs.evaluate(result.states.params, task.held_out['validation'])
    return arrays, evaluation.scores


@pytest.mark.slow
@pytest.mark.parametrize(
    'base, meshes',
    [
        (ADD, ['seeds:2,data:2']),
        (ADD, ['seeds:4', 'data:4']),
        (IMAGES, ['seeds:2,data:2']),
        (CNN, ['seeds:2,data:2']),
    ],
)
def test_a_mesh_of_devices_gives_the_numbers_of_one(base, meshes):
    """Seeds, batches and last batches do not divide evenly; noise and dropout are the same too."""
    alone = _first_epoch(dataclasses.replace(base, mesh='seeds:1'))

    def assert_close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)

    for mesh in meshes:
        jax.tree.map(assert_close, alone, _first_epoch(dataclasses.replace(base, mesh=mesh)))


@pytest.mark.quick
@pytest.mark.parametrize(
    'seeds, batch_size, split_batch, several_hosts, axes',
    [
        (100, 64, False, False, (4, 1)),
        (3, 64, False, False, (3, 1)),
        (1, 64, False, False, (1, 1)),
        (1, 64, True, False, (1, 4)),
        (2, 64, True, False, (2, 2)),
        (3, 40, True, False, (1, 2)),
        (3, 8, False, True, (1, 4)),
        (6, 8, False, True, (2, 2)),
    ],
)
def test_the_axes_that_are_chosen_for_four_devices(
    seeds, batch_size, split_batch, several_hosts, axes
):
    chosen = choose_axes(4, seeds, batch_size, split_batch, several_hosts)
    assert (chosen['seeds'], chosen['data']) == axes


@pytest.mark.quick
def test_config_and_library_name_the_same_axes():
    assert MESH_AXES == parallel.AXES


@pytest.mark.quick
@pytest.mark.parametrize(
    'mesh, message',
    [
        ('four', 'not understood'),
        ('data:0', 'not understood'),
        ('seeds:2,seeds:2', 'not understood'),
        ('models:2', 'not understood'),
        ('seeds:8', '8 devices; there are 4'),
    ],
)
def test_meshes_that_cannot_be(mesh, message):
    with pytest.raises(UserError, match=message):
        make_mesh(dataclasses.replace(ADD, mesh=mesh))
