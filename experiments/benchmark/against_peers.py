"""One net trained by jaxdl and by its peers, on the same examples in the same order."""

import functools
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from experiments.benchmark.flops import training_step_flops
from experiments.benchmark.nets import BenchmarkNet
from experiments.benchmark.peers import PEERS, make_peer
from experiments.benchmark.results import OURS, NetRow
from experiments.benchmark.timing import TimedTraining

COMPARED_LOSSES = 30  # of the first steps; later, rounding errors have grown too large

TrainPass = Callable[[int], np.ndarray]  # trains for pass i and returns its losses (steps,)


def measure_net(name: str, net: BenchmarkNet, data_dir: str, steps: int, repeats: int) -> NetRow:
    """Times a training step of jaxdl and of each peer.

    The first pass of each is not timed, as it compiles; its losses are compared. Later passes
    alternate between the libraries, so that a slow spell of the machine meets all of them.

    Args:
        name: Of the net, for the progress bar.
        net: The net.
        data_dir: The folder of the image data.
        steps: Training steps in a pass.
        repeats: Timed passes of each library.

    Returns:
        The medians, per model.
    """
    config = replace(net.config, data_dir=data_dir)
    training = TimedTraining(config, steps)
    passes = {OURS: training.train_pass}
    absent = {}
    orders = [training.order(index) for index in range(repeats + 1)]
    for peer in PEERS:
        try:
            train_epoch = make_peer(peer, config, training.params, training.examples)
        except ImportError:
            absent[peer] = 'not installed'
            continue
        if train_epoch is not None:
            passes[peer] = functools.partial(_train_in_order, train_epoch, orders)
    # The first pass compiles, so it is not timed.
    losses = {library: train_pass(0) for library, train_pass in passes.items()}
    seconds = _median_seconds(passes, repeats, name)
    for library in seconds:
        seconds[library] /= steps
    # Our step trains all seeds at once, that of a peer one model.
    seconds[OURS] /= config.seeds
    return NetRow(
        aim=net.aim,
        seconds=seconds,
        absent=absent,
        compile=training.compile_seconds,
        loss_apart=_loss_differences(losses),
        flops=training_step_flops(
            config, training.params['params'], training.examples.inputs.shape[1:]
        ),
        steps_per_epoch=training.steps_per_epoch,
    )


def _train_in_order(train_epoch, orders, index):
    return train_epoch(orders[index])


def _median_seconds(
    passes: Mapping[str, TrainPass], repeats: int, description: str
) -> dict[str, float]:
    """The median time of a pass of each library."""
    times = {library: [] for library in passes}
    for index in tqdm(range(1, repeats + 1), desc=description, unit='round'):
        for library, train_pass in passes.items():
            started = time.perf_counter()
            train_pass(index)
            times[library].append(time.perf_counter() - started)
    return {library: statistics.median(seconds) for library, seconds in times.items()}


def _loss_differences(losses: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The largest difference of each library's first losses from ours."""
    ours = losses[OURS][:COMPARED_LOSSES]
    differences = {}
    for library, curve in losses.items():
        differences[library] = float(abs(curve[:COMPARED_LOSSES] - ours).max())
    return differences
