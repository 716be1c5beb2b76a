"""SIGKILL of a process that trains: the same command goes on, and the run is the same."""

import dataclasses
import multiprocessing
import os
import random
import signal
import time

import pytest
from tiny_run import CONFIG, outcome, share_programs
from watched_disk import watch

from experiments.training import run as run_module
from jaxdl import backend


@pytest.fixture(scope='module')
def processes():
    """Starts processes that have imported JAX already, but have not used it."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['test_kills'])
    return context


def _train(folder, last_operation=None):
    """Trains in a process of its own, which dies before that operation on the disk."""
    backend.configure(small_loops=True, compilation_cache=True)
    patch = pytest.MonkeyPatch()
    share_programs(patch)
    operations = []

    def before(kind, path):
        operations.append(kind)
        if len(operations) == last_operation:
            os.kill(os.getpid(), signal.SIGKILL)

    if last_operation is not None:
        watch(patch, folder, before)
    config = dataclasses.replace(CONFIG, workdir=str(folder))
    run_module.run(config, notify=lambda line: None)


def _finish(processes, folder):
    started = time.monotonic()
    process = processes.Process(target=_train, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - started


@pytest.fixture(scope='module')
def undisturbed(processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp('undisturbed')
    _finish(processes, folder)
    return outcome(folder)


def test_a_killed_run_goes_on_and_is_the_same(processes, undisturbed, tmp_path):
    moments = random.Random(15)
    for first, last in ((20, 90), (90, 160)):
        process = processes.Process(
            target=_train, args=(tmp_path, moments.randint(first, last)), daemon=True
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    _finish(processes, tmp_path)
    assert outcome(tmp_path) == undisturbed


@pytest.mark.slow
def test_runs_killed_at_random_moments(processes, undisturbed, tmp_path):
    """Each run is started and killed until it ends by itself, as many runs as 30 kills take."""
    moments = random.Random(15)
    seconds = _finish(processes, tmp_path / 'timed')
    kills, runs = 0, 0
    while kills < 30:
        folder = tmp_path / str(runs)
        process = processes.Process(target=_train, args=(folder,), daemon=True)
        process.start()
        time.sleep(moments.uniform(0.2, seconds))
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            kills += 1
        else:
            assert process.exitcode == 0
            assert outcome(folder) == undisturbed
            runs += 1
    _finish(processes, tmp_path / str(runs))
    assert outcome(tmp_path / str(runs)) == undisturbed
