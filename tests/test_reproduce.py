"""python -m experiments.reproduce, on a few small rows."""

import contextlib
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from experiments import reproduce
from experiments.core import file_schema
from experiments.core.command import run_command
from experiments.core.defaults import base
from experiments.core.schemas.command_files import Predictions
from experiments.reports import catalogue, reproduction
from experiments.reports.presets import Picture
from experiments.training.run import run

ADDER = replace(
    base('binary_add'),
    cell='rnn',
    learning_rate=10**-2.5,  # not a number of few digits: files hold it whole
    train_size=64,
    batch_size=16,
    validation_size=50,
    epochs=2,
    max_length=5,
    mesh='seeds:1',
)
DIVERGING = replace(
    base('recall'),
    cell='rnn',
    hidden=2,
    optimizer='sgd',
    learning_rate=1e38,
    train_size=64,
    batch_size=16,
    validation_size=50,
    epochs=2,
    mesh='seeds:1',
)
MNIST_NET = replace(base('mnist_rnn', 'digits'), hidden=3, epochs=2, train_size=64, mesh='seeds:1')
CNN = replace(
    base('mnist_cnn', 'digits'),
    hidden=3,
    train_size=64,
    batch_size=16,
    validation_size=50,
    mesh='seeds:1',
    statistics_every=0,
)
ROWS = {
    'D-add-mse-h5': ADDER,
    'E-add-ce-h3-L3': ADDER,  # the same run again
    'rate-lstm-0.1': replace(ADDER, learning_rate=0.1),
    'E-recall-gru2': DIVERGING,
    'E-lstm128': MNIST_NET,
}


ALL_ROWS = ','.join(ROWS)


class Folders(NamedTuple):
    """Where a test's runs and results are."""

    runs: Path
    results: Path

    def result(self, name):
        return json.loads((self.results / f'{name}.json').read_text())

    def runs_of(self, name):
        return sorted(self.runs.glob(f'{name}-*'))


class Outcome(NamedTuple):
    """What the command has printed, and its exit code."""

    code: int
    out: str
    err: str


def start(folders, rows=ALL_ROWS, seeds=3, configs=ROWS):
    """Runs the command with other Configs for some rows."""
    all_configs = {**catalogue.runs(), **configs}
    argv = [
        'reproduce',
        f'--workdir={folders.runs}',
        f'--results={folders.results}',
        f'--seeds={seeds}',
        f'--rows={rows}',
    ]
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(SystemExit) as stopped,
    ):
        patch.setattr(catalogue, 'runs', lambda: all_configs)
        run_command(reproduce.main, argv)
    for stream in (out, err):
        stream.seek(0)
    return Outcome(stopped.value.code or 0, out.read(), err.read())


class Finished(NamedTuple):
    """The command after its first run."""

    outcome: Outcome
    folders: Folders


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """The rows, trained; for tests that leave the folders as they are."""
    folder = tmp_path_factory.mktemp('finished')
    folders = Folders(folder / 'runs', folder / 'results')
    return Finished(start(folders), folders)


@pytest.fixture
def folders(finished, tmp_path):
    """A copy of the folders of `finished`, for tests that change them."""
    copy = Folders(tmp_path / 'runs', tmp_path / 'results')
    shutil.copytree(finished.folders.runs, copy.runs)
    shutil.copytree(finished.folders.results, copy.results)
    return copy


def test_equal_rows_are_trained_once(finished):
    outcome, folders = finished
    assert outcome.code == 0
    assert '5 rows, 4 different trainings: 0 are done, 4 to do' in outcome.out
    names = {file.stem for file in folders.results.glob('*.json')}
    assert names == {'D-add-mse-h5', 'rate-lstm-0.1', 'E-recall-gru2', 'E-lstm128'}


def test_results_are_kept(finished):
    result = finished.folders.result('D-add-mse-h5')
    exact_match = result['final_test']['exact_match']
    assert len(exact_match['seeds']) == 3
    np.testing.assert_allclose(exact_match['mean'], np.mean(exact_match['seeds']), rtol=1e-4)
    assert result['versions']['jax']
    assert result['seconds']['train'] > 0
    assert result['config'] == replace(ADDER, seeds=3).identity()


def test_a_run_that_diverges_is_kept_as_a_failure(finished):
    result = finished.folders.result('E-recall-gru2')
    assert 'the loss of seed 0 is not finite' in result['failed']
    assert result['config'] == replace(DIVERGING, seeds=3).identity()


