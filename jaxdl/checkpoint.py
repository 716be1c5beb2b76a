"""Checkpoints of a run, through orbax. Each holds the training state and the run's settings."""

import functools
import json
import logging
import math
import operator
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from jaxdl import UserError

Manager = ocp.CheckpointManager
HARMLESS_ERRORS = ('Event loop is closed', 'Encountered error while reading array index')


class Restored(NamedTuple):
    """A checkpoint that was read.

    Attributes:
        epoch: The epoch after which it was saved.
        state: The training state, a pytree of arrays.
        damaged: Newer epochs whose checkpoints could not be read.
    """

    epoch: int
    state: Any
    damaged: list[int]


def open_manager(directory: Path, snapshots: Sequence[int] = ()) -> Manager:
    """A CheckpointManager over `directory`, which is made if it is absent.

    It keeps the newest two checkpoints, the one of the lowest loss, and those of the epochs
    `snapshots`.

    Raises:
        UserError: The recorded loss of a checkpoint, or what orbax wrote about it, is damaged.
    """
    # orbax logs every save and restore.
    logging.getLogger('absl').setLevel(logging.ERROR)
    loss = operator.itemgetter('loss')
    policy = preservation_policy.AnyPreservationPolicy(
        [
            preservation_policy.LatestN(2),
            preservation_policy.CustomSteps(snapshots),
            preservation_policy.BestN(get_metric_fn=loss, reverse=True, n=1),
        ]
    )
    # The policy decides what is kept. best_fn is here because orbax would not write the losses
    # without it, and a manager that is opened again would then keep every checkpoint.
    options = ocp.CheckpointManagerOptions(
        preservation_policy=policy, best_fn=loss, best_mode='min'
    )
    _check_losses(Path(directory))
    try:
        return ocp.CheckpointManager(Path(directory).absolute(), options=options)
    except OSError:  # says itself which file and why
        raise
    except Exception:  # orbax raises errors of many kinds for a damaged file
        raise UserError(
            f'a checkpoint in {directory} is damaged, so that none can be listed; it is the newest '
            'one, as a rule: delete the folder of that epoch'
        ) from None


def _check_losses(directory):
    """Raises UserError if a recorded loss is no number, which orbax would find at a later save."""
    for file in directory.glob('*/metrics/metrics'):
        try:
            loss = json.loads(file.read_text(encoding='utf-8'))['loss']
        except (ValueError, TypeError, KeyError, RecursionError):
            loss = None
        if not isinstance(loss, float):
            raise UserError(
                f'the loss of a checkpoint, the file {file}, is damaged: delete the folder of that '
                'epoch'
            )


def save(manager: Manager, epoch: int, state: Any, config: dict[str, Any], loss: float) -> None:
    """Saves a checkpoint in the background.

    Args:
        manager: From open_manager.
        epoch: The number of finished epochs.
        state: A pytree of arrays that nothing may overwrite (the training step donates its own).
        config: The run's settings, as JSON takes them.
        loss: Decides which checkpoint is the best.
    """
    items = ocp.args.Composite(state=ocp.args.StandardSave(state), config=ocp.args.JsonSave(config))
    manager.save(epoch, args=items, metrics={'loss': float(loss)})


def restore(
    manager: Manager,
    shapes: Any,
    on_any_host: Callable[[bool], bool] = bool,
    last_epoch: float = math.inf,
) -> Restored:
    """Reads the newest checkpoint that can be read, and deletes those of later epochs.

    They are deleted so that they can be saved again.

    Args:
        manager: From open_manager. It must have a checkpoint (manager.latest_step()).
        shapes: The state as jax.ShapeDtypeStructs, with shardings that say where it is to lie.
        on_any_host: Whether a flag is true on any host, so that all read the same epoch.
        last_epoch: Checkpoints of later epochs are not considered.

    Raises:
        UserError: None can be read. Then nothing is deleted.
    """
    damaged = []
    # orbax calls its steps what are epochs here.
    epochs = sorted(manager.all_steps(), reverse=True)
    for epoch in epochs:
        if epoch > last_epoch:
            continue
        try:
            state = read(manager, epoch, shapes)
        except UserError:
            state = None
        if on_any_host(state is None):
            damaged.append(epoch)
            continue
        for later in epochs[: epochs.index(epoch)]:
            manager.delete(later)
        return Restored(epoch, state, damaged)
    raise UserError(
        f'no checkpoint in {manager.directory} can be read; start afresh with --noresume'
    )


def read(manager: Manager, epoch: int, shapes: Any) -> Any:
    """The state after an epoch, in these shapes (see restore).

    Raises:
        UserError: The checkpoint is damaged.
    """
    _ignore_closed_event_loops()
    items = ocp.args.Composite(state=ocp.args.StandardRestore(shapes))
    try:
        return manager.restore(epoch, args=items).state
    except Exception:  # orbax, tensorstore and json each raise their own kind for a damaged file
        raise UserError(
            f'checkpoint {epoch} in {manager.directory} is damaged and cannot be read'
        ) from None


@functools.cache  # the hook is installed once
def _ignore_closed_event_loops():
    """Silences a traceback that Python would print after a failed read.

    tensorstore still reports to an event loop that is gone by then, or orbax ends the readings of
    the other arrays.
    """
    previous_hook = sys.unraisablehook

    def hook(unraisable):
        if not str(unraisable.exc_value).startswith(HARMLESS_ERRORS):
            previous_hook(unraisable)

    sys.unraisablehook = hook
