"""One net in several libraries: time per model, losses side by side, peers that are missing."""

from dataclasses import replace

import pytest
from fake_workers import FakeStopwatch, ready, use_fake_workers

from experiments.benchmark import against_peers
from experiments.benchmark.nets import NETS, BenchmarkNet
from experiments.benchmark.protocol import Absent
from experiments.benchmark.results import OURS
from experiments.core.defaults import TASK_DEFAULTS

pytestmark = pytest.mark.quick
ADDER = TASK_DEFAULTS['binary_add']
PEERS = {'PyTorch': '', 'missing': '', 'without such a net': ''}


def first_answer(request):
    if request.library == 'missing':
        return Absent('not installed')
    if request.library == 'without such a net':
        return Absent('')
    if request.library == OURS:
        return ready(flops=7, steps_per_epoch=157, compile_seconds=1.5)
    return ready(losses=[1.0, 0.25])


@pytest.fixture
def workers(monkeypatch):
    monkeypatch.setattr(against_peers, 'PEERS', PEERS)
    return use_fake_workers(monkeypatch, against_peers, first_answer)


def test_missing_peers_are_named(workers):
    net = BenchmarkNet(replace(ADDER, seeds=2), aim=5)
    row = against_peers.measure_net('an adder', net, 'a folder', FakeStopwatch())
    assert row.absent == {'missing': 'not installed'}
    assert row.times == {OURS: [0.05, 0.05], 'PyTorch': [0.1, 0.1]}  # ours trains two at once
    assert row.ratios() == {'PyTorch': [2.0, 2.0]}
    assert row.loss_apart == {OURS: 0, 'PyTorch': 0.25}
    assert (row.aim, row.flops, row.steps_per_epoch, row.compile) == (5, 7, 157, 1.5)


def test_our_file_is_the_one_that_peers_read(workers):
    net = BenchmarkNet(ADDER, aim=5)
    against_peers.measure_net('an adder', net, 'a folder', FakeStopwatch())
    requests = [worker.requests[0] for worker in workers]
    assert [request.library for request in requests] == [OURS, *PEERS]
    assert len({request.handover for request in requests}) == 1
    assert all(request.config['data_dir'] == 'a folder' for request in requests)


def test_processes_side_by_side_have_one_thread_each(workers):
    net = BenchmarkNet(replace(ADDER, seeds=2), aim=None, peer_processes=2)
    row = against_peers.measure_net('two adders', net, 'a folder', FakeStopwatch())
    assert len(workers) == 3
    assert workers[0].variables == {}
    assert workers[1].variables == workers[2].variables
    assert workers[1].variables['OMP_NUM_THREADS'] == '1'
    assert row.times == {OURS: [0.05, 0.05], 'PyTorch': [0.05, 0.05]}


def test_nets_record_no_layer_statistics():
    """Peers record none, so ours may not take time for them."""
    for net in NETS.values():
        assert net.config.statistics_every == 0


def test_as_many_seeds_as_processes():
    for net in NETS.values():
        if net.peer_processes > 1:
            assert net.config.seeds == net.peer_processes
