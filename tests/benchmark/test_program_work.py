"""The work of training grows as the sizes do, counted in the program instead of timed."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest

from experiments.core.defaults import TASK_DEFAULTS
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs

STEPS = 40
HIDDEN = 16
BATCH_SIZE = 32
BITS = 40
ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    hidden=HIDDEN,
    batch_size=BATCH_SIZE,
    min_length=BITS,
    max_length=BITS,
    mesh='seeds:1',
)


def epoch_work(config, steps):
    """The work of training for so many steps."""
    task = make_task(config, print)
    programs = make_programs(config, task, make_mesh(config), Clock())
    states = programs.initialize(programs.population, ())
    train_epoch = programs.train_epoch(steps).jitted
    jaxpr = jax.make_jaxpr(train_epoch)(states, programs.population, (), jnp.int32(0))
    return work(jaxpr.jaxpr)


def work(jaxpr):
    """How many numbers a program computes.

    A number of a matrix product counts as often as products are added up in it. The body of a
    loop counts as often as it runs.
    """
    total = 0
    for equation in jaxpr.eqns:
        parts = inner_jaxprs(equation)
        if parts:
            runs = equation.params.get('length', 1)
            total += runs * sum(work(part) for part in parts)
            continue
        outputs = sum(math.prod(output.aval.shape) for output in equation.outvars)
        total += products_per_output(equation) * outputs
    return total


def inner_jaxprs(equation):
    """The programs that an equation runs: the body of a loop, the branches of a condition."""
    parts = []
    for value in equation.params.values():
        candidates = value if isinstance(value, tuple | list) else [value]
        for candidate in candidates:
            if hasattr(candidate, 'eqns'):
                parts.append(getattr(candidate, 'jaxpr', candidate))
    return parts


def products_per_output(equation):
    if equation.primitive.name != 'dot_general':
        return 1
    (summed_axes, _), _ = equation.params['dimension_numbers']
    shape = equation.invars[0].aval.shape
    return math.prod(shape[axis] for axis in summed_axes)


@pytest.mark.parametrize(
    ('steps', 'change'),
    [
        (2 * STEPS, {}),
        (STEPS, {'batch_size': 2 * BATCH_SIZE}),
        (STEPS, {'min_length': 2 * BITS, 'max_length': 2 * BITS}),
    ],
)
def test_twice_the_size_is_at_most_twice_the_work(steps, change):
    once = epoch_work(ADDER, STEPS)
    gate_inputs = 2 + HIDDEN
    recurrence = STEPS * BATCH_SIZE * (BITS + 1) * 4 * HIDDEN * gate_inputs
    assert once > recurrence  # the counting sees the loops
    twice = epoch_work(replace(ADDER, **change), steps)
    assert 1.5 * once < twice < 2.05 * once
