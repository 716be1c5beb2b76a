"""Checkpoints of a run, through orbax.

Each holds the training state, a digest of it, and the run's settings. It is on the disk, all of it,
before it gets its name. What a disk does to it later, the digest finds.
"""

import functools
import hashlib
import json
import logging
import math
import operator
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from jaxdl import UserError, durable_files

Manager = ocp.CheckpointManager
DIGEST = 'digest'  # the item of a checkpoint that holds the digest of its state
DRAFT_SUFFIX = '.orbax-checkpoint-tmp'  # of the folder of a checkpoint while orbax writes it
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
    # orbax logs every save and restore, and each error that it raises.
    logging.getLogger('absl').setLevel(logging.CRITICAL)
    _ignore_what_failures_leave()
    directory = Path(directory).absolute()
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
        preservation_policy=policy,
        best_fn=loss,
        best_mode='min',
        async_options=ocp.options.AsyncOptions(
            # Otherwise, where a folder cannot be made, orbax waits for it for minutes.
            create_directories_asynchronously=False,
            # Called in orbax's thread when all files are written, before they are renamed.
            post_finalization_callback=functools.partial(_sync_drafts, directory),
        ),
    )
    _check_losses(directory)
    try:
        return ocp.CheckpointManager(directory, options=options)
    except OSError:  # says itself which file and why
        raise
    except Exception:  # orbax raises errors of many kinds for a damaged file
        raise UserError(
            f'a checkpoint in {directory} is damaged, so that none can be listed; it is the newest '
            'one, as a rule: delete the folder of that epoch'
        ) from None


def _sync_drafts(directory):
    """Brings checkpoints that are about to get their names to the disk.

    tensorstore does so with its own files, orbax does not with the others.
    """
    for draft in directory.glob(f'*{DRAFT_SUFFIX}'):
        durable_files.sync_tree(draft)
    # And the name of the checkpoint before this one, as the next older one may be deleted soon.
    durable_files.sync_folder(directory)


def repair_losses(directory: Path, losses: Mapping[int, float]) -> None:
    """Writes the recorded losses of checkpoints again where they cannot be read.

    Args:
        directory: Of the checkpoints. Nobody else may be writing in it.
        losses: By epoch. Where the loss of an epoch is not known, it is never the best.
    """
    for folder in _epoch_folders(directory):
        file = folder / 'metrics' / 'metrics'
        if not _has_loss(file):
            file.parent.mkdir(exist_ok=True)
            loss = losses.get(int(folder.name), math.inf)
            durable_files.write_whole(file, json.dumps({'loss': loss}))


def _epoch_folders(directory):
    """The folders of whole checkpoints. Those of orbax's drafts have longer names."""
    return [folder for folder in directory.glob('[0-9]*') if folder.name.isdigit()]


def _has_loss(file):
    try:
        return isinstance(json.loads(file.read_bytes())['loss'], float)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


@contextmanager
def disk_errors_told(directory: Path) -> Iterator[None]:
    """Turns an error of orbax or tensorstore that comes from the disk into an OSError."""
    try:
        yield
    except Exception as error:
        number = _os_error_number(error)
        if number is None or isinstance(error, OSError):
            raise
        raise OSError(number, os.strerror(number), str(directory)) from error


def _os_error_number(error):
    """The number of the OSError that an error comes from; None if it is another error."""
    while error is not None:
        if isinstance(error, OSError):
            return error.errno
        # The form in which tensorstore tells it.
        match = re.search(r"os_error_code='(\d+)'", str(error))
        if match:
            return int(match[1])
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def closing(manager: Manager) -> Iterator[Manager]:
    """Closes a manager at the end of the context, when all its checkpoints are on the disk.

    Raises:
        OSError: One of them could not be written.
    """
    try:
        yield manager
    finally:
        with disk_errors_told(manager.directory):
            manager.close()
            # The name of the newest one; those of the others are there already.
            durable_files.sync_folder(manager.directory)


