"""How much of the machine other processes use."""

import os
import time
from contextlib import suppress
from typing import NamedTuple

import psutil


class CpuReading(NamedTuple):
    """Seconds up to a moment.

    Attributes:
        at: The moment, on a clock that never goes back.
        busy: That this process's cores were not idle, added up.
        own: That this process and those it has started computed.
    """

    at: float
    busy: float
    own: float


def read_cpu() -> CpuReading:
    """Reads the machine's counters."""
    busy = 0.0
    for core, times in enumerate(psutil.cpu_times(percpu=True)):
        if core in _own_cores():
            # User and nice time hold that of guests. Stolen time went to other virtual machines.
            busy += sum(times) - times.idle - getattr(times, 'iowait', 0.0)
            busy -= getattr(times, 'guest', 0.0) + getattr(times, 'guest_nice', 0.0)
    process = psutil.Process()
    own = 0.0
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # it has ended; its parent has its time
            times = member.cpu_times()
            own += times.user + times.system + times.children_user + times.children_system
    return CpuReading(time.monotonic(), busy, own)


def share_of_others(before: CpuReading, after: CpuReading) -> float:
    """The share of all cores that other processes used between two readings, from 0 to 1."""
    available = (after.at - before.at) * len(_own_cores())
    of_others = (after.busy - before.busy) - (after.own - before.own)
    return min(max(of_others / available, 0.0), 1.0)


def _own_cores() -> set[int]:
    """The cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count()))
