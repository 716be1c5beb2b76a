"""python -m experiments.transfer: it goes on where it was, and keeps nets apart."""

import json

import pytest
from cnn_runs import COLOUR_RUN, GREY_RUN, error_line, exit_code, small_cifar, train_run

from experiments import transfer
from experiments.core import defaults
from experiments.training import workdir


@pytest.fixture(scope='module')
def colour_run(tmp_path_factory):
    """The folder of a run on colour images."""
    folder = tmp_path_factory.mktemp('colour')
    with small_cifar():
        train_run(folder, *COLOUR_RUN)
        yield folder


@pytest.mark.slow
def test_transfer_goes_on_where_it_was(colour_run, capsys):
    flags = [f'--workdir={colour_run}', '--dataset=digits', '--steps=20', '--seeds=2']
    folder = colour_run / 'transfer' / 'digits'
    assert exit_code(transfer.main, *flags, '--per_class=2') == 0
    first = json.loads((folder / 'results.json').read_text())
    assert len(first['accuracy']) == 4

    assert exit_code(transfer.main, *flags, '--per_class=2,9') == 0
    progress = capsys.readouterr().err
    assert '4/4' in progress
    assert '8/8' not in progress  # four of the eight nets were there
    second = json.loads((folder / 'results.json').read_text())
    assert len(second['accuracy']) == 8
    assert second['settings'] == first['settings']
    assert second['accuracy'].items() >= first['accuracy'].items()
    assert (folder / 'accuracy.png').exists()


@pytest.mark.slow
def test_transfer_forgets_another_nets_results(tmp_path, capsys):
    transfer_flags = [
        f'--workdir={tmp_path}',
        '--dataset=digits',
        '--steps=3',
        '--seeds=1',
        '--per_class=2',
    ]
    for seed in (0, 5):
        run_flags = ['--seeds=1', f'--seed={seed}', '--epochs=1', '--noresume']
        train_run(tmp_path, *GREY_RUN, *run_flags)
        assert not (tmp_path / 'transfer').exists()
        capsys.readouterr()
        assert exit_code(transfer.main, *transfer_flags) == 0
        assert '2/2' in capsys.readouterr().err

    error = error_line(capsys, transfer.main, *transfer_flags, '--per_class=2,300')
    assert '300 images of each class' in error


@pytest.mark.quick
@pytest.mark.parametrize(
    'flags, message',
    [
        ([], '--workdir=RUN is needed'),
        (['--workdir=x', '--dataset=magic'], '--dataset=magic is unknown'),
        (['--workdir=x', '--steps=0'], '--steps=0 must be greater than 0'),
        (['--workdir=x', '--steps=1000000000000'], 'and at most 1,000,000'),
        (['--workdir=x', '--seeds=1000000000'], 'and at most 1,000'),
        (['--workdir=x', '--batch_size=1' + 100 * '0'], 'and at most 1,000,000'),
        (['--workdir=x', '--learning_rate=nan'], '--learning_rate=nan must be greater than 0'),
        (['--workdir=x', '--per_class=' + 5000 * '9'], 'must be whole numbers above 0'),
        (['--workdir=x', '--per_class=1,x'], '--per_class=1,x must be whole numbers above 0'),
        (['--workdir=x', '--per_class=0'], '--per_class=0 must be whole numbers above 0'),
    ],
)
def test_flags_that_need_no_run(flags, message, capsys):
    assert message in error_line(capsys, transfer.main, *flags)


@pytest.mark.slow
def test_a_recurrent_net_has_no_features_to_transfer(tmp_path, capsys):
    workdir.write_settings(tmp_path, defaults.TASK_DEFAULTS['recall'])
    error = error_line(capsys, transfer.main, f'--workdir={tmp_path}')
    assert 'holds a recall run' in error
