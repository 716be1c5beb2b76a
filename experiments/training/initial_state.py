"""Where training begins: from checkpoints, from the seeds, or from the best of several restarts."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from experiments.core.config import RESTART_EPOCHS
from experiments.training.compiled_programs import Program, Setup, state_shapes
from experiments.training.metrics_log import MetricsLog
from jaxdl import UserError, checkpoint, parallel
from jaxdl.train import RESTART, Population, TrainState, address


class InitialState(NamedTuple):
    """Where training begins.

    Attributes:
        epoch: The number of epochs that are finished.
        states: (P, ...).
    """

    epoch: int
    states: TrainState


def last_recorded_epoch(
    log: MetricsLog, manager: checkpoint.Manager, notify: Callable[[str], None]
) -> int:
    """The last epoch whose records are there. A checkpoint after it cannot be used.

    Args:
        log: Of the run, as a run before has left it.
        manager: Of the run's checkpoints.
        notify: Takes a line of text for the user.

    Raises:
        UserError: All checkpoints are after it.
    """
    epochs = manager.all_steps()
    last_epoch = log.epochs_held()
    file = log.folder / 'metrics.jsonl'
    if epochs and last_epoch < min(epochs):
        raise UserError(
            f'{file} does not hold the records up to epoch {min(epochs)}; start afresh with '
            '--noresume'
        )
    if epochs and last_epoch < max(epochs):
        notify(f'{file} ends with epoch {last_epoch}: later checkpoints are not used')
    return last_epoch


def restore_or_initialize(
    setup: Setup,
    manager: checkpoint.Manager,
    train_epoch: Program,
    last_epoch: int,
    notify: Callable[[str], None],
) -> InitialState:
    """The state of the newest checkpoint that can be read, or a new one where there is none.

    Args:
        setup: Of the run.
        manager: Of its checkpoints.
        train_epoch: The program of a whole epoch, for the trial of several initializations.
        last_epoch: The last one whose records are there: later checkpoints are not considered.
        notify: Takes a line of text for the user.
    """
    if not manager.latest_step():
        return InitialState(0, initialize(setup, train_epoch))
    restored = restore(setup, manager, last_epoch, notify)
    states = parallel.pad_seeds(restored.state, setup.config.seeds, setup.mesh)
    return InitialState(restored.epoch, states)


def restore(
    setup: Setup,
    manager: checkpoint.Manager,
    last_epoch: int,
    notify: Callable[[str], None],
) -> checkpoint.Restored:
    """The newest checkpoint up to last_epoch that can be read, with states (S, ...).

    Raises:
        UserError: There is none.
    """
    seeds, mesh = setup.config.seeds, setup.mesh
    sharding = parallel.population_sharding(seeds, mesh)
    shapes = state_shapes(setup.programs, setup.data, seeds, sharding)
    try:
        restored = checkpoint.restore(manager, shapes, parallel.on_any_host, last_epoch)
    except UserError as error:
        raise UserError(f'{error}; start afresh with --noresume') from None
    if restored.damaged:
        epochs = ', '.join(map(str, restored.damaged))
        notify(
            f'checkpoint {epochs} is damaged and cannot be read: using that of epoch '
            f'{restored.epoch}'
        )
    return restored


def initialize(setup: Setup, train_epoch: Program) -> TrainState:
    """New states (P, ...): of the seeds themselves, or of the best of several restarts."""
    programs = setup.programs
    if setup.config.restarts == 1:
        return programs.initialize(programs.population, setup.data)
    return best_of_restarts(setup, train_epoch)


def best_of_restarts(setup: Setup, train_epoch: Program) -> TrainState:
    """Tries several initializations of each seed for RESTART_EPOCHS epochs.

    Returns:
        For each seed the state after these epochs of the initialization whose loss is least in the
        last third of the last epoch: (P, ...).
    """
    restarts = setup.config.restarts
    population = setup.programs.population
    sharding = population.keys.sharding
    restart_keys = jax.jit(
        jax.vmap(lambda key, restart: address(key, RESTART, restart), (0, None)),
        out_shardings=sharding,
    )
    select = jax.jit(_select, out_shardings=sharding)
    progress = tqdm(
        total=restarts * RESTART_EPOCHS,
        unit='epoch',
        desc='choosing among restarts',
        disable=not parallel.is_first_process(),
    )
    best_states = None
    least_loss = np.full(len(population.keys), np.inf)
    with progress, setup.clock.span('train'):
        for restart in range(restarts):
            # Restarts draw their parameters and their data at addresses of their own.
            keys = restart_keys(population.keys, restart)
            trial = Population(keys, population.hyperparameters)
            states = setup.programs.initialize(trial, setup.data)
            for epoch in range(RESTART_EPOCHS):
                result = train_epoch(states, trial, setup.data, jnp.int32(epoch))
                states = result.states
                progress.update()
            losses = np.array(result.means['loss'])
            # A third of an epoch, since the loss of a single batch is noise.
            last_third = losses.shape[1] // 3 + 1
            loss = losses[:, -last_third:].mean(1)
            is_better = loss < least_loss  # never true of a loss that is not a number
            if best_states is None:
                best_states = states
            else:
                best_states = select(is_better, states, best_states)
            least_loss = np.where(is_better, loss, least_loss)
    return best_states


def _select(choice, new, old):
    """Of each seed the new arrays where choice (S,) is true, else the old ones."""

    def select_rows(a, b):
        return jnp.where(choice.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(select_rows, new, old)
