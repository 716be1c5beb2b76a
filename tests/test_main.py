"""The command: smoke runs, what a run's folder holds, stop and resume, and every error a user can make."""

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
from experiments.training import run as run_module
from experiments.core.command import command
from experiments.main import MEMORY, STOPPED, main
from tensorboardX.proto.event_pb2 import Event

TINY = {
    'binary_add': [
        '--task=binary_add',
        '--hidden=3',
        '--epochs=4',
        '--train_size=640',
        '--validation_size=50',
        '--max_length=6',
    ],
    'recall': [
        '--task=recall',
        '--hidden=4',
        '--cell=gru',
        '--epochs=4',
        '--train_size=640',
        '--validation_size=50',
        '--nofresh',
        '--batch_size=96',
    ],
    'mnist_rnn': [
        '--task=mnist_rnn',
        '--dataset=digits',
        '--cell=rnn',
        '--hidden=8',
        '--epochs=4',
        '--dropout=.1',
        '--standardize',
    ],
    'mnist_cnn': [
        '--task=mnist_cnn',
        '--dataset=digits',
        '--hidden=8',
        '--epochs=4',
        '--train_size=320',
        '--dropout=.1',
        '--statistics_every=2',
    ],
}


def start(*flags):
    """Exit code of the command."""
    with pytest.raises(SystemExit) as stopped:
        command(main, ['main', *flags], STOPPED, MEMORY)
    return stopped.value.code or 0


def refused(capsys, *flags):
    """The line that a user's error gives."""
    capsys.readouterr()
    assert start(*flags) == 2
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if 'step/s' not in line and line]
    assert len(lines) == 1 and lines[0].startswith('error: ') and 'Traceback' not in error
    return lines[0]


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """finished(task) -> (folder, what was printed) of the run of TINY[task] with two seeds, for tests that leave it as it is."""
    runs = {}

    def of(task):
        if task not in runs:
            folder = tmp_path_factory.mktemp(task)
            with open(folder.with_suffix('.txt'), 'w') as file, contextlib.redirect_stdout(file):
                assert start(*TINY[task], '--seeds=2', f'--workdir={folder}') == 0
            runs[task] = folder, folder.with_suffix('.txt').read_text()
        return runs[task]

    return of


@pytest.mark.parametrize('task', TINY)
def test_a_run_of_each_task(task, finished, capsys):
    folder, shown = finished(task)
    assert 'cpu' in shown and 'parameters' in shown and str(folder) in shown
    names = {path.name for path in folder.iterdir()}
    assert names == {
        'config.json',
        'metrics.jsonl',
        'results.json',
        'checkpoints',
        'tensorboard',
        'figures',
    }
    results = json.loads((folder / 'results.json').read_text())
    assert results['epoch'] == 4 and results['train']['loss']['ci95'] > 0
    records = [json.loads(line) for line in (folder / 'metrics.jsonl').read_text().splitlines()]
    assert [record['epoch'] for record in records if record['kind'] == 'epoch'] == [1, 2, 3, 4]
    losses = [record['train']['loss']['mean'] for record in records if record['kind'] == 'epoch']
    assert losses[-1] < losses[0]
    figures = {path.stem for path in (folder / 'figures').glob('*.png')}
    images = task.startswith('mnist')
    assert {'curves', 'samples', 'confusion' if images else 'accuracy_by_length'} <= figures
    tags = _event_tags(folder / 'tensorboard')
    assert {'train/loss', 'validation/loss', *figures} <= tags
    if images:
        assert np.sum(results['tested']['confusion']) == 2 * 360
        accuracy = np.trace(results['tested']['confusion']) / 720
        np.testing.assert_allclose(results['test']['accuracy']['mean'], accuracy)
    if task == 'mnist_cnn':
        statistics = [record for record in records if record['kind'] == 'statistics']
        assert [record['step'] for record in statistics] == [
            5 * epoch + i for epoch in range(4) for i in (0, 2, 4)
        ]
        assert {
            'layer_conv1',
            'layer_pool1',
            'layer_conv2',
            'layer_pool2',
            'layer_dense',
            'layer_head',
        } <= figures
        assert {'layers/conv1', 'layers/conv2_weight', 'layers/head'} <= tags
        assert {path.name for path in (folder / 'checkpoints').iterdir()} >= {'1', '2', '3', '4'}
    if task == 'binary_add':
        assert results['tested']['by_length']['carry']['lengths'] == [
            *range(1, 21),
            50,
            100,
            500,
            1000,
        ]

    before = (folder / 'results.json').stat().st_mtime_ns
    assert start(*TINY[task], '--seeds=2', f'--workdir={folder}') == 0
    assert '--noresume' in capsys.readouterr().out
    assert (folder / 'results.json').stat().st_mtime_ns == before


