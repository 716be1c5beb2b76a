"""Takes a measurement of all seeds of a finished run."""

from collections.abc import Callable
from pathlib import Path

import jax

from experiments.core.config import Config
from experiments.core.schemas.rows import MeasurementRow
from experiments.reports.measurements import image_nets, recurrent_nets
from experiments.reports.measurements.net import Net
from experiments.training import finished_run
from jaxdl import __version__
from jaxdl.metrics import summarize

MOST_SEEDS = 6  # some measurements take minutes for each seed

# By name, from a net to what is measured of it.
QUANTITIES: dict[str, Callable[[Net], dict[str, float]]] = {
    'filters': image_nets.filter_fits,
    'purity': image_nets.class_purities,
    'ascent': image_nets.ascended_units,
    'projections': image_nets.projection_likenesses,
    'carry': recurrent_nets.readable_carry,
    'early-rows': recurrent_nets.readable_early_rows,
    'closed-gate': recurrent_nets.accuracy_with_closed_gate,
}


def take(quantity: str, config: Config) -> MeasurementRow:
    """Measures the first MOST_SEEDS nets of a run at its newest epoch.

    Args:
        quantity: A key of QUANTITIES.
        config: Of the run, with its folder and that of the data.

    Raises:
        UserError: As finished_run.load_population.
    """
    population = finished_run.load_population(Path(config.workdir), (config.task,), config.data_dir)
    trained = population.params_at(population.epochs[-1])
    untrained = population.params_at(0)
    values: dict[str, list[float]] = {}
    for seed in range(min(config.seeds, MOST_SEEDS)):
        net = Net(
            config=population.config,
            task=population.task,
            params=_params_of_seed(trained, seed),
            untrained=_params_of_seed(untrained, seed),
        )
        for name, value in QUANTITIES[quantity](net).items():
            values.setdefault(name, []).append(value)
    measured = {}
    for name, of_seeds in values.items():
        measured[name] = summarize(of_seeds, keep_seeds=True)
    return MeasurementRow(version=__version__, config=config.identity(), measured=measured)


def _params_of_seed(params, seed):
    return jax.tree.map(lambda leaf: leaf[seed], params)
