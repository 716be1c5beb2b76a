"""The n-th operation on the disk fails, for n = 1, 2, ...: the run says so, and goes on later."""

import errno
import os
import shutil
import time

import pytest
from tiny_run import EPOCHS, outcome, share_programs, train
from watched_disk import watch

from experiments.training import run as run_module

ERRORS = {'write': errno.ENOSPC, 'mkdir': errno.ENOSPC}  # of other operations EIO


class Fault:
    """Fails the n-th operation, and all later ones if it is lasting."""

    def __init__(self, number, is_lasting):
        self.number = number
        self.is_lasting = is_lasting
        self.count = 0

    def __call__(self, kind, path):
        if kind == 'remove':  # what is left behind does no harm
            return
        if kind == 'mkdir' and path.is_dir():  # it would fail anyway
            return
        self.count += 1
        if self.count == self.number or (self.is_lasting and self.count > self.number):
            code = ERRORS.get(kind, errno.EIO)
            raise OSError(code, os.strerror(code), str(path))


@pytest.fixture(scope='module', autouse=True)
def quick_runs():
    """Runs share their programs, and wait for each checkpoint: operations have one order."""
    save = run_module.checkpoint.save

    def save_and_wait(manager, *args):
        save(manager, *args)
        with run_module.checkpoint.disk_errors_told(manager.directory):
            manager.wait_until_finished()

    with pytest.MonkeyPatch.context() as patch:
        share_programs(patch)
        patch.setattr(run_module.checkpoint, 'save', save_and_wait)
        yield


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp('undisturbed')
    assert train(folder) == 0
    return outcome(folder)


def _train_with(fault, folder):
    with pytest.MonkeyPatch.context() as patch:
        watch(patch, folder, fault)
        return train(folder)


def _fail_and_resume(folder, number, is_lasting, undisturbed, capfd):
    """Whether the run was long enough to fail at that operation."""
    fault = Fault(number, is_lasting)
    capfd.readouterr()
    exit_code = _train_with(fault, folder)
    lines = capfd.readouterr().err.splitlines()
    errors = [line for line in lines if line and '%|' not in line]  # all but the progress
    if fault.count < number:
        assert exit_code == 0 and errors == []
        return False
    assert exit_code == 2, number
    assert len(errors) == 1 and errors[0].startswith('error: '), (number, errors)
    _wait_for_threads(folder)
    assert train(folder) == 0, number
    assert outcome(folder) == undisturbed, number
    shutil.rmtree(folder)
    return True


def _wait_for_threads(folder):
    """Of the failed run, in which tensorstore may still be writing: a process would be gone."""
    before, now = None, list(os.walk(folder))
    while now != before:
        time.sleep(0.05)
        before, now = now, list(os.walk(folder))


@pytest.fixture(scope='module')
def operations(tmp_path_factory):
    """The number of operations of a run."""
    fault = Fault(number=0, is_lasting=False)
    assert _train_with(fault, tmp_path_factory.mktemp('counted')) == 0
    return fault.count


@pytest.mark.parametrize('share', [0.01, 0.3, 0.6, 0.95])
@pytest.mark.parametrize('is_lasting', [False, True])
def test_a_failed_operation_is_told_and_the_run_is_the_same(
    share, is_lasting, operations, tmp_path, undisturbed, capfd
):
    number = 1 + int(share * operations)
    assert _fail_and_resume(tmp_path / 'run', number, is_lasting, undisturbed, capfd)


@pytest.mark.slow
@pytest.mark.parametrize('is_lasting', [False, True])
def test_every_operation_may_fail(is_lasting, tmp_path, undisturbed, capfd):
    number = 1
    while _fail_and_resume(tmp_path / 'run', number, is_lasting, undisturbed, capfd):
        number += 1
    assert number > 100


def _drop(file):
    file.unlink()


def _truncate(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _empty(file):
    file.write_bytes(b'')


def _damage_and_resume(finished, folder, file, damage, undisturbed):
    shutil.copytree(finished, folder)
    (folder / 'results.json').unlink()
    damage(folder / file)
    assert train(folder) == 0
    assert outcome(folder) == undisturbed
    shutil.rmtree(folder)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    assert train(folder) == 0
    return folder


def _checkpoint_files(folder):
    newest = folder / 'checkpoints' / str(EPOCHS)
    return sorted(path.relative_to(folder) for path in newest.rglob('*') if path.is_file())


@pytest.mark.parametrize('damage', [_drop, _truncate, _empty])
def test_a_damaged_checkpoint_loses_an_epoch_at_most(damage, finished, undisturbed, tmp_path):
    """Also in the files that tensorstore writes beneath Python."""
    for name in ('state/manifest.ocdbt', 'state/_METADATA', 'metrics/metrics'):
        file = f'checkpoints/{EPOCHS}/{name}'
        _damage_and_resume(finished, tmp_path / 'run', file, damage, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize('damage', [_drop, _truncate, _empty])
def test_any_file_of_a_checkpoint_may_be_damaged(damage, finished, undisturbed, tmp_path):
    for file in _checkpoint_files(finished):
        _damage_and_resume(finished, tmp_path / 'run', file, damage, undisturbed)


def test_a_log_that_ends_before_the_newest_checkpoint(finished, undisturbed, tmp_path, capsys):
    folder = tmp_path / 'run'
    shutil.copytree(finished, folder)
    (folder / 'results.json').unlink()
    lines = (folder / 'metrics.jsonl').read_text().splitlines(keepends=True)
    (folder / 'metrics.jsonl').write_text(''.join(lines[:-1]))
    assert train(folder) == 0
    printed = capsys.readouterr().out
    assert f'metrics.jsonl ends with epoch {EPOCHS - 1}: later checkpoints are not used' in printed
    assert f'going on after epoch {EPOCHS - 1}' in printed
    assert outcome(folder) == undisturbed
