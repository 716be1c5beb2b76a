"""The checkpoints of a run that trains: opened, and saved after each epoch."""

from collections.abc import Iterator
from contextlib import contextmanager

from experiments.core.config import Config
from experiments.core.schemas.records import EpochRecord
from experiments.training.clock import Clock
from experiments.training.epoch_metrics import judging_scores
from experiments.training.metrics_log import MetricsLog
from jaxdl import checkpoint, parallel
from jaxdl.train import TrainState

RESUME_ADVICE = 'the same command on all hosts goes on from the last finished epoch'
# Epochs whose checkpoints are kept with --snapshots: 1, 2, 5, 10, 20, 50, ...
SNAPSHOT_EPOCHS = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]


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


def save_checkpoint(
    manager: checkpoint.Manager, config: Config, states: TrainState, record: EpochRecord
) -> None:
    """Saves the states (S, ...) after the epoch of a record, with the loss that judges them."""
    loss = judging_scores(record)['loss'].mean
    checkpoint.save(manager, record.epoch, states, config.identity(), loss)
