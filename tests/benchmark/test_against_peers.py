"""One net in several libraries: time per model, losses side by side, peers that are missing."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.benchmark import against_peers
from experiments.benchmark.nets import NETS, BenchmarkNet
from experiments.core.defaults import TASK_DEFAULTS

ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    batch_size=4,
    max_length=6,
    seeds=2,
    mesh='seeds:1',
)


def test_missing_peers_are_named(monkeypatch):
    """One peer is not installed, one has no such net, one has losses of its own."""
    monkeypatch.setattr(against_peers, 'PEERS', {'absent': '', 'unable': '', 'constant': ''})
    orders = []

    def train_epoch(order):
        orders.append(order)
        return np.full(3, 100.0)

    def make_peer(name, config, params, examples):
        if name == 'absent':
            raise ImportError
        return train_epoch if name == 'constant' else None

    monkeypatch.setattr(against_peers, 'make_peer', make_peer)
    net = BenchmarkNet(ADDER, aim=5)
    row = against_peers.measure_net('an adder', net, ADDER.data_dir, steps=3, repeats=2)
    assert row.absent == {'absent': 'not installed'}
    assert row.seconds.keys() == {'jaxdl', 'constant'}
    assert row.ratios().keys() == {'constant'}
    assert len(orders) == 3  # the first pass, which is not timed, and two more
    assert row.loss_apart['jaxdl'] == 0
    assert row.loss_apart['constant'] > 90
    assert row.aim == 5
    assert row.flops > 0


@pytest.mark.quick
def test_nets_record_no_layer_statistics():
    """Peers record none, so ours may not take time for them."""
    for net in NETS.values():
        assert net.config.statistics_every == 0
