"""The compiled programs of a run: initialize, train one epoch, evaluate.

Shapes: S models are asked for; P is that number rounded up so that they fill the mesh.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, Sharding

from experiments.core.config import VMAPPED, Config
from experiments.core.tasks import Task
from experiments.training.clock import Clock
from jaxdl import parallel
from jaxdl.train import (
    PENALTIES,
    EpochResult,
    Evaluation,
    Examples,
    OptimizerSettings,
    Params,
    Population,
    TrainState,
    evaluate_in_batches,
    init_state,
    make_epoch,
    make_optimizer,
    make_score_batch,
    make_step,
)
from jaxdl.visualize.activation_statistics import dead_share, layer_statistics

# Arrays of so many small models stay in the cache of a CPU's core.
SEEDS_AT_ONCE_ON_CPU = 8
SEEDS_AT_ONCE_IN_EVALUATION = 8
STATISTICS_EXAMPLES = 100  # held-out examples on which layer statistics are taken


class Program:
    """A jitted function that is compiled apart from its running, on the clock's 'compile'."""

    def __init__(self, jitted: jax.stages.Wrapped, clock: Clock):
        """Wraps a function of jax.jit."""
        self.jitted = jitted
        self._clock = clock
        self._compiled = {}

    def compile(self, *args: Any) -> jax.stages.Compiled:
        """The compiled program for arguments of these shapes (arrays or ShapeDtypeStructs)."""
        shapes = tuple((x.shape, x.dtype) for x in jax.tree.leaves(args))
        if shapes not in self._compiled:
            # Ahead of time, so that the first epoch's seconds are those of training.
            with self._clock.span('compile'):
                self._compiled[shapes] = self.jitted.lower(*args).compile()
        return self._compiled[shapes]

    def __call__(self, *args: Any) -> Any:
        """Compiles the function if need be, and runs it."""
        return self.compile(*args)(*args)


class Programs(NamedTuple):
    """The programs of the S models of a run, or of several runs trained as one population.

    Attributes:
        population: (P,) the keys and vmapped hyper-parameters of all models.
        initialize: (population, data) -> TrainState (P, ...).
        train_epoch: Takes a number of steps and returns the Program of so many steps:
            (states, population, data, epoch) -> EpochResult (P, ...). It overwrites the states.
        evaluate: (params (P, ...), examples) -> Evaluation of the first S models.
    """

    population: Population
    initialize: Program
    train_epoch: Callable[[int], Program]
    evaluate: Callable[[Params, Examples], Evaluation]


class Setup(NamedTuple):
    """All that the training of a run works with.

    Attributes:
        data: The task's data, on every device.
    """

    config: Config
    task: Task
    mesh: Mesh
    data: Any
    programs: Programs
    clock: Clock


def make_mesh(config: Config, runs: int = 1) -> Mesh:
    """The Mesh of so many runs that have a Config's seeds each.

    Batches of images are split over devices too. Those of sequences are too small for that.
    """
    models = runs * config.seeds
    return parallel.make_mesh(config.mesh_axes(), models, config.batch_size, config.is_of_images())


def make_programs(
    config: Config, task: Task, mesh: Mesh, clock: Clock, others: Sequence[Config] = ()
) -> Programs:
    """The Programs of a run.

    Args:
        config: The run's settings.
        task: Its task.
        mesh: The devices.
        clock: Counts the seconds of compilation.
        others: Runs to train beside it in the same population. They differ from it in VMAPPED
            fields and in their folder only.
    """
    configs = (config, *others)
    models = len(configs) * config.seeds
    population = parallel.pad_seeds(make_population(configs), models, mesh)
    has_vmapped = bool(population.hyperparameters)

    def train_epoch(steps):
        return _train_epoch_program(config, task, mesh, clock, models, has_vmapped, steps)

    return Programs(
        population=population,
        initialize=_initialize_program(config, task, mesh, clock),
        train_epoch=train_epoch,
        evaluate=_make_evaluate(task, mesh, clock, models),
    )


def make_population(configs: Sequence[Config]) -> Population:
    """The Population of all seeds of these runs, one run behind the other."""
    seeds = []
    for config in configs:
        seeds.append(config.seed + np.arange(config.seeds))
    hyperparameters = {}
    for name in VMAPPED:
        values = [getattr(config, name) for config in configs]
        if len(set(values)) > 1:
            hyperparameters[name] = np.repeat(np.float32(values), configs[0].seeds)
    keys = jax.vmap(jax.random.key)(np.concatenate(seeds))
    return Population(keys, hyperparameters)


def make_initialize(config: Config, task: Task) -> Callable[[Population, Any], TrainState]:
    """Makes the pure function initialize(population (S,), data) -> TrainState (S, ...)."""
    optimizer = make_optimizer(_optimizer_settings(config))

    def initialize(population, data):
        # Any batch will do: flax looks only at its shapes.
        batch = task.batches(data, population.keys[0], 0)(0)

        def initialize_one(key):
            return init_state(task.model, optimizer, key, batch.inputs, batch.lengths)

        return jax.vmap(initialize_one)(population.keys)

    return initialize


