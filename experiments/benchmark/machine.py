"""A description of the machine that a benchmark runs on."""

import hashlib
import importlib.metadata
import platform
import time
from pathlib import Path

from experiments.benchmark.results import Machine

ROOT = Path(__file__).parents[2]
CODE_THAT_TRAINS = ('jaxdl', 'experiments/core', 'experiments/training')


def describe_machine(devices: str) -> Machine:
    """This machine, with the versions of the compared libraries and the day.

    Args:
        devices: JAX's devices in words.
    """
    return Machine(
        processor=_processor(),
        devices=devices,
        python=platform.python_version(),
        jax=_version('jax'),
        flax=_version('flax'),
        torch=_version('torch'),
        keras=_version('keras'),
        code=_digest_of_code(),
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


def _digest_of_code() -> str:
    """Eight characters that tell versions of the code that trains apart."""
    digest = hashlib.sha256()
    for folder in CODE_THAT_TRAINS:
        for file in sorted((ROOT / folder).rglob('*.py')):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
