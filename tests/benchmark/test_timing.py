"""What is timed: peers get what our first epoch trains on, and passes are long enough."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.benchmark import timing
from experiments.benchmark.timing import (
    MatrixProduct,
    OurTraining,
    PassPlan,
    PeerTraining,
    plan_passes,
    run_pass,
)
from experiments.core.defaults import TASK_DEFAULTS, base

pytestmark = pytest.mark.usefixtures('quick_compilation')

ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    cell='rnn',
    batch_size=4,
    max_length=6,
    train_size=200,
    mesh='seeds:1',
)
DIGITS = replace(base('mnist_rnn', 'digits'), hidden=3, batch_size=8, mesh='seeds:1')


def test_a_sequence_task_gives_peers_the_examples_of_its_first_epoch():
    training = OurTraining(ADDER)
    start = training.handover()
    assert training.steps_per_epoch == 50
    assert start.examples.inputs.shape == (200, 7, 2)
    assert start.examples.targets.shape == (200, 7)
    assert start.examples.lengths.shape == (200,)
    np.testing.assert_array_equal(start.order, np.arange(200))


def test_training_goes_on_from_call_to_call():
    training = OurTraining(replace(ADDER, learning_rate=0.1))
    first_losses = training.train(50)
    assert first_losses.shape == (50,)
    training.train(50)
    assert training.train(50).mean() < first_losses.mean()
    assert training.compile_seconds.keys() == {50}
    assert training.compile_seconds[50] > 0


def test_images_are_handed_over_in_the_order_of_the_first_epoch():
    training = OurTraining(DIGITS)
    start = training.handover()
    assert len(start.order) % DIGITS.batch_size == 0
    assert len(np.unique(start.order)) == len(start.order)
    assert len(start.examples.inputs) - len(start.order) < DIGITS.batch_size
    assert start.examples.lengths is None


@pytest.mark.quick
def test_a_peer_trains_on_the_first_rows_of_the_order():
    orders = []
    training = PeerTraining(orders.append, np.array([5, 3, 4, 0, 2, 1]), batch_size=2)
    assert training.steps_per_epoch == 3
    training.train(2)
    np.testing.assert_array_equal(orders, [[5, 3, 4, 0]])


class Clock:
    """A clock that a training moves on: the first call of each length takes a second longer."""

    def __init__(self, seconds_per_step):
        self.now = 0.0
        self.calls = []
        self._seconds_per_step = seconds_per_step

    def perf_counter(self):
        return self.now

    def train(self, steps):
        self.now += steps * self._seconds_per_step
        if steps not in self.calls:
            self.now += 1
        self.calls.append(steps)


@pytest.fixture
def make_clock(monkeypatch):
    def make(seconds_per_step):
        clock = Clock(seconds_per_step)
        monkeypatch.setattr(timing.time, 'perf_counter', clock.perf_counter)
        return clock

    return make


@pytest.mark.quick
def test_passes_of_short_epochs_are_many_epochs(make_clock):
    clock = make_clock(0.001)
    plan = plan_passes(clock.train, steps_per_epoch=150, seconds=2, first_steps=30)
    assert (plan.steps, plan.calls) == (150, 15)  # 2,200 steps
    assert plan.seconds == pytest.approx(2.25)
    assert clock.calls[:2] == [30, 30]  # the first one is not counted
    assert run_pass(clock.train, plan) == pytest.approx(2.25)
    assert plan.all_steps == 2250


@pytest.mark.quick
def test_passes_of_long_epochs_are_parts_of_one(make_clock):
    clock = make_clock(0.01)
    plan = plan_passes(clock.train, steps_per_epoch=1000, seconds=2, first_steps=30)
    assert plan == PassPlan(221, 1, pytest.approx(2.21))


@pytest.mark.quick
def test_a_pass_that_is_long_at_once_stays(make_clock):
    clock = make_clock(1)
    plan = plan_passes(clock.train, steps_per_epoch=1000, seconds=2, first_steps=3)
    assert plan == PassPlan(3, 1, 3)


@pytest.mark.quick
def test_a_matrix_product_takes_time():
    product = MatrixProduct(size=16)
    assert 0 < run_pass(product.train, PassPlan(2, 3)) < np.inf
