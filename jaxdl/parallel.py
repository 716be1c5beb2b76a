"""Seeds and batches spread over devices, of one host or of many.

The mesh of devices has two axes. Along 'seeds' each device works on whole models (shard_map).
Along 'data' each device has a share of every batch, and XLA's partitioner keeps the meaning of the
program: random numbers are those of one device. S is the number of seeds, P that number rounded up
to a multiple of the 'seeds' axis.
"""

import functools
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxdl import UserError

AXES = ('seeds', 'data')
MIN_EXAMPLES_PER_DEVICE = 16  # choose_axes does not split a batch into smaller shares
# A CPU may be made more devices than it has cores, to try a mesh. A million would take for ever.
MOST_IDLE_DEVICES = 64
HEARTBEAT_SECONDS = 20  # after which a host that does not answer counts as lost
HOW_TO_NAME_HOSTS = (
    'JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and JAX_PROCESS_ID name the hosts '
    'where nothing else does'
)

Axes = dict[str, int]  # the size of each axis of the mesh: {'seeds': 4, 'data': 2}


def initialize_devices(axes: Axes | None, distributed: bool) -> None:
    """Makes the cores of a CPU devices, and joins this process to those of the other hosts.

    It must come before any other use of JAX. JAX finds the other hosts itself under SLURM, Open
    MPI, Kubernetes and on Cloud TPU. Elsewhere JAX_COORDINATOR_ADDRESS=host:port,
    JAX_NUM_PROCESSES and JAX_PROCESS_ID name them. JAX_NUM_CPU_DEVICES says how many devices the
    CPU of a host is.

    Args:
        axes: The mesh to come, or None for one over all devices.
        distributed: Whether this is one of several processes.

    Raises:
        UserError: The other hosts cannot be joined.
    """
    if distributed:
        _join_hosts()
        return
    if axes is None and 'JAX_NUM_CPU_DEVICES' in os.environ:
        return
    devices = _cores()
    if axes is not None:
        devices = min(math.prod(axes.values()), max(devices, MOST_IDLE_DEVICES))
    # JAX refuses once it has made its devices. make_mesh says so if they are too few.
    with suppress(RuntimeError):
        jax.config.update('jax_num_cpu_devices', devices)


def _join_hosts():
    variables = {'num_processes': 'JAX_NUM_PROCESSES', 'process_id': 'JAX_PROCESS_ID'}
    try:
        options = {}
        for name, variable in variables.items():
            if variable in os.environ:
                options[name] = int(os.environ[variable])
        jax.distributed.initialize(**options, heartbeat_timeout_seconds=HEARTBEAT_SECONDS)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f'--distributed: {reason} ({HOW_TO_NAME_HOSTS})') from None


def _cores():
    """The number of cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def choose_axes(
    devices: int, seeds: int, batch_size: int, split_batch: bool, several_hosts: bool
) -> Axes:
    """The axes of a mesh for so many devices, where the user names none.

    Seeds are spread over the devices first. With `split_batch`, or on several hosts, batches are
    split over the devices that are left.
    """
    if not split_batch and not several_hosts:
        return {'seeds': min(devices, seeds), 'data': 1}
    # The largest number of devices among which the seeds can be shared out evenly.
    seed_devices = math.gcd(devices, seeds)
    data_devices = devices // seed_devices
    if not several_hosts:  # several hosts must use all of their devices
        data_devices = max(1, min(data_devices, batch_size // MIN_EXAMPLES_PER_DEVICE))
    return {'seeds': seed_devices, 'data': data_devices}


def make_mesh(axes: Axes | None, seeds: int, batch_size: int, split_batch: bool) -> Mesh:
    """The Mesh for so many seeds.

    Args:
        axes: Its axes, or None for those of choose_axes.
        seeds: The number of models.
        batch_size: Examples in a batch.
        split_batch: Whether choose_axes may split batches.

    Raises:
        UserError: There are too few devices, or devices of other hosts would be idle.
    """
    devices = jax.devices()
    several_hosts = jax.process_count() > 1
    if axes is None:
        axes = choose_axes(len(devices), seeds, batch_size, split_batch, several_hosts)
    sizes = tuple(axes[name] for name in AXES)
    needed = math.prod(sizes)
    idle = several_hosts and needed != len(devices)
    if needed > len(devices) or idle:
        mesh = ','.join(f'{name}:{axes[name]}' for name in AXES)
        rule = ', and with --distributed all must be used' if several_hosts else ''
        raise UserError(f'--mesh={mesh} needs {needed} devices; there are {len(devices)}{rule}')
    # JAX's default became Explicit in 0.9. Under Auto, XLA's partitioner places the arrays.
    auto = (AxisType.Auto,) * len(AXES)
    return jax.make_mesh(sizes, AXES, devices=devices[:needed], axis_types=auto)


def over_seeds(mesh: Mesh) -> NamedSharding:
    """The sharding of arrays (P, ...), in equal parts along 'seeds'."""
    return NamedSharding(mesh, PartitionSpec('seeds'))


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of arrays that every device has whole."""
    return NamedSharding(mesh, PartitionSpec())