def _event_tags(folder):
    """Tags in a TensorBoard event file: records of length (8 bytes), checksum (4), an Event, checksum (4)."""
    tags = set()
    for file in folder.iterdir():
        data, at = file.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 8], 'little')
            tags |= {
                value.tag
                for value in Event.FromString(data[at + 12 : at + 12 + size]).summary.value
            }
            at += size + 16
    return tags


def _lines(folder):
    """The lines of metrics.jsonl but for the seconds that epochs took, which are never the same."""
    lines = [json.loads(line) for line in (folder / 'metrics.jsonl').read_text().splitlines()]
    assert all((line.pop('seconds', 0.0) > 0) == (line['kind'] == 'epoch') for line in lines)
    return lines


def _arrays(folder):
    import orbax.checkpoint as ocp

    with ocp.CheckpointManager(folder / 'checkpoints') as manager:
        state = manager.restore(
            manager.latest_step(), args=ocp.args.Composite(state=ocp.args.StandardRestore())
        ).state
    return jax.tree.leaves(state)


@pytest.mark.parametrize('task', TINY)
def test_stopped_and_resumed_is_never_stopped(task, tmp_path, finished, monkeypatch, capsys):
    (whole, _), stopped = finished(task), tmp_path / 'stopped'
    flags = [*TINY[task], '--seeds=2']
    save = run_module.checkpoint.save

    def stop_after(epoch):
        def saving(manager, now, *args):
            save(manager, now, *args)
            if now == epoch:
                raise KeyboardInterrupt

        return saving

    for epoch in (1, 3):
        monkeypatch.setattr(run_module.checkpoint, 'save', stop_after(epoch))
        assert start(*flags, f'--workdir={stopped}') == 130
        assert 'goes on' in capsys.readouterr().err
    monkeypatch.undo()
    assert start(*flags, f'--workdir={stopped}') == 0
    assert 'going on after epoch 3' in capsys.readouterr().out
    assert _lines(whole) == _lines(stopped)
    for a, b in zip(_arrays(whole), _arrays(stopped), strict=True):
        np.testing.assert_array_equal(a, b)
    results = [json.loads((folder / 'results.json').read_text()) for folder in (whole, stopped)]
    assert results[0]['tested'] == results[1]['tested']


def test_a_signal_stops_a_run_that_can_go_on(tmp_path):
    argv = [
        sys.executable,
        '-m',
        'experiments.main',
        *TINY['binary_add'],
        '--epochs=100000',
        f'--workdir={tmp_path}',
    ]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / 'checkpoints' / '3').exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert (
        process.returncode == 130
        and errors.splitlines()[-1].startswith('stopped')
        and 'Traceback' not in errors
    )
    kept = [int(path.name) for path in (tmp_path / 'checkpoints').iterdir()]
    epochs = [
        json.loads(line)['epoch'] for line in (tmp_path / 'metrics.jsonl').read_text().splitlines()
    ]
    assert max(kept) == max(epochs)


def test_steps_end_a_run_within_an_epoch(tmp_path):
    assert start(*TINY['binary_add'], '--steps=25', f'--workdir={tmp_path}') == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    assert (results['epoch'], results['step']) == (3, 25)


def test_a_bidirectional_adder_is_said_not_to_be_causal(tmp_path, capsys):
    assert start(*TINY['binary_add'], '--bidirectional', '--epochs=1', f'--workdir={tmp_path}') == 0
    assert 'no causal adder' in capsys.readouterr().out


