"""Rounds of passes that alternate between workers, so that a slow spell of the machine meets all.

A large matrix product is timed before and after each round, and other processes are watched: a
busy host shows in them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tqdm import tqdm

from experiments.benchmark.host import read_cpu, share_of_others
from experiments.benchmark.protocol import ProductRequest, RunPass
from experiments.benchmark.results import Conditions
from experiments.benchmark.worker_process import Worker

PRODUCT_SIZE = 2000
PRODUCT_SECONDS = 1.0
# PyTorch's threads spin for some milliseconds after their work. After this pause none does.
SETTLE_SECONDS = 0.05


class Stopwatch:
    """Repeats rounds and watches the machine.

    Attributes:
        pass_seconds: That a pass takes at least.
        rounds: How often each pass is timed.
    """

    def __init__(self, pass_seconds: float, rounds: int, product: Worker, bar: tqdm):
        """Makes a Stopwatch.

        Args:
            pass_seconds: That a pass takes at least.
            rounds: How often each pass is timed.
            product: Multiplies matrices of PRODUCT_SIZE.
            bar: Shows rounds + 1 units for each measurement: one is for what comes before.
        """
        self.pass_seconds = pass_seconds
        self.rounds = rounds
        self._product = product
        self._bar = bar

    def begin(self, description: str) -> None:
        """Says what is measured next."""
        self._bar.set_description(description)

    def measure(self, run_round: Callable[[int], None]) -> Conditions:
        """Calls run_round(i) for every round i, and says under which conditions."""
        self._bar.update(1)
        others = []
        products = [self._product_speed()]
        for index in range(self.rounds):
            before = read_cpu()
            run_round(index)
            others.append(share_of_others(before, read_cpu()))
            products.append(self._product_speed())
            self._bar.update(1)
        return Conditions(self.pass_seconds, self.rounds, others, products)

    def _product_speed(self) -> float:
        """FLOP/s of the matrix product."""
        time.sleep(SETTLE_SECONDS)
        product_pass = self._product.run_pass()
        return 2 * PRODUCT_SIZE**3 * product_pass.steps / product_pass.seconds


def product_request(pass_seconds: float) -> ProductRequest:
    """What the worker `product` of a Stopwatch is asked for."""
    return ProductRequest(PRODUCT_SIZE, min(PRODUCT_SECONDS, pass_seconds))


class Contender(NamedTuple):
    """Workers that train at the same time.

    Attributes:
        workers: Most often one.
        models: That a step of all of them trains, or 1 for the time of a step of all models.
    """

    workers: Sequence[Worker]
    models: int = 1

    def seconds_per_step(self) -> float:
        """Runs a pass and returns the time of a training step of one model."""
        for worker in self.workers:
            worker.send(RunPass())
        passes = [worker.receive() for worker in self.workers]
        # The slowest one ends the training of all.
        slowest = max(timed.seconds / timed.steps for timed in passes)
        return slowest / self.models


class AlternatingPasses:
    """Passes of several contenders.

    Attributes:
        times: {name: the seconds of a training step in each round}.
    """

    def __init__(self, contenders: Mapping[str, Contender]):
        """Wraps contenders whose workers are ready."""
        self._contenders = contenders
        self.times = {name: [] for name in contenders}

    def run_round(self, index: int) -> None:
        """Times a pass of each, forwards in even rounds and backwards in odd ones."""
        names = list(self._contenders)
        if index % 2:
            names.reverse()
        for name in names:
            time.sleep(SETTLE_SECONDS)
            self.times[name].append(self._contenders[name].seconds_per_step())
