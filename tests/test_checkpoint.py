"""Checkpoints: which are kept, that they are copies, and what damage does."""

import shutil

import jax
import numpy as np
import pytest
from watched_disk import watch

from jaxdl import UserError, checkpoint, parallel

STATE = {'params': {'weight': np.arange(6, dtype=np.float32).reshape(2, 3)}, 'step': np.int32(4)}
SHAPES = jax.eval_shape(lambda: jax.tree.map(jax.numpy.asarray, STATE))


def _save_epochs(folder, losses, first=1):
    """Saves an epoch for each loss, with STATE plus the number of the epoch."""
    with checkpoint.open_manager(folder) as manager:
        for epoch, loss in enumerate(losses, first):
            state = jax.tree.map(lambda x, epoch=epoch: (x + epoch).astype(x.dtype), STATE)
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
        pytest.raises(UserError, match='checkpoint 2 in .* is damaged and cannot be read'),
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


@pytest.mark.quick
def test_a_state_that_is_not_the_one_saved_is_found(tmp_path):
    """It can be read, and only the digest tells."""
    _save_epochs(tmp_path, [3.0, 2.0])
    shutil.rmtree(tmp_path / '2' / 'state')
    shutil.copytree(tmp_path / '1' / 'state', tmp_path / '2' / 'state')
    with checkpoint.open_manager(tmp_path) as manager:
        with pytest.raises(UserError, match='checkpoint 2 in .* is damaged'):
            checkpoint.read(manager, 2, SHAPES)
        restored = checkpoint.restore(manager, SHAPES)
    assert (restored.epoch, restored.damaged) == (1, [2])


def test_a_checkpoint_of_an_earlier_version_has_no_digest(tmp_path):
    _save_epochs(tmp_path, [3.0, 2.0])
    shutil.rmtree(tmp_path / '2' / checkpoint.DIGEST)
    with checkpoint.open_manager(tmp_path) as manager:
        assert checkpoint.restore(manager, SHAPES).epoch == 2


def test_the_digest_is_of_names_shapes_dtypes_and_bytes():
    weight = np.arange(6, dtype=np.float32)
    states = [
        {'a': weight},
        {'b': weight},
        {'a': weight.reshape(2, 3)},
        {'a': weight.astype(np.int32)},
        {'a': -weight},
        {'a': weight, 'b': weight},
    ]
    assert len({checkpoint.digest(state) for state in states}) == len(states)
    assert checkpoint.digest({'a': jax.numpy.asarray(weight)}) == checkpoint.digest(states[0])


def _flip_bit(file, position):
    content = bytearray(file.read_bytes())
    content[position % len(content)] ^= 1 << position % 8
    file.write_bytes(content)


def _flip_each(folder, positions):
    """Flips bits of the files of the newest of two checkpoints, and compares what is restored."""
    kept = folder / 'kept'
    _save_epochs(kept, [3.0, 2.0])
    damaged_parts = set()
    files = sorted(path.relative_to(kept) for path in (kept / '2').rglob('*') if path.is_file())
    for file in files:
        for position in positions:
            shutil.copytree(kept, folder / 'flipped')
            _flip_bit(folder / 'flipped' / file, position)
            checkpoint.repair_losses(folder / 'flipped', {1: 3.0, 2: 2.0})
            with checkpoint.open_manager(folder / 'flipped') as manager:
                restored = checkpoint.restore(manager, SHAPES)
            expected = STATE['params']['weight'] + restored.epoch
            np.testing.assert_array_equal(restored.state['params']['weight'], expected)
            if restored.damaged:
                damaged_parts.add(file.parts[1])
            shutil.rmtree(folder / 'flipped')
    # A loss may change unseen, within what can be read; it is no part of the state.
    assert {'state', 'digest'} <= damaged_parts <= {'state', 'digest', '_CHECKPOINT_METADATA'}


def test_a_flipped_bit_is_found_or_does_no_harm(tmp_path):
    _flip_each(tmp_path, positions=[61])


@pytest.mark.slow
def test_any_flipped_bit_is_found_or_does_no_harm(tmp_path):
    _flip_each(tmp_path, positions=range(0, 500, 9))


@pytest.mark.quick
@pytest.mark.parametrize(
    'content', [b'', b'{"lo', b'[]', b'{"lost": 2.0}', b'{"loss": "low"}', None]
)
def test_a_damaged_loss_is_repaired(content, tmp_path):
    _save_epochs(tmp_path, [3.0, 2.0])
    file = tmp_path / '2' / 'metrics' / 'metrics'
    if content is None:
        shutil.rmtree(file.parent)
    else:
        file.write_bytes(content)
    checkpoint.repair_losses(tmp_path, {1: 3.0, 2: 2.0})
    _save_epochs(tmp_path, [4.0, 5.0], first=3)
    with checkpoint.open_manager(tmp_path) as manager:
        assert sorted(manager.all_steps()) == [2, 3, 4]  # 2 is the best


@pytest.mark.quick
def test_errors_of_the_disk_are_told_from_others(tmp_path):
    full = ValueError("Failed to write 5 bytes: No space left on device [os_error_code='28']")
    with pytest.raises(OSError) as raised, checkpoint.disk_errors_told(tmp_path):
        raise full
    assert raised.value.errno == 28 and raised.value.filename == str(tmp_path)
    with pytest.raises(ValueError, match='a bug'), checkpoint.disk_errors_told(tmp_path):
        raise ValueError('a bug')


def test_what_is_written_has_its_name_only_when_it_is_on_the_disk(tmp_path, monkeypatch):
    operations = []
    with monkeypatch.context() as patch:
        watch(patch, tmp_path, lambda kind, path: operations.append((kind, path)))
        _save_epochs(tmp_path, [3.0])
    renamed = operations.index(('rename', tmp_path / '1.orbax-checkpoint-tmp'))
    synced = {path.name for kind, path in operations[:renamed] if kind == 'fsync'}
    written = {path.name for kind, path in operations[:renamed] if kind == 'write'}
    assert written - synced <= {'commit_success.txt'}
    assert {'_METADATA', 'metrics', 'metadata', 'manifest.ocdbt'} <= synced
