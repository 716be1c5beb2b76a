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
from experiments import presets
from experiments.programs import Clock, check_memory, like, mesh_of, programs
from experiments.run import run
from experiments.tasks import TASKS
from jaxdl import UserError, checkpoint, parallel

ADD = dataclasses.replace(presets.TASKS['binary_add'], hidden=3, seeds=3, epochs=3, train_size=640, validation_size=50, max_length=6)
IMAGES = dataclasses.replace(presets.base('mnist_rnn', 'digits'), hidden=5, seeds=3, train_size=100, batch_size=18, dropout=.5)
CNN = dataclasses.replace(presets.base('mnist_cnn', 'digits'), hidden=5, seeds=2, train_size=100, batch_size=18, dropout=.5, statistics_every=3)


def _epoch(config):
    """(means, layer statistics, parameters, validation scores) of the first epoch of a config's mesh."""
    task, mesh = TASKS[config.task](config, print), mesh_of(config)
    keys, init, epoch, evaluate = programs(config, task, Clock(), mesh)
    data = parallel.replicate(task.data, mesh)
    states, *found = epoch(task.steps_per_epoch)(init(keys, data), keys, data, jnp.int32(0))
    for layer in (found[1] or {}).values():
        layer.pop('histogram')  # counts, in which a value near an edge may fall on either side
    trimmed = jax.tree.map(lambda x: np.asarray(x)[:config.seeds], (found[:2], states.params))
    return *trimmed, evaluate(states.params, task.held_out['validation'])[0]


@pytest.mark.parametrize('base, meshes', [
    (dataclasses.replace(ADD, state_noise=.1, batch_size=10), ['seeds:4', 'data:4']),
    (IMAGES, ['seeds:2,data:2']), (CNN, ['seeds:2,data:2'])])
def test_a_mesh_of_devices_gives_the_numbers_of_one(base, meshes):
    """Three seeds, batches of 10 and 18 and last batches of 10 and 4 on four devices; noise and dropout are the same too."""
    alone = _epoch(dataclasses.replace(base, mesh='seeds:1'))
    for mesh in meshes:
        spread = _epoch(dataclasses.replace(base, mesh=mesh))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), alone, spread)


def test_the_mesh_of_auto():
    def sizes(*args):
        return tuple(parallel.make_mesh(None, *args).shape.values())
    assert sizes(100, 64, False) == (4, 1) and sizes(3, 64, False) == (3, 1) and sizes(1, 64, False) == (1, 1)
    assert sizes(1, 64, True) == (1, 4) and sizes(2, 64, True) == (2, 2) and sizes(3, 40, True) == (1, 2)


@pytest.mark.parametrize('mesh, message', [
    ('four', 'not understood'), ('data:0', 'not understood'), ('seeds:2,seeds:2', 'not understood'), ('models:2', 'not understood'),
    ('seeds:8', '8 devices; there are 4')])
def test_meshes_that_cannot_be(mesh, message):
    with pytest.raises(UserError, match=message):
        mesh_of(dataclasses.replace(ADD, mesh=mesh))


def test_memory_is_known_before_training():
    def needed(seeds):
        config = dataclasses.replace(ADD, seeds=seeds, mesh='seeds:1')
        task, mesh = TASKS['binary_add'](config, print), mesh_of(config)
        keys, init, epoch, _ = programs(config, task, Clock(), mesh)
        shapes = like(init, keys, (), len(keys), keys.sharding)
        executable = epoch(2).executable(shapes, keys, (), jnp.int32(0))
        return executable, config, mesh
    sizes = [needed(seeds)[0].memory_analysis().temp_size_in_bytes for seeds in (8, 64)]
    assert 4 < sizes[1] / sizes[0] < 10

    class Huge:
        def memory_analysis(self):
            class Sizes:
                argument_size_in_bytes, output_size_in_bytes, alias_size_in_bytes, temp_size_in_bytes = 0, 0, 0, 2 ** 60
            return Sizes
    with pytest.raises(UserError, match='--seeds=8 needs about 1073741824.0 GiB of memory, of which .* not one model fits'):
        check_memory(Huge(), *needed(8)[1:])


