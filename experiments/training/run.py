"""run(config): trains, tests and writes one run, or goes on with it."""

import importlib.metadata
import platform
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from tqdm import tqdm

from experiments.core import file_schema
from experiments.core.command import STOP_REQUESTED
from experiments.core.config import Config
from experiments.core.formatting import format_summary
from experiments.core.schemas.fields import Scores
from experiments.core.schemas.records import EpochRecord, StatisticsRecord, WindowRecord
from experiments.core.schemas.results import RunResults
from experiments.core.tasks import Notify, Task, make_task
from experiments.training import workdir
from experiments.training.activations import activations_on_test_set
from experiments.training.clock import Clock
from experiments.training.compiled_programs import (
    Program,
    Programs,
    Setup,
    make_mesh,
    make_programs,
    train_epoch_shapes,
)
from experiments.training.cost_estimate import time_note
from experiments.training.epoch_metrics import (
    check_finite,
    epoch_records,
    statistics_records,
    ten_batches_records,
)
from experiments.training.folder_lock import owned
from experiments.training.initial_state import (
    InitialState,
    last_recorded_epoch,
    restore_or_initialize,
)
from experiments.training.memory_check import check_memory, check_sizes
from experiments.training.metrics_log import MetricsLog
from jaxdl import UserError, __version__, backend, checkpoint, durable_files, parallel
from jaxdl.figures import curves
from jaxdl.figures.layer_statistics import layer_statistics
from jaxdl.train import EpochResult, Params, TrainState

RESUME_ADVICE = 'the same command on all hosts goes on from the last finished epoch'
# Epochs whose checkpoints are kept with --snapshots: 1, 2, 5, 10, 20, 50, ...
SNAPSHOT_EPOCHS = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]


class CompletedRun(NamedTuple):
    """A finished run: its folder, and the content of its results.json."""

    folder: Path
    results: RunResults


class EpochOutcome(NamedTuple):
    """An epoch of S models, on the host.

    Attributes:
        means: {score: (S, steps)} of the training batches.
        statistics: Layer statistics {layer: {name: (S, rows, ...)}}, or ().
        finite: (S,) whether all parameters are finite.
        held_out: {split: {score: (S, N)}} after the epoch.
        seconds: Of training, for each of the runs that were trained at once.
    """

    means: Mapping[str, Any]
    statistics: Any
    finite: Any
    held_out: Mapping[str, Mapping[str, Any]]
    seconds: float


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
        train_epoch = epoch_programs(setup.programs, lengths)
        whole_epoch = train_epoch[lengths.steps_of(0)]
        compiled = whole_epoch.compile(*train_epoch_shapes(setup.programs, setup.data))
        # Before anything is allocated: a population that does not fit is refused.
        check_memory(setup, compiled)
        with MetricsLog(folder) as log, open_checkpoints(config, log, clock) as manager:
            last_epoch = last_recorded_epoch(log, manager, notify)
            start = restore_or_initialize(setup, manager, whole_epoch, last_epoch, notify)
            notify(describe_training(setup, start))
            with clock.span('write'):
                log.resume_after(start.epoch)
            params = _train_epochs(setup, train_epoch, lengths, start, log, manager)
            results = run_final_test(setup, params, log)
        if parallel.is_first_process():
            file_schema.write_json(folder / 'results.json', results)
    return CompletedRun(folder, results)


@contextmanager
def own_folders(configs: Sequence[Config], resume: bool, notify: Notify) -> Iterator[list[Path]]:
    """The folders of runs, from which other processes are kept until the end of the context.

    The first of several hosts does so for all.

    Raises:
        UserError: Another process trains in one of them, or as workdir.prepare.
    """
    folders = [workdir.prepare(config, resume) for config in configs]
    with ExitStack() as stack:
        refusal = None
        if parallel.is_first_process():
            try:
                for folder in folders:
                    stack.enter_context(owned(folder, notify))
            except (UserError, OSError) as error:
                refusal = error
        if parallel.on_any_host(refusal is not None):
            raise refusal or UserError(f'the first host could not take {folders[0]}; see there')
        # Another process may have been there between the check and the lock.
        for config in configs:
            workdir.prepare(config, resume)
        yield folders


def say_nothing(line: str) -> None:
    """Takes a line for the user on hosts that do not print."""


