"""The time of whole commands, from the start of Python to its end."""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from tqdm import tqdm

JAXDL_ADDER = ('experiments.main', '--task=binary_add', '--hidden=5')
TORCH_ADDER = ('experiments.benchmark.peers.torch_adder',)


def measure_commands(repeats: int) -> dict[str, float]:
    """The median seconds of commands that train and test the adder, by name.

    'jaxdl, cold' compiles its programs. 'jaxdl, warm' finds them in the cache that it left.
    'PyTorch' is measured where it is installed. The commands alternate.

    Raises:
        subprocess.CalledProcessError: A command failed.
    """
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for index in tqdm(range(repeats), desc='whole commands', unit='round'):
            # The first command of a round meets an empty cache, the second one a full one.
            new_cache = {'XDG_CACHE_HOME': f'{folder}/cache{index}'}
            for name in ('jaxdl, cold', 'jaxdl, warm'):
                arguments = [*JAXDL_ADDER, f'--workdir={folder}/{name}{index}']
                times.setdefault(name, []).append(_run_seconds(arguments, new_cache))
            if importlib.util.find_spec('torch'):
                times.setdefault('PyTorch', []).append(_run_seconds(TORCH_ADDER, {}))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def _run_seconds(module_and_flags: Sequence[str], variables: Mapping[str, str]) -> float:
    """The time of python -m MODULE FLAGS with more environment variables."""
    command = [sys.executable, '-m', *module_and_flags]
    environment = {**os.environ, **variables}
    started = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - started
