"""The end of a run: its final test, its figures, and the content of results.json."""

import jax
import numpy as np

from experiments.core.config import Config
from experiments.core.schemas.records import EpochRecord, StatisticsRecord, WindowRecord
from experiments.core.schemas.results import RunResults
from experiments.core.tasks import Task
from experiments.training.activations import activations_on_test_set
from experiments.training.compiled_programs import Setup
from experiments.training.metrics_log import MetricsLog
from experiments.training.run_description import count_parameters, describe_devices, versions
from jaxdl import __version__, parallel
from jaxdl.figures import curves
from jaxdl.figures.base import Figure
from jaxdl.figures.layer_statistics import layer_statistics
from jaxdl.train import Params


def run_final_test(setup: Setup, params: Params, log: MetricsLog) -> RunResults:
    """Runs the final test and draws the run's figures.

    Args:
        setup: Of the run.
        params: (P, ...), P at least the run's number of seeds.
        log: With the records of all epochs.

    Returns:
        The content of results.json.
    """
    config, task, mesh, clock = setup.config, setup.task, setup.mesh, setup.clock

    def evaluate(params, examples):
        evaluation = setup.programs.evaluate(params, examples)
        return jax.tree.map(lambda x: x[: config.seeds], evaluation)

    with clock.span('evaluate'):
        final_test = task.final_test(evaluate, params)
        activations = activations_on_test_set(setup, params)
    epochs = log.records_of(EpochRecord)
    last = epochs[-1]
    with clock.span('write'):
        figures = {**final_test.figures, **_training_figures(config, task, log)}
        log.write_end(figures, _weights_of_first_seed(setup, params))
    return RunResults(
        version=__version__,
        versions=versions(),
        config=config.identity(),
        device=describe_devices(mesh),
        parameters=count_parameters(params),
        epoch=last.epoch,
        step=last.step,
        seconds=dict(clock.seconds),
        train=last.train,
        first_batch=epochs[0].first_batch,
        last_batch=last.last_batch,
        validation=last.validation,
        test=last.test,
        final_test=final_test.results,
        activations=activations,
    )


def _weights_of_first_seed(setup: Setup, params: Params) -> dict[str, np.ndarray]:
    """The parameters of the run's first net, by name."""
    first = jax.device_get(parallel.take_seeds(params, 0, 1, setup.mesh))
    return first['params']


def _training_figures(config: Config, task: Task, log: MetricsLog) -> dict[str, Figure]:
    epochs = log.records_of(EpochRecord)
    loss_first = ['loss', *(name for name in epochs[-1].train if name != 'loss')]
    training_curves = curves.training_curves(
        f'{config.task}, {config.describe()}',
        log.records_of(WindowRecord),
        epochs,
        loss_first,
        task.steps_per_epoch,
    )
    statistics = layer_statistics(config.describe(), log.records_of(StatisticsRecord))
    return {'curves': training_curves, **statistics}
