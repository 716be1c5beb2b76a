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
import jax.numpy as jnp
import numpy as np
import pytest
from experiments.reports import presets
from experiments.training.programs import Clock, check_memory, largest, like, mesh_of, programs
from experiments.training.run import run
from experiments.core.tasks import TASKS
from jaxdl import UserError, checkpoint, parallel

AUTO = parallel.auto  # before conftest takes its place
ADD = dataclasses.replace(
    presets.TASKS['binary_add'],
    hidden=3,
    seeds=3,
    epochs=3,
    train_size=640,
    validation_size=50,
    max_length=6,
    starts=2,
)
IMAGES = dataclasses.replace(
    presets.base('mnist_rnn', 'digits'),
    hidden=5,
    seeds=3,
    train_size=100,
    batch_size=18,
    dropout=0.5,
)
CNN = dataclasses.replace(
    presets.base('mnist_cnn', 'digits'),
    hidden=5,
    seeds=2,
    train_size=100,
    batch_size=18,
    dropout=0.5,
    statistics_every=3,
)


def _epoch(config):
    """(means, layer statistics, parameters, validation scores) of the first epoch of a config's mesh."""
    task, mesh = TASKS[config.task](config, print), mesh_of(config)
    members, init, epoch, evaluate = programs(config, task, Clock(), mesh)
    data = parallel.replicate(task.data, mesh)
    states, *found = epoch(task.steps_per_epoch)(init(members, data), members, data, jnp.int32(0))
    for layer in (found[1] or {}).values():
        layer.pop('histogram')  # counts, in which a value near an edge may fall on either side
    trimmed = jax.tree.map(lambda x: np.asarray(x)[: config.seeds], (found[:2], states.params))
    return *trimmed, evaluate(states.params, task.held_out['validation'])[0]


@pytest.mark.parametrize(
    'base, meshes',
    [
        (dataclasses.replace(ADD, state_noise=0.1, batch_size=10), ['seeds:4', 'data:4']),
        (IMAGES, ['seeds:2,data:2']),
        (CNN, ['seeds:2,data:2']),
    ],
)
def test_a_mesh_of_devices_gives_the_numbers_of_one(base, meshes):
    """Three seeds, batches of 10 and 18 and last batches of 10 and 4 on four devices; noise and dropout are the same too."""
    alone = _epoch(dataclasses.replace(base, mesh='seeds:1'))
    for mesh in meshes:
        spread = _epoch(dataclasses.replace(base, mesh=mesh))
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), alone, spread
        )


def test_the_mesh_of_auto():
    def sizes(seeds, batch_size, split_batch, hosts=False):
        return tuple(AUTO(4, seeds, batch_size, split_batch, hosts).values())

    assert (
        sizes(100, 64, False) == (4, 1)
        and sizes(3, 64, False) == (3, 1)
        and sizes(1, 64, False) == (1, 1)
    )
    assert (
        sizes(1, 64, True) == (1, 4)
        and sizes(2, 64, True) == (2, 2)
        and sizes(3, 40, True) == (1, 2)
    )
    assert sizes(3, 8, False, True) == (1, 4) and sizes(6, 8, False, True) == (2, 2)


@pytest.mark.parametrize(
    'mesh, message',
    [
        ('four', 'not understood'),
        ('data:0', 'not understood'),
        ('seeds:2,seeds:2', 'not understood'),
        ('models:2', 'not understood'),
        ('seeds:8', '8 devices; there are 4'),
    ],
)
def test_meshes_that_cannot_be(mesh, message):
    with pytest.raises(UserError, match=message):
        mesh_of(dataclasses.replace(ADD, mesh=mesh))


def test_memory_is_known_before_training(monkeypatch):
    config = dataclasses.replace(ADD, seeds=16, mesh='seeds:1')
    task, mesh = TASKS['binary_add'](config, print), mesh_of(config)
    members, init, epoch, _ = programs(config, task, Clock(), mesh)
    monkeypatch.setattr('experiments.training.programs.free_memory', lambda device: None)
    check_memory(config, task, mesh, epoch(1), init, members, ())
    sizes = (
        epoch(1)
        .executable(like(init, members, (), 16, members.keys.sharding), members, (), jnp.int32(0))
        .memory_analysis()
    )
    assert sizes.argument_size_in_bytes > 16 * 88 * 3 * 4  # parameters and two moments of Adam
    monkeypatch.setattr(
        'experiments.training.programs.free_memory',
        lambda device: sizes.temp_size_in_bytes + sizes.argument_size_in_bytes // 2,
    )
    monkeypatch.setattr(
        'experiments.training.programs.largest',
        lambda needed_for, seeds, free: 9 if needed_for(4) < needed_for(8) else 0,
    )
    with pytest.raises(
        UserError,
        match='--seeds=16 needs about .* GiB of memory, of which .* GiB are free: --seeds=9 fits',
    ):
        check_memory(config, task, mesh, epoch(1), init, members, ())


def test_the_largest_population_is_found_to_a_tenth():
    assert 9000 <= largest(lambda seeds: 100 + seeds, 10**6, 10_100) <= 10_000
    assert largest(lambda seeds: 100 + seeds, 1000, 90) == 0


