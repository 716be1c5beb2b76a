"""The cores' time that others use: all that was busy without our own."""

import subprocess
import sys
import time

import pytest

from experiments.benchmark import host
from experiments.benchmark.host import CpuReading, read_cpu, share_of_others

COMPUTE = 'import time\nwhile time.process_time() < .4: pass'


@pytest.mark.quick
def test_our_own_time_is_not_that_of_others(monkeypatch):
    monkeypatch.setattr(host, '_own_cores', lambda: {0, 1})
    before = CpuReading(at=100, busy=50, own=10)
    assert share_of_others(before, CpuReading(at=110, busy=65, own=15)) == pytest.approx(0.5)
    assert share_of_others(before, CpuReading(at=110, busy=55, own=15)) == 0
    # Counters have steps of a hundredth of a second, so that more may seem own than was busy.
    assert share_of_others(before, CpuReading(at=110, busy=54, own=15)) == 0


def test_processes_that_we_start_are_our_own():
    before = read_cpu()
    process = subprocess.Popen([sys.executable, '-c', COMPUTE + '\ninput()'], stdin=-1)
    deadline = time.monotonic() + 30
    while read_cpu().own - before.own < 0.35 and time.monotonic() < deadline:
        time.sleep(0.05)
    while_alive = read_cpu()
    process.communicate(b'\n')
    after_its_end = read_cpu()
    for reading in (while_alive, after_its_end):
        assert 0.35 <= reading.own - before.own < 5
        assert reading.busy - before.busy > 0.3
    assert after_its_end.own >= while_alive.own - 0.05