def state_shapes(programs: Programs, data: Any, seeds: int, sharding: Sharding) -> TrainState:
    """The shapes of the states of so many seeds, without making any."""
    shapes = jax.eval_shape(programs.initialize.jitted, programs.population, data)

    def of_seeds(x):
        return jax.ShapeDtypeStruct((seeds, *x.shape[1:]), x.dtype, sharding=sharding)

    return jax.tree.map(of_seeds, shapes)


def train_epoch_shapes(programs: Programs, data: Any) -> tuple[Any, ...]:
    """Arguments with which to compile train_epoch before there are states."""
    keys = programs.population.keys
    states = state_shapes(programs, data, len(keys), keys.sharding)
    epoch = jax.ShapeDtypeStruct((), np.int32)
    return states, programs.population, data, epoch


def _optimizer_settings(config):
    return OptimizerSettings(
        config.optimizer,
        config.learning_rate,
        config.momentum,
        config.weight_decay,
        config.rmsprop_decay,
        config.rmsprop_start,
    )


def _initialize_program(config, task, mesh, clock):
    jitted = parallel.jit_over_seeds(
        make_initialize(config, task),
        mesh,
        has_seeds_axis=(True, False),
        out_shardings=parallel.over_seeds(mesh),
    )
    return Program(jitted, clock)


def _train_epoch_program(config, task, mesh, clock, models, has_vmapped, steps):
    train_epoch = make_epoch(
        _vmapped_step(config, task) if has_vmapped else _step(config, task),
        _sharded_batches(task, mesh),
        steps,
        _make_layer_statistics(task),
        config.statistics_every,
        _seeds_at_once(models, task, mesh),
    )
    everywhere = parallel.everywhere(mesh)
    jitted = parallel.jit_over_seeds(
        train_epoch,
        mesh,
        has_seeds_axis=(True, True, False, False),
        # The states stay where they are. The host reads the rest.
        out_shardings=EpochResult(parallel.over_seeds(mesh), everywhere, everywhere, everywhere),
        donate_argnums=0,
    )
    return Program(jitted, clock)


def _step(config, task):
    optimizer = make_optimizer(_optimizer_settings(config))
    return make_step(task.model, optimizer, task.scores, config.l2, PENALTIES[config.l2_of])


def _vmapped_step(config, task):
    """A step that takes hyper-parameters which differ from model to model."""
    settings = _optimizer_settings(config)
    penalty = PENALTIES[config.l2_of]

    def step(state, batch, key, l2=config.l2, **optimizer_settings):
        optimizer = make_optimizer(settings._replace(**optimizer_settings))
        return make_step(task.model, optimizer, task.scores, l2, penalty)(state, batch, key)

    return step


def _sharded_batches(task, mesh):
    """The task's batches, each spread over the devices along 'data'."""

    def batches(data, key, epoch):
        batch_at = task.batches(data, key, epoch)

        def sharded_batch_at(i):
            batch = batch_at(i)
            # Every device has all weights: their sum needs no exchange between devices then.
            weights = jax.lax.with_sharding_constraint(batch.weights, parallel.everywhere(mesh))
            return parallel.shard_batch(batch, mesh)._replace(weights=weights)

        return sharded_batch_at

    return batches


def _make_layer_statistics(task):
    """A function from parameters to {layer or parameter: its statistics}."""
    examples = next(iter(task.held_out.values()))
    inputs = examples.inputs[:STATISTICS_EXAMPLES]
    lengths = examples.lengths
    if lengths is not None:
        lengths = lengths[:STATISTICS_EXAMPLES]

    def statistics_at(params):
        _, layers = task.model.apply(params, task.prepare(inputs), lengths)
        statistics = {}
        for name, values in layers.items():
            statistics[name] = {**layer_statistics(values), 'dead': dead_share(values)}
        for name, values in params['params'].items():
            statistics[name] = layer_statistics(values)
        return statistics

    return statistics_at


def _seeds_at_once(models, task, mesh):
    """How many models a device trains at once; None for all of its own.

    On a CPU they are few, in equal groups where that is possible.
    """
    if not task.vectorized:
        return 1
    if mesh.devices.flat[0].platform != 'cpu':
        return None
    models_of_device = parallel.padded_count(models, mesh) // mesh.shape['seeds']
    largest = SEEDS_AT_ONCE_ON_CPU
    for size in range(largest, largest // 2 - 1, -1):
        if models_of_device % size == 0:
            return size
    return min(models_of_device, largest)


def _make_evaluate(task, mesh, clock, models):
    seeds_at_once = SEEDS_AT_ONCE_IN_EVALUATION if task.vectorized else 1
    score_batch = make_score_batch(task.model, task.scores, task.prepare, seeds_at_once)

    def evaluate(params, inputs, targets, lengths):
        inputs, targets, lengths = parallel.shard_batch((inputs, targets, lengths), mesh)
        return score_batch(params, inputs, targets, lengths)

    jitted = parallel.jit_over_seeds(
        evaluate,
        mesh,
        has_seeds_axis=(True, False, False, False),
        out_shardings=parallel.everywhere(mesh),
    )
    program = Program(jitted, clock)

    def run_batch(params, *batch):
        return program(params, *parallel.replicate(batch, mesh))

    def evaluate_models(params, examples):
        evaluation = evaluate_in_batches(run_batch, params, examples)
        # Without the rows that only fill the mesh.
        return jax.tree.map(lambda x: x[:models], evaluation)

    return evaluate_models
