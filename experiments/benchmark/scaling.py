"""Strong and weak scaling over CPU devices: python -m experiments.benchmark.scaling DEVICES SPLIT.

The command prints one row as JSON. Each row needs a process of its own, as the number of devices
is fixed once JAX has started.
"""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import jax

from experiments.benchmark.results import ScalingRow
from experiments.benchmark.timing import TimedTraining
from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS

SPLITS = ('seeds', 'data')
DEVICES = (1, 2, 4, 8)
STEPS = 20  # in a pass
REPEATS = 5  # timed passes

COLLECTIVE = re.compile(
    r'= (?P<results>.*?) '
    r'(all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(-start)?\('
)
ARRAY_TYPE = re.compile(r'(?P<dtype>\w+)\[(?P<shape>[\d,]*)\]')  # f32[20,5] in XLA's text
DTYPE_BYTES = {'f32': 4, 's32': 4, 'u32': 4, 'pred': 1, 's8': 1, 'bf16': 2, 'f64': 8}
LARGEST_DTYPE_BYTES = 8


class ScaledConfigs(NamedTuple):
    """What is trained on a number of devices.

    Attributes:
        strong: The same total work on any number of devices.
        weak: The same work for each device.
    """

    strong: Config
    weak: Config


def measure_scaling() -> list[ScalingRow]:
    """The rows of all SPLITS and numbers of DEVICES, each measured by a process of its own.

    Raises:
        subprocess.CalledProcessError: A process failed.
    """
    rows = []
    for split in SPLITS:
        for devices in DEVICES:
            process = subprocess.run(
                [sys.executable, '-m', 'experiments.benchmark.scaling', str(devices), split],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, 'JAX_PLATFORMS': 'cpu'},  # even where there is a GPU
            )
            # Notes for the user may come before the row.
            last_line = process.stdout.splitlines()[-1]
            rows.append(ScalingRow(**json.loads(last_line)))
    return rows


def measure_row(devices: int, split: str) -> ScalingRow:
    """Times training on so many CPU devices. JAX must not have been used before."""
    jax.config.update('jax_num_cpu_devices', devices)
    configs = scaled_configs(devices, split)
    strong = TimedTraining(configs.strong, STEPS)
    weak = TimedTraining(configs.weak, STEPS)
    return ScalingRow(
        devices=devices,
        split=split,
        strong=strong.seconds_per_step(REPEATS),
        weak=weak.seconds_per_step(REPEATS),
        bytes=collective_bytes(strong.compiled.as_text()),
    )


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


def collective_bytes(program: str) -> int:
    """Bytes that the devices exchange in one training step.

    Args:
        program: The text of a compiled program, as XLA writes it.

    Returns:
        The sizes of the results of all collective operations inside loops, each counted once.
        Those of the entry computation, outside the loop over steps, are left out.
    """
    total = 0
    in_entry = False
    for line in program.splitlines():
        # The lines of a computation are indented, its header is not.
        starts_computation = not line.startswith(' ')
        if starts_computation:
            in_entry = line.startswith('ENTRY')
        collective = COLLECTIVE.search(line)
        if collective and not in_entry:
            total += _array_bytes(collective['results'])
    return total


def _array_bytes(types: str) -> int:
    """The bytes of arrays whose types are given as in '(f32[20,5], s32[])'."""
    total = 0
    for array_type in ARRAY_TYPE.finditer(types):
        sizes = [int(size) for size in array_type['shape'].split(',') if size]
        # A type that is not listed is taken for a large one, lest it be overlooked.
        itemsize = DTYPE_BYTES.get(array_type['dtype'], LARGEST_DTYPE_BYTES)
        total += itemsize * math.prod(sizes)
    return total


def main(argv: Sequence[str]) -> None:
    """Prints the row that argv, DEVICES and SPLIT, asks for."""
    devices, split = argv
    print(json.dumps(asdict(measure_row(int(devices), split))))


if __name__ == '__main__':
    main(sys.argv[1:])