def _hosts(folder, *flags):
    """Two processes with two CPU devices each, of the same command, on this machine."""
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]
    fields = [f'--{name}={value}' for name, value in ADD.identity().items() if value != getattr(presets.TASKS['binary_add'], name)]
    return [subprocess.Popen(
        [sys.executable, '-m', 'experiments.main', '--distributed', f'--workdir={folder}', *fields, *flags], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, 'JAX_COORDINATOR_ADDRESS': f'localhost:{port}',
        'JAX_NUM_PROCESSES': '2', 'JAX_PROCESS_ID': str(i), 'JAX_NUM_CPU_DEVICES': '2'}) for i in range(2)]


def _losses(folder):
    records = map(json.loads, (folder / 'metrics.jsonl').read_text().splitlines())
    return [record[split]['loss']['mean'] for record in records for split in ('train', 'validation') if split in record]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp('alone')
    run(dataclasses.replace(ADD, workdir=str(folder), mesh='seeds:1'), say=lambda line: None)
    return folder


def test_two_hosts_train_as_one_and_their_checkpoint_fits_any_mesh(tmp_path, alone):
    hosts = _hosts(tmp_path, '--mesh=seeds:2,data:2')
    texts = [host.communicate(timeout=200) for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], texts
    assert '4 x cpu (cpu, 2 over seeds, 2 over data)' in texts[0][0] and not re.sub(r'\[Gloo].*\n', '', texts[1][0])
    np.testing.assert_allclose(_losses(tmp_path), _losses(alone), rtol=1e-4)
    restored = []
    for mesh in ('seeds:1', 'seeds:4', 'seeds:3'):
        config = dataclasses.replace(ADD, mesh=mesh)
        keys, init, *_ = programs(config, TASKS['binary_add'](config, print), Clock(), mesh_of(config))
        shapes = like(init, keys, (), 3, parallel.population_sharding(3, mesh_of(config)))
        with checkpoint.open_manager(tmp_path / 'checkpoints') as manager:
            epoch, states, _ = checkpoint.restore(manager, shapes)
        assert epoch == 3
        padded = parallel.pad(states, 3, mesh_of(config))
        assert {len(leaf.devices()) for leaf in jax.tree.leaves(padded)} == {mesh_of(config).size}
        restored.append(jax.tree.map(lambda leaf: np.asarray(leaf)[:3], padded))
    for other in restored[1:]:
        jax.tree.map(np.testing.assert_array_equal, restored[0], other)


def test_a_lost_host_is_told_and_the_job_goes_on(tmp_path, alone):
    hosts = _hosts(tmp_path, '--epochs=3000', '--mesh=auto')
    deadline = time.time() + 150
    while len(list(tmp_path.glob('checkpoints/*/config'))) < 2 and time.time() < deadline:
        time.sleep(.1)
    hosts[1].send_signal(signal.SIGKILL)
    _, text = hosts[0].communicate(timeout=60)
    assert hosts[0].returncode == 1 and 'error: another host has stopped' in text and 'goes on' in text and 'Traceback' not in text
    (tmp_path / 'config.json').write_text((tmp_path / 'config.json').read_text().replace('"epochs": 3000', '"epochs": 3'))
    hosts[1].communicate()
    lines = []
    if len(_losses(tmp_path)) < len(_losses(alone)):
        run(dataclasses.replace(ADD, workdir=str(tmp_path), mesh='seeds:3'), say=lines.append)
        assert 'going on after epoch' in lines[0]
    size = len(_losses(alone))
    np.testing.assert_allclose(_losses(tmp_path)[:size], _losses(alone)[:size], rtol=1e-4)
