"""The command line of main: flags, help, and every error a user can make."""

import subprocess
import sys

import pytest
from command_line import error_line, start

from experiments.__main__ import run_named_command
from experiments.core.config import Config
from experiments.main import COMMAND_FLAGS, config_flags
from jaxdl import UserError


@pytest.mark.quick
@pytest.mark.parametrize(
    'flags, message',
    [
        (
            ['--task=mnist'],
            '--task=mnist is unknown (did you mean mnist_rnn or mnist_cnn?); choose',
        ),
        (
            ['--task=binaryadd'],
            '--task=binaryadd is unknown (did you mean binary_add?); choose one',
        ),
        (['--cell=ltsm'], '--cell=ltsm is unknown (did you mean lstm?); choose one of rnn, lstm,'),
        (['--optimizer=adamw'], '--optimizer=adamw is unknown'),
        (['--preset=E-lstm129'], 'E-lstm128'),
        (
            ['--preset=A-actmax'],
            'is a picture of the net of A-cifar-base: train that one, then python -m',
        ),
        (['--task=cifar_cnn', '--dataset=mnist'], 'choose one of cifar10'),
        (['--task=mnist_cnn', '--image_size=30'], '--image_size=30 must be a multiple of 4'),
        (
            ['--task=mnist_cnn', '--per_class=5', '--train_size=50'],
            '--per_class=5 and --train_size=50',
        ),
        (['--hiden=5'], 'there is no flag --hiden (did you mean hidden?)'),
        (['--hidden=five'], '--hidden=five is not a whole number'),
        (['--task=recall', 'hidden=5'], "'hidden=5' is not a flag"),
        (['--hidden=0'], '--hidden=0 must be greater than 0'),
        (['--learning_rate=-1'], '--learning_rate=-1.0 must be greater than 0'),
        (['--learning_rate=nan'], '--learning_rate=nan must be a finite number'),
        (['--gate_bias=inf'], '--gate_bias=inf must be a finite number'),
        (['--cell=rnn', '--gate_bias=1'], 'leave it out with rnn, which has no gates'),
        (['--noreset_after'], '--noreset_after is for --cell=gru; leave it out with lstm'),
        (['--task=mnist_rnn', '--fit=resize'], '--fit=resize is for mnist_cnn and cifar_cnn'),
        (['--pixels=raw'], '--pixels=raw is unknown; choose one of unit, standardized, signed'),
        (['--l2_of=cubes'], '--l2_of=cubes is unknown; choose one of squares, norms'),
        (['--seed=2147483647', '--seeds=2'], 'the last seed must be less than'),
        (['--preset=E-lstm128', '--task=recall'], 'is a mnist_rnn row'),
        (['--l2=-1e-3'], '--l2=-0.001 must not be negative'),
        (['--dropout=1'], '--dropout=1.0 must be'),
        (['--momentum=.9'], '--optimizer=momentum'),
        (['--task=recall', '--k=4'], '--k=4 is greater than --min_length=3'),
        (['--min_length=8', '--max_length=7'], '--max_length=7 is less than --min_length=8'),
        (['--task=recall', '--train_size=0'], '--train_size=0'),
        (['--task=mnist_rnn', '--restarts=2'], '--restarts=2 is for sequence tasks'),
        (['--mesh=four'], '--mesh=four is not understood'),
    ],
)
def test_bad_flags(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in error_line(capsys, *flags)
    assert not list(tmp_path.rglob('checkpoints'))


@pytest.mark.parametrize(
    'flags, message',
    [
        (
            ['--task=mnist_cnn', '--dataset=digits', '--per_class=500'],
            '500 images of each class are asked for',
        ),
        (
            ['--task=mnist_rnn', '--dataset=digits', '--train_size=1437'],
            'digits has 1,437 training images',
        ),
    ],
)
def test_more_images_than_there_are(flags, message, tmp_path, capsys):
    assert message in error_line(capsys, *flags, f'--workdir={tmp_path}')
    assert not list(tmp_path.rglob('checkpoints'))


@pytest.mark.quick
def test_help_is_one_line_a_flag(capsys):
    assert start('--task', 'recall', '--help') == 0
    lines = capsys.readouterr().out.splitlines()
    flag_lines = [line for line in lines if line.startswith('  --')]
    assert len(flag_lines) == len({**config_flags(Config()), **COMMAND_FLAGS})
    assert any(line.startswith('  --hidden=10 ') for line in flag_lines)
    assert any(line.startswith('  --bidirectional=false ') for line in flag_lines)


@pytest.mark.quick
def test_flags_may_be_written_with_a_space(capsys):
    line = error_line(capsys, '--task', 'recall', '--k', '4')
    assert '--k=4 is greater than --min_length=3' in line


@pytest.mark.quick
def test_the_module_as_the_readme_runs_it():
    argv = [sys.executable, '-m', 'experiments.main', '--task=binary_add', '--cell=xyz']
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == '' and done.stderr.count('\n') == 1


@pytest.mark.quick
def test_testing_an_adder_does_not_import_the_proof_search():
    code = (
        'import sys, experiments.training.run; '
        'print("jaxdl.verify.search" in sys.modules, "flint" in sys.modules)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['False', 'False']


@pytest.mark.quick
@pytest.mark.filterwarnings('ignore:.*found in sys.modules:RuntimeWarning')
def test_a_command_by_its_name(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['jaxdl-experiments'])
    run_named_command(['jaxdl-experiments'])
    shown = capsys.readouterr().out
    assert (
        'bench, main, playground, predict, prove, report, reproduce, transfer, visualize' in shown
    )
    with pytest.raises(SystemExit) as stopped:
        run_named_command(['jaxdl-experiments', 'main', '--cell=xyz'])
    assert stopped.value.code == 2
    assert '--cell=xyz is unknown' in capsys.readouterr().err
    with pytest.raises(UserError, match=r"the command 'predcit' is unknown \(did you mean predict"):
        run_named_command(['jaxdl-experiments', 'predcit'])
