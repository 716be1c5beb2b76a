"""Populations of several sizes: each in a process, up to the first that would take too long."""

import pytest
from fake_workers import FakeStopwatch, ready, use_fake_workers

from experiments.benchmark import populations
from experiments.benchmark.results import PopulationRow

pytestmark = pytest.mark.quick


def test_sizes_with_long_steps_are_left_out(monkeypatch):
    """The time of a step grows like the size: 1024 models take .8 s, 4096 would take 3.2 s."""

    def first_answer(request):
        seeds = request.config['seeds']
        return ready(seconds_per_step=0.8 * seeds / 1024, bytes=seeds, steps_per_run=100)

    workers = use_fake_workers(monkeypatch, populations, first_answer)
    results = populations.measure_populations(FakeStopwatch())
    assert [row.seeds for row in results.rows] == [1, 4, 16, 64, 256, 1024]
    assert results.too_slow == [4096]
    assert len(workers) == 6
    assert results.rows[3] == PopulationRow(seeds=64, times=[0.1, 0.1], bytes=64, steps=100)


def test_models_per_second():
    row = PopulationRow(seeds=3, times=[0.5, 0.1, 0.2], bytes=1, steps=10)
    assert row.models_per_second() == pytest.approx(3 / (0.2 * 10))
