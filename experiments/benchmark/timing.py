"""What bench measures of us: passes of so many steps, populations, whole commands, and scaling over CPU devices.

python -m experiments.benchmark.timing DEVICES SPLIT prints one row of the scaling table as JSON: devices are fixed for a process.
"""

import dataclasses
import importlib.util
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import jax
import jax.numpy as jnp
import numpy as np

from experiments.reports import presets
from experiments.training.programs import Clock, mesh_of, programs
from experiments.core.tasks import TASKS
from jaxdl import UserError, parallel
from jaxdl.train import ORDER, address

POPULATIONS = (1, 4, 16, 64, 256, 1024)
SIZES = {'f32': 4, 's32': 4, 'u32': 4, 'pred': 1, 's8': 1, 'bf16': 2, 'f64': 8}


class Ours:
    """Training of a Config in passes of `steps` steps, with the arrays, orders and initial params (of its first seed) for peers."""

    def __init__(self, config, steps):
        self.config, self.steps, self.clock, self.mesh = config, steps, Clock(), mesh_of(config)
        self.task = TASKS[config.task](config, lambda line: None)
        self.members, init, epoch, _ = programs(config, self.task, self.clock, self.mesh)
        self.data = parallel.replicate(self.task.data, self.mesh)
        self.states = init(self.members, self.data)
        self.params = jax.device_get(jax.tree.map(lambda x: x[0], self.states.params))
        self.steps_per_epoch = self.task.steps_per_epoch
        self.clock.clear()
        if self.task.data and steps > self.task.steps_per_epoch:
            raise UserError(
                f'--steps={steps}: an epoch has {self.task.steps_per_epoch} steps, and a pass may not be longer'
            )
        self.program = epoch(steps)
        self.executable = self.program.executable(
            self.states, self.members, self.data, jnp.int32(0)
        )
        self.arrays = self.task.data or self._sampled()

    def _sampled(self):
        """What the first pass of a sequence task is trained on, as NumPy arrays (N, ...)."""
        batches = jax.jit(
            lambda key: jax.lax.map(self.task.batches((), key, 0), jnp.arange(self.steps))
        )(self.members.keys[0])
        return jax.tree.map(lambda x: np.asarray(x).reshape(-1, *x.shape[2:]), tuple(batches[:3]))

    def order(self, index):
        """The examples of pass `index`, in order."""
        count = self.steps * self.config.batch_size
        if not self.task.data:
            return np.arange(count)
        return np.asarray(
            jax.random.permutation(
                address(self.members.keys[0], ORDER, index), len(self.task.data[0])
            )
        )[:count]

    def epoch(self, index):
        """The losses (steps,) of the first seed."""
        self.states, means, *_ = self.program(
            self.states, self.members, self.data, jnp.int32(index)
        )
        return np.asarray(means['loss'])[0]

    def seconds(self, repeats):
        """Median seconds of a step of the whole population."""
        taken = []
        for index in range(repeats + 1):
            start = time.perf_counter()
            self.epoch(index)
            taken.append((time.perf_counter() - start) / self.steps)
        return statistics.median(taken[1:])

    def flops(self):
        """Multiplications and additions of the matrix products and convolutions of one model's step, forward and backward."""
        weights = {name: leaf for name, leaf in self.params['params'].items() if leaf.ndim > 1}
        shape = self.arrays[0].shape[1:]
        times = dict.fromkeys(weights, 1)
        if 'conv1_weight' in weights:
            times |= {
                'conv1_weight': math.prod(shape[:2]),
                'conv2_weight': math.prod(shape[:2]) // 4,
            }
        else:
            times |= {
                name: shape[0]
                for name in weights
                if name != 'head_weight' or self.config.task == 'binary_add'
            }
        # forward, gradient of the weight, and gradient of the input, which the first layer needs not
        products = {
            name: 2 if name in ('conv1_weight', 'weight_ih_l0', 'weight_ih_l0_reverse') else 3
            for name in weights
        }
        return (
            2
            * self.config.batch_size
            * sum(products[name] * leaf.size * times[name] for name, leaf in weights.items())
        )


