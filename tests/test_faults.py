"""The n-th operation on the disk fails, for n = 1, 2, ...: the run says so, and goes on later."""

import errno
import os
import shutil

import pytest
from tiny_run import outcome, share_programs, train
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
    errors = [line for line in lines if line and 'step/s' not in line]
    if fault.count < number:
        assert exit_code == 0 and errors == []
        return False
    assert exit_code == 2, number
    assert len(errors) == 1 and errors[0].startswith('error: '), (number, errors)
    assert train(folder) == 0, number
    assert outcome(folder) == undisturbed, number
    shutil.rmtree(folder)
    return True


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