def _check_losses(directory):
    """Raises UserError if a recorded loss is no number, which orbax would find at a later save."""
    for folder in _epoch_folders(directory):
        file = folder / 'metrics' / 'metrics'
        if file.exists() and not _has_loss(file):
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

    Raises:
        OSError: This checkpoint, or the one before, could not be written.
    """
    items = {'state': ocp.args.StandardSave(state), 'config': ocp.args.JsonSave(config)}
    sha256 = digest(state)
    if sha256 is not None:
        items[DIGEST] = ocp.args.JsonSave({'sha256': sha256})
    with disk_errors_told(manager.directory):
        manager.save(epoch, args=ocp.args.Composite(**items), metrics={'loss': float(loss)})


def digest(state: Any) -> str | None:
    """The SHA-256 of the names, shapes, dtypes and bytes of all arrays of a pytree, in hexadecimal.

    Returns:
        None if this process does not have all of an array, as may be with several hosts.
    """
    sha256 = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        if isinstance(leaf, jax.Array) and not (
            leaf.is_fully_addressable or leaf.is_fully_replicated
        ):
            return None
        array = np.asarray(leaf)
        name = jax.tree_util.keystr(path, simple=True, separator='/')
        sha256.update(f'{name} {array.shape} {array.dtype}\n'.encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()


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
    reasons = []  # of the newest one first
    # orbax calls its steps what are epochs here.
    epochs = sorted(manager.all_steps(), reverse=True)
    for epoch in epochs:
        if epoch > last_epoch:
            continue
        try:
            state = read(manager, epoch, shapes)
        except UserError as error:
            state = None
            reasons.append(str(error))
        if on_any_host(state is None):
            damaged.append(epoch)
            continue
        for later in epochs[: epochs.index(epoch)]:
            manager.delete(later)
        return Restored(epoch, state, damaged)
    reasons.append('there is none that every host could read')
    raise UserError(f'no checkpoint in {manager.directory} can be read: {reasons[0]}')


def read(manager: Manager, epoch: int, shapes: Any) -> Any:
    """The state after an epoch, in these shapes (see restore).

    Raises:
        UserError: The checkpoint is damaged, or it holds another state, or there is none.
    """
    items = {'state': ocp.args.StandardRestore(shapes)}
    # Checkpoints of earlier versions have no digest.
    has_digest = (Path(manager.directory) / str(epoch) / DIGEST).exists()
    if has_digest:
        items[DIGEST] = ocp.args.JsonRestore()
    try:
        restored = manager.restore(epoch, args=ocp.args.Composite(**items))
        is_right = not has_digest or digest(restored.state) in (None, restored[DIGEST]['sha256'])
    except Exception:  # orbax, tensorstore and json each raise their own kind for a damaged file
        is_right = False
    if not is_right:
        problem = _why_unreadable(manager, epoch, shapes)
        raise UserError(f'checkpoint {epoch} in {manager.directory} {problem}')
    return restored.state


def _why_unreadable(manager, epoch, shapes):
    """What is wrong with a checkpoint that could not be read in these shapes."""
    if epoch not in manager.all_steps():
        return f'does not exist; there are {manager.all_steps()}'
    try:
        saved = _shapes_by_name(manager.item_metadata(epoch)['state'])
    except Exception:  # as when the state is read
        saved = {}
    asked = _shapes_by_name(shapes)
    if saved and saved != asked:
        for name in [*asked, *saved]:
            if saved.get(name) != asked.get(name):
                return (
                    f'holds another state: {name} is {saved.get(name)} in it, and '
                    f'{asked.get(name)} in what it is to be read into'
                )
    return 'is damaged and cannot be read'


def _shapes_by_name(tree):
    """{name: type and shape} of all arrays, 'float32[2, 3]' say."""
    shapes = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = jax.tree_util.keystr(path, simple=True, separator='/')
        shapes[name] = f'{leaf.dtype}{list(leaf.shape)}'
    return shapes


@functools.cache  # the hook is installed once
def _ignore_what_failures_leave():
    """Silences what Python would print after a failed read or write, beside the error.

    tensorstore still reports to an event loop that is gone by then, and orbax drops coroutines
    and the readings of the other arrays.
    """
    warnings.filterwarnings('ignore', 'coroutine .* was never awaited', RuntimeWarning)
    previous_hook = sys.unraisablehook

    def hook(unraisable):
        if not str(unraisable.exc_value).startswith(HARMLESS_ERRORS):
            previous_hook(unraisable)

    sys.unraisablehook = hook
