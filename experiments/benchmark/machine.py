"""A description of the machine that a benchmark runs on."""

import importlib.metadata
import platform
import time
from pathlib import Path

import jax

from experiments.benchmark.results import Machine


def describe_machine() -> Machine:
    """This machine, with the versions of the compared libraries and the day."""
    devices = jax.devices()
    return Machine(
        processor=_processor(),
        devices=f'{len(devices)} x {devices[0].device_kind}',
        python=platform.python_version(),
        jax=_version('jax'),
        flax=_version('flax'),
        torch=_version('torch'),
        keras=_version('keras'),
        day=time.strftime('%Y-%m-%d'),
    )


def _processor() -> str:
    cpu_info = Path('/proc/cpuinfo')  # Linux only
    if cpu_info.exists():
        for line in cpu_info.read_text().splitlines():
            if line.startswith('model name'):
                return line.split(':')[1].strip()
    return platform.processor()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'absent'
