"""A trained net for the commands that look into it: the checkpoint of a run, its model and its test data."""

import dataclasses
from pathlib import Path
from typing import Any, Callable, NamedTuple

import jax
import numpy as np

from experiments.training import workdir
from experiments.core.config import Config
from experiments.training.programs import Clock, like, mesh_of, programs
from experiments.core.tasks import TASKS
from jaxdl import UserError, checkpoint

ONE_DEVICE = 'seeds:1,data:1'
CNNS = ('mnist_cnn', 'cifar_cnn')  # tasks with a CNN


class Trained(NamedTuple):
    """One seed of a run, at one epoch."""

    config: Config
    model: Any
    params: Any
    prepare: Callable  # raw inputs -> inputs of the model
    inputs: np.ndarray  # of the test set, raw
    labels: np.ndarray
    epoch: int
    snapshots: dict  # {epoch: a function that gives the params then}, from 0, the untrained net, on


def population(folder, tasks, data_dir=Config.data_dir, say=print):
    """(config, task, epochs, params_at): the run in `folder`, its finished epochs, and epoch -> params (S, ...) of all seeds.

    Epoch 0 is the untrained population. Nothing in the folder is changed. Raises UserError if there is no run there, none of
    `tasks`, or no finished epoch; params_at if a checkpoint cannot be read.
    """
    config = dataclasses.replace(read_config(folder), data_dir=data_dir, mesh=ONE_DEVICE)
    if config.task not in tasks:
        raise UserError(f'{folder} holds a {config.task} run; name a run of {" or ".join(tasks)}')
    if not (folder / 'checkpoints').is_dir():
        raise UserError(
            f'{folder} has no checkpoints; train it first, with python -m experiments.main'
        )
    task = TASKS[config.task](config, say)
    members, init, *_ = programs(config, task, Clock(), mesh_of(config))
    saved = like(
        init, members, task.data, config.seeds, jax.sharding.SingleDeviceSharding(jax.devices()[0])
    )
    manager = checkpoint.open_manager(folder / 'checkpoints')
    epochs = sorted(manager.all_steps())
    if not epochs:
        raise UserError(f'{folder} has no finished epoch yet')

    def params_at(epoch):
        return (
            init(members, task.data) if epoch == 0 else checkpoint.read(manager, epoch, saved)
        ).params

    return config, task, epochs, params_at


def load(folder, tasks, data_dir=Config.data_dir, seed=None, epoch=None, say=print):
    """Trained of the run in `folder`: its first seed and newest epoch unless said.

    Raises UserError as population does, and if there is no such seed or epoch.
    """
    folder = Path(folder).expanduser()
    config, task, epochs, population_at = population(folder, tasks, data_dir, say)
    seed = config.seed if seed is None else seed
    if not config.seed <= seed < config.seed + config.seeds:
        raise UserError(
            f'--seed={seed}: {folder} holds the seeds {config.seed} to {config.seed + config.seeds - 1}'
        )
    epoch = epochs[-1] if epoch is None else epoch
    if epoch not in (0, *epochs):
        raise UserError(
            f'--epoch={epoch}: {folder} holds the epochs 0, {", ".join(map(str, epochs))}'
        )

    def params_at(epoch):
        return jax.tree.map(lambda leaf: leaf[seed - config.seed], population_at(epoch))

    inputs, labels, *_ = task.held_out['test']
    return Trained(
        config,
        task.model,
        params_at(epoch),
        task.prepare,
        inputs,
        labels,
        epoch,
        {at: lambda at=at: params_at(at) for at in (0, *epochs)},
    )


def read_config(folder):
    """The Config of the run in `folder`. Raises UserError if there is none."""
    if not folder.is_dir():
        raise UserError(f'--workdir={folder} is no folder; name the folder of a run')
    found = workdir.config_of(folder)
    if found is None:
        raise UserError(f'{folder} holds no run of this program (no config.json)')
    fields = {field.name for field in dataclasses.fields(Config)}
    if unknown := found.keys() - fields - {'version'}:
        raise UserError(
            f'{folder} is of version {found["version"]}, with the settings {", ".join(unknown)} that this one does not know'
        )
    return Config(
        **{name: value for name, value in found.items() if name != 'version'}, workdir=str(folder)
    )
