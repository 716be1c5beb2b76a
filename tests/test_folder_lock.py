"""One process at a time trains in a folder."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time

import filelock
import pytest
from command_line import TINY, error_line

from experiments import reproduce
from experiments.core.command import run_command
from experiments.training.folder_lock import LOCK_NAME, owned
from jaxdl import UserError

HOLD = """
import sys
from pathlib import Path
from experiments.training.folder_lock import owned
with owned(Path(sys.argv[1]), print):
    print('owned', flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def owner(tmp_path):
    """A process that owns tmp_path."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == 'owned\n'
    yield process
    process.kill()
    process.communicate()


def _own(folder):
    lines = []
    with owned(folder, lines.append):
        assert lines == []


@pytest.mark.quick
def test_a_second_process_is_refused_until_the_first_is_gone(owner, tmp_path):
    with pytest.raises(UserError) as refused:
        _own(tmp_path)
    assert f'process {owner.pid} on {socket.gethostname()}' in str(refused.value)
    # A killed process leaves its lock file, which blocks nobody.
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert (tmp_path / LOCK_NAME).read_text().startswith(f'process {owner.pid} ')
    _own(tmp_path)
    assert (tmp_path / LOCK_NAME).read_text().startswith(f'process {os.getpid()} ')


@pytest.mark.quick
def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), owned(tmp_path, print):
        raise RuntimeError
    _own(tmp_path)


@pytest.mark.quick
@pytest.mark.parametrize('code', [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_disk_without_locks_is_told_and_used(code, tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr('fcntl.flock', flock)
    lines = []
    with owned(tmp_path, lines.append):
        pass
    assert len(lines) == 1 and 'without locks' in lines[0]


@pytest.mark.quick
def test_a_lock_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    def acquire(lock):
        raise PermissionError(errno.EACCES, 'Permission denied')

    monkeypatch.setattr(filelock.FileLock, 'acquire', acquire)
    with pytest.raises(PermissionError), owned(tmp_path, print):
        pass


def test_reproduce_and_main_respect_the_owner(owner, tmp_path, capsys):
    expected = f'is in use by process {owner.pid} on {socket.gethostname()}'
    assert expected in error_line(capsys, *TINY['binary_add'], f'--workdir={tmp_path}')
    with pytest.raises(SystemExit) as stopped:
        run_command(reproduce.main, ['reproduce', '--rows=E-lstm128', f'--results={tmp_path}'])
    assert stopped.value.code == 2 and expected in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]


@pytest.mark.slow
def test_a_second_run_leaves_the_files_of_the_first_alone(tmp_path, capsys):
    flags = [*TINY['binary_add'], f'--workdir={tmp_path}', '--epochs=100000']
    argv = [sys.executable, '-m', 'experiments.main', *flags]
    first = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / 'checkpoints' / '2').exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        line = error_line(capsys, *flags)
        assert f'is in use by process {first.pid} on {socket.gethostname()}' in line
        assert f'is in use by process {first.pid} ' in error_line(capsys, *flags, '--noresume')
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=60) == 130
    epochs = (tmp_path / 'metrics.jsonl').read_text().count('"kind": "epoch"')
    newest = max(int(path.name) for path in (tmp_path / 'checkpoints').iterdir())
    assert epochs == newest