def is_finished(folder: Path, results: RunResults | None, notify: Notify) -> bool:
    """Whether any host can read results in the folder. If so, the user is told."""
    if not parallel.on_any_host(results is not None):
        return False
    notify(f'{folder} holds this run, finished; the same command with --noresume replaces it')
    return True


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


def begin_folders(folders: Sequence[Path], configs: Sequence[Config], resume: bool) -> None:
    """Begins the runs' folders; the first process does, the others wait."""
    if parallel.is_first_process():
        for folder, config in zip(folders, configs, strict=True):
            for place in (folder, folder / 'figures'):
                durable_files.remove_drafts(place)
            workdir.begin(folder, config, resume)
    parallel.wait_for_hosts('the folders are begun')


@contextmanager
def open_checkpoints(config: Config, log: MetricsLog, clock: Clock) -> Iterator[checkpoint.Manager]:
    """The manager of a run's checkpoints, which is closed at the end of the context."""
    snapshots = SNAPSHOT_EPOCHS if config.snapshots else ()
    folder = log.folder / 'checkpoints'
    with clock.span('write'):
        if parallel.is_first_process():
            epochs = log.records_of(EpochRecord)
            losses = {record.epoch: judging_scores(record)['loss'].mean for record in epochs}
            checkpoint.repair_losses(folder, losses)
        parallel.wait_for_hosts('the losses are repaired')
        manager = checkpoint.open_manager(folder, snapshots)
    # On several hosts an error must end the process before the manager is closed: closing waits
    # for the other hosts, one of which may be lost.
    with checkpoint.closing(manager), parallel.errors_end_all_hosts(RESUME_ADVICE):
        yield manager


class EpochLengths(NamedTuple):
    """The number of steps in each epoch, of which there may be a thousand million.

    Attributes:
        total: The steps of all epochs.
        whole: The steps of an epoch. The last one is shorter where --steps ends within it.
    """

    total: int
    whole: int

    def epochs(self) -> int:
        """The number of epochs."""
        return -(-self.total // self.whole)

    def steps_before(self, epoch: int) -> int:
        """The steps of all epochs before one, counted from 0."""
        return min(epoch * self.whole, self.total)

    def steps_of(self, epoch: int) -> int:
        """The steps of an epoch, counted from 0."""
        return self.steps_before(epoch + 1) - self.steps_before(epoch)


def epoch_lengths(config: Config, task: Task) -> EpochLengths:
    """The number of steps in each epoch."""
    total = config.steps or config.epochs * task.steps_per_epoch
    return EpochLengths(total, task.steps_per_epoch)


def epoch_programs(programs: Programs, lengths: EpochLengths) -> dict[int, Program]:
    """The programs of a whole epoch, and of a shorter last one, by their number of steps."""
    first, last = lengths.steps_of(0), lengths.steps_of(lengths.epochs() - 1)
    return {steps: programs.train_epoch(steps) for steps in {first, last}}


def describe_training(setup: Setup, start: InitialState, runs: int = 1) -> str:
    """A line on what is trained: devices, parameters, seeds, and where it goes on."""
    config = setup.config
    seeds = f'seeds {config.seed}..{config.seed + config.seeds - 1}'
    if runs > 1:
        seeds += f' of each of {runs} settings'
    parts = [
        describe_devices(setup.mesh),
        f'{count_parameters(start.states.params):,} parameters',
        seeds,
    ]
    if start.epoch:
        parts.append(f'going on after epoch {start.epoch}')
    return '; '.join(parts)


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


def advance(
    setup: Setup, train_epoch: Program, states: TrainState, epoch: int
) -> tuple[TrainState, EpochOutcome]:
    """Trains all models for one epoch, and scores them on the held-out examples.

    Args:
        setup: Of the runs.
        train_epoch: The program of the epoch's number of steps.
        states: (P, ...). They are overwritten.
        epoch: Counted from 0.

    Returns:
        (the new states (P, ...), the EpochOutcome of all models).
    """
    programs, clock = setup.programs, setup.clock
    seconds_before = clock.seconds.get('train', 0.0)
    with clock.span('train'):
        result: EpochResult = train_epoch(states, programs.population, setup.data, jnp.int32(epoch))
        # Fetching waits for the epoch to end, so the span is its true time.
        measured = jax.device_get((result.means, result.statistics, result.finite))
    seconds = clock.seconds['train'] - seconds_before
    held_out = {}
    with clock.span('evaluate'):
        for split, examples in setup.task.held_out.items():
            held_out[split] = programs.evaluate(result.states.params, examples).scores
    return result.states, EpochOutcome(*measured, held_out, seconds)


def outcome_of_seeds(outcome: EpochOutcome, first: int, count: int) -> EpochOutcome:
    """The part of an EpochOutcome that belongs to `count` models, from `first` on."""
    seeds = slice(first, first + count)
    arrays = outcome._replace(seconds=())
    return jax.tree.map(lambda x: x[seeds], arrays)._replace(seconds=outcome.seconds)


def write_epoch(
    config: Config, log: MetricsLog, epoch: int, lengths: EpochLengths, outcome: EpochOutcome
) -> EpochRecord:
    """Writes the records of an epoch, counted from 0, and returns that of the whole epoch.

    Raises:
        Diverged: A loss or a parameter is not finite.
    """
    losses = outcome.means['loss']
    steps_before = lengths.steps_before(epoch)
    check_finite(config, epoch, steps_before, losses, outcome.finite, outcome.held_out)
    # Epochs are counted from 0 in programs and keys, and from 1 in what users see.
    number = epoch + 1
    statistics = statistics_records(
        number, steps_before, config.statistics_every, outcome.statistics
    )
    ten_batches = ten_batches_records(config, number, lengths.epochs(), outcome.means)
    records = epoch_records(number, steps_before, outcome.means, outcome.held_out, outcome.seconds)
    log.write([*statistics, *ten_batches, *records])
    return records[-1]


def save_checkpoint(
    manager: checkpoint.Manager, config: Config, states: Any, record: EpochRecord
) -> None:
    """Saves the states (S, ...) after the epoch of a record, with the loss that judges them."""
    loss = judging_scores(record)['loss'].mean
    checkpoint.save(manager, record.epoch, states, config.identity(), loss)


def judging_scores(record: EpochRecord) -> Scores:
    """The scores that say how good an epoch was: on the validation examples, if there are any."""
    return record.validation or record.train


@contextmanager
def training_progress(lengths: EpochLengths, epochs_done: int) -> Iterator[tqdm]:
    """A progress bar over all steps of a run, while a signal stops it at the end of an epoch."""
    bar = tqdm(
        total=lengths.total,
        initial=lengths.steps_before(epochs_done),
        unit='step',
        disable=not parallel.is_first_process(),
    )
    with bar, _stop_at_epoch_end(bar):
        yield bar


@contextmanager
def _stop_at_epoch_end(bar):
    """Lets the first Ctrl-C or SIGTERM only set STOP_REQUESTED; the second one stops at once.

    So no file is left half-written.
    """

    def request_stop(signum, frame):
        if STOP_REQUESTED.is_set():
            raise KeyboardInterrupt
        STOP_REQUESTED.set()
        bar.set_description('stopping after this epoch')

    previous = {}
    for signum in (signal.SIGINT, signal.SIGTERM):
        previous[signum] = signal.signal(signum, request_stop)
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)


