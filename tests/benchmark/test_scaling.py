"""What is trained on a number of devices, and which process times it."""

import pytest
from fake_workers import FakeStopwatch, ready, use_fake_workers

from experiments.benchmark import scaling

pytestmark = pytest.mark.quick


def test_weak_scaling_grows_with_the_devices():
    of_seeds = scaling.scaled_configs(4, 'seeds')
    assert of_seeds.strong.seeds == 64
    assert of_seeds.weak.seeds == 16 * 4
    of_data = scaling.scaled_configs(4, 'data')
    assert of_data.strong.batch_size == 512
    assert of_data.weak.batch_size == 128 * 4
    assert of_data.weak.mesh_axes() == {'seeds': 1, 'data': 4}


def test_each_row_has_processes_of_its_own(monkeypatch):
    def first_answer(request):
        return ready(exchanged_bytes=request.config['batch_size'])

    workers = use_fake_workers(monkeypatch, scaling, first_answer)
    results = scaling.measure_scaling(FakeStopwatch())
    assert len(workers) == 2 * len(results.rows) == 4 * len(scaling.DEVICES)
    assert all(worker.variables['JAX_PLATFORMS'] == 'cpu' for worker in workers)
    assert all(worker.passes == FakeStopwatch.rounds for worker in workers)
    last = results.rows[-1]
    assert (last.split, last.devices) == ('data', 8)
    assert last.bytes == 512  # of the strong kind
    assert last.strong == last.weak == [0.1, 0.1]
    assert len(results.conditions.others) == 2 * FakeStopwatch.rounds
