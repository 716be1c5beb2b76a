"""The cost of training many models at once."""

from contextlib import ExitStack
from dataclasses import asdict, replace

from experiments.benchmark.nets import ADDER
from experiments.benchmark.protocol import TrainingRequest
from experiments.benchmark.results import OURS, PopulationResults, PopulationRow
from experiments.benchmark.stopwatch import AlternatingPasses, Contender, Stopwatch
from experiments.benchmark.worker_process import start_worker

SIZES = (1, 4, 16, 64, 256, 1024, 4096)
FIRST_STEPS = 3
LONGEST_STEP = 1.0  # seconds; sizes with longer steps are left out


def measure_populations(stopwatch: Stopwatch) -> PopulationResults:
    """Times populations of adders of all SIZES, as far as their steps are short enough.

    Raises:
        UserError: The training failed.
    """
    stopwatch.begin('populations')
    contenders = {}
    ready = {}
    with ExitStack() as processes:
        for size in SIZES:
            if _is_too_slow(size, ready):
                continue
            worker = processes.enter_context(start_worker(f'{size} adders at once'))
            population = replace(ADDER, seeds=size)
            request = TrainingRequest(OURS, asdict(population), stopwatch.pass_seconds, FIRST_STEPS)
            ready[size] = worker.prepare(request)
            contenders[size] = Contender([worker])
        passes = AlternatingPasses(contenders)
        conditions = stopwatch.measure(passes.run_round)
    rows = []
    for size, times in passes.times.items():
        rows.append(PopulationRow(size, times, ready[size].bytes, ready[size].steps_per_run))
    too_slow = [size for size in SIZES if size not in ready]
    return PopulationResults(rows, too_slow, conditions)


def _is_too_slow(size, ready):
    """Whether a step is likely to take too long, judged by that of the last smaller population."""
    if not ready:
        return False
    last_size, last_ready = list(ready.items())[-1]
    return last_ready.seconds_per_step * size / last_size > LONGEST_STEP
