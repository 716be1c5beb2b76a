"""Checkpoints: which are kept, that they are copies, and what damage does."""

import shutil

import jax
import numpy as np
import pytest

from jaxdl import UserError, checkpoint, parallel

STATE = {'params': {'weight': np.arange(6.0).reshape(2, 3)}, 'step': np.int32(4)}
SHAPES = jax.eval_shape(lambda: jax.tree.map(jax.numpy.asarray, STATE))


def _save_epochs(folder, losses, first=1):
    """Saves an epoch for each loss, with STATE plus the number of the epoch."""
    with checkpoint.open_manager(folder) as manager:
        for epoch, loss in enumerate(losses, first):
            state = jax.tree.map(lambda x, epoch=epoch: x + epoch, STATE)
            checkpoint.save(manager, epoch, state, {'hidden': 5}, loss)


@pytest.mark.parametrize('stopped_after', [1, 2, 4])
def test_newest_two_and_best_are_kept(stopped_after, tmp_path):
    """Also of a run that was stopped after so many epochs."""
    losses = [3.0, 1.0, 2.0, 4.0, 5.0, 6.0]
    _save_epochs(tmp_path, losses[:stopped_after])
    _save_epochs(tmp_path, losses[stopped_after:], stopped_after + 1)
    with checkpoint.open_manager(tmp_path) as manager:
        assert sorted(manager.all_steps()) == [2, 5, 6]
        restored = checkpoint.restore(manager, SHAPES)
    assert (restored.epoch, restored.damaged) == (6, [])
    weight = restored.state['params']['weight']
    np.testing.assert_array_equal(weight, STATE['params']['weight'] + 6)
    config = (tmp_path / '6' / 'config' / 'metadata').read_text()
    assert '"hidden":5' in config.replace(' ', '')


def test_what_is_saved_is_not_what_is_overwritten_later(tmp_path):
    """The training step donates its state: orbax must not write from the donated buffers."""
    double = jax.jit(lambda x: x * 2, donate_argnums=0)
    x = jax.numpy.ones((1, 1_000_000))
    mesh = parallel.make_mesh({'seeds': 1, 'data': 1}, 1, 1, False)
    with checkpoint.open_manager(tmp_path) as manager:
        for epoch in range(1, 4):
            copy = parallel.take_seeds({'x': x}, 0, 1, mesh)
            checkpoint.save(manager, epoch, copy, {}, 1.0)
            x = double(x)
    shapes = {'x': jax.ShapeDtypeStruct((1, 1_000_000), 'float32')}
    with checkpoint.open_manager(tmp_path) as manager:
        state = checkpoint.restore(manager, shapes).state
    assert np.all(np.asarray(state['x']) == 4)


def _truncate(folder):
    for file in (folder / 'state').rglob('*'):
        if file.is_file() and file.stat().st_size > 20:
            file.write_bytes(file.read_bytes()[:10])


def _remove(folder):
    for file in (folder / 'state').rglob('*ocdbt'):
        if file.is_file():
            file.unlink()


@pytest.mark.parametrize('damage', [_truncate, _remove])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(damage, tmp_path):
    _save_epochs(tmp_path, [3.0, 2.0, 1.0])
    damage(tmp_path / '3')
    with checkpoint.open_manager(tmp_path) as manager:
        restored = checkpoint.restore(manager, SHAPES)
        assert (restored.epoch, restored.damaged) == (2, [3])
        checkpoint.save(manager, 3, STATE, {}, 1.0)
    with checkpoint.open_manager(tmp_path) as manager:
        assert checkpoint.restore(manager, SHAPES).epoch == 3


def test_nothing_is_deleted_when_nothing_can_be_read(tmp_path):
    _save_epochs(tmp_path, [3.0, 2.0])
    for epoch in '12':
        _remove(tmp_path / epoch)
    with (
        checkpoint.open_manager(tmp_path) as manager,
        pytest.raises(UserError, match='--noresume'),
    ):
        checkpoint.restore(manager, SHAPES)
    assert (tmp_path / '1').exists() and (tmp_path / '2').exists()


@pytest.mark.quick
def test_a_damaged_loss_is_told(tmp_path):
    _save_epochs(tmp_path, [3.0, 2.0])
    (tmp_path / '2' / 'metrics' / 'metrics').write_text('{"lo')
    with pytest.raises(UserError, match='2/metrics/metrics, is damaged'):
        checkpoint.open_manager(tmp_path)
    shutil.rmtree(tmp_path / '2')
    with checkpoint.open_manager(tmp_path) as manager:
        assert checkpoint.restore(manager, SHAPES).epoch == 1
