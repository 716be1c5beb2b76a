"""One epoch of a population: trained, scored on held-out examples, and written to the log."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments.core.config import Config
from experiments.core.schemas.records import EpochRecord
from experiments.training.compiled_programs import Program, Setup
from experiments.training.epoch_lengths import EpochLengths
from experiments.training.epoch_metrics import (
    check_finite,
    epoch_records,
    statistics_records,
    ten_batches_records,
)
from experiments.training.metrics_log import MetricsLog
from jaxdl.train import EpochResult, TrainState


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
