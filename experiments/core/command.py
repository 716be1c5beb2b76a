"""How every command runs: users' errors as one line and exit code 2, and stopping by a signal."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

from jaxdl import UserError

STOP_REQUESTED = threading.Event()  # set by Ctrl-C and SIGTERM; training ends its epoch first
STOPPED_EXIT_CODE = 130
USER_ERROR_EXIT_CODE = 2
CUT_OFF_EXIT_CODE = 1
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


def run_command(
    main: Callable[[Sequence[str]], Any],
    argv: Sequence[str] | None = None,
    stopped: str = 'stopped',
    memory: str = 'not enough memory',
) -> NoReturn:
    """Runs main(argv) as a command and exits.

    The exit code is 0, 1 if its output was cut off, 2 after a user's error, 130 if it was stopped.

    Args:
        main: The command.
        argv: By default sys.argv.
        stopped: What to say when the command was stopped.
        memory: What to say when memory does not suffice.
    """
    STOP_REQUESTED.clear()  # tests run several commands in one process
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)
    # A terminal that cannot show ± must not end a run.
    sys.stdout.reconfigure(errors='replace')
    try:
        main(argv or sys.argv)
        sys.stdout.flush()
        sys.exit(0)
    except BrokenPipeError:
        # Whoever reads the output wants no more of it, as `head` does. Python would still try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CUT_OFF_EXIT_CODE)
    except UserError as error:
        _fail(f'error: {error}', USER_ERROR_EXIT_CODE)
    except OSError as error:
        _fail(f'error: {describe_os_error(error)}', USER_ERROR_EXIT_CODE)
    except RuntimeError as error:
        # XLA reports a lack of memory as a RuntimeError with this status.
        if 'RESOURCE_EXHAUSTED' not in str(error):
            raise
        _fail(f'error: {memory}', USER_ERROR_EXIT_CODE)
    except KeyboardInterrupt:
        _fail(stopped, STOPPED_EXIT_CODE)


def describe_os_error(error: OSError) -> str:
    """The error in a line, with what to do where that is plain."""
    # It says itself which file and why: no space left, permission denied.
    line = ' '.join(str(error).split())
    if error.errno in DISK_IS_FULL:
        line += '; make room, and run the same command again'
    return line


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # The exception alone would be lost where it meets a callback of C code.
    STOP_REQUESTED.set()
    raise KeyboardInterrupt


def _fail(line, exit_code):
    print(line, file=sys.stderr)
    sys.exit(exit_code)