@pytest.mark.parametrize(
    'flags, says',
    [
        (['--task=mnist'], '--task=mnist is unknown; choose one of binary_add'),
        (['--cell=gruu'], '--cell=gruu is unknown; choose one of rnn, lstm, gru'),
        (['--optimizer=adamw'], '--optimizer=adamw is unknown'),
        (['--preset=E-lstm129'], 'E-lstm128'),
        (
            ['--preset=A-actmax'],
            'is a picture of the net of A-cifar-base: train that one, then python -m experiments.visualize',
        ),
        (['--task=cifar_cnn', '--dataset=mnist'], 'choose one of cifar10'),
        (['--task=mnist_cnn', '--image_size=30'], '--image_size=30 must be a multiple of 4'),
        (
            ['--task=mnist_cnn', '--per_class=5', '--train_size=50'],
            '--per_class=5 and --train_size=50',
        ),
        (
            ['--task=mnist_cnn', '--dataset=digits', '--per_class=500'],
            '500 images of each class are asked for',
        ),
        (['--hiden=5'], 'hiden'),
        (['--hidden=five'], 'hidden'),
        (['--task=recall', 'hidden=5'], "'hidden=5' is not a flag"),
        (['--hidden=0'], '--hidden=0 must be greater than 0'),
        (['--learning_rate=-1'], '--learning_rate=-1.0 must be greater than 0'),
        (['--learning_rate=nan'], '--learning_rate=nan must be a finite number'),
        (['--forget_bias=inf'], '--forget_bias=inf must be a finite number'),
        (['--seed=2147483647', '--seeds=2'], 'the last seed must be less than'),
        (['--preset=E-lstm128', '--task=recall'], 'is a mnist_rnn row'),
        (['--l2=-1e-3'], '--l2=-0.001 must not be negative'),
        (['--dropout=1'], '--dropout=1.0 must be'),
        (['--momentum=.9'], '--optimizer=momentum'),
        (['--task=recall', '--k=4'], '--k=4 is greater than --min_length=3'),
        (['--min_length=8', '--max_length=7'], '--max_length=7 is less than --min_length=8'),
        (['--task=recall', '--train_size=0'], '--train_size=0'),
        (
            ['--task=mnist_rnn', '--dataset=digits', '--train_size=1437'],
            'digits has 1,437 training images',
        ),
    ],
)
def test_bad_flags(flags, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert says in refused(capsys, *flags)
    assert not list(tmp_path.rglob('checkpoints'))


def test_bad_folders(tmp_path, capsys, monkeypatch):
    file = tmp_path / 'file'
    file.write_text('precious')
    assert 'is a file' in refused(capsys, f'--workdir={file}')
    assert 'cannot be made' in refused(capsys, f'--workdir={file}/inside')
    assert file.read_text() == 'precious'
    folder = tmp_path / 'locked'
    folder.mkdir()
    monkeypatch.setattr(os, 'access', lambda *args: False)  # root may write anywhere
    assert 'is not writable' in refused(capsys, f'--workdir={folder}')


def test_a_folder_with_another_run(tmp_path, finished, capsys):
    shutil.copytree(finished('binary_add')[0], tmp_path, dirs_exist_ok=True)
    before = (tmp_path / 'results.json').read_bytes()
    line = refused(
        capsys, *TINY['binary_add'], '--seeds=2', '--cell=gru', '--seed=7', f'--workdir={tmp_path}'
    )
    assert 'cell (lstm there, gru here), seed (0 there, 7 here)' in line
    assert (tmp_path / 'results.json').read_bytes() == before
    shutil.rmtree(
        tmp_path / 'checkpoints'
    )  # finished runs may be tidied: their results still are theirs
    assert 'cell (lstm there, gru here)' in refused(
        capsys, *TINY['binary_add'], '--cell=gru', f'--workdir={tmp_path}'
    )
    assert start(*TINY['binary_add'], '--cell=gru', '--noresume', f'--workdir={tmp_path}') == 0
    assert json.loads((tmp_path / 'results.json').read_text())['config']['cell'] == 'gru'


def test_a_damaged_checkpoint_is_said_and_the_run_is_the_same(tmp_path, finished, capsys):
    (whole, _), damaged = finished('binary_add'), tmp_path / 'damaged'
    shutil.copytree(whole, damaged)
    (damaged / 'results.json').unlink()
    for file in (damaged / 'checkpoints' / '4' / 'state').rglob('*'):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:8])
    assert start(*TINY['binary_add'], '--seeds=2', f'--workdir={damaged}') == 0
    assert (
        'checkpoint 4 is damaged and cannot be read: using that of epoch 3'
        in capsys.readouterr().out
    )
    assert _lines(whole) == _lines(damaged)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, capsys):
    """At the second epoch's 11th step: the first epoch's checkpoint is the good one that is kept, and goes on."""
    flags = [
        '--task=mnist_rnn',
        '--dataset=digits',
        '--epochs=3',
        '--hidden=4',
        f'--workdir={tmp_path}',
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            run_module.TASKS, 'mnist_rnn', _spoilt(run_module.TASKS['mnist_rnn'], epoch=1, at=10)
        )
        line = refused(capsys, *flags)
    steps = -(-1300 // 64)
    assert f'is not finite at step {steps + 11}; the checkpoint of epoch 1 is kept' in line
    assert not (tmp_path / 'results.json').exists()
    assert start(*flags) == 0
    assert 'going on after epoch 1' in capsys.readouterr().out


def test_parameters_that_a_last_step_spoils_are_not_saved(tmp_path, capsys):
    line = refused(
        capsys,
        *TINY['mnist_rnn'],
        '--learning_rate=1e38',
        '--init=normal',
        '--batch_size=1437',
        '--activation=relu',
        f'--workdir={tmp_path}',
    )
    assert 'is not finite at step 1; no epoch was finished. Try a lower --learning_rate' in line
    assert not list((tmp_path / 'checkpoints').glob('[0-9]*'))
    assert (
        start(*TINY['mnist_rnn'], '--epochs=1', f'--workdir={tmp_path}') == 0
    )  # the folder is free for another try


def _spoilt(build, epoch, at):
    """A task whose batch `at` of `epoch` is not a number."""

    def built(config, say):
        task = build(config, say)

        def batches(data, key, now):
            batch_at = task.batches(data, key, now)

            def spoil(i):
                batch = batch_at(i)
                bad = jnp.where((now == epoch) & (i == at), jnp.nan, 0.0)
                return batch._replace(inputs=batch.inputs + bad)

            return spoil

        return task._replace(batches=batches)

    return built


def test_a_failed_noresume_loses_nothing(tmp_path, capsys):
    flags = [*TINY['mnist_rnn'], '--epochs=1', f'--workdir={tmp_path}']
    assert start(*flags) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    refused(capsys, *flags, '--noresume', '--train_size=5000')
    assert before == {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    assert start(*flags, '--noresume') == 0


def test_a_folder_whose_files_are_not_a_runs(tmp_path, capsys):
    (tmp_path / 'config.json').write_text('{"model_type": "somebody else\'s"}')
    for flags in ([], ['--noresume']):
        assert 'holds config.json, but not of a run' in refused(
            capsys, *flags, f'--workdir={tmp_path}'
        )
    assert 'somebody' in (tmp_path / 'config.json').read_text()


def test_lost_records_are_said(tmp_path, finished, capsys):
    flags = [*TINY['binary_add'], '--seeds=2', f'--workdir={tmp_path}']
    shutil.copytree(finished('binary_add')[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / 'results.json').unlink()
    (tmp_path / 'metrics.jsonl').write_text('[1]\n')
    assert 'does not hold the records up to epoch 4; start afresh with --noresume' in refused(
        capsys, *flags
    )


def test_help_is_one_line_a_flag(capsys):
    assert start('--task', 'recall', '--help') == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith('  --')]) == len(lines) - 1
    assert any(line.startswith('  --hidden=10 ') for line in lines)
    assert any(line.startswith('  --bidirectional=false ') for line in lines)


def test_flags_may_be_written_with_a_space(tmp_path):
    assert (
        start('--task', 'recall', '--epochs', '1', '--train_size', '64', '--workdir', str(tmp_path))
        == 0
    )
    config = json.loads((tmp_path / 'config.json').read_text())
    assert (config['task'], config['min_length'], config['hidden']) == ('recall', 3, 10)


def test_module_command_as_the_readme_writes_it(tmp_path):
    argv = [sys.executable, '-m', 'experiments.main', '--task=binary_add', '--cell=xyz']
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == '' and done.stderr.count('\n') == 1
