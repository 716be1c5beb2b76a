"""Strong and weak scaling over CPU devices."""

from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import NamedTuple

from experiments.benchmark.protocol import TrainingRequest
from experiments.benchmark.results import OURS, Conditions, ScalingResults, ScalingRow
from experiments.benchmark.stopwatch import AlternatingPasses, Contender, Stopwatch
from experiments.benchmark.worker_process import start_worker
from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS

SPLITS = ('seeds', 'data')
DEVICES = (1, 2, 4, 8)
FIRST_STEPS = 3
ON_CPU = {'JAX_PLATFORMS': 'cpu'}  # even where there is a GPU


class ScaledConfigs(NamedTuple):
    """What is trained on a number of devices.

    Attributes:
        strong: The same total work on any number of devices.
        weak: The same work for each device.
    """

    strong: Config
    weak: Config


class SplitMeasurement(NamedTuple):
    """The rows of one split, and the conditions under which they were measured."""

    rows: list[ScalingRow]
    conditions: Conditions


def measure_scaling(stopwatch: Stopwatch) -> ScalingResults:
    """Times training on all SPLITS and numbers of DEVICES.

    Raises:
        UserError: The training failed.
    """
    rows = []
    others = []
    products = []
    for split in SPLITS:
        measurement = _measure_split(split, stopwatch)
        rows += measurement.rows
        others += measurement.conditions.others
        products += measurement.conditions.products
    conditions = Conditions(stopwatch.pass_seconds, stopwatch.rounds, others, products)
    return ScalingResults(rows, conditions)


def _measure_split(split: str, stopwatch: Stopwatch) -> SplitMeasurement:
    """Times one split, with a process for each number of devices and kind of scaling."""
    stopwatch.begin(f'scaling over {split}')
    contenders = {}
    exchanged_bytes = {}
    with ExitStack() as processes:
        for devices in DEVICES:
            for kind, config in scaled_configs(devices, split)._asdict().items():
                name = _name(kind, split, devices)
                worker = processes.enter_context(start_worker(name, ON_CPU))
                request = TrainingRequest(OURS, asdict(config), stopwatch.pass_seconds, FIRST_STEPS)
                exchanged_bytes[name] = worker.prepare(request).exchanged_bytes
                contenders[name] = Contender([worker])
        passes = AlternatingPasses(contenders)
        conditions = stopwatch.measure(passes.run_round)
    rows = []
    for devices in DEVICES:
        strong = _name('strong', split, devices)
        weak = _name('weak', split, devices)
        rows.append(
            ScalingRow(
                devices,
                split,
                strong=passes.times[strong],
                weak=passes.times[weak],
                bytes=exchanged_bytes[strong],
            )
        )
    return SplitMeasurement(rows, conditions)


def _name(kind: str, split: str, devices: int) -> str:
    """The name of a measurement."""
    return f'{kind} scaling, {split}:{devices}'


def scaled_configs(devices: int, split: str) -> ScaledConfigs:
    """Many small adders where seeds are split, one larger adder where its batches are."""
    adder = replace(TASK_DEFAULTS['binary_add'], mesh=f'{split}:{devices}')
    if split == 'seeds':
        return ScaledConfigs(
            strong=replace(adder, seeds=64),
            weak=replace(adder, seeds=16 * devices),
        )
    adder = replace(adder, hidden=64)
    return ScaledConfigs(
        strong=replace(adder, batch_size=512),
        weak=replace(adder, batch_size=128 * devices),
    )
