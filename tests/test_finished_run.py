"""A finished run, loaded by the commands that look into it."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.core import defaults
from experiments.training import finished_run, workdir
from experiments.training.run import run
from jaxdl import UserError

pytestmark = pytest.mark.usefixtures('quick_compilation')

CONFIG = dataclasses.replace(
    defaults.base('mnist_rnn', 'digits'), hidden=3, epochs=2, train_size=128, seeds=2, seed=4
)


def _say_nothing(line):
    pass


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    run(dataclasses.replace(CONFIG, workdir=str(folder)), notify=_say_nothing)
    return folder


def test_one_seed_of_a_run(folder):
    population = finished_run.load_population(folder, ('mnist_rnn',), notify=_say_nothing)
    assert population.epochs == [1, 2] and population.config.seeds == 2
    net = finished_run.load(folder, ('mnist_rnn',), seed=5, notify=_say_nothing)
    assert net.epoch == 2 and len(net.labels) == 360
    second = jax.tree.map(lambda leaf: leaf[1], population.params_at(2))
    jax.tree.map(np.testing.assert_array_equal, net.params, second)
    assert sorted(net.snapshots) == [0, 1, 2]
    untrained = net.snapshots[0]()
    first_epoch = net.snapshots[1]()
    assert not np.array_equal(
        untrained['params']['head_weight'], first_epoch['params']['head_weight']
    )


def test_the_untrained_net_is_the_one_that_training_begins_with(folder):
    untrained = finished_run.load(folder, ('mnist_rnn',), epoch=0, notify=_say_nothing)
    model, key = untrained.model, jax.random.key(4)
    expected = model.init(jax.random.fold_in(key, 0), untrained.prepare(untrained.inputs[:2]))
    jax.tree.map(np.testing.assert_array_equal, untrained.params, expected)


@pytest.mark.parametrize(
    'options, message',
    [
        ({'seed': 6}, '--seed=6: .* holds the seeds 4 to 5'),
        ({'epoch': 3}, '--epoch=3: .* holds the epochs 0, 1, 2'),
        ({'tasks': ('cifar_cnn',)}, 'holds a mnist_rnn run; name a run of cifar_cnn'),
    ],
)
def test_what_is_not_there(folder, options, message):
    tasks = options.pop('tasks', ('mnist_rnn',))
    with pytest.raises(UserError, match=message):
        finished_run.load(folder, tasks, notify=_say_nothing, **options)


@pytest.mark.quick
@pytest.mark.parametrize('setting', ['hidden', 'validation_size', 'seeds'])
def test_a_run_that_is_too_large_for_this_machine(setting, tmp_path):
    """Its config.json may be a stranger's: nothing is allocated for it."""
    config = dataclasses.replace(defaults.base('binary_add'), **{setting: 2_000_000_000})
    workdir.write_settings(tmp_path, config)
    (tmp_path / 'checkpoints').mkdir()
    with pytest.raises(UserError, match='GiB are free: this run needs a larger machine'):
        finished_run.load_population(tmp_path, ('binary_add',))


@pytest.mark.quick
def test_folders_without_a_run(tmp_path):
    with pytest.raises(UserError, match='is no folder'):
        finished_run.read_config(tmp_path / 'absent')
    with pytest.raises(UserError, match='holds no run of this program'):
        finished_run.read_config(tmp_path)
    (tmp_path / 'config.json').write_text('{"version": "9", "task": "recall", "seeds": 1, "x": 2}')
    with pytest.raises(UserError, match='of version 9, with .* unknown settings x'):
        finished_run.read_config(tmp_path)