def show_progress(bar: tqdm, record: EpochRecord, steps: int) -> None:
    """Moves the progress bar on by an epoch, and stops here if any host was asked to.

    Raises:
        KeyboardInterrupt: A signal came.
    """
    scores = judging_scores(record)
    bar.set_postfix({name: format_summary(summary) for name, summary in scores.items()})
    bar.update(steps)
    # All hosts must stop after the same epoch, or a collective would wait for ever.
    if parallel.on_any_host(STOP_REQUESTED.is_set()):
        raise KeyboardInterrupt


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
        log.write_figures({**final_test.figures, **_training_figures(config, task, log)})
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


def _training_figures(config: Config, task: Task, log: MetricsLog):
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


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide about numbers."""
    numeric_versions = {'python': platform.python_version()}
    for package in ('jax', 'jaxlib', 'flax', 'optax', 'numpy'):
        numeric_versions[package] = importlib.metadata.version(package)
    return numeric_versions


def describe_devices(mesh: Mesh) -> str:
    """The devices in words: '2 x cpu (cpu, 2 over seeds)'."""
    device = mesh.devices.flat[0]
    parts = [device.platform]
    for name, size in mesh.shape.items():
        if size > 1:
            parts.append(f'{size} over {name}')
    return f'{mesh.size} x {device.device_kind} ({", ".join(parts)})'


def count_parameters(params: Params) -> int:
    """The parameters of one model, of a population's params (S, ...)."""
    return sum(leaf.size // len(leaf) for leaf in jax.tree.leaves(params))
