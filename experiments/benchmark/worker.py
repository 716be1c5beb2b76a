"""A process that times one net in one library: python -m experiments.benchmark.worker.

bench starts it and speaks with it over its standard input and output (see protocol.py). Each
library has a process of its own: XLA reads its settings only once, and threads of other libraries
would disturb the one that is timed.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable

from experiments.benchmark.protocol import (
    Absent,
    Message,
    ProductRequest,
    from_line,
    to_line,
)
from experiments.benchmark.results import OURS
from experiments.core.backend_settings import configure_backend
from experiments.core.config import Config
from jaxdl import UserError, backend


def main() -> None:
    """Answers the requests that come by standard input, until it is closed."""
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), 'w')
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(message):
        answers.write(to_line(message))
        answers.flush()

    lines = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(sys.stdin, lines), daemon=True).start()
    try:
        serve(iter(lines.get, None), answer)
    except UserError as error:
        sys.exit(str(error))


def _read_lines(stream: Iterable[str], lines: queue.SimpleQueue) -> None:
    """Passes lines on, and ends the process when there will be no more.

    A thread does so, as bench may end, or be killed, while the process computes.
    """
    for line in stream:
        lines.put(line)
    os._exit(0)


def serve(lines: Iterable[str], answer: Callable[[Message], None]) -> None:
    """Makes ready what the first line asks for, and runs a pass for each further one."""
    lines = iter(lines)
    request = from_line(next(lines))
    if isinstance(request, ProductRequest):
        backend.configure()
    elif request.library == OURS:
        configure_backend(Config(**request.config))

    # It imports JAX, which must come after the settings.
    from experiments.benchmark.timed_work import prepare

    work = prepare(request)
    if isinstance(work, Absent):
        answer(work)
        return
    answer(work.ready)
    for _ in lines:
        answer(work.run_pass())


if __name__ == '__main__':
    main()
