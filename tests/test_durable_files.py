"""Files are written whole or not at all, and are on the disk when a call returns."""

import errno
import os
import stat

import pytest
from watched_disk import watch

from jaxdl import durable_files

pytestmark = pytest.mark.quick


def _record(patch, folder):
    operations = []
    watch(patch, folder, lambda kind, path: operations.append((kind, path.name)))
    return operations


def test_a_file_comes_to_the_disk_before_its_name(tmp_path, monkeypatch):
    file = tmp_path / 'results.json'
    with monkeypatch.context() as patch:
        operations = _record(patch, tmp_path)
        durable_files.write_whole(file, 'déjà')
    assert file.read_text(encoding='utf-8') == 'déjà'
    assert [path.name for path in tmp_path.iterdir()] == ['results.json']
    draft = operations[0][1]
    assert operations == [
        ('open', draft),
        ('write', draft),
        ('fsync', draft),
        ('rename', draft),
        ('open', tmp_path.name),
        ('fsync', tmp_path.name),
    ]


def test_others_may_read_what_is_written(tmp_path):
    plain = tmp_path / 'plain'
    plain.write_text('')
    durable_files.write_whole(tmp_path / 'whole', b'')
    assert stat.S_IMODE((tmp_path / 'whole').stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize('failing', ['open', 'write', 'fsync', 'rename'])
def test_a_file_that_cannot_be_written_is_as_it_was(failing, tmp_path, monkeypatch):
    file = tmp_path / 'results.json'
    file.write_text('before')

    def fail(kind, path):
        if kind == failing:
            raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch, pytest.raises(OSError) as raised:
        watch(patch, tmp_path, fail)
        durable_files.write_whole(file, 'after')
    assert raised.value.filename == str(file)
    assert file.read_text() == 'before'
    assert [path.name for path in tmp_path.iterdir()] == ['results.json']


@pytest.mark.parametrize(
    'code, is_error', [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)]
)
def test_a_disk_that_cannot_sync_is_used_as_it_is(code, is_error, tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, 'fsync', fail)
    file = tmp_path / 'file'
    if is_error:
        with pytest.raises(OSError):
            durable_files.write_whole(file, 'text')
    else:
        durable_files.write_whole(file, 'text')
    assert file.exists() != is_error


def test_lines_are_added_and_synced(tmp_path, monkeypatch):
    file = tmp_path / 'metrics.jsonl'
    file.write_text('first\n')
    with monkeypatch.context() as patch:
        operations = _record(patch, tmp_path)
        durable_files.append(file, 'second\n')
    assert file.read_text() == 'first\nsecond\n'
    assert operations[-1] == ('fsync', 'metrics.jsonl')


def test_a_copy_of_a_folder_is_synced_before_it_has_its_name(tmp_path, monkeypatch):
    source, target = tmp_path / 'source', tmp_path / 'target'
    (source / 'inner').mkdir(parents=True)
    (source / 'inner' / 'file').write_text('text')
    with monkeypatch.context() as patch:
        operations = _record(patch, tmp_path)
        durable_files.copy_folder(source, target)
    assert (target / 'inner' / 'file').read_text() == 'text'
    synced = [name for kind, name in operations if kind == 'fsync']
    assert synced == ['.target.draft', 'file', 'inner', tmp_path.name]
    assert operations.index(('fsync', 'inner')) < operations.index(('rename', '.target.draft'))


def test_drafts_that_a_kill_left_are_removed(tmp_path):
    (tmp_path / '.results.json.01234567.draft').write_text('{')
    (tmp_path / '.checkpoints.draft' / '3').mkdir(parents=True)
    (tmp_path / 'my.draft').write_text("the user's own")
    durable_files.remove_drafts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['my.draft']
