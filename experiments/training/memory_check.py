"""Whether a population fits into memory: known before it is trained.

What is far too large is refused by arithmetic, before anything is allocated or compiled: XLA aborts
the process at a matrix of 10**18 numbers, and the system kills it when memory is used up. The rest
is compared with what the compiled program says.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import psutil
from jax.sharding import Mesh

from experiments.core.config import Config
from experiments.training import cost_estimate
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Setup, make_programs, train_epoch_shapes
from experiments.training.cost_estimate import Part
from jaxdl import UserError

GIB = 2**30
CGROUP = Path('/sys/fs/cgroup')  # of the control group that may limit this process's memory


def check_sizes(config: Config, mesh: Mesh, runs: int = 1) -> None:
    """Checks by arithmetic that a run can have the memory that it needs. Allocates nothing.

    Args:
        config: The run's settings.
        mesh: The devices.
        runs: How many runs of that size train as one population.

    Raises:
        UserError: It needs more than is free, even if the estimate is ERROR_FACTOR too high. The
            message names the flags to lower.
    """
    models = -(-runs * config.seeds // mesh.shape['seeds'])
    parts = cost_estimate.program_parts(config, models, mesh.shape['data'])
    evaluation = cost_estimate.evaluation_part(config, models)
    device_parts = []
    for part in (*parts, evaluation):
        certain = part.size // cost_estimate.ERROR_FACTOR
        device_parts.append(part._replace(size=certain * _devices_that_share(mesh)))
    host_parts = cost_estimate.host_parts(config)
    device = mesh.local_devices[0]
    if device.platform == 'cpu':
        _check_parts([*device_parts, *host_parts], free_memory(device))
    else:
        _check_parts(device_parts, free_memory(device))
        _check_parts(host_parts, free_host_memory())


def check_loading(config: Config) -> None:
    """Checks by arithmetic that a run's checkpoints and examples can be read into memory.

    Raises:
        UserError: They need more than is free.
    """
    states = cost_estimate.states_part(config, config.seeds)
    parts = [states, *cost_estimate.host_parts(config)]
    # The run is there already, perhaps from somebody else: no flag makes it smaller.
    _check_parts(parts, free_host_memory(), 'this run needs a larger machine')


def _check_parts(parts: Sequence[Part], free: int | None, advice: str = '') -> None:
    needed = sum(part.size for part in parts)
    if free is None or needed <= free:
        return
    largest = max(parts, key=lambda part: part.size)
    raise UserError(
        f'at least {needed / GIB:,.1f} GiB of memory are needed, most of them for {largest.what}, '
        f'and {free / GIB:,.1f} GiB are free: {advice or f"lower {largest.flags}"}'
    )


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
    return needed_by_device * _devices_that_share(mesh)


def _devices_that_share(mesh):
    """How many devices share one memory: the devices of a CPU, which are its cores, do."""
    if mesh.local_devices[0].platform == 'cpu':
        return len(mesh.local_devices)
    return 1


def free_memory(device: jax.Device) -> int | None:
    """The bytes that a program may take on a device, or None where it does not report them.

    On a CPU they are those of the machine or of its control group.
    """
    if device.platform != 'cpu':
        return (device.memory_stats() or {}).get('bytes_limit')
    return free_host_memory()


def free_host_memory() -> int:
    """The bytes that are free on this machine, or in the control group of this process."""
    free = psutil.virtual_memory().available
    limit_file = CGROUP / 'memory.max'
    # In a container the machine's memory is not what this process may take.
    if limit_file.exists():
        limit = limit_file.read_text().strip()
        if limit != 'max':
            used = int((CGROUP / 'memory.current').read_text())
            free = min(free, int(limit) - used)
    return free
