"""Several hosts, as processes with two CPU devices each on this machine."""

import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from experiments.core import defaults
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs, state_shapes
from experiments.training.run import run
from jaxdl import checkpoint, parallel

DEFAULTS = defaults.TASK_DEFAULTS['binary_add']
ADD = dataclasses.replace(
    DEFAULTS,
    hidden=3,
    seeds=3,
    epochs=3,
    train_size=640,
    validation_size=50,
    max_length=6,
    restarts=2,
)
# What the library between hosts says of itself on standard output. Its threads write between each
# other's words.
GLOO = (
    r'(\[Gloo]|Rank|is connected to|peer ranks\.|'
    r'Expected number of connected peer ranks is|[:\d\s])*'
)


def _start_hosts(folder, *flags, second=()):
    """Two processes of the same command; `second` are further flags of the second one."""
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]
    settings = []
    for name, value in ADD.identity().items():
        if value != getattr(DEFAULTS, name):
            settings.append(f'--{name}={value}')
    argv = [sys.executable, '-m', 'experiments.main', '--distributed', f'--workdir={folder}']
    hosts = []
    for process_id in range(2):
        environment = {
            **os.environ,
            'JAX_COORDINATOR_ADDRESS': f'localhost:{port}',
            'JAX_NUM_PROCESSES': '2',
            'JAX_PROCESS_ID': str(process_id),
            'JAX_NUM_CPU_DEVICES': '2',
        }
        own_flags = second if process_id == 1 else ()
        host = subprocess.Popen(
            [*argv, *settings, *flags, *own_flags],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        hosts.append(host)
    return hosts


def _losses(folder):
    losses = []
    for line in (folder / 'metrics.jsonl').read_text().splitlines():
        record = json.loads(line)
        for split in ('train', 'validation'):
            if split in record:
                losses.append(record[split]['loss']['mean'])
    return losses


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    """The folder of the same run on one device."""
    folder = tmp_path_factory.mktemp('alone')
    config = dataclasses.replace(ADD, workdir=str(folder), mesh='seeds:1')
    run(config, notify=lambda line: None)
    return folder


def _restore_on(mesh_flag, folder):
    """The states of the run in `folder`, restored on another mesh and padded to fill it."""
    config = dataclasses.replace(ADD, mesh=mesh_flag)
    mesh = make_mesh(config)
    programs = make_programs(config, make_task(config, print), mesh, Clock())
    shapes = state_shapes(programs, (), 3, parallel.population_sharding(3, mesh))
    with checkpoint.open_manager(folder / 'checkpoints') as manager:
        restored = checkpoint.restore(manager, shapes)
    assert restored.epoch == 3
    padded = parallel.pad_seeds(restored.state, 3, mesh)
    assert {len(leaf.devices()) for leaf in jax.tree.leaves(padded)} == {mesh.size}
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:3], padded)


@pytest.mark.slow
def test_two_hosts_train_as_one_and_their_checkpoint_fits_any_mesh(tmp_path, alone):
    hosts = _start_hosts(tmp_path, '--mesh=seeds:2,data:2')
    texts = [host.communicate(timeout=200) for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], texts
    (first_output, _), (second_output, _) = texts
    assert '4 x cpu (cpu, 2 over seeds, 2 over data)' in first_output
    assert re.fullmatch(GLOO, second_output)
    np.testing.assert_allclose(_losses(tmp_path), _losses(alone), rtol=1e-4)
    first, *others = [_restore_on(mesh, tmp_path) for mesh in ('seeds:1', 'seeds:4', 'seeds:3')]
    for other in others:
        jax.tree.map(np.testing.assert_array_equal, first, other)


def _count_epochs(folder):
    return (folder / 'metrics.jsonl').read_text().count('"kind": "epoch"')


def _wait_for(condition, seconds=150):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline
        time.sleep(0.1)


def _wait_for_epochs(folder, count):
    def has_epochs():
        return (folder / 'metrics.jsonl').exists() and _count_epochs(folder) >= count

    _wait_for(has_epochs)


def _is_told(host, error):
    """Whether a host that lost another says so.

    It does in our line, or in JAX's own words where its heartbeat was first.
    """
    if host.returncode == -signal.SIGABRT:
        return 'another task died' in error
    is_our_line = 'error: another host has stopped' in error and 'goes on' in error
    return host.returncode == 1 and is_our_line and 'Traceback' not in error


@pytest.mark.slow
def test_a_lost_host_is_told_and_the_job_goes_on(tmp_path, alone):
    """One of two hosts is killed. Started again, both go on. Asked to stop, one stops both."""
    flags = ['--epochs=3000', '--mesh=seeds:2,data:2']
    hosts = _start_hosts(tmp_path, *flags)
    _wait_for_epochs(tmp_path, 2)
    _wait_for((tmp_path / 'checkpoints' / '1').exists)
    hosts[1].send_signal(signal.SIGKILL)
    _, error = hosts[0].communicate(timeout=60)
    hosts[1].communicate()
    assert _is_told(hosts[0], error), error

    epochs_done = _count_epochs(tmp_path)
    hosts = _start_hosts(tmp_path, *flags)
    _wait_for_epochs(tmp_path, max(epochs_done + 1, 3))
    hosts[0].send_signal(signal.SIGTERM)
    texts = [host.communicate(timeout=60) for host in hosts]
    assert [host.returncode for host in hosts] == [130, 130], texts
    assert 'going on after epoch' in texts[0][0]
    expected = _losses(alone)
    np.testing.assert_allclose(_losses(tmp_path)[: len(expected)], expected, rtol=1e-4)


def test_an_error_of_one_host_stops_both(tmp_path):
    hosts = _start_hosts(tmp_path, '--mesh=seeds:2,data:2', second=['--mesh=seeds:1'])
    first_error, second_error = (host.communicate(timeout=60)[1] for host in hosts)
    assert _is_told(hosts[0], first_error), first_error
    assert hosts[1].returncode == 2 and 'all must be used' in second_error
