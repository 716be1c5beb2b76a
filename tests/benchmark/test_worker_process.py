"""A worker process as bench sees it: answers, failures, and its end."""

import sys

import psutil
import pytest

from experiments.benchmark import worker_process
from experiments.benchmark.protocol import PassTime, ProductRequest, Ready
from experiments.benchmark.worker_process import start_worker
from jaxdl import UserError

pytestmark = pytest.mark.quick
REQUEST = ProductRequest(16, 0.001)
ANSWERS = """
import sys
from experiments.benchmark.protocol import PassTime, Ready, to_line
for answer in (Ready(0.1, []), PassTime(1.0, 3)):
    input()
    print(to_line(answer), end='', flush=True)
input()
raise ValueError('a third request')
"""


@pytest.fixture
def use_program(monkeypatch):
    def use(program):
        monkeypatch.setattr(worker_process, 'WORKER_COMMAND', [sys.executable, '-c', program])

    return use


def test_a_failure_is_one_line_with_the_last_line_of_the_worker(use_program):
    use_program(ANSWERS)
    with start_worker('PyTorch, adder') as worker:
        assert worker.prepare(REQUEST) == Ready(0.1, [])
        assert worker.run_pass() == PassTime(1.0, 3)
        with pytest.raises(UserError) as failure:
            worker.run_pass()
    assert str(failure.value) == 'PyTorch, adder failed: ValueError: a third request'


def test_a_worker_that_ends_in_silence(use_program):
    use_program('import sys; sys.exit(3)')
    with (
        start_worker('PyTorch, adder') as worker,
        pytest.raises(UserError, match='PyTorch, adder failed: exit code 3'),
    ):
        worker.prepare(REQUEST)


def test_a_worker_ends_with_its_context(use_program):
    use_program('import time; time.sleep(1000)')
    with start_worker('a sleeper') as worker:
        process = psutil.Process(worker._process.pid)
    assert not process.is_running()


def test_variables_of_the_worker(use_program):
    use_program(
        'import os, sys; sys.exit(os.environ["A"] + os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"])'
    )
    with (
        start_worker('x', {'A': 'one '}) as worker,
        pytest.raises(UserError, match='failed: one false'),
    ):
        worker.prepare(REQUEST)
