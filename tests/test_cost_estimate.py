"""What a run costs, by arithmetic: beside the models, and beside the compiled programs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core import tasks
from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS, base
from experiments.training import cost_estimate
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs, train_epoch_shapes
from jaxdl.data.sources import Images

pytestmark = pytest.mark.usefixtures('quick_compilation')

SHAPES = {'mnist': (28, 28), 'cifar10': (32, 32, 3), 'digits': (8, 8)}
IMAGES = 1200  # what does not depend on their number is measured


def black_images(name, data_dir, notify):
    labels = np.arange(IMAGES, dtype=np.uint8) % 10
    pixels = np.zeros((IMAGES, *SHAPES[name]), np.uint8)
    return Images(pixels, labels, pixels, labels)


@pytest.fixture
def few_images(monkeypatch):
    """Data sets of IMAGES images, which the estimates know of too."""
    sizes = {}
    for name, size in cost_estimate.IMAGE_SIZES.items():
        sizes[name] = size._replace(train=IMAGES, test=IMAGES)
    monkeypatch.setattr(cost_estimate, 'IMAGE_SIZES', sizes)
    monkeypatch.setattr(tasks.images, 'load', black_images)


def with_few_images(config):
    if config.is_of_images():
        return dataclasses.replace(config, validation_size=100)
    return config


NETS = [
    *TASK_DEFAULTS.values(),
    Config(cell='gru', layers=3, bidirectional=True),
    Config(cell='gru', reset_after=False),
    dataclasses.replace(TASK_DEFAULTS['recall'], cell='rnn', layers=2),
    dataclasses.replace(TASK_DEFAULTS['cifar_cnn'], colour=True, image_size=32, hidden=7),
    base('mnist_rnn', 'digits'),
    base('mnist_cnn', 'digits'),
]


@pytest.mark.quick
@pytest.mark.parametrize('config', NETS, ids=lambda config: f'{config.task}-{config.net()}')
def test_parameters_are_those_of_the_model(config, few_images):
    config = with_few_images(config)
    task = tasks.make_task(config, lambda line: None)
    example = next(iter(task.held_out.values())).inputs[:1]
    inputs = jax.eval_shape(task.prepare, jnp.asarray(example))
    params = jax.eval_shape(task.model.init, jax.random.key(0), inputs)
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert cost_estimate.parameters(config) == count
    assert cost_estimate.steps_per_epoch(config) == task.steps_per_epoch


def bytes_of_program(config):
    """(estimated, needed) bytes of the program of an epoch on one device."""
    config = dataclasses.replace(with_few_images(config), mesh='seeds:1')
    task, mesh = tasks.make_task(config, print), make_mesh(config)
    programs = make_programs(config, task, mesh, Clock())
    train_epoch = programs.train_epoch(task.steps_per_epoch)
    sizes = train_epoch.compile(*train_epoch_shapes(programs, task.data)).memory_analysis()
    needed = sizes.argument_size_in_bytes + sizes.output_size_in_bytes
    needed += sizes.temp_size_in_bytes - sizes.alias_size_in_bytes
    parts = cost_estimate.program_parts(config, config.seeds)
    return sum(part.size for part in parts), needed


def assert_close(estimated, needed):
    assert needed / cost_estimate.ERROR_FACTOR < estimated < needed * cost_estimate.ERROR_FACTOR


def each_task():
    """All tasks; those whose nets are like another's are slow."""
    params = []
    for task in TASK_DEFAULTS:
        marks = [pytest.mark.slow] if task in ('automaton', 'mnist_cnn', 'cifar_cnn') else []
        params.append(pytest.param(task, marks=marks))
    return params


@pytest.mark.parametrize('task', each_task())
def test_bytes_are_those_of_the_compiled_program(task, few_images):
    assert_close(*bytes_of_program(TASK_DEFAULTS[task]))


@pytest.mark.slow
@pytest.mark.parametrize('cell', ['rnn', 'lstm', 'gru'])
@pytest.mark.parametrize(
    'settings',
    [
        {'seeds': 16},
        {'hidden': 64, 'max_length': 200, 'batch_size': 256, 'layers': 2},
        {'hidden': 600, 'batch_size': 2, 'optimizer': 'sgd'},
        {'fresh': False, 'max_length': 100},
        {'fresh': False, 'seeds': 10, 'batch_size': 10, 'hidden': 3},
        {'statistics_every': 1, 'batch_size': 2, 'hidden': 2, 'max_length': 2},
    ],
)
def test_bytes_of_other_recurrent_nets(cell, settings):
    for task in ('binary_add', 'recall'):
        lengths = {'min_length': 2, 'k': 1}
        config = dataclasses.replace(TASK_DEFAULTS[task], cell=cell, **lengths | settings)
        assert_close(*bytes_of_program(config))


@pytest.mark.slow
@pytest.mark.parametrize(
    'settings',
    [
        {'batch_size': 512},
        {'image_size': 64, 'colour': True},
        {'image_size': 8, 'hidden': 10},
        {'seeds': 3, 'optimizer': 'sgd'},
    ],
)
def test_bytes_of_other_cnns(settings, few_images):
    assert_close(*bytes_of_program(dataclasses.replace(TASK_DEFAULTS['cifar_cnn'], **settings)))


@pytest.mark.quick
def test_long_epochs_are_noted():
    assert cost_estimate.time_note(Config(), 1) is None
    recall = dataclasses.replace(TASK_DEFAULTS['recall'], min_length=100_000, max_length=100_000)
    note = cost_estimate.time_note(recall, 1)
    assert 'an epoch is 157 training steps of 100,000 time steps each, one after the other' in note
    assert 'minutes or more on two cores, all epochs about' in note
    note = cost_estimate.time_note(Config(layers=1000), 1)
    assert note.startswith('note: to compile 1,000 layers takes about 33 minutes')


@pytest.mark.quick
def test_times_in_words():
    assert cost_estimate.format_seconds(60) == 'about 1.0 minutes'
    assert cost_estimate.format_seconds(86_400 * 12) == 'about 12 days'
    assert cost_estimate.format_seconds(31_557_600e5) == 'about 100,000 years'
