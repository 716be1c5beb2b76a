"""Commands run inside the test's own process."""

import pytest

from experiments.core.command import run_command
from experiments.main import MEMORY, STOPPED, main

# Small runs of each task, two seeds each.
TINY = {
    'binary_add': [
        '--task=binary_add',
        '--hidden=3',
        '--epochs=4',
        '--train_size=640',
        '--validation_size=50',
        '--max_length=6',
        '--seeds=2',
    ],
    'recall': [
        '--task=recall',
        '--hidden=4',
        '--cell=rnn',
        '--epochs=4',
        '--train_size=640',
        '--validation_size=50',
        '--nofresh',
        '--batch_size=96',
        '--steps=25',  # ends within the fourth epoch
        '--seeds=2',
    ],
    'automaton': [
        '--task=automaton',
        '--machine=compare',
        '--hidden=3',
        '--epochs=4',
        '--restarts=2',
        '--train_size=640',
        '--validation_size=50',
        '--max_length=6',
        '--state_noise=.05',
        '--seeds=2',
    ],
    'mnist_rnn': [
        '--task=mnist_rnn',
        '--dataset=digits',
        '--cell=rnn',
        '--hidden=8',
        '--epochs=4',
        '--dropout=.1',
        '--pixels=standardized',
        '--seeds=2',
    ],
    'mnist_cnn': [
        '--task=mnist_cnn',
        '--dataset=digits',
        '--hidden=8',
        '--epochs=4',
        '--train_size=320',
        '--dropout=.1',
        '--statistics_every=2',
        '--seeds=2',
    ],
}


def start(*flags):
    """Runs `python -m experiments.main` with these flags, and returns its exit code."""
    with pytest.raises(SystemExit) as stopped:
        run_command(main, ['main', *flags], STOPPED, MEMORY)
    return stopped.value.code or 0


def error_line(capsys, *flags):
    """The one line that a user's error gives."""
    capsys.readouterr()
    assert start(*flags) == 2
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line and 'step/s' not in line]
    assert len(lines) == 1 and lines[0].startswith('error: ') and 'Traceback' not in error
    return lines[0]
