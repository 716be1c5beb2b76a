"""Every field of the Config reaches the task: changing it changes what is begun or trained."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core import defaults
from experiments.core.config import CHOICES
from experiments.core.tasks import TASKS, make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs

pytestmark = pytest.mark.usefixtures('quick_compilation')

ADD = dataclasses.replace(
    defaults.TASK_DEFAULTS['binary_add'],
    cell='rnn',
    train_size=64,
    batch_size=16,
    max_length=5,
    hidden=3,
)
GATED_ADD = dataclasses.replace(ADD, cell='lstm')
RECALL = dataclasses.replace(
    defaults.TASK_DEFAULTS['recall'], cell='rnn', train_size=64, batch_size=16, hidden=3
)
AUTOMATON = dataclasses.replace(
    defaults.TASK_DEFAULTS['automaton'],
    cell='rnn',
    train_size=64,
    batch_size=16,
    max_length=5,
    hidden=3,
)
CNN = dataclasses.replace(
    defaults.base('mnist_cnn', 'digits'), hidden=3, train_size=32, batch_size=8, statistics_every=0
)
IMAGES = dataclasses.replace(
    defaults.base('mnist_rnn', 'digits'), cell='rnn', hidden=3, train_size=256, batch_size=64
)


def _say_nothing(line):
    pass


def _initial_params(config):
    """All parameters of the first seed, in one array."""
    task = make_task(config, _say_nothing)
    programs = make_programs(config, task, make_mesh(config), Clock())
    states = programs.initialize(programs.population, task.data)
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(states.params)])


def _losses(config):
    """The losses of four steps of epoch 0 and of epoch 1."""
    task = make_task(config, _say_nothing)
    programs = make_programs(config, task, make_mesh(config), Clock())
    states = programs.initialize(programs.population, task.data)
    train_epoch = programs.train_epoch(4)
    losses = []
    for epoch in (0, 1):
        result = train_epoch(states, programs.population, task.data, jnp.int32(epoch))
        states = result.states
        losses.append(np.asarray(result.means['loss'])[0])
    return np.concatenate(losses)


@pytest.fixture(scope='module')
def known():
    """known(function, config): what _initial_params or _losses gives of an unchanged Config."""
    return functools.cache(lambda function, config: function(config))


@pytest.mark.parametrize(
    'base, change',
    [
        (ADD, {'cell': 'gru'}),
        (ADD, {'hidden': 4}),
        (ADD, {'layers': 2}),
        (ADD, {'bidirectional': True}),
        (ADD, {'init': 'glorot_uniform'}),
        (ADD, {'head_init': 'normal'}),
        pytest.param(ADD, {'init': 'glorot_joint'}, marks=pytest.mark.slow),
        (GATED_ADD, {'gate_bias': 1.0}),
        (ADD, {'seed': 1}),
        pytest.param(CNN, {'hidden': 4}, marks=pytest.mark.slow),
        pytest.param(CNN, {'init': 'lecun_normal'}, marks=pytest.mark.slow),
        pytest.param(CNN, {'head_init': 'normal'}, marks=pytest.mark.slow),
        (CNN, {'image_size': 12}),
        (CNN, {'colour': True}),
    ],
)
def test_what_changes_the_initial_parameters(base, change, known):
    params = _initial_params(dataclasses.replace(base, **change))
    unchanged = known(_initial_params, base)
    assert params.shape != unchanged.shape or not np.array_equal(params, unchanged)


@pytest.mark.slow
@pytest.mark.parametrize(
    'base, change',
    [
        (ADD, {'activation': 'relu'}),
        (ADD, {'dropout': 0.5}),
        (ADD, {'optimizer': 'rmsprop'}),
        (ADD, {'learning_rate': 0.1}),
        (ADD, {'optimizer': 'momentum', 'momentum': 0.9}),
        (ADD, {'weight_decay': 0.5}),
        (ADD, {'l2': 0.5}),
        (ADD, {'l2': 0.5, 'l2_of': 'norms'}),
        (ADD, {'loss': 'mse'}),
        (ADD, {'state_noise': 0.1}),
        (ADD, {'max_length': 4}),
        (ADD, {'min_length': 4}),
        (ADD, {'fresh': False}),
        (RECALL, {'k': 2}),
        (RECALL, {'loss': 'mse'}),
        (AUTOMATON, {'machine': 'even_pairs'}),
        (AUTOMATON, {'loss': 'mse'}),
        (AUTOMATON, {'state_noise': 0.0}),
        (IMAGES, {'pixels': 'standardized'}),
        (IMAGES, {'pixels': 'signed'}),
        (IMAGES, {'shuffle': False}),
        (IMAGES, {'train_size': 100}),
        (IMAGES, {'train_size': 0, 'per_class': 20}),
        (CNN, {'activation': 'tanh'}),
        (CNN, {'activation': 'leaky_relu'}),
        (CNN, {'dense_activation': 'sigmoid'}),
        (CNN, {'dropout': 0.5}),
        (CNN, {'l2': 0.5}),
    ],
)
def test_what_changes_the_training(base, change, known):
    unchanged = known(_losses, base)
    losses = _losses(dataclasses.replace(base, **change))
    assert not np.allclose(losses[1:], unchanged[1:], rtol=1e-4)


@pytest.mark.parametrize(
    'settings, change',
    [
        ({'optimizer': 'momentum', 'momentum': 0.9}, {'momentum': 0.5}),
        ({'optimizer': 'rmsprop'}, {'rmsprop_decay': 0.5}),
        ({'optimizer': 'rmsprop'}, {'rmsprop_start': 1.0}),
    ],
)
def test_what_changes_one_optimizer_only(settings, change):
    base = dataclasses.replace(ADD, **settings)
    changed = dataclasses.replace(base, **change)
    assert not np.allclose(_losses(base)[1:], _losses(changed)[1:], rtol=1e-4)


@pytest.mark.quick
def test_every_task_can_be_chosen():
    assert set(CHOICES['task']) == set(TASKS) == set(defaults.TASK_DEFAULTS)


def _inputs_of_epochs(config):
    """The inputs of four batches of epoch 0, and of epoch 1."""
    task = make_task(config, _say_nothing)

    @jax.jit
    def read(epoch):
        batch_at = task.batches(task.data, jax.random.key(0), epoch)
        return jax.vmap(batch_at)(jnp.arange(4)).inputs

    return [np.asarray(read(epoch)) for epoch in (0, 1)]


def _sorted_examples(inputs):
    return sorted(map(bytes, inputs.reshape(-1, *inputs.shape[2:])))


@pytest.mark.quick
@pytest.mark.parametrize(
    'config, same_examples',
    [
        (ADD, False),
        (IMAGES, True),
        (dataclasses.replace(ADD, fresh=False), True),
    ],
)
def test_epochs_differ_in_order_and_fresh_ones_in_examples(config, same_examples):
    first, second = _inputs_of_epochs(config)
    assert not np.array_equal(first, second)
    assert (_sorted_examples(first) == _sorted_examples(second)) == same_examples


def test_without_shuffle_every_epoch_is_in_the_order_of_the_file():
    np.testing.assert_array_equal(*_inputs_of_epochs(dataclasses.replace(IMAGES, shuffle=False)))


@pytest.mark.quick
def test_a_bidirectional_adder_is_told_not_to_be_causal():
    lines = []
    make_task(dataclasses.replace(ADD, bidirectional=True), lines.append)
    assert len(lines) == 1 and 'no causal adder' in lines[0]


def test_no_held_out_image_is_trained_on():
    task = make_task(defaults.base('mnist_rnn', 'digits'), _say_nothing)
    train = {bytes(image) for image in np.asarray(task.data.inputs)}
    assert len(task.held_out['validation'].inputs) == 137
    assert len(task.data.inputs) == 1300
    for examples in task.held_out.values():
        duplicates = sum(bytes(image) in train for image in examples.inputs)
        assert duplicates <= len(examples.inputs) // 20  # digits holds a few images twice


def test_a_subset_has_so_many_of_each_class():
    config = dataclasses.replace(CNN, train_size=0, per_class=20, test_per_class=7)
    tasks = []
    for seed in (0, 0, 1):
        tasks.append(make_task(dataclasses.replace(config, seed=seed), _say_nothing))
    for task in tasks:
        np.testing.assert_array_equal(np.bincount(task.data.targets), 20)
        np.testing.assert_array_equal(np.bincount(task.held_out['test'].targets), 7)
    np.testing.assert_array_equal(tasks[0].data.inputs, tasks[1].data.inputs)
    assert not np.array_equal(tasks[0].data.inputs, tasks[2].data.inputs)


def test_without_images_the_shapes_are_the_same():
    config = dataclasses.replace(CNN, train_size=0, per_class=20, test_per_class=7)
    loaded = make_task(config, _say_nothing)
    blank = make_task(config, _say_nothing, with_images=False)
    assert blank.data.inputs.shape == loaded.data.inputs.shape
    assert blank.held_out['test'].inputs.shape == loaded.held_out['test'].inputs.shape
    assert not blank.data.inputs.any()