@pytest.mark.slow
def test_one_that_diverges_leaves_its_group_alone(tmp_path):
    folders = Folders(tmp_path / 'runs', tmp_path / 'results')
    plain_sgd = replace(ADDER, optimizer='sgd', learning_rate=0.1)
    configs = {
        'rate-rnn-0.01': plain_sgd,
        'rate-rnn-0.03': replace(plain_sgd, learning_rate=1e38),
    }
    assert catalogue.groups(configs) == [['rate-rnn-0.01', 'rate-rnn-0.03']]
    outcome = start(folders, rows=','.join(configs), configs=configs)
    assert outcome.code == 0
    assert 'final_test' in folders.result('rate-rnn-0.01')
    assert 'failed' in folders.result('rate-rnn-0.03')


@pytest.mark.quick
def test_a_row_at_another_precision_is_another_run(tmp_path):
    folders = reproduction.Folders(tmp_path, tmp_path, data_dir='')
    highest = reproduction.with_folder('E-lstm128', MNIST_NET, folders, 3, 'highest')
    lowest = reproduction.with_folder('E-lstm128', MNIST_NET, folders, 3, 'default')
    assert (highest.precision, lowest.precision) == ('highest', 'default')
    assert highest.workdir != lowest.workdir


def test_what_is_finished_is_left_alone(finished):
    outcome = start(finished.folders)
    assert outcome.code == 0
    assert '4 are done, 0 to do' in outcome.out


def test_more_seeds_than_asked_for_are_enough(finished):
    outcome = start(finished.folders, rows='E-lstm128', seeds=2)
    assert '1 are done, 0 to do' in outcome.out


def test_files_that_do_not_fit_are_made_again(folders):
    whole = folders.result('E-lstm128')
    (folders.results / 'E-lstm128.json').write_text(json.dumps(whole)[:100])
    other = folders.result('D-add-mse-h5')
    other['config']['hidden'] = 4
    (folders.results / 'D-add-mse-h5.json').write_text(json.dumps(other))
    outcome = start(folders)
    assert outcome.code == 0
    (line,) = [line for line in outcome.out.splitlines() if 'ignored' in line]
    assert line.startswith(f'files ignored in {folders.results} (2): ')
    assert 'E-lstm128 (cannot be read)' in line
    assert 'D-add-mse-h5 (other settings: hidden (4 there, 5 here))' in line
    assert '2 to do' in outcome.out
    assert folders.result('E-lstm128') == whole
    assert folders.result('D-add-mse-h5')['config']['hidden'] == 5


@pytest.mark.slow
def test_other_settings_of_a_row_have_another_folder(folders):
    configs = {'E-lstm128': replace(MNIST_NET, hidden=4)}
    outcome = start(folders, rows='E-lstm128', configs=configs)
    assert outcome.code == 0
    assert '(1): E-lstm128 (other settings: hidden (3 there, 4 here))' in outcome.out
    assert folders.result('E-lstm128')['config']['hidden'] == 4
    assert len(folders.runs_of('E-lstm128')) == 2


def epochs_continued(folders, name, configs):
    """After which epochs the run of a row was continued."""
    outcome = start(folders, rows=name, seeds=2, configs=configs)
    assert outcome.code == 0
    return re.findall('going on after epoch (.)', outcome.out)


@pytest.mark.slow
def test_a_longer_run_continues_a_shorter_one(tmp_path):
    """And is the run that it is alone, bit for bit."""
    folders = Folders(tmp_path / 'runs', tmp_path / 'results')
    steps_per_epoch = 4
    configs = {}
    for steps in (3, 8, 10, 12):
        configs[f'hidden-rnn-{steps}'] = replace(CNN, steps=steps)
    # A run of 3 steps ends within an epoch: nothing can continue it.
    assert epochs_continued(folders, 'hidden-rnn-3', configs) == []
    assert epochs_continued(folders, 'hidden-rnn-8', configs) == []
    assert epochs_continued(folders, 'hidden-rnn-10', configs) == ['2']
    # Nor one of 10 steps, so that this one continues the run of 8.
    assert epochs_continued(folders, 'hidden-rnn-12', configs) == ['2']

    (continued,) = folders.runs_of('hidden-rnn-12')
    alone = replace(configs['hidden-rnn-12'], seeds=2, workdir=str(tmp_path / 'alone'))
    run(alone, notify=lambda line: None)
    records = records_without_seconds(continued)
    assert records == records_without_seconds(tmp_path / 'alone')
    assert records[-1]['step'] == 3 * steps_per_epoch


