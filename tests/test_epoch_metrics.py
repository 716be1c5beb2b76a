"""From arrays over seeds and steps to records, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.core.config import Config
from experiments.core.defaults import base
from experiments.training.epoch_metrics import (
    Diverged,
    check_finite,
    epoch_records,
    ten_batches_records,
)

pytestmark = pytest.mark.quick
CONFIG = Config(seed=7, seeds=2)


def test_windows_and_the_whole_epoch():
    losses = np.array([np.arange(40.0), np.arange(40.0) + 1])
    held_out = {'validation': {'loss': np.array([[1.0, 3.0], [2.0, 4.0]])}}
    *windows, epoch = epoch_records(3, 100, {'loss': losses}, held_out, seconds=2.5)
    assert [window.step for window in windows] == list(range(102, 142, 2))
    assert windows[0].train['loss'].mean == 1.0 and windows[0].train['loss'].seeds is None
    assert (epoch.epoch, epoch.step, epoch.seconds) == (3, 140, 2.5)
    assert epoch.train['loss'].seeds == [19.5, 20.5]
    assert epoch.last_batch['loss'].seeds == [39.0, 40.0]
    assert epoch.first_batch is None
    assert epoch.validation['loss'].seeds == [2.0, 3.0] and epoch.test is None


def test_the_first_batch_of_the_run():
    losses = np.array([[2.5, 1.0, 0.5], [2.25, 1.5, 0.75]])
    *_, epoch = epoch_records(1, 0, {'loss': losses}, {}, seconds=1.0)
    assert epoch.first_batch['loss'].seeds == [2.5, 2.25]


IMAGES = replace(base('mnist_rnn', 'digits'), seeds=2)


@pytest.mark.parametrize(
    ('steps', 'ends'),
    [
        (391, [*range(1, 392, 10)]),  # CIFAR-10 in batches of 128
        (938, [*range(1, 932, 10), 938]),  # MNIST in batches of 64
        (1, [1]),
    ],
)
def test_ten_batches(steps, ends):
    losses = np.random.default_rng(0).uniform(size=(2, steps))
    means = {'loss': losses, 'accuracy': 1 - losses}
    (record,) = ten_batches_records(IMAGES, 9, 10, means)
    assert record.epoch == 9 and record.batches == ends
    begin = 0
    for i, end in enumerate(ends):
        for seed in range(2):
            expected = sum(losses[seed, begin:end]) / (end - begin)
            np.testing.assert_allclose(record.train['loss'].seeds[seed][i], expected)
            np.testing.assert_allclose(record.train['accuracy'].seeds[seed][i], 1 - expected)
        begin = end
    np.testing.assert_allclose(record.train['loss'].mean[0], losses[:, 0].mean())


@pytest.mark.parametrize(
    ('config', 'epoch'),
    [(IMAGES, 8), (replace(IMAGES, seeds=11), 10), (replace(base('recall'), seeds=2), 10)],
)
def test_ten_batches_are_not_recorded(config, epoch):
    assert ten_batches_records(config, epoch, 10, {'loss': np.zeros((config.seeds, 20))}) == []


def test_finite_numbers_pass():
    check_finite(CONFIG, 0, 0, np.zeros((2, 3)), np.array([True, True]), {})


@pytest.mark.parametrize(
    'seed, step, finite, held_out_loss, message',
    [
        (1, 1, True, 0.0, 'seed 8 is not finite at step 12; the checkpoint of epoch 2 is kept'),
        (None, None, False, 0.0, 'seed 7 is not finite at step 13'),
        (None, None, True, np.inf, 'seed 7 is not finite at step 13'),
    ],
)
def test_the_first_number_that_is_not_finite(seed, step, finite, held_out_loss, message):
    losses = np.zeros((2, 3))
    if seed is not None:
        losses[seed, step:] = np.nan
    held_out = {'validation': {'loss': np.array([[held_out_loss], [0.0]])}}
    with pytest.raises(Diverged, match=message):
        check_finite(CONFIG, 2, 10, losses, np.array([finite, True]), held_out)
