"""What a worker times: made ready from a request, with its first passes behind it."""

from pathlib import Path
from typing import NamedTuple

import jax

from experiments.benchmark import handover
from experiments.benchmark.collectives import collective_bytes
from experiments.benchmark.flops import training_step_flops
from experiments.benchmark.peers import make_peer
from experiments.benchmark.protocol import (
    Absent,
    PassTime,
    ProductRequest,
    Ready,
    TrainingRequest,
)
from experiments.benchmark.results import OURS
from experiments.benchmark.timing import (
    MatrixProduct,
    OurTraining,
    PassPlan,
    PeerTraining,
    Train,
    plan_passes,
    run_pass,
)
from experiments.core.config import Config
from jaxdl import parallel

MOST_PRODUCTS = 10**6  # in one call


class TimedWork(NamedTuple):
    """Work that is done in passes.

    Attributes:
        ready: What bench is told about it.
        train: The work.
        plan: A pass of it.
    """

    ready: Ready
    train: Train
    plan: PassPlan

    def run_pass(self) -> PassTime:
        """Runs a pass."""
        return PassTime(run_pass(self.train, self.plan), self.plan.all_steps)


def prepare(request: TrainingRequest | ProductRequest) -> TimedWork | Absent:
    """Makes ready what a request asks for.

    Raises:
        UserError: The data of the net cannot be had.
    """
    if isinstance(request, ProductRequest):
        return _prepare_product(request)
    config = Config(**request.config)
    if request.library == OURS:
        return _prepare_our_training(request, config)
    return _prepare_peer(request, config)


def _prepare_product(request: ProductRequest) -> TimedWork:
    parallel.initialize_devices(None, distributed=False)
    product = MatrixProduct(request.size)
    plan = plan_passes(product.train, MOST_PRODUCTS, request.seconds, first_steps=1)
    ready = Ready(
        seconds_per_step=plan.seconds / plan.all_steps,
        losses=[],
        devices=_describe_devices(),
    )
    return TimedWork(ready, product.train, plan)


def _prepare_our_training(request: TrainingRequest, config: Config) -> TimedWork:
    parallel.initialize_devices(config.mesh_axes(), distributed=False)
    training = OurTraining(config)
    start = training.handover()
    if request.handover:
        handover.save(Path(request.handover), start)
    first_steps = min(request.first_steps, training.steps_per_epoch)
    losses = training.train(first_steps)
    plan = plan_passes(training.train, training.steps_per_epoch, request.seconds, first_steps)
    compiled = training.compiled(plan.steps)
    memory = compiled.memory_analysis()
    weights = start.params['params']
    ready = Ready(
        seconds_per_step=plan.seconds / plan.all_steps,
        losses=losses.tolist(),
        devices=_describe_devices(),
        compile_seconds=training.compile_seconds[plan.steps],
        steps_per_epoch=training.steps_per_epoch,
        steps_per_run=training.steps_per_run,
        flops=training_step_flops(config, weights, start.examples.inputs.shape[1:]),
        # The new states take the place of the old ones, which are arguments.
        bytes=memory.temp_size_in_bytes + memory.argument_size_in_bytes,
        exchanged_bytes=collective_bytes(compiled.as_text()),
    )
    return TimedWork(ready, training.train, plan)


def _prepare_peer(request: TrainingRequest, config: Config) -> TimedWork | Absent:
    start = handover.load(Path(request.handover))
    try:
        train_epoch = make_peer(request.library, config, start.params, start.examples)
    except ImportError:
        return Absent('not installed')
    if train_epoch is None:
        return Absent('')
    training = PeerTraining(train_epoch, start.order, config.batch_size)
    first_steps = min(request.first_steps, training.steps_per_epoch)
    losses = training.train(first_steps)
    plan = plan_passes(training.train, training.steps_per_epoch, request.seconds, first_steps)
    ready = Ready(seconds_per_step=plan.seconds / plan.all_steps, losses=losses.tolist())
    return TimedWork(ready, training.train, plan)


def _describe_devices() -> str:
    devices = jax.devices()
    return f'{len(devices)} x {devices[0].device_kind}'
