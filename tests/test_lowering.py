"""Every program lowers for a GPU and a TPU, on a machine that has neither."""

import functools

import jax
import jax.numpy as jnp
import pytest
from computations import config_of, data_sets_are_random, open_programs, untrained_cnn
from jax import export
from random_nets import random_net

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.proofs.certify_covered import certify_covered
from experiments.proofs.certify_searched import certify_searched
from experiments.training.compiled_programs import Program, train_epoch_shapes
from experiments.views.passes_by_name import PASSES
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.falsify import falsify

pytestmark = pytest.mark.usefixtures('quick_compilation')

PLATFORMS = ('cuda', 'tpu')
IN_THE_SUITE = ('deconvnet', 'occlusion')


def lower(jitted, *args, **kwargs):
    """Lowers a jitted function for all PLATFORMS; returns zeros in the shapes of its results."""
    exported = export.export(jitted, platforms=PLATFORMS)(*args, **kwargs)
    assert exported.platforms == PLATFORMS
    zeros = [jnp.zeros(aval.shape, aval.dtype) for aval in exported.out_avals]
    return jax.tree.unflatten(exported.out_tree, zeros)


@pytest.fixture
def lowered(monkeypatch):
    """The names of what is lowered; functions that are jitted in a test are, and never compiled."""
    names = []
    jit = jax.jit

    def lowering_jit(function, **options):
        jitted = jit(function, **options)

        def call(*args, **kwargs):
            names.append(getattr(function, '__name__', 'vmapped'))
            return lower(jitted, *args, **kwargs)

        return call

    monkeypatch.setattr(jax, 'jit', lowering_jit)
    return names


def tasks():
    """All tasks; two have much in common with others."""
    marks = {
        'mnist_rnn': [pytest.mark.quick],
        'automaton': [pytest.mark.slow],
        'cifar_cnn': [pytest.mark.slow],
    }
    params = []
    for name in TASK_DEFAULTS:
        params.append(pytest.param(name, marks=marks.get(name, [])))
    return params


@pytest.mark.parametrize('name', tasks())
def test_the_programs_of_a_task(name, monkeypatch):
    lowered = []

    def lower_program(self, *args):
        lowered.append(self.jitted.__name__)
        return functools.partial(lower, self.jitted)

    with data_sets_are_random():
        task, programs = open_programs(config_of(name, 'large'))
    monkeypatch.setattr(Program, 'compile', lower_program)
    states, *others = train_epoch_shapes(programs, task.data)
    programs.initialize(programs.population, task.data)
    programs.train_epoch(3)(states, *others)
    for examples in task.held_out.values():
        programs.evaluate(states.params, examples)
    assert set(lowered) == {'initialize', 'train_epoch', 'evaluate'}


@pytest.fixture
def params(cell):
    """Two random nets. A test asks for them ahead of `lowered`, as they are computed."""
    _, net = random_net(cell, 5, seed=0)
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), net['params'])


@pytest.mark.slow
@pytest.mark.parametrize(
    'cell, search',
    [
        ('rnn', 'fine-tuned'),
        ('gru', 'covered'),
        ('lstm', 'as trained'),
        ('lstm', 'fine-tuned'),
        ('lstm', 'covered'),
    ],
)
def test_the_programs_of_a_proof(cell, search, params, lowered):
    falsify(cell, ADDER, params, jax.random.key(0))
    config = Config(cell=cell, seeds=2)
    if search == 'covered':
        program = 'images'
        outcomes = certify_covered(config, ADDER, params, [0, 1], word_steps=1)
    else:
        program = 'find'
        fine_tune = search == 'fine-tuned'
        outcomes = certify_searched(
            config, ADDER, params, [0, 1], history=0, steps=10, fine_tune=fine_tune
        )
    assert [outcome.proof for outcome in outcomes] == [None, None]  # the sets are zeros
    assert set(lowered) == {'first_errors', program}


@pytest.fixture(scope='module')
def cnn():
    with data_sets_are_random():
        return untrained_cnn('small')


def passes():
    """The passes that compute something; most are slow, as they draw figures."""
    params = []
    for name in PASSES:
        if name in IN_THE_SUITE:
            params.append(name)
        elif name != 'filters':
            params.append(pytest.param(name, marks=pytest.mark.slow))
    return params


@pytest.mark.parametrize('name', passes())
def test_the_programs_of_a_pass(name, cnn, lowered):
    PASSES[name](*cnn)
    assert lowered
