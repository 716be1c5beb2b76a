"""Seeds and batches over devices, of one host or of many: the mesh, how arrays lie on it, and jax.distributed.

The mesh has two axes. Each device does whole seeds along 'seeds' (shard_map), and along 'data' a share of every batch,
where XLA's partitioner keeps the meaning of the program: random numbers are those of one device.
"""

import functools
import math
import os
import sys
from contextlib import contextmanager, suppress

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxdl import UserError

AXES = 'seeds', 'data'  # of the mesh
LEAST_SHARE = 16  # examples of a batch a device, below which auto does not split it further
HEARTBEAT = 20  # seconds after which a host that does not answer is taken for dead


def start(axes, distributed):
    """Before any other use of JAX: the cores of a CPU become devices, and this process joins those of the other hosts.

    axes: {'seeds': 4, 'data': 2}, or None: all. JAX finds the other hosts itself under SLURM, Open MPI, Kubernetes and on Cloud TPU; elsewhere
    JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and JAX_PROCESS_ID name them; JAX_NUM_CPU_DEVICES says how many
    devices a host's CPU is. Raises UserError if it cannot.
    """
    if not distributed:
        if axes or 'JAX_NUM_CPU_DEVICES' not in os.environ:
            with suppress(
                RuntimeError
            ):  # devices are made already, and make_mesh says if they are too few
                jax.config.update(
                    'jax_num_cpu_devices', math.prod(axes.values()) if axes else _cores()
                )
        return
    try:
        given = {
            name: int(os.environ[variable])
            for name, variable in (
                ('num_processes', 'JAX_NUM_PROCESSES'),
                ('process_id', 'JAX_PROCESS_ID'),
            )
            if variable in os.environ
        }
        jax.distributed.initialize(**given, heartbeat_timeout_seconds=HEARTBEAT)
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f'--distributed: {str(error).splitlines()[0]} (JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and '
            'JAX_PROCESS_ID name the hosts where nothing else does)'
        ) from None


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


def auto(devices, seeds, batch_size, split_batch, hosts):
    """The axes for so many devices: seeds over all of them and, with split_batch or on several hosts, batches over what is left."""
    if not split_batch and not hosts:
        return {'seeds': min(devices, seeds), 'data': 1}
    over_seeds = math.gcd(devices, seeds)
    share = devices // over_seeds
    return {
        'seeds': over_seeds,
        'data': share if hosts else max(1, min(share, batch_size // LEAST_SHARE)),
    }


def make_mesh(axes, seeds, batch_size, split_batch):
    """The Mesh for so many seeds. axes: {'seeds': 4, 'data': 2}; None: those of auto.

    Raises UserError if there are too few devices, or if devices of other hosts would be idle.
    """
    devices, hosts = jax.devices(), jax.process_count() > 1
    axes = axes or auto(len(devices), seeds, batch_size, split_batch, hosts)
    sizes = tuple(axes[name] for name in AXES)
    if math.prod(sizes) > len(devices) or hosts and math.prod(sizes) != len(devices):
        raise UserError(
            f'--mesh={",".join(f"{name}:{axes[name]}" for name in AXES)} is of {math.prod(sizes)} devices; '
            f'there are {len(devices)}'
            + (', and with --distributed all must be used' if hosts else '')
        )
    return jax.make_mesh(
        sizes, AXES, devices=devices[: math.prod(sizes)], axis_types=(AxisType.Auto,) * 2
    )


def _sharding(mesh, *axes):
    return NamedSharding(mesh, PartitionSpec(*axes))


def over_seeds(f, mesh, arguments, kept):
    """f of a population, with each device along 'seeds' at work on its own part of it.

    The first `arguments` arguments of f and all results have a leading axis of seeds. The first `kept` results stay where
    they are made; the others are gathered on every device, for the host to read.
    """

    def program(*args):
        seeded = [PartitionSpec(*['seeds'] * (i < arguments)) for i in range(len(args))]
        results = jax.shard_map(
            f,
            mesh=mesh,
            in_specs=tuple(seeded),
            out_specs=PartitionSpec('seeds'),
            axis_names={'seeds'},
            check_vma=False,
        )(*args)
        return tuple(
            jax.lax.with_sharding_constraint(result, _sharding(mesh, *['seeds'] * (i < kept)))
            for i, result in enumerate(results)
        )

    return program


def split(batch, mesh):
    """Inside a program of over_seeds: a batch whose examples lie apart along 'data'. It need not divide evenly."""
    return jax.lax.with_sharding_constraint(batch, _sharding(mesh, 'data'))


def replicate(tree, mesh):
    """Arrays of the host, the same on every host, on every device."""
    return jax.device_put(tree, _sharding(mesh))


def padded(seeds, mesh):
    """So many seeds, rounded up to a multiple of the axis: the last ones are the first again."""
    return -(-seeds // mesh.shape['seeds']) * mesh.shape['seeds']


def population_sharding(seeds, mesh):
    """How an array (S, ...) of exactly S seeds lies on the mesh: in parts if they are equal, else on every device."""
    return _sharding(mesh, *['seeds'] * (seeds % mesh.shape['seeds'] == 0))


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _take(tree, first, seeds, count, sharding):
    taken = jax.tree.map(lambda x: jnp.copy(x[first + jnp.arange(count) % seeds]), tree)
    return jax.lax.with_sharding_constraint(taken, sharding)


def pad(tree, seeds, mesh):
    """Arrays (S, ...) filled up to a multiple of the axis, in equal parts."""
    return _take(tree, 0, seeds, padded(seeds, mesh), _sharding(mesh, 'seeds'))


def part(tree, first, seeds, mesh):
    """A copy of so many seeds of arrays (P, ...), from the first one given on."""
    return _take(tree, first, seeds, seeds, population_sharding(seeds, mesh))


def first():
    """Whether this process is the one that prints and writes."""
    return jax.process_index() == 0


def any_process(flag):
    """Whether flag is true on any host; all must ask."""
    return (
        bool(np.any(multihost_utils.process_allgather(np.array(flag))))
        if jax.process_count() > 1
        else flag
    )


@contextmanager
def together(advice):
    """On several hosts, an error of this one, or of a collective with one that is lost, ends this process at once with one line of text.

    Exit code 2 after a user's error, else 1. So no host waits for one that has stopped, nor any of its threads. Where JAX finds
    a host lost by its missing heartbeat it aborts the process itself, with more text.
    """
    try:
        yield
    except Exception as error:
        if jax.process_count() == 1:
            raise
        ours = isinstance(error, (UserError, OSError)) or 'RESOURCE_EXHAUSTED' in str(error)
        line = (
            str(error)
            if ours
            else f'another host has stopped or cannot be reached ({str(error).splitlines()[0][:200]}); {advice}'
        )
        print(f'\nerror: {line}', file=sys.stderr, flush=True)
        os._exit(2 if ours else 1)


def wait(name):
    """Returns when all hosts have come to the wait of this name."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)
