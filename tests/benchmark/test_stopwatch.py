"""Rounds: passes alternate, the machine is watched, and times are those of one model's step."""

import pytest
from fake_workers import FakeWorker
from tqdm import tqdm

from experiments.benchmark import stopwatch
from experiments.benchmark.host import CpuReading
from experiments.benchmark.stopwatch import (
    PRODUCT_SIZE,
    AlternatingPasses,
    Contender,
    Stopwatch,
    product_request,
)

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(stopwatch, 'SETTLE_SECONDS', 0)


def test_a_product_is_timed_around_each_round(monkeypatch):
    readings = iter([(0, 0, 0), (10, 5, 3), (20, 10, 10), (30, 20, 12)])
    monkeypatch.setattr(stopwatch, 'read_cpu', lambda: CpuReading(*next(readings)))
    monkeypatch.setattr('experiments.benchmark.host._own_cores', lambda: {0, 1})
    product = FakeWorker(None, seconds=2.0, steps=5)
    rounds = []

    def run_round(index):
        rounds.append((index, product.passes))

    with tqdm(total=3, disable=True) as bar:
        conditions = Stopwatch(0.5, 2, product, bar).measure(run_round)
    assert rounds == [(0, 1), (1, 2)]
    assert conditions.products == [2 * PRODUCT_SIZE**3 * 5 / 2.0] * 3
    assert conditions.others == pytest.approx([2 / 20, 8 / 20])
    assert (conditions.pass_seconds, conditions.rounds) == (0.5, 2)


def test_the_order_turns_round_every_round():
    order = []

    class NamedWorker(FakeWorker):
        def send(self, message):
            order.append(self.name)

    contenders = {}
    for name in 'abc':
        worker = NamedWorker(None, seconds=1.0, steps=10)
        worker.name = name
        contenders[name] = Contender([worker])
    passes = AlternatingPasses(contenders)
    passes.run_round(0)
    passes.run_round(1)
    assert ''.join(order) == 'abccba'
    assert passes.times == {name: [0.1, 0.1] for name in 'abc'}


def test_models_at_once_share_the_time_of_the_slowest():
    workers = [FakeWorker(None, seconds=1.0, steps=10), FakeWorker(None, seconds=3.0, steps=10)]
    assert Contender(workers, models=2).seconds_per_step() == pytest.approx(0.15)
    assert [worker.passes for worker in workers] == [1, 1]


def test_short_passes_have_short_products():
    assert product_request(0.05).seconds == 0.05
    assert product_request(2.0).seconds == 1.0