def records_without_seconds(folder):
    records = []
    for line in (folder / 'metrics.jsonl').read_text().splitlines():
        records.append({**json.loads(line), 'seconds': 0})
    return records


@pytest.mark.slow
def test_a_run_without_checkpoints_is_not_continued(tmp_path):
    folders = Folders(tmp_path / 'runs', tmp_path / 'results')
    configs = {
        'hidden-rnn-8': replace(CNN, steps=8),
        'hidden-rnn-12': replace(CNN, steps=12),
    }
    assert epochs_continued(folders, 'hidden-rnn-8', configs) == []
    (shorter,) = folders.runs_of('hidden-rnn-8')
    shutil.rmtree(shorter / 'checkpoints')
    assert epochs_continued(folders, 'hidden-rnn-12', configs) == []


def test_pictures_are_of_the_row_that_they_name(folders):
    """samples-mnist shows a figure of the run of E-lstm128."""
    outcome = start(folders, rows='samples-mnist')
    assert outcome.code == 0
    assert '0 to do; 1 rows of pictures and 0 measurements to do' in outcome.out
    assert (folders.results / 'samples-mnist-samples.jpg').stat().st_size > 5000
    assert folders.result('samples-mnist')['config']['hidden'] == 3
    assert '0 rows of pictures and 0 measurements to do' in start(folders, rows='samples-mnist').out


def test_pictures_of_a_run_that_is_gone_train_it_again(folders):
    """A clone of the repository has the results and no runs."""
    (gone,) = folders.runs_of('E-lstm128')
    shutil.rmtree(gone)
    outcome = start(folders, rows='samples-mnist')
    assert outcome.code == 0
    assert '1 to do; 1 rows of pictures and 0 measurements to do' in outcome.out
    assert (folders.results / 'samples-mnist.json').exists()


@pytest.mark.slow
def test_nets_are_measured_once(folders):
    """The first six of seven seeds, of a run that has no file of results yet."""
    configs = {'B-rnn20': replace(MNIST_NET, cell='rnn')}
    row = 'measure-early-rows-B-rnn20'
    outcome = start(folders, rows=row, seeds=7, configs=configs)
    assert outcome.code == 0
    assert '1 to do; 0 rows of pictures and 1 measurements to do' in outcome.out
    content = folders.result(row)
    assert content['config'] == folders.result('B-rnn20')['config']
    assert len(content['measured']['explained']['seeds']) == 6
    again = start(folders, rows=row, seeds=7, configs=configs)
    assert '0 to do; 0 rows of pictures and 0 measurements to do' in again.out


def test_pictures_of_another_command_are_kept_with_what_it_found(folders):
    """The command's old pictures do not stay, and its file comes with the pictures."""
    calls = []
    (run_folder,) = folders.runs_of('E-lstm128')
    drawn = run_folder / 'predict'

    predictions = Predictions(['7'], [7], [0.123456789], {})

    def call_command(name, *flags):
        calls.append((name, flags))
        drawn.mkdir()
        file_schema.write_json(drawn / 'predictions.json', predictions)
        for figure in ('one', 'two'):
            Image.new('RGB', (20, 10)).save(drawn / f'{figure}.png')

    config = replace(MNIST_NET, seeds=3, workdir=str(run_folder))
    (folders.results / 'D-handwriting-old.jpg').touch()
    picture = Picture('E-lstm128', 'predict', ('--maps',))

    reproduction.draw('D-handwriting', picture, config, folders.results, call_command)
    flags = (
        f'--workdir={run_folder}',
        f'--data_dir={config.data_dir}',
        '--precision=highest',
        '--maps',
    )
    assert calls == [('predict', flags)]
    pictures = sorted(file.name for file in folders.results.glob('D-handwriting-*.jpg'))
    assert pictures == ['D-handwriting-one.jpg', 'D-handwriting-two.jpg']
    with Image.open(folders.results / 'D-handwriting-one.jpg') as image:
        assert image.size == (1100, 550)
    assert folders.result('D-handwriting')['found'] == [file_schema.to_json(predictions)]


@pytest.mark.quick
def test_flags_that_cannot_be_are_errors(tmp_path):
    folders = Folders(tmp_path / 'runs', tmp_path / 'results')
    unknown = start(folders, rows='E-recall-gru3')
    assert unknown.code == 2
    assert unknown.err.startswith('error: --rows=E-recall-gru3 matches no row (did you mean ')
    negative = start(folders, seeds=-1)
    assert negative.code == 2
    assert negative.err == 'error: --seeds=-1 must not be negative\n'
