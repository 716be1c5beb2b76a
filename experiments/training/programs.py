"""The compiled programs of a run over a mesh of devices, with their time of compilation and their memory."""

import dataclasses
import time
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import psutil

from experiments.core.config import NUMBERS
from jaxdl import UserError, parallel
from jaxdl.train import Members, init_state, make_epoch, make_evaluate, make_optimizer, make_step
from jaxdl.visualize.activations import dead_share, layer_statistics

SEEDS_AT_ONCE = 8  # on a CPU
PROBED = 100  # held-out examples on which the statistics of the layers are taken


class Clock(dict):
    """Seconds by what they were spent on; a nested span is not counted in the outer one."""

    @contextmanager
    def __call__(self, what):
        start, known = time.perf_counter(), sum(self.values())
        yield
        nested = sum(self.values()) - known
        self[what] = self.get(what, 0.0) + time.perf_counter() - start - nested

    def compile(self, function, **options):
        """jax.jit(function, **options), with the seconds of compilation told apart; .executable(*args) compiles only, .function is it."""
        compiled = {}

        def executable(*args):
            shapes = tuple((x.shape, x.dtype) for x in jax.tree.leaves(args))
            if shapes not in compiled:
                with self('compile'):
                    compiled[shapes] = jax.jit(function, **options).lower(*args).compile()
            return compiled[shapes]

        def call(*args):
            return executable(*args)(*args)

        call.executable, call.function = executable, function
        return call


def mesh_of(config, *others):
    """The Mesh of runs: images are split along the batch too, sequences are too small for that."""
    return parallel.make_mesh(
        config.axes(), (1 + len(others)) * config.seeds, config.batch_size, config.is_of_images()
    )


