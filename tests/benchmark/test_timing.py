"""Training in passes: peers get what the passes train on."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.benchmark.timing import TimedTraining, matrix_product_speed
from experiments.core.defaults import TASK_DEFAULTS, base
from jaxdl import UserError

STEPS = 3
ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    batch_size=4,
    max_length=6,
    mesh='seeds:1',
)
DIGITS = replace(base('mnist_rnn', 'digits'), hidden=3, batch_size=8, mesh='seeds:1')


def test_a_sequence_task_gives_peers_the_examples_of_its_first_pass():
    training = TimedTraining(ADDER, STEPS)
    count = STEPS * ADDER.batch_size
    assert training.examples.inputs.shape == (count, 7, 2)
    assert training.examples.targets.shape == (count, 7)
    assert training.examples.lengths.shape == (count,)
    np.testing.assert_array_equal(training.order(1), np.arange(count))


def test_passes_train_the_net():
    training = TimedTraining(replace(ADDER, learning_rate=0.1), 50)
    first_losses = training.train_pass(0)
    assert first_losses.shape == (50,)
    training.train_pass(1)
    last_losses = training.train_pass(2)
    assert last_losses.mean() < first_losses.mean()
    assert training.compile_seconds > 0


def test_images_are_trained_on_in_a_new_order_in_every_pass():
    training = TimedTraining(DIGITS, STEPS)
    orders = np.stack([training.order(0), training.order(1)])
    assert orders.shape == (2, STEPS * DIGITS.batch_size)
    assert (orders[0] != orders[1]).any()
    assert len(np.unique(orders[0])) == len(orders[0])
    assert orders.max() < len(training.examples.inputs)


def test_a_pass_is_no_longer_than_an_epoch_of_images():
    with pytest.raises(UserError, match='an epoch has'):
        TimedTraining(DIGITS, 10_000)


@pytest.mark.quick
def test_a_matrix_product_takes_time():
    assert 0 < matrix_product_speed(n=16, repeats=2) < np.inf