def matrix_product(n=2000, repeats=7):
    """FLOP/s of a product of two n x n float32 matrices: the median."""
    a = jnp.ones((n, n))
    product = jax.jit(lambda a: a @ a).lower(a).compile()
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        product(a).block_until_ready()
        taken.append(time.perf_counter() - start)
    return 2 * n**3 / statistics.median(taken[1:])


def populations(config, steps, repeats):
    """For each size of a population the median seconds of a step, and bytes of memory a device."""
    rows = []
    for seeds in POPULATIONS:
        ours = Ours(dataclasses.replace(config, seeds=seeds), steps)
        memory = ours.executable.memory_analysis()
        taken = ours.seconds(repeats)
        rows.append(
            {
                'seeds': seeds,
                'seconds': taken,
                'bytes': memory.temp_size_in_bytes + memory.argument_size_in_bytes,
                'models_per_second': seeds / (taken * config.epochs * ours.steps_per_epoch),
            }
        )
    return rows


def commands(repeats):
    """Median seconds of whole commands that train and test the adder, from the start of Python to its end, alternating."""
    from tqdm import tqdm

    main = [sys.executable, '-m', 'experiments.main', '--task=binary_add', '--hidden=5']
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        for i in tqdm(range(repeats), desc='whole commands', unit='round'):
            caches = {'jaxdl, cold': f'{folder}/cache{i}', 'jaxdl, warm': f'{folder}/cache{i}'}
            jobs = {
                name: ([*main, f'--workdir={folder}/{name}{i}'], {'XDG_CACHE_HOME': cache})
                for name, cache in caches.items()
            }
            if importlib.util.find_spec('torch'):
                jobs['PyTorch'] = (
                    [sys.executable, '-m', 'experiments.benchmark.peers.torch_adder'],
                    {},
                )
            for name, (argv, variables) in jobs.items():
                start = time.perf_counter()
                subprocess.run(
                    argv, env={**os.environ, **variables}, capture_output=True, check=True
                )
                taken.setdefault(name, []).append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def exchanged(executable):
    """Bytes of the results of all collectives inside loops of a compiled program, each counted once: those of one training step."""
    total, entry = 0, False
    for line in executable.as_text().splitlines():
        if not line.startswith(' '):
            entry = line.startswith('ENTRY')
        found = re.search(
            r'= (.*?) (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(-start)?\(',
            line,
        )
        if found and not entry:
            total += sum(
                SIZES.get(kind, 8) * math.prod(map(int, filter(None, sizes.split(','))))
                for kind, sizes in re.findall(r'(\w+)\[([\d,]*)\]', found[1])
            )
    return total


def _row(devices, split):
    """Strong and weak scaling of one way to split: 64 adders of 5 units, or 16 a device; one of 64 units with batch 512, or 128 a device."""
    jax.config.update('jax_num_cpu_devices', devices)
    adder = dataclasses.replace(presets.TASKS['binary_add'], mesh=f'{split}:{devices}')
    strong, weak = (
        (dataclasses.replace(adder, seeds=seeds) for seeds in (64, 16 * devices))
        if split == 'seeds'
        else (
            dataclasses.replace(adder, hidden=64, batch_size=size) for size in (512, 128 * devices)
        )
    )
    strong, weak = (Ours(config, 20) for config in (strong, weak))
    return {
        'devices': devices,
        'split': split,
        'strong': strong.seconds(5),
        'weak': weak.seconds(5),
        'bytes': exchanged(strong.executable),
    }


def scaling():
    """Rows of _row for 1, 2, 4 and 8 CPU devices."""
    rows = []
    for split in ('seeds', 'data'):
        for devices in (1, 2, 4, 8):
            done = subprocess.run(
                [sys.executable, '-m', 'experiments.benchmark.timing', str(devices), split],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, 'JAX_PLATFORMS': 'cpu'},
            )
            rows.append(json.loads(done.stdout.splitlines()[-1]))
    return rows


if __name__ == '__main__':
    print(json.dumps(_row(int(sys.argv[1]), sys.argv[2])))
