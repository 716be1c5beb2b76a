"""A worker as bench sees it: a process that is asked over its pipes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO

from experiments.benchmark.protocol import (
    Absent,
    Message,
    PassTime,
    ProductRequest,
    Ready,
    RunPass,
    TrainingRequest,
    from_line,
    to_line,
)
from jaxdl import UserError

WORKER_COMMAND = (sys.executable, '-m', 'experiments.benchmark.worker')
VARIABLES = {
    'JAX_ENABLE_COMPILATION_CACHE': 'false',  # compilation is timed
    'XLA_PYTHON_CLIENT_PREALLOCATE': 'false',  # a GPU is shared by the workers
}


class Worker:
    """A worker process, made by `start_worker`. It computes only while it is asked to."""

    def __init__(self, name: str, process: subprocess.Popen, errors: TextIO):
        """Wraps a process.

        Args:
            name: What it times, for errors.
            process: With pipes for its standard input and output.
            errors: The file that its standard error goes to.
        """
        self._name = name
        self._process = process
        self._errors = errors

    def prepare(self, request: TrainingRequest | ProductRequest) -> Ready | Absent:
        """Waits until the worker is ready for passes.

        Raises:
            UserError: The worker failed.
        """
        self.send(request)
        return self.receive()

    def run_pass(self) -> PassTime:
        """Runs a pass.

        Raises:
            UserError: The worker failed.
        """
        self.send(RunPass())
        return self.receive()

    def send(self, message: Message) -> None:
        """Sends a request, without waiting for its answer."""
        try:
            self._process.stdin.write(to_line(message))
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def receive(self) -> Message:
        """Waits for an answer.

        Raises:
            UserError: The worker failed.
        """
        line = self._process.stdout.readline()
        if not line:
            self._fail()
        return from_line(line)

    def _fail(self):
        """Raises the UserError of a worker that has ended, with the last line that it printed."""
        exit_code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        reason = lines[-1] if lines else f'exit code {exit_code}'
        raise UserError(f'{self._name} failed: {reason}')


@contextmanager
def start_worker(name: str, variables: Mapping[str, str] | None = None) -> Iterator[Worker]:
    """A worker process, which ends with the context; and by itself if this process is killed.

    Args:
        name: What it times, for errors.
        variables: More environment variables.
    """
    with tempfile.TemporaryFile(mode='w+') as errors:
        process = subprocess.Popen(
            WORKER_COMMAND,
            env={**os.environ, **VARIABLES, **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for bench, which then ends its workers
        )
        try:
            yield Worker(name, process, errors)
        finally:
            process.kill()  # it has nothing to lose
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):  # a request that it did not read
                    pipe.close()