def _hosts(folder, *flags, second=()):
    """Two processes with two CPU devices each, of the same command, on this machine; `second` are further flags of the second."""
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]
    fields = [
        f'--{name}={value}'
        for name, value in ADD.identity().items()
        if value != getattr(presets.TASKS['binary_add'], name)
    ]
    return [
        subprocess.Popen(
            [
                sys.executable,
                '-m',
                'experiments.main',
                '--distributed',
                f'--workdir={folder}',
                *fields,
                *flags,
                *(second if i else ()),
            ],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                'JAX_COORDINATOR_ADDRESS': f'localhost:{port}',
                'JAX_NUM_PROCESSES': '2',
                'JAX_PROCESS_ID': str(i),
                'JAX_NUM_CPU_DEVICES': '2',
            },
        )
        for i in range(2)
    ]


# What the library between hosts says of itself on standard output; its threads write between each other's words.
GLOO = r'(\[Gloo]|Rank|is connected to|peer ranks\.|Expected number of connected peer ranks is|[:\d\s])*'


def _losses(folder):
    records = map(json.loads, (folder / 'metrics.jsonl').read_text().splitlines())
    return [
        record[split]['loss']['mean']
        for record in records
        for split in ('train', 'validation')
        if split in record
    ]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp('alone')
    run(dataclasses.replace(ADD, workdir=str(folder), mesh='seeds:1'), say=lambda line: None)
    return folder


def test_two_hosts_train_as_one_and_their_checkpoint_fits_any_mesh(tmp_path, alone):
    hosts = _hosts(tmp_path, '--mesh=seeds:2,data:2')
    texts = [host.communicate(timeout=200) for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], texts
    assert '4 x cpu (cpu, 2 over seeds, 2 over data)' in texts[0][0] and re.fullmatch(
        GLOO, texts[1][0]
    )
    np.testing.assert_allclose(_losses(tmp_path), _losses(alone), rtol=1e-4)
    restored = []
    for mesh in ('seeds:1', 'seeds:4', 'seeds:3'):
        config = dataclasses.replace(ADD, mesh=mesh)
        members, init, *_ = programs(
            config, TASKS['binary_add'](config, print), Clock(), mesh_of(config)
        )
        shapes = like(init, members, (), 3, parallel.population_sharding(3, mesh_of(config)))
        with checkpoint.open_manager(tmp_path / 'checkpoints') as manager:
            epoch, states, _ = checkpoint.restore(manager, shapes)
        assert epoch == 3
        padded = parallel.pad(states, 3, mesh_of(config))
        assert {len(leaf.devices()) for leaf in jax.tree.leaves(padded)} == {mesh_of(config).size}
        restored.append(jax.tree.map(lambda leaf: np.asarray(leaf)[:3], padded))
    for other in restored[1:]:
        jax.tree.map(np.testing.assert_array_equal, restored[0], other)


def _epochs(folder):
    return (folder / 'metrics.jsonl').read_text().count('"kind": "epoch"')


def _wait_for(condition, seconds=150):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline
        time.sleep(0.1)


def _wait_for_epochs(folder, count):
    _wait_for(lambda: (folder / 'metrics.jsonl').exists() and _epochs(folder) >= count)


def _is_told(host, text):
    """Whether a host that lost another says so: in our line, or in JAX's own words where its heartbeat was first."""
    ours = (
        host.returncode == 1
        and 'error: another host has stopped' in text
        and 'goes on' in text
        and 'Traceback' not in text
    )
    return ours or host.returncode == -signal.SIGABRT and 'another task died' in text


def test_a_lost_host_is_told_and_the_job_goes_on(tmp_path, alone):
    """One of two hosts is killed; started again, both go on; asked to stop, one of them stops both."""
    hosts = _hosts(tmp_path, '--epochs=3000', '--mesh=seeds:2,data:2')
    _wait_for_epochs(tmp_path, 2)
    _wait_for(lambda: (tmp_path / 'checkpoints' / '1').exists())
    hosts[1].send_signal(signal.SIGKILL)
    _, text = hosts[0].communicate(timeout=60)
    hosts[1].communicate()
    assert _is_told(hosts[0], text), text
    done = _epochs(tmp_path)
    hosts = _hosts(tmp_path, '--epochs=3000', '--mesh=seeds:2,data:2')
    _wait_for_epochs(tmp_path, max(done + 1, 3))
    hosts[0].send_signal(signal.SIGTERM)
    texts = [host.communicate(timeout=60) for host in hosts]
    assert [host.returncode for host in hosts] == [130, 130], texts
    assert 'going on after epoch' in texts[0][0]
    known = _losses(alone)
    np.testing.assert_allclose(_losses(tmp_path)[: len(known)], known, rtol=1e-4)


def test_an_error_of_one_host_stops_both(tmp_path):
    hosts = _hosts(tmp_path, '--mesh=seeds:2,data:2', second=['--mesh=seeds:1'])
    first, second = (host.communicate(timeout=60)[1] for host in hosts)
    assert _is_told(hosts[0], first), first
    assert hosts[1].returncode == 2 and 'all must be used' in second
