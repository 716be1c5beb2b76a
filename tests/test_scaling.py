"""Work grows as the sizes do: twice the steps, the batch or the sequence at most triples it."""
import dataclasses
import time

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


def _least_seconds(config, steps, repeats=7):
    program, (states, *rest) = _program(config, steps)
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        states, *_ = jax.block_until_ready(program(states, *rest))
        taken.append(time.perf_counter() - start)
    return min(taken)


@pytest.mark.parametrize('steps, change', [(80, {}), (40, {'batch_size': 64}), (40, {'min_length': 80, 'max_length': 80})])
def test_twice_the_size_is_at_most_three_times_the_work(steps, change):
    assert _least_seconds(dataclasses.replace(ADD, **change), steps) < 3 * _least_seconds(ADD, 40)


def test_the_work_of_a_batch_as_the_compiler_counts_it():
    """Loop bodies are counted once, so this says nothing of steps or sequences."""
    flops = [program.executable(*args).cost_analysis()['flops'] for program, args in
             (_program(dataclasses.replace(ADD, batch_size=size), 4) for size in (32, 64, 128))]
    assert flops[0] < flops[1] < 3 * flops[0] and flops[1] < flops[2] < 3 * flops[1]


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