def jit_over_seeds(
    function: Callable[..., Any],
    mesh: Mesh,
    has_seeds_axis: Sequence[bool],
    out_shardings: Any,
    donate_argnums: int | tuple[int, ...] = (),
) -> jax.stages.Wrapped:
    """Jits a function of a population, with each device at work on its own models.

    Args:
        function: All its results have a leading axis of seeds.
        mesh: The mesh of devices.
        has_seeds_axis: For each argument, whether it has a leading axis of P seeds.
        out_shardings: How the results lie, a pytree prefix of them, made of over_seeds(mesh) and
            everywhere(mesh). What the host reads must lie everywhere.
        donate_argnums: As for jax.jit.
    """
    in_specs = []
    for has_seeds in has_seeds_axis:
        in_specs.append(PartitionSpec('seeds') if has_seeds else PartitionSpec())
    # Only 'seeds' is manual: along 'data' the partitioner still does the work.
    mapped = jax.shard_map(
        function,
        mesh=mesh,
        in_specs=tuple(in_specs),
        out_specs=PartitionSpec('seeds'),
        axis_names={'seeds'},
        check_vma=False,
    )
    mapped.__name__ = function.__name__  # the program's name in a profile
    return jax.jit(mapped, out_shardings=out_shardings, donate_argnums=donate_argnums)


def shard_batch(batch: Any, mesh: Mesh) -> Any:
    """Spreads the examples of a batch along 'data', inside a function of jit_over_seeds.

    Their number need not be a multiple of the axis.
    """
    return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh, PartitionSpec('data')))


def replicate(arrays: Any, mesh: Mesh) -> Any:
    """Puts arrays of the host, the same on every host, on every device."""
    return jax.device_put(arrays, everywhere(mesh))


def padded_count(seeds: int, mesh: Mesh) -> int:
    """So many seeds, rounded up to P: a multiple of the mesh's 'seeds' axis."""
    return -(-seeds // mesh.shape['seeds']) * mesh.shape['seeds']


def population_sharding(seeds: int, mesh: Mesh) -> NamedSharding:
    """The sharding of an array (S, ...): in parts if they are equal, else everywhere."""
    if seeds % mesh.shape['seeds'] == 0:
        return over_seeds(mesh)
    return everywhere(mesh)


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _take(arrays, first, seeds, count, sharding):
    """Of the `seeds` rows from `first` on, `count` rows, starting again where they end."""
    rows = first + jnp.arange(count) % seeds
    # A copy, because the next training step overwrites the arrays that it is given.
    taken = jax.tree.map(lambda x: jnp.copy(x[rows]), arrays)
    return jax.lax.with_sharding_constraint(taken, sharding)


def pad_seeds(arrays: Any, seeds: int, mesh: Mesh) -> Any:
    """Arrays (S, ...) filled up to (P, ...), in equal parts. The added rows are the first ones."""
    return _take(arrays, 0, seeds, padded_count(seeds, mesh), over_seeds(mesh))


def take_seeds(arrays: Any, first: int, seeds: int, mesh: Mesh) -> Any:
    """A copy of `seeds` rows, from row `first` on, of arrays (P, ...)."""
    return _take(arrays, first, seeds, seeds, population_sharding(seeds, mesh))


def is_first_process() -> bool:
    """Whether this process is the one that prints and writes."""
    return jax.process_index() == 0


def on_any_host(flag: bool) -> bool:
    """Whether the flag is true on any host. All hosts must ask."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def wait_for_hosts(name: str) -> None:
    """Returns when all hosts have come to the wait of this name."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


@contextmanager
def errors_end_all_hosts(advice: str) -> Iterator[None]:
    """On several hosts, lets an error end this process at once, with one line of text.

    The error may be one of this host, or of a collective operation with a host that is lost. So
    no host, and none of its threads, waits for one that has stopped. The exit code is 2 after a
    user's error, else 1. Where JAX itself finds a host lost by its missing heartbeat, it aborts
    the process with more text.

    Args:
        advice: What the user can do when another host has stopped.
    """
    try:
        yield
    except Exception as error:
        if jax.process_count() == 1:
            raise
        is_ours = isinstance(error, UserError | OSError) or 'RESOURCE_EXHAUSTED' in str(error)
        line = str(error)
        if not is_ours:
            # An error may have no text at all: then its type has to do.
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            line = f'another host has stopped or cannot be reached ({reason}); {advice}'
        print(f'\nerror: {line}', file=sys.stderr, flush=True)
        # Not sys.exit: that would wait for threads which wait for the lost host.
        os._exit(2 if is_ours else 1)
