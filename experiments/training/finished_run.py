"""Loads a trained net from the folder of its run, for the commands that look into it."""

import dataclasses
import functools
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.tasks import Notify, Task, make_task
from experiments.training import workdir
from experiments.training.compiled_programs import make_initialize, make_population
from experiments.training.memory_check import check_loading
from jaxdl import UserError, checkpoint
from jaxdl.durable_files import write_whole
from jaxdl.train import Params, TrainState

ONE_DEVICE = 'seeds:1,data:1'


class FinishedPopulation(NamedTuple):
    """All seeds of a run.

    Attributes:
        config: The run's settings.
        task: With its data.
        epochs: Those whose checkpoints are there, in rising order.
        state_at: From an epoch to the training state (S, ...) then; epoch 0 is the untrained
            population.
    """

    config: Config
    task: Task
    epochs: list[int]
    state_at: Callable[[int], TrainState]

    def params_at(self, epoch: int) -> Params:
        """The params (S, ...) at an epoch."""
        return self.state_at(epoch).params


class FinishedRun(NamedTuple):
    """One seed of a run, at one epoch.

    Attributes:
        config: The run's settings.
        model: The flax module.
        params: Of the seed at the epoch.
        prepare: From raw inputs to inputs of the model.
        inputs, labels: The test set, raw.
        epoch: The epoch.
        snapshots: {epoch: a function that returns the params then}, from epoch 0, the untrained
            net, on.
    """

    config: Config
    model: Any
    params: Params
    prepare: Callable[[jax.Array], jax.Array]
    inputs: np.ndarray
    labels: np.ndarray
    epoch: int
    snapshots: dict[int, Callable[[], Params]]


def load_population(
    folder: Path,
    tasks: Sequence[str],
    data_dir: str = Config.data_dir,
    notify: Notify = print,
) -> FinishedPopulation:
    """All seeds of the run in a folder, in which nothing is changed.

    Args:
        folder: The folder of the run.
        tasks: The tasks that are accepted.
        data_dir: Folder of the image data.
        notify: Takes a line of text for the user.

    Raises:
        UserError: There is no run, none of these tasks, or no finished epoch, or memory does not
            suffice. params_at raises it if a checkpoint cannot be read.
    """
    # On one device, whatever the mesh was: looking into a net needs no more.
    config = dataclasses.replace(read_config(folder), data_dir=data_dir, mesh=ONE_DEVICE)
    if config.task not in tasks:
        raise UserError(f'{folder} holds a {config.task} run; name a run of {" or ".join(tasks)}')
    if not (folder / 'checkpoints').is_dir():
        raise UserError(
            f'{folder} has no checkpoints; train it first, with python -m experiments.main'
        )
    check_loading(config)
    task = make_task(config, notify)
    # Only the shapes of the training state are needed, not its programs.
    initialize = jax.jit(make_initialize(config, task))
    population = make_population([config])
    shapes = _on_one_device(jax.eval_shape(initialize, population, task.data))
    manager = checkpoint.open_manager(folder / 'checkpoints')
    epochs = sorted(manager.all_steps())
    if not epochs:
        raise UserError(f'{folder} has no finished epoch yet')

    def state_at(epoch):
        if epoch == 0:
            return initialize(population, task.data)
        return checkpoint.read(manager, epoch, shapes)

    return FinishedPopulation(config, task, epochs, state_at)


def write_with_params(
    folder: Path, population: FinishedPopulation, epoch: int, params: Params
) -> None:
    """Writes a run that differs from a population in the params of one epoch.

    Args:
        folder: Of the new run; what was there is deleted. Commands that look into a run read it as
            any other, and `main` tests its nets.
        population: The run.
        epoch: One of its epochs.
        params: (S, ...) in place of those of the epoch.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    workdir.write_settings(folder, population.config)
    # Without the records of its epochs a checkpoint would be taken for damaged.
    records = (Path(population.config.workdir) / 'metrics.jsonl').read_bytes()
    write_whole(folder / 'metrics.jsonl', records)
    state = population.state_at(epoch)._replace(params=params)
    with checkpoint.closing(checkpoint.open_manager(folder / 'checkpoints')) as manager:
        # Nothing says how good these nets are.
        checkpoint.save(manager, epoch, state, population.config.identity(), math.inf)


def _on_one_device(shapes):
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), shapes)


def load(
    folder: Path,
    tasks: Sequence[str],
    data_dir: str = Config.data_dir,
    seed: int | None = None,
    epoch: int | None = None,
    notify: Notify = print,
) -> FinishedRun:
    """One seed of the run in a folder.

    Args:
        folder: The folder of the run.
        tasks: The tasks that are accepted.
        data_dir: Folder of the image data.
        seed: By default the first one.
        epoch: By default the newest one.
        notify: Takes a line of text for the user.

    Raises:
        UserError: As load_population, and if there is no such seed or epoch.
    """
    folder = Path(folder).expanduser()
    population = load_population(folder, tasks, data_dir, notify)
    config, task, epochs = population.config, population.task, population.epochs
    if seed is None:
        seed = config.seed
    if not config.seed <= seed < config.seed + config.seeds:
        last_seed = config.seed + config.seeds - 1
        raise UserError(f'--seed={seed}: {folder} holds the seeds {config.seed} to {last_seed}')
    if epoch is None:
        epoch = epochs[-1]
    if epoch not in (0, *epochs):
        known = ', '.join(map(str, epochs))
        raise UserError(f'--epoch={epoch}: {folder} holds the epochs 0, {known}')

    def params_at(epoch):
        return jax.tree.map(lambda leaf: leaf[seed - config.seed], population.params_at(epoch))

    snapshots = {}
    for snapshot_epoch in (0, *epochs):
        # A function, since most callers look at one epoch only.
        snapshots[snapshot_epoch] = functools.partial(params_at, snapshot_epoch)
    test = task.held_out['test']
    return FinishedRun(
        config=config,
        model=task.model,
        params=params_at(epoch),
        prepare=task.prepare,
        inputs=test.inputs,
        labels=test.targets,
        epoch=epoch,
        snapshots=snapshots,
    )


def read_config(folder: Path) -> Config:
    """The Config of the run in a folder.

    Raises:
        UserError: There is no run, or it has settings that this version does not know.
    """
    if not folder.is_dir():
        raise UserError(f'--workdir={folder} is no folder; name the folder of a run')
    settings = workdir.read_settings(folder)
    if settings is None:
        raise UserError(f'{folder} holds no run of this program (no config.json that can be read)')
    version = settings.pop('version')
    try:
        config = file_schema.to_config(settings)
    except ValueError as error:
        raise UserError(
            f'{folder} is of version {version}, with settings that this version does not know: '
            f'{error}'
        ) from None
    return dataclasses.replace(config, workdir=str(folder))
