"""The time of a training step, and the speed of a matrix product to compare it with."""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from experiments.core.config import Config
from experiments.core.tasks import make_task
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs
from jaxdl import UserError, parallel
from jaxdl.train import ORDER, Examples, address


class TimedTraining:
    """Trains a Config in passes of a fixed number of steps, to be timed.

    Attributes:
        params: The initial parameters of the first seed, as NumPy arrays, from which peers start.
        examples: What peers are trained on, as NumPy arrays: all training examples or, of a
            sequence task, those that the first pass samples.
        steps_per_epoch: Training steps in an epoch.
        compiled: The program of a pass.
        compile_seconds: How long it took to compile.
    """

    def __init__(self, config: Config, steps: int):
        """Makes the initial state and compiles the program of a pass.

        Args:
            config: What to train.
            steps: Training steps in a pass.

        Raises:
            UserError: The training set is too small for so many steps.
        """
        self._config = config
        self._steps = steps
        self._task = make_task(config, notify=_ignore)
        self.steps_per_epoch = self._task.steps_per_epoch
        has_data = bool(self._task.data)
        if has_data and steps > self.steps_per_epoch:
            raise UserError(
                f'--steps={steps}: an epoch has {self.steps_per_epoch} steps, and a pass may not '
                'be longer'
            )
        mesh = make_mesh(config)
        clock = Clock()
        programs = make_programs(config, self._task, mesh, clock)
        self._population = programs.population
        self._data = parallel.replicate(self._task.data, mesh)
        self._states = programs.initialize(self._population, self._data)
        self.params = jax.device_get(jax.tree.map(lambda x: x[0], self._states.params))
        # Only the compilation of the pass is of interest.
        clock.seconds.clear()
        self._train_pass = programs.train_epoch(steps)
        self.compiled = self._train_pass.compile(*self._arguments(0))
        self.compile_seconds = clock.seconds['compile']
        self.examples = self._task.data if has_data else self._sampled_examples()

    def _arguments(self, index):
        # The index is an array, since a Program looks at the shapes of its arguments.
        return self._states, self._population, self._data, jnp.int32(index)

    def _sampled_examples(self) -> Examples:
        """The examples of the first pass of a sequence task, (N, ...)."""

        @jax.jit
        def sample(key):
            batch_at = self._task.batches((), key, 0)
            return jax.lax.map(batch_at, jnp.arange(self._steps))

        def join_batches(x):
            return np.asarray(x).reshape(-1, *x.shape[2:])

        batches = sample(self._population.keys[0])
        examples = Examples(batches.inputs, batches.targets, batches.lengths)
        return jax.tree.map(join_batches, examples)

    def order(self, index: int) -> np.ndarray:
        """The rows (steps * batch size,) of `examples` that a pass trains on, in order.

        Sequence tasks sample new examples in every pass. Peers get those of the first one again.
        """
        count = self._steps * self._config.batch_size
        if not self._task.data:
            return np.arange(count)
        # The task draws the order of an epoch in the same way.
        key = address(self._population.keys[0], ORDER, index)
        permutation = jax.random.permutation(key, len(self._task.data.inputs))
        return np.asarray(permutation)[:count]

    def train_pass(self, index: int) -> np.ndarray:
        """Trains for a pass and returns the losses (steps,) of the first seed."""
        result = self._train_pass(*self._arguments(index))
        self._states = result.states
        return np.asarray(result.means['loss'])[0]  # waits for the program to end

    def seconds_per_step(self, repeats: int) -> float:
        """The median time of a step of the whole population, over so many passes."""
        self.train_pass(0)  # the first call may be slower
        times = []
        for index in range(1, repeats + 1):
            started = time.perf_counter()
            self.train_pass(index)
            times.append((time.perf_counter() - started) / self._steps)
        return statistics.median(times)


def _ignore(line: str) -> None:
    pass


def matrix_product_speed(n: int = 2000, repeats: int = 7) -> float:
    """The median FLOP/s of a product of two float32 matrices (n, n)."""
    matrix = jnp.ones((n, n))
    product = jax.jit(lambda x: x @ x)
    product(matrix).block_until_ready()  # the first call compiles
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        product(matrix).block_until_ready()
        times.append(time.perf_counter() - started)
    return 2 * n**3 / statistics.median(times)
