"""Work grows as the sizes do, as the compiler counts it: twice the steps, the batch or the sequence at most doubles it."""
import collections
import dataclasses
import re

import jax
import jax.numpy as jnp
import pytest
from experiments import measure, presets
from experiments.programs import Clock, mesh_of, programs
from experiments.tasks import TASKS

ADD = dataclasses.replace(presets.TASKS['binary_add'], hidden=16, batch_size=32, min_length=40, max_length=40, mesh='seeds:1')


def _program(config, steps):
    task = TASKS['binary_add'](config, print)
    members, init, epoch, _ = programs(config, task, Clock(), mesh_of(config))
    return epoch(steps), (init(members, ()), members, (), jnp.int32(0))


def _counted(steps, **change):
    """({trips of a loop: how many such loops}, floating-point operations, those in a loop counted once) of the compiled program."""
    program, args = _program(dataclasses.replace(ADD, **change), steps)
    executable = program.executable(*args)
    return collections.Counter(re.findall(r'known_trip_count":{"n":"(\d+)"', executable.as_text())), executable.cost_analysis()['flops']


@pytest.mark.parametrize('steps, change, loops', [(80, {}, {'40': -1, '80': 1}), (40, {'batch_size': 64}, {}),
                                                  (40, {'min_length': 80, 'max_length': 80}, {'41': -2, '81': 2})])
def test_twice_the_size_is_no_more_than_twice_the_work(steps, change, loops):
    """The loop over steps, or those over time, run twice as often and hold no more, but for what is done for all times at once."""
    (before, flops), (after, more) = _counted(40), _counted(steps, **change)
    after.subtract(before)
    assert {trips: count for trips, count in after.items() if count} == loops
    assert more == flops if steps == 80 else 1.5 * flops < more < 2.1 * flops


def test_flops_of_a_net_by_hand():
    """An LSTM-5 adder: 21 steps of (2 + 5) x 20 and 5 x 1 multiplications, the first side without the gradient of its input."""
    ours = measure.Ours(dataclasses.replace(presets.TASKS['binary_add'], mesh='seeds:1'), 2)
    assert ours.flops() == 2 * 64 * 21 * (2 * 2 * 20 + 3 * 5 * 20 + 3 * 5)


def test_bytes_exchanged_are_the_gradients():
    """Split over 'data', an LSTM-16 adder's step sums its gradients, that of both biases once, and the batch's means, and little else."""
    ours = measure.Ours(dataclasses.replace(ADD, mesh='data:2'), 2)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(ours.params))
    assert 4 * (parameters - 4 * 16) <= measure.exchanged(ours.executable) < 1.2 * 4 * parameters
    assert measure.exchanged(measure.Ours(dataclasses.replace(ADD, mesh='seeds:2', seeds=2), 2).executable) == 0
