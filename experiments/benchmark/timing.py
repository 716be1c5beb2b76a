"""What is timed: our training, that of a peer, and matrix products; and how long a pass is."""

import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmark.handover import Handover
from experiments.benchmark.peers.common import TrainEpoch
from experiments.core.config import Config
from experiments.core.tasks import make_task, say_nothing
from experiments.training.clock import Clock
from experiments.training.compiled_programs import make_mesh, make_programs
from experiments.training.epoch_lengths import epoch_lengths
from jaxdl import parallel
from jaxdl.train import ORDER, Examples, address

MARGIN = 1.1  # a pass is planned this much longer than it must be

Train = Callable[[int], np.ndarray]  # trains for so many steps and returns their losses (steps,)


class OurTraining:
    """Trains a Config for a number of steps at a time.

    Attributes:
        steps_per_epoch: Training steps in an epoch.
        steps_per_run: Training steps of the whole run.
        compile_seconds: How long each program took to compile, by its number of steps.
    """

    def __init__(self, config: Config):
        """Makes the task and the initial state."""
        self._config = config
        self._task = make_task(config, notify=say_nothing)
        self.steps_per_epoch = self._task.steps_per_epoch
        self.steps_per_run = epoch_lengths(config, self._task).total
        mesh = make_mesh(config)
        self._clock = Clock()
        self._programs = make_programs(config, self._task, mesh, self._clock)
        self._population = self._programs.population
        self._data = parallel.replicate(self._task.data, mesh)
        self._states = self._programs.initialize(self._population, self._data)
        self._calls = 0
        self._train_programs = {}
        self.compile_seconds = {}

    def train(self, steps: int) -> np.ndarray:
        """Trains for so many steps, at most an epoch, and returns the first seed's losses.

        Each call is an epoch of its own, with its own order and its own sequences.
        """
        program = self.compiled(steps)
        result = program(*self._arguments())
        self._calls += 1
        self._states = result.states
        return np.asarray(result.means['loss'])[0]  # waits for the program to end

    def compiled(self, steps: int) -> jax.stages.Compiled:
        """The program of so many steps."""
        if steps not in self._train_programs:
            program = self._programs.train_epoch(steps)
            self._clock.seconds.clear()
            self._train_programs[steps] = program.compile(*self._arguments())
            self.compile_seconds[steps] = self._clock.seconds['compile']
        return self._train_programs[steps]

    def _arguments(self):
        # The epoch is an array, since a Program looks at the shapes of its arguments.
        return self._states, self._population, self._data, jnp.int32(self._calls)

    def handover(self) -> Handover:
        """What peers start from. To be called before any training."""
        params = jax.device_get(jax.tree.map(lambda x: x[0], self._states.params))
        examples = self._task.data or self._sampled_examples()
        return Handover(params, examples, self._first_order(len(examples.inputs)))

    def _sampled_examples(self) -> Examples:
        """The examples of the first epoch of a sequence task, (N, ...)."""

        @jax.jit
        def sample(key):
            batch_at = self._task.batches((), key, 0)
            return jax.lax.map(batch_at, jnp.arange(self.steps_per_epoch))

        def join_batches(x):
            return np.asarray(x).reshape(-1, *x.shape[2:])

        batches = sample(self._population.keys[0])
        examples = Examples(batches.inputs, batches.targets, batches.lengths)
        return jax.tree.map(join_batches, examples)

    def _first_order(self, examples: int) -> np.ndarray:
        """The rows (n,) of the examples that the first epoch trains on, in whole batches."""
        whole_batches = examples // self._config.batch_size * self._config.batch_size
        if not self._task.data:
            return np.arange(whole_batches)
        # The task draws the order of an epoch in the same way.
        key = address(self._population.keys[0], ORDER, 0)
        return np.asarray(jax.random.permutation(key, examples))[:whole_batches]


class PeerTraining:
    """Trains a peer for a number of steps at a time, on the examples of our first epoch.

    Attributes:
        steps_per_epoch: The number of whole batches in an epoch.
    """

    def __init__(self, train_epoch: TrainEpoch, order: np.ndarray, batch_size: int):
        """Wraps a peer's training.

        Args:
            train_epoch: As make_peer returns it.
            order: (n,) the rows of the examples, n a multiple of the batch size.
            batch_size: Examples in a batch.
        """
        self._train_epoch = train_epoch
        self._order = order
        self._batch_size = batch_size
        self.steps_per_epoch = len(order) // batch_size

    def train(self, steps: int) -> np.ndarray:
        """Trains for so many steps, at most an epoch, and returns the losses (steps,)."""
        return self._train_epoch(self._order[: steps * self._batch_size])


class MatrixProduct:
    """Multiplies two large float32 matrices, as often as there are steps."""

    def __init__(self, size: int):
        """Makes matrices of (size, size)."""
        self._matrix = jnp.ones((size, size))
        self._product = jax.jit(lambda x: x @ x)

    def train(self, steps: int) -> np.ndarray:
        """Multiplies so many times. There are no losses."""
        for _ in range(steps):
            self._product(self._matrix).block_until_ready()
        return np.zeros(0)


class PassPlan(NamedTuple):
    """A pass: so many calls that train for so many steps each.

    Attributes:
        steps: Of a call.
        calls: Of a pass.
        seconds: That the pass took when it was tried.
    """

    steps: int
    calls: int
    seconds: float = 0.0

    @property
    def all_steps(self) -> int:
        """The steps of all calls."""
        return self.steps * self.calls


def run_pass(train: Train, plan: PassPlan) -> float:
    """Runs a pass and returns its seconds."""
    started = time.perf_counter()
    for _ in range(plan.calls):
        train(plan.steps)
    return time.perf_counter() - started


def plan_passes(train: Train, steps_per_epoch: int, seconds: float, first_steps: int) -> PassPlan:
    """Finds passes that take at least so many seconds, by trying longer and longer ones.

    Each is run twice, since the first time compiles it and meets page faults. Calls are of whole
    epochs, as users have them, unless an epoch is longer than a pass.

    Args:
        train: What is timed.
        steps_per_epoch: The most steps of a call.
        seconds: The least seconds of a pass.
        first_steps: Steps of the first try.
    """
    plan = PassPlan(min(first_steps, steps_per_epoch), calls=1)
    while True:
        run_pass(train, plan)
        elapsed = run_pass(train, plan)
        if elapsed >= seconds:
            return plan._replace(seconds=elapsed)
        steps = int(MARGIN * seconds / elapsed * plan.all_steps) + 1
        if steps <= steps_per_epoch:
            plan = PassPlan(steps, calls=1)
        else:
            plan = PassPlan(steps_per_epoch, calls=-(-steps // steps_per_epoch))
