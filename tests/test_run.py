"""A run of each task: what its folder holds, stopping and resuming, and damage."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from command_line import TINY, error_line, start
from scipy import special
from tensorboardX.proto.event_pb2 import Event

from experiments.core import tasks
from experiments.core.config import Config
from experiments.training import run as run_module
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh
from experiments.training.finished_run import load_population

ADD = TINY['binary_add']


def each_of(tasks, slow=('automaton', 'mnist_cnn')):
    """Tasks as parameters of a test."""
    params = []
    for task in tasks:
        params.append(pytest.param(task, marks=[pytest.mark.slow] if task in slow else []))
    return params


@pytest.mark.quick
def test_a_run_is_computed_at_its_own_precision():
    """Whoever calls it, and whatever was computed before."""
    for precision in ('default', 'highest'):
        config = Config(precision=precision, train_size=64, validation_size=10, max_length=3)
        run_module.set_up(config, make_mesh(config), Clock(), print)
        assert jax.config.jax_default_matmul_precision == precision


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """finished(task) -> (folder, printed text) of the run of TINY[task].

    It is for tests that leave the folder as it is.
    """
    runs = {}

    def finish(task):
        if task not in runs:
            folder = tmp_path_factory.mktemp(task)
            printed = folder.with_suffix('.txt')
            with open(printed, 'w') as file, contextlib.redirect_stdout(file):
                assert start(*TINY[task], f'--workdir={folder}') == 0
            runs[task] = folder, printed.read_text()
        return runs[task]

    return finish


def _read(folder, name='results.json'):
    return json.loads((folder / name).read_text())


def _records(folder):
    return [json.loads(line) for line in (folder / 'metrics.jsonl').read_text().splitlines()]


def _records_of(folder, kind):
    return [record for record in _records(folder) if record['kind'] == kind]


def _timeless_records(folder):
    """The lines of metrics.jsonl but for the seconds of epochs, which are never the same."""
    records = _records(folder)
    for record in records:
        has_seconds = record.pop('seconds', 0.0) > 0
        assert has_seconds == (record['kind'] == 'epoch')
    return records


@pytest.mark.parametrize('task', each_of(TINY))
def test_what_a_run_writes(task, finished):
    folder, printed = finished(task)
    assert 'cpu' in printed and 'parameters' in printed and str(folder) in printed
    assert {path.name for path in folder.iterdir()} == {
        'config.json',
        'metrics.jsonl',
        'results.json',
        'checkpoints',
        'tensorboard',
        'figures',
        '.lock',
    }
    results = _read(folder)
    assert results['epoch'] == 4 and results['train']['loss']['ci95'] > 0
    epochs = _records_of(folder, 'epoch')
    assert [record['epoch'] for record in epochs] == [1, 2, 3, 4]
    losses = [record['train']['loss']['mean'] for record in epochs]
    assert losses[-1] < losses[0]
    figures = {path.stem for path in (folder / 'figures').glob('*.png')}
    table = 'confusion' if task.startswith('mnist') else 'accuracy_by_length'
    assert {'curves', 'samples', table} <= figures
    assert {'train/loss', 'validation/loss', *figures} <= _event_tags(folder / 'tensorboard')


@pytest.mark.parametrize('task', each_of(['mnist_rnn', 'mnist_cnn']))
def test_the_final_test_of_images_is_that_of_the_last_epoch(task, finished):
    results = _read(finished(task)[0])
    confusion = results['final_test']['confusion']
    assert np.sum(confusion) == 2 * 360
    accuracy = np.trace(confusion) / (2 * 360)
    np.testing.assert_allclose(results['test']['accuracy']['mean'], accuracy)


@pytest.mark.slow
def test_what_a_cnn_writes_besides(finished):
    folder, _ = finished('mnist_cnn')
    statistics = _records_of(folder, 'statistics')
    steps_of_epoch = (0, 2, 4)
    expected = [5 * epoch + step for epoch in range(4) for step in steps_of_epoch]
    assert [record['step'] for record in statistics] == expected
    figures = {path.stem for path in (folder / 'figures').glob('layer_*.png')}
    layers = ('conv1', 'pool1', 'conv2', 'pool2', 'dense', 'head')
    assert {f'layer_{layer}' for layer in layers} <= figures
    tags = _event_tags(folder / 'tensorboard')
    assert {'layers/conv1', 'layers/conv2_weight', 'layers/head'} <= tags
    checkpoints = {path.name for path in (folder / 'checkpoints').iterdir()}
    assert checkpoints >= {'1', '2', '3', '4'}


def test_the_first_batch_is_scored_before_any_update(finished):
    folder, _ = finished('recall')  # without dropout
    population = load_population(folder, ('recall',), notify=lambda line: None)
    task, untrained = population.task, population.params_at(0)
    first_batch = _read(folder)['first_batch']
    assert first_batch == _records_of(folder, 'epoch')[0]['first_batch']
    for i in range(population.config.seeds):
        params = jax.tree.map(lambda leaf, i=i: leaf[i], untrained)
        key = jax.random.key(population.config.seed + i)
        digits, answers, lengths, _ = task.batches(task.data, key, 0)(0)
        logits = np.asarray(task.model.apply(params, digits, lengths)[0], float)
        losses = special.logsumexp(logits, axis=1) - logits[np.arange(len(answers)), answers]
        np.testing.assert_allclose(first_batch['loss']['seeds'][i], losses.mean(), rtol=1e-4)
        right = np.mean(logits.argmax(1) == answers)
        np.testing.assert_allclose(first_batch['accuracy']['seeds'][i], right, rtol=1e-6)


def test_ten_batches_of_the_last_two_epochs(finished):
    folder, _ = finished('mnist_rnn')
    epochs = _records_of(folder, 'epoch')[-2:]
    ten_batches = _records_of(folder, 'ten_batches')
    assert [record['epoch'] for record in ten_batches] == [3, 4]
    for record, epoch in zip(ten_batches, epochs, strict=True):
        assert record['batches'] == [1, 11, 21]
        for name, summary in record['train'].items():
            # The mean of all 21 batches is that of the first and of twice ten after it.
            means = np.array(summary['seeds']) @ [1 / 21, 10 / 21, 10 / 21]
            np.testing.assert_allclose(means, epoch['train'][name]['seeds'], rtol=1e-5)


def test_lengths_of_an_adders_test(finished):
    by_length = _read(finished('binary_add')[0])['final_test']['by_length']
    assert by_length['carry']['lengths'] == [*range(1, 21), 50, 100, 500, 1000]


def _event_tags(folder):
    """The tags in a TensorBoard event file.

    A record is its length (8 bytes), a checksum (4), an Event, and a checksum (4).
    """
    tags = set()
    for file in folder.iterdir():
        data = file.read_bytes()
        place = 0
        while place < len(data):
            size = int.from_bytes(data[place : place + 8], 'little')
            event = Event.FromString(data[place + 12 : place + 12 + size])
            tags |= {value.tag for value in event.summary.value}
            place += size + 16
    return tags


@pytest.mark.parametrize('task', each_of(TINY))
def test_a_finished_run_is_left_alone(task, finished, capsys):
    folder, _ = finished(task)
    before = (folder / 'results.json').stat().st_mtime_ns
    assert start(*TINY[task], f'--workdir={folder}') == 0
    assert '--noresume' in capsys.readouterr().out
    assert (folder / 'results.json').stat().st_mtime_ns == before


def _checkpoint_arrays(folder):
    import orbax.checkpoint as ocp

    items = ocp.args.Composite(state=ocp.args.StandardRestore())
    with ocp.CheckpointManager(folder / 'checkpoints') as manager:
        return jax.tree.leaves(manager.restore(manager.latest_step(), args=items).state)


def _stop_after(epoch, save):
    """checkpoint.save, but it interrupts the run once the epoch is saved."""

    def save_and_stop(manager, saved_epoch, *args):
        save(manager, saved_epoch, *args)
        if saved_epoch == epoch:
            raise KeyboardInterrupt

    return save_and_stop


@pytest.mark.parametrize('task', each_of(TINY, slow=('recall', 'automaton', 'mnist_cnn')))
def test_stopped_and_resumed_is_never_stopped(task, tmp_path, finished, monkeypatch, capsys):
    whole, _ = finished(task)
    stopped = tmp_path / 'stopped'
    flags = [*TINY[task], f'--workdir={stopped}']
    save = run_module.checkpoint.save
    for epoch in (1, 3):
        monkeypatch.setattr(run_module.checkpoint, 'save', _stop_after(epoch, save))
        assert start(*flags) == 130
        assert 'goes on' in capsys.readouterr().err
    monkeypatch.undo()
    assert start(*flags) == 0
    assert 'going on after epoch 3' in capsys.readouterr().out
    assert _timeless_records(whole) == _timeless_records(stopped)
    arrays = zip(_checkpoint_arrays(whole), _checkpoint_arrays(stopped), strict=True)
    for first, second in arrays:
        np.testing.assert_array_equal(first, second)
    assert _read(whole)['final_test'] == _read(stopped)['final_test']


def test_a_signal_stops_a_run_that_can_go_on(tmp_path):
    argv = [sys.executable, '-m', 'experiments.main', *ADD, '--epochs=100000']
    process = subprocess.Popen(
        [*argv, f'--workdir={tmp_path}'],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / 'checkpoints' / '3').exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and 'Traceback' not in errors
    assert errors.splitlines()[-1].startswith('stopped')
    checkpoints = [int(path.name) for path in (tmp_path / 'checkpoints').iterdir()]
    assert max(checkpoints) == max(record['epoch'] for record in _records(tmp_path))


def test_steps_end_a_run_within_an_epoch(finished):
    results = _read(finished('recall')[0])
    steps_per_epoch = -(-640 // 96)
    assert 3 * steps_per_epoch < 25 < 4 * steps_per_epoch
    assert (results['epoch'], results['step']) == (4, 25)


def test_a_folder_with_another_run(tmp_path, finished, capsys):
    shutil.copytree(finished('binary_add')[0], tmp_path, dirs_exist_ok=True)
    before = (tmp_path / 'results.json').read_bytes()
    other = [*ADD, '--cell=rnn', f'--workdir={tmp_path}']
    line = error_line(capsys, *other, '--seed=7')
    assert 'cell (lstm there, rnn here), seed (0 there, 7 here)' in line
    assert (tmp_path / 'results.json').read_bytes() == before
    # A finished run may be tidied: its results are still its own.
    shutil.rmtree(tmp_path / 'checkpoints')
    assert 'cell (lstm there, rnn here)' in error_line(capsys, *other)
    assert start(*other, '--noresume') == 0
    assert _read(tmp_path)['config']['cell'] == 'rnn'


def test_a_damaged_checkpoint_is_told_and_the_run_is_the_same(tmp_path, finished, capsys):
    whole, _ = finished('binary_add')
    damaged = tmp_path / 'damaged'
    shutil.copytree(whole, damaged)
    (damaged / 'results.json').unlink()
    for file in (damaged / 'checkpoints' / '4' / 'state').rglob('*'):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:8])
    assert start(*ADD, f'--workdir={damaged}') == 0
    printed = capsys.readouterr().out
    assert 'checkpoint 4 is damaged and cannot be read: using that of epoch 3' in printed
    assert _timeless_records(whole) == _timeless_records(damaged)


def test_a_run_of_an_earlier_version_goes_on(tmp_path, finished, capsys):
    """Its config.json has the setting `starts`, and its results.json other names."""
    shutil.copytree(finished('binary_add')[0], tmp_path, dirs_exist_ok=True)
    for name in ('config.json', 'results.json'):
        text = (tmp_path / name).read_text()
        text = text.replace('"restarts"', '"starts"').replace('"final_test"', '"tested"')
        (tmp_path / name).write_text(text.replace('"falsified"', '"refuted"'))
    assert start(*ADD, f'--workdir={tmp_path}') == 0
    printed = capsys.readouterr().out
    assert 'holds this run, finished' in printed and 'falsified' in printed


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, capsys):
    """At the second epoch's 11th step: the first epoch's checkpoint is kept, and goes on."""
    flags = ['--task=mnist_rnn', '--cell=rnn', '--dataset=digits', '--epochs=3', '--hidden=4']
    flags.append(f'--workdir={tmp_path}')
    with pytest.MonkeyPatch.context() as patch:
        spoilt = _spoil_batch(tasks.TASKS['mnist_rnn'], bad_epoch=1, bad_step=10)
        patch.setitem(tasks.TASKS, 'mnist_rnn', spoilt)
        line = error_line(capsys, *flags)
    steps_per_epoch = -(-1300 // 64)
    step = steps_per_epoch + 11
    assert f'is not finite at step {step}; the checkpoint of epoch 1 is kept' in line
    assert not (tmp_path / 'results.json').exists()
    assert start(*flags) == 0
    assert 'going on after epoch 1' in capsys.readouterr().out


def _spoil_batch(build_task, bad_epoch, bad_step):
    """A builder of a task with one batch that is not a number."""

    def build_spoilt_task(config, notify, with_images):
        task = build_task(config, notify, with_images)

        def batches(data, key, epoch):
            batch_at = task.batches(data, key, epoch)

            def spoilt_batch_at(i):
                batch = batch_at(i)
                is_bad = (epoch == bad_epoch) & (i == bad_step)
                return batch._replace(inputs=batch.inputs + jnp.where(is_bad, jnp.nan, 0.0))

            return spoilt_batch_at

        return task._replace(batches=batches)

    return build_spoilt_task


@pytest.mark.slow
def test_parameters_that_a_last_step_spoils_are_not_saved(tmp_path, capsys):
    flags = [*TINY['mnist_rnn'], f'--workdir={tmp_path}']
    reckless = ['--learning_rate=1e38', '--init=normal', '--batch_size=1437', '--activation=relu']
    line = error_line(capsys, *flags, *reckless)
    assert 'is not finite at step 1; no epoch was finished. Try a lower --learning_rate' in line
    assert not list((tmp_path / 'checkpoints').glob('[0-9]*'))
    assert start(*flags, '--epochs=1') == 0  # the folder is free for another try


def test_a_failed_noresume_loses_nothing(tmp_path, capsys):
    flags = [*TINY['mnist_rnn'], '--epochs=1', f'--workdir={tmp_path}']

    def contents():
        return {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}

    assert start(*flags) == 0
    before = contents()
    error_line(capsys, *flags, '--noresume', '--train_size=5000')
    assert before == contents()
    assert start(*flags, '--noresume') == 0


@pytest.mark.quick
def test_a_folder_whose_files_are_not_a_runs(tmp_path, capsys):
    (tmp_path / 'config.json').write_text('{"model_type": "somebody else\'s"}')
    for flags in ([], ['--noresume']):
        line = error_line(capsys, *flags, f'--workdir={tmp_path}')
        assert 'holds config.json, but not of a run' in line
    assert 'somebody' in (tmp_path / 'config.json').read_text()


def test_lost_records_are_told(tmp_path, finished, capsys):
    shutil.copytree(finished('binary_add')[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / 'results.json').unlink()
    (tmp_path / 'metrics.jsonl').write_text('[1]\n')
    line = error_line(capsys, *ADD, f'--workdir={tmp_path}')
    assert 'does not hold the records up to epoch 3; start afresh with --noresume' in line


@pytest.mark.quick
def test_bad_folders(tmp_path, capsys, monkeypatch):
    file = tmp_path / 'file'
    file.write_text('precious')
    assert 'is a file' in error_line(capsys, f'--workdir={file}')
    assert 'cannot be made' in error_line(capsys, f'--workdir={file}/inside')
    assert file.read_text() == 'precious'
    folder = tmp_path / 'locked'
    folder.mkdir()
    monkeypatch.setattr(os, 'access', lambda *args: False)  # root may write anywhere
    assert 'is not writable' in error_line(capsys, f'--workdir={folder}')
