"""From arrays over seeds and steps to records, by hand."""

import numpy as np
import pytest

from experiments.core.config import Config
from experiments.training.epoch_metrics import Diverged, check_finite, epoch_records

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
    assert epoch.validation['loss'].seeds == [2.0, 3.0] and epoch.test is None


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
