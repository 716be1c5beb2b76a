"""run(config): trains, tests and writes one run, or goes on with it."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from jax.sharding import Mesh

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.schemas.results import RunResults
from experiments.core.tasks import Notify, make_task, say_nothing
from experiments.training import workdir
from experiments.training.clock import Clock
from experiments.training.compiled_programs import (
    Program,
    Setup,
    make_mesh,
    make_programs,
    train_epoch_shapes,
)
from experiments.training.cost_estimate import time_note
from experiments.training.epoch_lengths import EpochLengths, epoch_lengths
from experiments.training.initial_state import (
    InitialState,
    last_recorded_epoch,
    restore_or_initialize,
)
from experiments.training.memory_check import check_memory, check_sizes
from experiments.training.metrics_log import MetricsLog
from experiments.training.one_epoch import advance, outcome_of_seeds, write_epoch
from experiments.training.progress import show_progress, training_progress
from experiments.training.run_checkpoints import RESUME_ADVICE, open_checkpoints, save_checkpoint
from experiments.training.run_description import describe_training
from experiments.training.run_folders import begin_folders, is_finished, own_folders
from experiments.training.run_results import run_final_test
from jaxdl import backend, checkpoint, parallel
from jaxdl.train import Params


class CompletedRun(NamedTuple):
    """A finished run: its folder, and the content of its results.json."""

    folder: Path
    results: RunResults


def run(
    config: Config,
    resume: bool = True,
    notify: Notify = print,
    seconds: Mapping[str, float] | None = None,
) -> CompletedRun:
    """Trains, tests and writes the run of a Config, or goes on with it.

    A run that is finished is left as it is. On several hosts all must call this, with one folder
    that all see; the first one prints and writes.

    Args:
        config: The run's settings.
        resume: Whether to go on with a run that the folder holds; else it is replaced.
        notify: Takes a line of text for the user.
        seconds: What the caller has spent already, by name.

    Raises:
        UserError: What the user can put right.
        KeyboardInterrupt: At the end of the epoch in which a signal came.
    """
    clock = Clock(seconds)
    with parallel.errors_end_all_hosts(RESUME_ADVICE), ExitStack() as stack:
        notify = notify if parallel.is_first_process() else say_nothing
        [folder] = stack.enter_context(own_folders([config], resume, notify))
        results = workdir.read_results(folder)
        if resume and is_finished(folder, results, notify):
            return CompletedRun(folder, results)

        setup = set_up(config, make_mesh(config), clock, notify)
        begin_folders([folder], [config], resume)
        lengths = epoch_lengths(config, setup.task)
        train_epoch = compile_epochs(setup, lengths)
        first_epoch = train_epoch[lengths.steps_of(0)]
        with MetricsLog(folder) as log, open_checkpoints(config, log, clock) as manager:
            last_epoch = last_recorded_epoch(log, manager, notify)
            start = restore_or_initialize(setup, manager, first_epoch, last_epoch, notify)
            notify(describe_training(setup, start))
            with clock.span('write'):
                log.resume_after(start.epoch, config.identity())
            params = _train_epochs(setup, train_epoch, lengths, start, log, manager)
            results = run_final_test(setup, params, log)
        if parallel.is_first_process():
            file_schema.write_json(folder / 'results.json', results)
    return CompletedRun(folder, results)


def set_up(
    config: Config, mesh: Mesh, clock: Clock, notify: Notify, others: Sequence[Config] = ()
) -> Setup:
    """The task with its data, and the programs, of a run and of others beside it.

    Raises:
        UserError: They need more memory than is free, or the data cannot be had.
    """
    runs = 1 + len(others)
    check_sizes(config, mesh, runs)
    note = time_note(config, runs * config.seeds)
    if note:
        notify(note)
    backend.use_precision(config.precision)
    with clock.span('data'):
        task = make_task(config, notify)
        data = parallel.replicate(task.data, mesh)
    programs = make_programs(config, task, mesh, clock, others)
    return Setup(config, task, mesh, data, programs, clock)


def compile_epochs(
    setup: Setup, lengths: EpochLengths, others: Sequence[Config] = ()
) -> dict[int, Program]:
    """The programs of a whole epoch, and of a shorter last one, by their number of steps.

    The first one is compiled.

    Args:
        setup: Of a run.
        lengths: Of its epochs.
        others: Runs that train beside it.

    Raises:
        UserError: They do not fit into the memory.
    """
    first, last = lengths.steps_of(0), lengths.steps_of(lengths.epochs() - 1)
    train_epoch = {steps: setup.programs.train_epoch(steps) for steps in {first, last}}
    compiled = train_epoch[first].compile(*train_epoch_shapes(setup.programs, setup.data))
    # Before anything is allocated: a population that does not fit is refused.
    check_memory(setup, compiled, others)
    return train_epoch


def _train_epochs(
    setup: Setup,
    train_epoch: Mapping[int, Program],
    lengths: EpochLengths,
    start: InitialState,
    log: MetricsLog,
    manager: checkpoint.Manager,
) -> Params:
    """Trains from the start to the last epoch, and writes each. Returns the params (P, ...)."""
    config = setup.config
    states = start.states
    with training_progress(lengths, start.epoch) as bar:
        for epoch in range(start.epoch, lengths.epochs()):
            steps = lengths.steps_of(epoch)
            states, outcome = advance(setup, train_epoch[steps], states, epoch)
            outcome = outcome_of_seeds(outcome, 0, config.seeds)
            with setup.clock.span('write'):
                record = write_epoch(config, log, epoch, lengths, outcome)
                # A copy without the padding: orbax writes it while the next epoch trains.
                saved = parallel.take_seeds(states, 0, config.seeds, setup.mesh)
                save_checkpoint(manager, config, saved, record)
            show_progress(bar, record, steps)
    return states.params