def at_once(models, task, mesh):
    """How many of so many models a device trains as one, None: all of its own. On a CPU few, whose arrays stay in its cache, in equal groups if it can be."""
    if not task.vectorized:
        return 1
    if mesh.devices.flat[0].platform != 'cpu':
        return None
    own = parallel.padded(models, mesh) // mesh.shape['seeds']
    equal = [n for n in range(SEEDS_AT_ONCE // 2, SEEDS_AT_ONCE + 1) if own % n == 0]
    return max(equal, default=min(own, SEEDS_AT_ONCE))


def programs(config, task, clock, mesh, others=()):
    """(members, init, epoch, evaluate) of the S models of a run and of others that differ from it in NUMBERS, padded to P that fill the mesh.

    members (P,); init(members, data) -> states (P, ...); epoch(steps) -> the program of that many steps, (states, members, data,
    index) -> (states, means, probed, finite (P,)); evaluate(params, examples), of the S models, is that of make_evaluate.
    """

    def optimizer(learning_rate, momentum, weight_decay):
        return make_optimizer(
            config.optimizer,
            learning_rate,
            momentum,
            config.rmsprop_decay,
            weight_decay,
            config.rmsprop_start,
        )

    def step(state, batch, key, **numbers):
        numbers = {name: getattr(config, name) for name in NUMBERS} | numbers
        l2 = numbers.pop('l2')
        return make_step(task.model, optimizer(**numbers), task.scores, l2)(
            state, parallel.split(batch, mesh), key
        )

    def init(members, data):
        batch = task.batches(data, members.keys[0], 0)(0)
        plain = optimizer(config.learning_rate, config.momentum, config.weight_decay)
        return (
            jax.vmap(lambda key: init_state(task.model, plain, key, batch.inputs, batch.lengths))(
                members.keys
            ),
        )

    models = (1 + len(others)) * config.seeds
    examples = next(iter(task.held_out.values()))
    inputs, _, lengths = jax.tree.map(lambda x: x[:PROBED], examples)

    def probe(params):
        _, layers = task.model.apply(params, task.prepare(inputs), lengths)
        return {
            name: {**layer_statistics(values), 'dead': dead_share(values)}
            for name, values in layers.items()
        } | {name: layer_statistics(values) for name, values in params['params'].items()}

    def epoch(steps):
        train = make_epoch(
            step, task.batches, steps, probe, config.statistics_every, at_once(models, task, mesh)
        )

        def checked(*args):
            states, *found = train(*args)
            leaves = jax.tree.leaves(states.params)
            finite = jnp.stack(
                [jnp.isfinite(leaf).reshape(len(leaf), -1).all(1) for leaf in leaves]
            ).all(0)
            return states, *found, finite

        return clock.compile(
            parallel.over_seeds(checked, mesh, arguments=2, kept=1), donate_argnums=0
        )

    def compile_score(score):
        program = clock.compile(
            parallel.over_seeds(
                lambda params, *examples: score(params, *parallel.split(examples, mesh)),
                mesh,
                arguments=1,
                kept=0,
            )
        )
        return lambda params, *examples: program(params, *parallel.replicate(examples, mesh))

    score = make_evaluate(
        task.model,
        task.scores,
        task.prepare,
        compile_score,
        seeds_at_once=SEEDS_AT_ONCE if task.vectorized else 1,
    )

    def evaluate(params, examples):
        return jax.tree.map(lambda x: x[:models], score(params, examples))

    configs = config, *others
    numbers = {
        name: np.repeat(np.float32(values), config.seeds)
        for name in NUMBERS
        if len(set(values := [getattr(one, name) for one in configs])) > 1
    }
    keys = jax.vmap(jax.random.key)(
        np.concatenate([one.seed + np.arange(one.seeds) for one in configs])
    )
    return (
        parallel.pad(Members(keys, numbers), models, mesh),
        clock.compile(lambda *args: parallel.over_seeds(init, mesh, arguments=1, kept=1)(*args)[0]),
        epoch,
        evaluate,
    )


def like(init, members, data, seeds, sharding):
    """The shapes of the states of so many seeds, without making any."""
    states = jax.eval_shape(init.function, members, data)
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((seeds, *x.shape[1:]), x.dtype, sharding=sharding), states
    )


def check_memory(config, task, mesh, epoch, init, members, data, others=()):
    """Raises UserError if an epoch's program needs more memory than is free, with the largest population found to fit."""
    free = free_memory(mesh.local_devices[0])
    needed = _needed(_executable(epoch, init, members, data), mesh)
    if free is None or needed <= free:
        return

    def needed_for(seeds):
        smaller = [dataclasses.replace(one, seeds=seeds) for one in (config, *others)]
        members, init, epoch, _ = programs(smaller[0], task, Clock(), mesh, smaller[1:])
        return _needed(_executable(epoch(1), init, members, data), mesh)

    fitting = largest(needed_for, config.seeds, free)
    raise UserError(
        f'--seeds={config.seeds} needs about {needed / 2**30:.1f} GiB of memory, of which {free / 2**30:.1f} GiB are free: '
        + (
            f'--seeds={fitting} fits'
            if fitting
            else 'not one model fits; lower --batch_size or --hidden'
        )
    )


def _executable(epoch, init, members, data):
    shapes = like(init, members, data, len(members.keys), members.keys.sharding)
    return epoch.executable(shapes, members, data, jnp.int32(0))


def largest(needed_for, seeds, free):
    """The largest population below `seeds`, found to a tenth, that needs no more than is free; 0: none does."""
    low, high = 0, seeds
    while high - low > max(1, high // 10):
        middle = (low + high) // 2
        low, high = (middle, high) if needed_for(middle) <= free else (low, middle)
    return low


def _needed(executable, mesh):
    """Bytes that a program takes of the memory that free_memory tells of; a CPU's devices share theirs."""
    sizes = executable.memory_analysis()
    shared = len(mesh.local_devices) if mesh.local_devices[0].platform == 'cpu' else 1
    return shared * (
        sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        + sizes.temp_size_in_bytes
        - sizes.alias_size_in_bytes
    )


def free_memory(device):
    """Bytes that a program may take on a device, or None where it does not tell; on a CPU those of the machine or its control group."""
    if device.platform != 'cpu':
        return (device.memory_stats() or {}).get('bytes_limit')
    free = psutil.virtual_memory().available
    limit, used = (Path('/sys/fs/cgroup') / name for name in ('memory.max', 'memory.current'))
    if limit.exists() and (text := limit.read_text().strip()) != 'max':
        free = min(free, int(text) - int(used.read_text()))
    return free
