"""Every program lowers for a GPU and a TPU, on a machine that has neither."""

import functools

import jax
import jax.numpy as jnp
import pytest
from computations import config_of, data_sets_are_random, open_programs
from hand_built import adder_certificate, params_of
from random_nets import random_net

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.proofs import certify
from experiments.training.compiled_programs import Program, train_epoch_shapes
from jaxdl.verify import falsify
from jaxdl.verify.automaton import ADDER

PLATFORMS = ('cuda', 'tpu')


def lower(jitted, *args, **kwargs):
    """Lowers a jitted function for all PLATFORMS; returns zeros in the shapes of its results."""
    exported = jax.export.export(jitted, platforms=PLATFORMS)(*args, **kwargs)
    assert exported.platforms == PLATFORMS
    shapes = jax.eval_shape(jitted, *args, **kwargs)
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)


@pytest.mark.quick
@pytest.mark.parametrize('task', TASK_DEFAULTS)
def test_the_programs_of_a_task(task, monkeypatch):
    lowered = []

    def lower_program(self, *args):
        lowered.append(self.jitted.__name__)
        return functools.partial(lower, self.jitted)

    with data_sets_are_random():
        setup = open_programs(config_of(task, 'large'))
    task, programs = setup
    monkeypatch.setattr(Program, 'compile', lower_program)
    states, *others = train_epoch_shapes(programs, task.data)
    programs.initialize(programs.population, task.data)
    programs.train_epoch(3)(states, *others)
    for examples in task.held_out.values():
        programs.evaluate(states.params, examples)
    assert set(lowered) == {'initialize', 'train_epoch', 'evaluate'}
