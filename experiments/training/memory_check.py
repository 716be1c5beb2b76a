"""Whether a population fits into memory: known before it is trained."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import psutil

from experiments.core.config import Config
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Setup, make_programs, train_epoch_shapes
from jaxdl import UserError

GIB = 2**30
CGROUP = Path('/sys/fs/cgroup')  # of the control group that may limit this process's memory


def check_memory(
    setup: Setup, executable: jax.stages.Compiled, others: Sequence[Config] = ()
) -> None:
    """Checks that an epoch's program has the memory that it needs.

    Args:
        setup: Of the run.
        executable: The compiled program of an epoch.
        others: Runs that train beside it.

    Raises:
        UserError: It needs more than is free. The message names a population that fits.
    """
    config, mesh = setup.config, setup.mesh
    free = free_memory(mesh.local_devices[0])
    needed = _bytes_needed(executable, mesh)
    if free is None or needed <= free:
        return

    def bytes_needed_for(seeds):
        configs = [dataclasses.replace(run, seeds=seeds) for run in (config, *others)]
        return _bytes_needed(_compile_epoch(configs, setup.task, mesh, setup.data), mesh)

    fitting = largest_population(bytes_needed_for, config.seeds, free)
    advice = 'not one model fits; lower --batch_size or --hidden'
    if fitting:
        advice = f'--seeds={fitting} fits'
    raise UserError(
        f'--seeds={config.seeds} needs about {needed / GIB:.1f} GiB of memory, '
        f'of which {free / GIB:.1f} GiB are free: {advice}'
    )


def _compile_epoch(configs, task, mesh, data):
    """The program of an epoch of one step: its memory is that of any number of steps."""
    config, *others = configs
    programs = make_programs(config, task, mesh, Clock(), others)
    return programs.train_epoch(1).compile(*train_epoch_shapes(programs, data))


def largest_population(needed_for: Callable[[int], int], seeds: int, free: int) -> int:
    """The largest population below `seeds` that needs no more memory than is free.

    It is found by bisection, to within a tenth. 0 if none fits.

    Args:
        needed_for: From a number of seeds to the bytes that they need.
        seeds: A number that does not fit.
        free: Bytes.
    """
    fits, too_many = 0, seeds
    while too_many - fits > max(1, too_many // 10):
        middle = (fits + too_many) // 2
        if needed_for(middle) <= free:
            fits = middle
        else:
            too_many = middle
    return fits


def _bytes_needed(executable, mesh):
    """The bytes that a program takes of the memory that free_memory reports."""
    sizes = executable.memory_analysis()
    needed_by_device = (
        sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        + sizes.temp_size_in_bytes
        - sizes.alias_size_in_bytes
    )
    # The devices of a CPU are its cores, which share the machine's memory.
    share_memory = mesh.local_devices[0].platform == 'cpu'
    return needed_by_device * (len(mesh.local_devices) if share_memory else 1)


def free_memory(device: jax.Device) -> int | None:
    """The bytes that a program may take on a device, or None where it does not report them.

    On a CPU they are those of the machine or of its control group.
    """
    if device.platform != 'cpu':
        return (device.memory_stats() or {}).get('bytes_limit')
    free = psutil.virtual_memory().available
    limit_file = CGROUP / 'memory.max'
    # In a container the machine's memory is not what this process may take.
    if limit_file.exists():
        limit = limit_file.read_text().strip()
        if limit != 'max':
            used = int((CGROUP / 'memory.current').read_text())
            free = min(free, int(limit) - used)
    return free
