"""Work grows as the sizes do, as counted in the program: twice the steps, the batch or the sequence at most doubles it."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import pytest
from experiments.benchmark import timing as measure
from experiments.reports import presets
from experiments.training.programs import Clock, mesh_of, programs
from experiments.core.tasks import TASKS

ADD = dataclasses.replace(
    presets.TASKS['binary_add'],
    hidden=16,
    batch_size=32,
    min_length=40,
    max_length=40,
    mesh='seeds:1',
)


def _program(config, steps):
    task = TASKS['binary_add'](config, print)
    members, init, epoch, _ = programs(config, task, Clock(), mesh_of(config))
    return epoch(steps), (init(members, ()), members, (), jnp.int32(0))


def _work(jaxpr):
    """Numbers that a program computes, each of a matrix product as many times as it adds products; a loop's as often as it runs."""
    total = 0
    for equation in jaxpr.eqns:
        inner = [
            part
            for value in equation.params.values()
            for part in (value if isinstance(value, tuple | list) else [value])
            if hasattr(part, 'eqns')
        ]
        if inner:
            total += equation.params.get('length', 1) * sum(
                _work(getattr(part, 'jaxpr', part)) for part in inner
            )
            continue
        summed = (
            equation.params['dimension_numbers'][0][0]
            if equation.primitive.name == 'dot_general'
            else ()
        )
        products = math.prod(equation.invars[0].aval.shape[axis] for axis in summed)
        total += products * sum(math.prod(out.aval.shape) for out in equation.outvars)
    return total


@pytest.mark.parametrize(
    'steps, change',
    [(80, {}), (40, {'batch_size': 64}), (40, {'min_length': 80, 'max_length': 80})],
)
def test_twice_the_size_is_at_most_twice_the_work(steps, change):
    def work(config, steps):
        program, args = _program(config, steps)
        return _work(jax.make_jaxpr(program.function)(*args).jaxpr)

    once = work(ADD, 40)
    assert once > 40 * 32 * 41 * 4 * 16 * (
        2 + 16
    )  # the recurrence's products, of 40 steps, 32 sequences, 41 bits
    assert 1.5 * once < work(dataclasses.replace(ADD, **change), steps) < 2.05 * once


def test_flops_of_a_net_by_hand():
    """An LSTM-5 adder: 21 steps of (2 + 5) x 20 and 5 x 1 multiplications, the first side without the gradient of its input."""
    ours = measure.Ours(dataclasses.replace(presets.TASKS['binary_add'], mesh='seeds:1'), 2)
    assert ours.flops() == 2 * 64 * 21 * (2 * 2 * 20 + 3 * 5 * 20 + 3 * 5)


def test_bytes_exchanged_are_the_gradients():
    """Split over 'data', an LSTM-16 adder's step sums its gradients, that of both biases once, and the batch's means, and little else."""
    ours = measure.Ours(dataclasses.replace(ADD, mesh='data:2'), 2)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(ours.params))
    assert 4 * (parameters - 4 * 16) <= measure.exchanged(ours.executable) < 1.2 * 4 * parameters
    assert (
        measure.exchanged(
            measure.Ours(dataclasses.replace(ADD, mesh='seeds:2', seeds=2), 2).executable
        )
        == 0
    )
