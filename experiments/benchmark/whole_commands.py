"""The time of whole commands, from the start of Python to its end, and what it is spent on."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.benchmark.results import REFERENCE_PEER, CommandResults
from experiments.benchmark.stopwatch import Stopwatch
from experiments.training import workdir
from jaxdl import UserError

COLD = 'jaxdl, cold'
WARM = 'jaxdl, warm'
MOST_OF_PYTORCH = {COLD: 1.8, WARM: 1.0}  # aims for our time over PyTorch's
JAXDL_ADDER = ('experiments.main', '--task=binary_add', '--hidden=5')
TORCH_ADDER = ('experiments.benchmark.peers.torch_adder',)
# With these a user's own cache would be met by the cold command too.
CACHE_VARIABLES = ('JAX_COMPILATION_CACHE_DIR', 'JAX_ENABLE_COMPILATION_CACHE')


class CommandRun(NamedTuple):
    """A command that has ended.

    Attributes:
        seconds: From its start to its end.
        output: What it printed.
    """

    seconds: float
    output: str


def measure_commands(stopwatch: Stopwatch) -> CommandResults:
    """Times commands that train and test the adder.

    'jaxdl, cold' compiles its programs. 'jaxdl, warm' finds them in the cache that it left.
    'PyTorch' is measured where it is installed. The commands alternate. They run once before
    the first round, so that all files are in memory.

    Raises:
        UserError: A command failed.
    """
    stopwatch.begin('whole commands')
    rounds = []
    with tempfile.TemporaryDirectory() as folder:

        def run_round(index):
            rounds.append(run_commands(Path(folder, str(index))))

        run_commands(Path(folder, 'first'))
        conditions = stopwatch.measure(run_round)
    times = {}
    parts = {}
    for name in rounds[0]:
        times[name] = [sum(seconds[name].values()) for seconds in rounds]
        parts[name] = {}
        for part in rounds[0][name]:
            parts[name][part] = [seconds[name][part] for seconds in rounds]
    return CommandResults(times, parts, conditions)


def run_commands(folder: Path) -> dict[str, dict[str, float]]:
    """Runs each command once.

    Args:
        folder: A new folder for the runs and their compilation cache.

    Returns:
        {command: {part: seconds}}. 'rest' is what no other part holds: the start and end of
        Python, and PyTorch's imports.
    """
    seconds = {}
    # The first command meets an empty cache, the second one a full one.
    new_cache = {'XDG_CACHE_HOME': str(folder / 'cache')}
    for name in (COLD, WARM):
        run_folder = folder / name
        run = _run_module([*JAXDL_ADDER, f'--workdir={run_folder}'], new_cache)
        seconds[name] = _with_rest(workdir.read_results(run_folder).seconds, run.seconds)
    if importlib.util.find_spec('torch'):
        run = _run_module(TORCH_ADDER, {})
        last_line = run.output.splitlines()[-1]
        seconds[REFERENCE_PEER] = _with_rest(json.loads(last_line), run.seconds)
    return seconds


def _with_rest(parts: Mapping[str, float], total: float) -> dict[str, float]:
    return {**parts, 'rest': total - sum(parts.values())}


def _run_module(module_and_flags: Sequence[str], variables: Mapping[str, str]) -> CommandRun:
    """Runs python -m MODULE FLAGS with more environment variables.

    Raises:
        UserError: It failed.
    """
    command = [sys.executable, '-m', *module_and_flags]
    environment = {**os.environ, **variables}
    for name in CACHE_VARIABLES:
        environment.pop(name, None)
    started = time.perf_counter()
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or [f'exit code {process.returncode}']
        raise UserError(f'{" ".join(command[1:])} failed: {lines[-1]}')
    return CommandRun(seconds, process.stdout)
