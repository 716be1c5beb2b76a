import shutil

import jax
import numpy as np
import pytest
from jaxdl import UserError, checkpoint, parallel

STATE = {'params': {'weight': np.arange(6.0).reshape(2, 3)}, 'step': np.int32(4)}
LIKE = jax.eval_shape(lambda: jax.tree.map(jax.numpy.asarray, STATE))


def _written(folder, losses, first=1):
    with checkpoint.open_manager(folder) as manager:
        for epoch, loss in enumerate(losses, first):
            checkpoint.save(
                manager, epoch, jax.tree.map(lambda x: x + epoch, STATE), {'hidden': 5}, loss
            )


@pytest.mark.parametrize('first', [1, 2, 4])
def test_newest_two_and_best_are_kept(first, tmp_path):
    """Also of a run that was stopped after so many epochs."""
    losses = [3.0, 1.0, 2.0, 4.0, 5.0, 6.0]
    _written(tmp_path, losses[:first])
    _written(tmp_path, losses[first:], first + 1)
    with checkpoint.open_manager(tmp_path) as manager:
        assert sorted(manager.all_steps()) == [2, 5, 6]
        epoch, state, damaged = checkpoint.restore(manager, LIKE)
    assert (epoch, damaged) == (6, [])
    np.testing.assert_array_equal(state['params']['weight'], STATE['params']['weight'] + 6)
    assert '"hidden":5' in (tmp_path / '6' / 'config' / 'metadata').read_text().replace(' ', '')


def test_what_is_saved_is_not_what_is_overwritten_later(tmp_path):
    """The training step donates its state: orbax must not write from the donated buffers."""
    double = jax.jit(lambda x: x * 2, donate_argnums=0)
    x, mesh = (
        jax.numpy.ones((1, 1_000_000)),
        parallel.make_mesh({'seeds': 1, 'data': 1}, 1, 1, False),
    )
    with checkpoint.open_manager(tmp_path) as manager:
        for epoch in range(1, 4):
            checkpoint.save(manager, epoch, parallel.part({'x': x}, 0, 1, mesh), {}, 1.0)
            x = double(x)
    with checkpoint.open_manager(tmp_path) as manager:
        _, state, _ = checkpoint.restore(
            manager, {'x': jax.ShapeDtypeStruct((1, 1_000_000), 'float32')}
        )
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
    _written(tmp_path, [3.0, 2.0, 1.0])
    damage(tmp_path / '3')
    with checkpoint.open_manager(tmp_path) as manager:
        epoch, state, damaged = checkpoint.restore(manager, LIKE)
        assert (epoch, damaged) == (2, [3])
        checkpoint.save(manager, 3, STATE, {}, 1.0)
    with checkpoint.open_manager(tmp_path) as manager:
        assert checkpoint.restore(manager, LIKE)[0] == 3


def test_nothing_is_deleted_when_nothing_can_be_read(tmp_path):
    _written(tmp_path, [3.0, 2.0])
    for epoch in '12':
        _remove(tmp_path / epoch)
    with checkpoint.open_manager(tmp_path) as manager, pytest.raises(UserError, match='--noresume'):
        checkpoint.restore(manager, LIKE)
    assert (tmp_path / '1').exists() and (tmp_path / '2').exists()


def test_a_damaged_loss_is_said(tmp_path):
    _written(tmp_path, [3.0, 2.0])
    (tmp_path / '2' / 'metrics' / 'metrics').write_text('{"lo')
    with pytest.raises(UserError, match='EPOCH/metrics/metrics, is damaged'):
        checkpoint.open_manager(tmp_path)
    shutil.rmtree(tmp_path / '2')
    with checkpoint.open_manager(tmp_path) as manager:
        assert checkpoint.restore(manager, LIKE)[0] == 1
