"""A worker: JAX's settings are those of the net, and it ends when bench does."""

import subprocess
import sys
from dataclasses import asdict

import psutil
import pytest

from experiments.benchmark import timed_work, worker
from experiments.benchmark.protocol import (
    Absent,
    PassTime,
    RunPass,
    TrainingRequest,
    to_line,
)
from experiments.benchmark.results import OURS
from experiments.core.defaults import TASK_DEFAULTS

ADDER = TASK_DEFAULTS['binary_add']
# A bench that is killed while its worker computes: a pass of a thousand seconds.
BENCH = """
import time
from experiments.benchmark.protocol import ProductRequest
from experiments.benchmark.worker_process import start_worker
with start_worker('a product') as worker:
    worker.send(ProductRequest(200, 1000.0))
    print(worker._process.pid, flush=True)
    time.sleep(1000)
"""


@pytest.mark.quick
@pytest.mark.parametrize('library', [OURS, 'flax nn.RNN'])
def test_settings_are_for_ours_alone_and_come_first(monkeypatch, library):
    events = []

    def prepare(request):
        events.append('prepare')
        return Absent('')

    monkeypatch.setattr(worker, 'configure_backend', lambda config: events.append(config))
    monkeypatch.setattr(timed_work, 'prepare', prepare)
    answers = []
    request = TrainingRequest(library, asdict(ADDER), seconds=1, first_steps=1)
    worker.serve([to_line(request)], answers.append)
    assert events == ([ADDER, 'prepare'] if library == OURS else ['prepare'])
    assert answers == [Absent('')]


@pytest.mark.quick
def test_a_pass_for_each_further_line(monkeypatch):
    class Work:
        ready = 'ready'

        def run_pass(self):
            return PassTime(1.0, 3)

    monkeypatch.setattr(timed_work, 'prepare', lambda request: Work())
    answers = []
    request = TrainingRequest('PyTorch', asdict(ADDER), seconds=1, first_steps=1)
    lines = [to_line(request), to_line(RunPass()), to_line(RunPass())]
    worker.serve(lines, answers.append)
    assert answers == ['ready', PassTime(1.0, 3), PassTime(1.0, 3)]


def test_a_worker_ends_with_a_bench_that_is_killed():
    bench = subprocess.Popen([sys.executable, '-c', BENCH], stdout=subprocess.PIPE, text=True)
    process = psutil.Process(int(bench.stdout.readline()))
    assert process.is_running()
    bench.kill()
    bench.communicate()
    process.wait(timeout=30)  # raises if it goes on
