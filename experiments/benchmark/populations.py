"""The cost of training many models at once."""

from dataclasses import replace

from experiments.benchmark.results import PopulationRow
from experiments.benchmark.timing import TimedTraining
from experiments.core.config import Config

SIZES = (1, 4, 16, 64, 256, 1024)


def measure_populations(config: Config, steps: int, repeats: int) -> list[PopulationRow]:
    """Times populations of all SIZES.

    Args:
        config: The model to train; its number of seeds does not matter.
        steps: Training steps in a pass.
        repeats: Timed passes of each population.
    """
    rows = []
    for seeds in SIZES:
        training = TimedTraining(replace(config, seeds=seeds), steps)
        memory = training.compiled.memory_analysis()
        seconds = training.seconds_per_step(repeats)
        seconds_per_population = seconds * config.epochs * training.steps_per_epoch
        rows.append(
            PopulationRow(
                seeds=seeds,
                seconds=seconds,
                # The new states take the place of the old ones, which are arguments.
                bytes=memory.temp_size_in_bytes + memory.argument_size_in_bytes,
                models_per_second=seeds / seconds_per_population,
            )
        )
    return rows
