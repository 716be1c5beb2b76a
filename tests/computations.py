"""What jaxdl computes, small and in the sizes of users, for tests that compare numbers.

    python tests/computations.py SIZE REPEATS OUT.npz [NAME ...]

computes all that is named, so many times, with the flags that commands have, in a process of its
own. It ends with an error if the repeats differ in a bit, and writes the first ones.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from hand_built import adder_certificate, params_of
from random_nets import random_net

from experiments.core.defaults import TASK_DEFAULTS
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs
from experiments.training.finished_run import FinishedRun
from experiments.views.passes_by_name import PASSES
from experiments.views.request import ViewRequest
from jaxdl import backend, parallel
from jaxdl.data import images
from jaxdl.data.sources import Images
from jaxdl.verify import search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.reached import reached
from jaxdl.verify.set_graph import set_graph
from jaxdl.visualize import maximize

ROOT = Path(__file__).parents[1]
SIDES = {'mnist': (28, 28), 'cifar10': (32, 32, 3)}
STEPS = 5  # of an epoch
SMALL = {
    'binary_add': {'batch_size': 16, 'max_length': 6, 'validation_size': 50, 'seeds': 2},
    'recall': {'batch_size': 16, 'max_length': 6, 'validation_size': 50, 'cell': 'gru'},
    'automaton': {'batch_size': 16, 'max_length': 6, 'validation_size': 50, 'machine': 'compare'},
    'mnist_rnn': {'batch_size': 16, 'hidden': 24, 'validation_size': 50},
    # Its batches are split over two devices, whose gradients are added up.
    'mnist_cnn': {
        'batch_size': 16,
        'hidden': 8,
        'image_size': 8,
        'validation_size': 50,
        'statistics_every': 0,
        'mesh': 'data:2',
    },
    'cifar_cnn': {
        'batch_size': 16,
        'hidden': 8,
        'image_size': 8,
        'colour': True,
        'validation_size': 50,
        'mesh': 'data:1',
    },
}
LARGE = {task: {'validation_size': 500} for task in TASK_DEFAULTS}
SIZES = {'small': SMALL, 'large': LARGE}
# The filters are weights, and nothing is computed for them. The 200 steps of maximize let rounding
# grow without bound; its first steps are computed apart, and alone where it must be quick: passes
# draw figures.
VIEWS = {
    'small': (),
    'large': tuple(name for name in PASSES if name not in ('filters', 'maximize')),
}
# The cells of the searches.
SEARCHES = {'small': ('rnn',), 'large': ('rnn', 'gru', 'lstm')}
# The loss of the search has a kink where a generator is 0. Near it rounding decides to which side
# the next step leads, so only the first steps are compared.
SEARCH_STEPS = 20


def random_images(name, *args):
    """A data set of random images in the shape of a real one."""
    random = np.random.default_rng(0)
    splits = []
    for count in (1200, 500):
        splits.append(random.integers(0, 256, (count, *SIDES[name]), np.uint8))
        splits.append(np.arange(count, dtype=np.uint8) % 10)
    return Images(*splits)


@contextmanager
def data_sets_are_random():
    """No data set is read for a while."""
    with mock.patch.object(images, 'load', random_images):
        yield


def config_of(task, size):
    """The Config of a task, as users have it or smaller, for an epoch of a few steps."""
    config = replace(TASK_DEFAULTS[task], **SIZES[size][task])
    every = min(config.statistics_every, 2)
    return replace(config, train_size=STEPS * config.batch_size, statistics_every=every)


def open_programs(config):
    """(task, programs) of a Config."""
    task = make_task(config, lambda line: None)
    return task, make_programs(config, task, make_mesh(config), Clock())


def train_and_evaluate(config):
    """An epoch and the evaluation after it."""
    task, programs = open_programs(config)
    data = parallel.replicate(task.data, make_mesh(config))
    train_epoch = programs.train_epoch(STEPS)

    def compute():
        states = programs.initialize(programs.population, data)
        result = train_epoch(states, programs.population, data, jnp.int32(0))
        computed = {
            'states': jax.device_get(result.states),
            'means': jax.device_get(result.means),
            'statistics': jax.device_get(result.statistics),
        }
        for split, examples in task.held_out.items():
            computed[split] = programs.evaluate(result.states.params, examples).scores
        return computed

    return compute


def search_for_proofs(size):
    """The search of proofs of fine-tuned nets."""
    graph = set_graph(ADDER, history=1)
    nets = {'rnn': params_of(adder_certificate())}
    for cell in ('gru', 'lstm'):
        nets[cell] = random_net(cell, 5, seed=0)[1]['params']

    def find(params, cell):
        boxes = reached(cell, params, graph, ADDER, jax.random.key(0))
        return search.search(cell, params, boxes, graph, ADDER, fine_tune=True, steps=SEARCH_STEPS)

    programs = {}
    for cell in SEARCHES[size]:
        programs[cell] = jax.jit(partial(find, cell=cell))

    def compute():
        computed = {}
        for cell, program in programs.items():
            candidate = program(nets[cell])
            computed[cell] = candidate._asdict()
        return computed

    return compute


def untrained_cnn(size):
    """(an untrained CNN as a finished run, what to look at in it)."""
    config = replace(config_of('mnist_cnn', size), mesh='seeds:1')
    task, programs = open_programs(config)
    states = programs.initialize(programs.population, task.data)
    params = jax.tree.map(lambda x: x[0], states.params)
    test = task.held_out['test']
    run = FinishedRun(
        config,
        task.model,
        params,
        task.prepare,
        np.asarray(test.inputs),
        np.asarray(test.targets),
        epoch=1,
        snapshots={0: lambda: params, 1: lambda: params},
    )
    request = ViewRequest(
        pixels=run.inputs[:4],
        labels=run.labels[:4],
        names=list('0123'),
        class_names=list('0123456789'),
        units={},
        rule='deconvnet',
        parametrization='fourier',
        whole_maps=False,
        shared_scale=False,
        window=config.image_size // 4,
        fill=0.5,
    )
    return run, request


def look_inside(size):
    """The passes of visualize."""
    run, request = untrained_cnn(size)

    @jax.jit
    def maximize_first_steps(params):
        objective = maximize.units('conv2_pre', [0, 1])
        return maximize.maximize(run.model, params, objective, jax.random.key(0), count=2, steps=5)

    def compute():
        arrays = {name: PASSES[name](run, request).arrays for name in VIEWS[size]}
        return {**arrays, 'maximize': maximize_first_steps(run.params)._asdict()}

    return compute


def computations(size):
    """{name: a function without arguments that opens a computation, which is one too}."""
    opened = {}
    for task in TASK_DEFAULTS:
        config = config_of(task, size)
        opened[task] = partial(train_and_evaluate, config)
    opened['search'] = partial(search_for_proofs, size)
    opened['visualize'] = partial(look_inside, size)
    return opened


def flatten(tree):
    """{path: array} of a pytree."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def differing(arrays, others):
    """The names of the arrays that are not the same bits."""
    assert arrays.keys() == others.keys()
    return [name for name in arrays if arrays[name].tobytes() != others[name].tobytes()]


def repeat(compute, repeats):
    """The arrays that a computation gives, each time the same ones."""
    first = flatten(compute())
    for _ in range(repeats - 1):
        assert differing(first, flatten(compute())) == []
    return first


def compute_in_process(out, size, repeats, names=(), flags=''):
    """The arrays of computations, all if none is named, on the CPU in a process of its own.

    `out` is the file that they are written to; `flags` are XLA's that the user has set.
    """
    environment = {
        **os.environ,
        'XLA_FLAGS': flags,
        'JAX_PLATFORMS': 'cpu',
        'PYTHONPATH': str(ROOT),
    }
    process = subprocess.run(
        [sys.executable, __file__, size, str(repeats), out, *names],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    with np.load(out) as file:
        return dict(file)


def main(argv):
    size, repeats, out, *names = argv
    backend.configure(compilation_cache=True)
    jax.config.update('jax_num_cpu_devices', 2)
    all_computations = computations(size)
    arrays = {}
    with data_sets_are_random():
        for name in names or all_computations:
            compute = all_computations[name]()
            for path, array in repeat(compute, int(repeats)).items():
                arrays[f'{name}{path}'] = array
    np.savez(Path(out), **arrays)


if __name__ == '__main__':
    main(sys.argv[1:])
