"""What devices exchange in a training step."""

from dataclasses import replace

import jax
import pytest

from experiments.benchmark.collectives import collective_bytes
from experiments.benchmark.timing import OurTraining
from experiments.core.defaults import TASK_DEFAULTS

pytestmark = pytest.mark.usefixtures('quick_compilation')

ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    hidden=16,
    batch_size=32,
    min_length=40,
    max_length=40,
)

PROGRAM = """HloModule a_training_step
%body (state: (f32[])) -> (f32[]) {
  %sum = (f32[20,5]{1,0}, f32[]) all-reduce(f32[20,5]{1,0} %gradient, f32[] %loss), channel_id=1
  %start = bf16[3]{0} all-gather-start(bf16[3]{0} %x), channel_id=2
  %product = f32[100,100]{1,0} dot(f32[100,1]{1,0} %a, f32[1,100]{1,0} %b)
}

ENTRY %main (p0: f32[8]) -> f32[8] {
  %all = f32[8]{0} all-gather(f32[4]{0} %p0), channel_id=3
}
"""


@pytest.mark.quick
def test_collectives_of_loops_are_counted():
    """A float32 array of 20 x 5 and a number, and three bfloat16 numbers; not the entry's."""
    assert collective_bytes(PROGRAM) == 4 * (20 * 5 + 1) + 2 * 3


@pytest.mark.slow
def test_devices_that_share_a_batch_exchange_gradients():
    """Little else: the batch's means, and of the two alike gradients of the biases only one."""
    training = OurTraining(replace(ADDER, mesh='data:2'))
    params = training.handover().params
    parameters = sum(leaf.size for leaf in jax.tree.leaves(params))
    biases = 4 * 16  # of each of the two
    bytes_exchanged = collective_bytes(training.compiled(2).as_text())
    assert bytes_exchanged >= 4 * (parameters - biases)
    assert bytes_exchanged < 1.2 * 4 * parameters


def test_devices_with_seeds_of_their_own_exchange_nothing():
    training = OurTraining(replace(ADDER, mesh='seeds:2', seeds=2))
    assert collective_bytes(training.compiled(2).as_text()) == 0
