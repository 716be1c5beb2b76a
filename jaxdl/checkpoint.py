"""Checkpoints of a run through orbax: the newest and the best are kept, each holds state and config."""

import json
import logging
import math
import operator
import sys
from pathlib import Path

import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy as keep

from jaxdl import UserError


def open_manager(directory, epochs=()):
    """A CheckpointManager over `directory`, made if absent. Keeps the newest two, the lowest loss and those of `epochs`. Raises UserError if a loss is damaged."""
    logging.getLogger('absl').setLevel(logging.ERROR)
    loss = operator.itemgetter('loss')
    policy = keep.AnyPreservationPolicy(
        [
            keep.LatestN(2),
            keep.CustomSteps(epochs),
            keep.BestN(get_metric_fn=loss, reverse=True, n=1),
        ]
    )
    # the policy decides; without best_fn the losses would not be written, and one opened again would keep all that it found
    options = ocp.CheckpointManagerOptions(
        preservation_policy=policy, best_fn=loss, best_mode='min'
    )
    try:
        return ocp.CheckpointManager(Path(directory).absolute(), options=options)
    except json.JSONDecodeError:
        raise UserError(
            f'the loss of a checkpoint, a file {directory}/EPOCH/metrics/metrics, is damaged: delete the folder of that epoch'
        ) from None


def save(manager, epoch, state, config, loss):
    """Saves state (a pytree of arrays that nothing overwrites) and config (a dict) as `epoch`, in the background; loss decides on the best."""
    manager.save(
        epoch,
        args=ocp.args.Composite(
            state=ocp.args.StandardSave(state), config=ocp.args.JsonSave(config)
        ),
        metrics={'loss': float(loss)},
    )


def restore(manager, like, anywhere=bool, last=math.inf):
    """(epoch, state, damaged): the newest checkpoint, up to the epoch `last`, that can be read, in the shapes, and on the devices, of `like`.

    Later epochs are deleted, so that they can be saved again; those that cannot be read (truncated, files missing) are listed in damaged. Raises UserError, and deletes nothing, if none can be read; there must be one (manager.latest_step()).
    anywhere(failed) says whether reading failed on any host, so that all take the same epoch.
    """
    damaged, epochs = [], sorted(manager.all_steps(), reverse=True)
    for epoch in [epoch for epoch in epochs if epoch <= last]:
        try:
            state = read(manager, epoch, like)
        except UserError:
            state = None
        if anywhere(state is None):
            damaged.append(epoch)
            continue
        for later in epochs[: epochs.index(epoch)]:
            manager.delete(later)
        return epoch, state, damaged
    raise UserError(
        f'no checkpoint in {manager.directory} can be read; start afresh with --noresume'
    )


def read(manager, epoch, like):
    """The state of an epoch in the shape of `like`. Raises UserError if it is damaged."""
    _ignore_closed_loops()
    try:
        return manager.restore(
            epoch, args=ocp.args.Composite(state=ocp.args.StandardRestore(like))
        ).state
    except Exception:  # orbax, tensorstore and json each raise their own kind for a damaged file
        raise UserError(
            f'checkpoint {epoch} in {manager.directory} is damaged and cannot be read'
        ) from None


def _ignore_closed_loops():
    """After a failed read tensorstore still reports to an event loop that is gone; Python would print a traceback of it."""
    report = sys.unraisablehook

    def hook(unraisable):
        if str(unraisable.exc_value) != 'Event loop is closed':
            report(unraisable)

    sys.unraisablehook = hook
