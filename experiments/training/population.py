"""run_population(configs): trains several runs as one population.

Their seeds, and the hyper-parameters in which they differ, are one vmapped axis of models. Each
run has the folder, the records, the results and the checkpoints that it has when it is trained
alone: see run.py, on whose parts this is built.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import jax
import jax.numpy as jnp

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.schemas.results import RunResults
from experiments.core.tasks import Notify, say_nothing
from experiments.training import workdir
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Program, Setup, make_mesh
from experiments.training.epoch_lengths import EpochLengths, epoch_lengths
from experiments.training.initial_state import (
    InitialState,
    initialize,
    last_recorded_epoch,
    restore,
)
from experiments.training.metrics_log import MetricsLog
from experiments.training.one_epoch import advance, outcome_of_seeds, write_epoch
from experiments.training.progress import show_progress, training_progress
from experiments.training.run import CompletedRun, compile_epochs, set_up
from experiments.training.run_checkpoints import RESUME_ADVICE, open_checkpoints, save_checkpoint
from experiments.training.run_description import describe_training
from experiments.training.run_folders import begin_folders, is_finished, own_folders
from experiments.training.run_results import run_final_test
from jaxdl import checkpoint, parallel
from jaxdl.train import Params


def run_population(
    configs: Sequence[Config], resume: bool = True, notify: Notify = print
) -> list[CompletedRun]:
    """Trains, tests and writes several runs, or goes on with them, as one population.

    Runs that are finished are left out. Those that were stopped at different epochs go on apart.

    Args:
        configs: They differ in VMAPPED fields and in their folders only.
        resume: Whether to go on with the runs that the folders hold; else they are replaced.
        notify: Takes a line of text for the user.

    Raises:
        UserError: What the user can put right.
        KeyboardInterrupt: At the end of the epoch in which a signal came.
    """
    with parallel.errors_end_all_hosts(RESUME_ADVICE), ExitStack() as stack:
        notify = notify if parallel.is_first_process() else say_nothing
        folders = stack.enter_context(own_folders(configs, resume, notify))
        results = [workdir.read_results(folder) for folder in folders]
        # The runs still to do, by the epoch that they have come to: a program trains all of its
        # models through the same epoch.
        runs_at_epoch: dict[int, list[int]] = {}
        for i, folder in enumerate(folders):
            if not (resume and is_finished(folder, results[i], notify)):
                epoch = workdir.newest_epoch(folder) if resume else 0
                runs_at_epoch.setdefault(epoch, []).append(i)
        for epoch in sorted(runs_at_epoch):
            group = runs_at_epoch[epoch]
            group_results = _train_and_test(
                [configs[i] for i in group], [folders[i] for i in group], resume, notify
            )
            for i, run_results in zip(group, group_results, strict=True):
                results[i] = run_results
                if parallel.is_first_process():
                    file_schema.write_json(folders[i] / 'results.json', run_results)
    return [CompletedRun(*pair) for pair in zip(folders, results, strict=True)]


def _train_and_test(
    configs: Sequence[Config], folders: Sequence[Path], resume: bool, notify: Notify
) -> list[RunResults]:
    """Trains runs that have come to the same epoch. The results are in the order of configs."""
    first, *others = configs
    clock = Clock()
    setup = set_up(first, make_mesh(first, len(configs)), clock, notify, others)
    begin_folders(folders, configs, resume)
    lengths = epoch_lengths(first, setup.task)
    train_epoch = compile_epochs(setup, lengths, others)
    first_epoch = train_epoch[lengths.steps_of(0)]
    with ExitStack() as stack:
        managers, logs = [], []
        for folder, config in zip(folders, configs, strict=True):
            logs.append(stack.enter_context(MetricsLog(folder)))
            managers.append(stack.enter_context(open_checkpoints(config, logs[-1], clock)))
        last_epoch = min(
            last_recorded_epoch(log, manager, notify)
            for log, manager in zip(logs, managers, strict=True)
        )
        start = _restore_or_initialize(setup, managers, first_epoch, last_epoch, notify)
        notify(describe_training(setup, start, len(configs)))
        with clock.span('write'):
            for log, config in zip(logs, configs, strict=True):
                log.resume_after(start.epoch, config.identity())
        params = _train_epochs(setup, configs, train_epoch, lengths, start, logs, managers)
        return _test_all(setup, configs, params, logs)


def _restore_or_initialize(
    setup: Setup,
    managers: Sequence[checkpoint.Manager],
    first_epoch: Program,
    last_epoch: int,
    notify: Notify,
) -> InitialState:
    """The states of the newest epoch that all runs can read, or new ones if there is none.

    Args:
        setup: Of the runs.
        managers: Of their checkpoints.
        first_epoch: The program of the first epoch, for the trial of several initializations.
        last_epoch: The last one whose records all runs have.
        notify: Takes a line of text for the user.
    """
    if not managers[0].latest_step():
        return InitialState(0, initialize(setup, first_epoch))
    while True:
        restored = [restore(setup, manager, last_epoch, notify) for manager in managers]
        epochs = [one_run.epoch for one_run in restored]
        if len(set(epochs)) == 1:
            states = _concatenate([one_run.state for one_run in restored])
            models = len(managers) * setup.config.seeds
            return InitialState(epochs[0], parallel.pad_seeds(states, models, setup.mesh))
        # A damaged checkpoint took one of them further back: the others follow.
        last_epoch = min(epochs)


def _concatenate(states):
    """The states of several runs (S, ...) as those of one population."""
    if len(states) == 1:
        return states[0]
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *states)


def _train_epochs(
    setup: Setup,
    configs: Sequence[Config],
    train_epoch: Mapping[int, Program],
    lengths: EpochLengths,
    start: InitialState,
    logs: Sequence[MetricsLog],
    managers: Sequence[checkpoint.Manager],
) -> Params:
    """Trains from the start to the last epoch, and writes each. Returns the params (P, ...)."""
    states = start.states
    with training_progress(lengths, start.epoch) as bar:
        for epoch in range(start.epoch, lengths.epochs()):
            steps = lengths.steps_of(epoch)
            states, outcome = advance(setup, train_epoch[steps], states, epoch)
            # The runs share the time of an epoch: none has seconds of its own.
            outcome = outcome._replace(seconds=outcome.seconds / len(configs))
            for i, config in enumerate(configs):
                first_model = i * config.seeds
                outcome_of_run = outcome_of_seeds(outcome, first_model, config.seeds)
                with setup.clock.span('write'):
                    record = write_epoch(config, logs[i], epoch, lengths, outcome_of_run)
                    saved = parallel.take_seeds(states, first_model, config.seeds, setup.mesh)
                    save_checkpoint(managers[i], config, saved, record)
            show_progress(bar, record, steps)
    return states.params


def _test_all(
    setup: Setup, configs: Sequence[Config], params: Params, logs: Sequence[MetricsLog]
) -> list[RunResults]:
    results = []
    for i, config in enumerate(configs):
        models = parallel.take_seeds(params, i * config.seeds, config.seeds, setup.mesh)
        models = parallel.pad_seeds(models, config.seeds, setup.mesh)
        setup_of_run = setup._replace(config=config)
        results.append(run_final_test(setup_of_run, models, logs[i]))
    return results
