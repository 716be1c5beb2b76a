"""How a command ends."""

import signal
import subprocess
import sys

import pytest

from experiments.core.command import STOP_REQUESTED, run_command
from jaxdl import UserError

pytestmark = pytest.mark.quick


def _exit_code(main):
    with pytest.raises(SystemExit) as stopped:
        run_command(main, ['command'], stopped='it was stopped', memory='too little memory')
    return stopped.value.code or 0


def _fail_with(error):
    def main(argv):
        raise error

    return main


def test_success():
    assert _exit_code(lambda argv: None) == 0


@pytest.mark.parametrize(
    'error, exit_code, line',
    [
        (UserError('no such file; name another'), 2, 'error: no such file; name another'),
        (OSError(5, 'I/O error', 'x'), 2, "error: [Errno 5] I/O error: 'x'"),
        (
            OSError(28, 'No space left'),
            2,
            'error: [Errno 28] No space left; make room, and run the same command again',
        ),
        (RuntimeError('RESOURCE_EXHAUSTED: out'), 2, 'error: too little memory'),
        (KeyboardInterrupt(), 130, 'it was stopped'),
    ],
)
def test_errors_give_one_line(error, exit_code, line, capsys):
    assert _exit_code(_fail_with(error)) == exit_code
    assert capsys.readouterr().err.strip() == line


def test_output_that_nobody_reads_is_no_error():
    argv = [sys.executable, '-m', 'experiments.prove', '--help']
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()
        assert command.stderr.read() == b''
    assert command.returncode == 1


def test_bugs_keep_their_traceback():
    with pytest.raises(RuntimeError, match='a bug'):
        run_command(_fail_with(RuntimeError('a bug')), ['command'])


def test_a_signal_is_an_interrupt():
    def main(argv):
        signal.raise_signal(signal.SIGTERM)

    assert _exit_code(main) == 130
    assert STOP_REQUESTED.is_set()
    STOP_REQUESTED.clear()
