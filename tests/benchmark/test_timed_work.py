"""What a worker makes ready: our training, a peer that starts from it, and products."""

import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from experiments.benchmark.protocol import Absent, ProductRequest, TrainingRequest
from experiments.benchmark.results import OURS
from experiments.benchmark.timed_work import prepare
from experiments.core.defaults import TASK_DEFAULTS

pytestmark = pytest.mark.usefixtures('quick_compilation')

ADDER = replace(
    TASK_DEFAULTS['binary_add'],
    cell='rnn',
    batch_size=4,
    max_length=6,
    train_size=200,
    epochs=3,
    mesh='seeds:1',
)


def test_a_peer_has_our_losses(tmp_path):
    """It starts from the weights, examples and order that ours has written."""
    request = TrainingRequest(
        OURS, asdict(ADDER), seconds=1e-6, first_steps=20, handover=str(tmp_path / 'x.npz')
    )
    ours = prepare(request)
    peer = prepare(replace(request, library='flax nn.RNN'))
    assert len(ours.ready.losses) == 20
    np.testing.assert_allclose(peer.ready.losses, ours.ready.losses, rtol=1e-4)
    assert ours.ready.steps_per_epoch == 50
    assert ours.ready.steps_per_run == 150
    assert ours.ready.compile_seconds > 0
    assert ours.ready.flops > 0
    assert ours.ready.bytes > 0
    assert ours.ready.exchanged_bytes == 0
    timed = peer.run_pass()
    assert timed.steps == 20
    assert timed.seconds > 0


@pytest.mark.parametrize(
    ('fields', 'reason'), [({}, 'not installed'), ({'layers': 2}, '')], ids=['library', 'net']
)
def test_what_cannot_be_trained_is_absent(tmp_path, monkeypatch, fields, reason):
    config = replace(ADDER, **fields)
    request = TrainingRequest(
        OURS, asdict(config), seconds=1e-6, first_steps=1, handover=str(tmp_path / 'x.npz')
    )
    prepare(request)
    if not fields:
        # An import of a module that is None fails.
        monkeypatch.setitem(sys.modules, 'experiments.benchmark.peers.flax_loop', None)
    assert prepare(replace(request, library='flax nn.RNN')) == Absent(reason)


@pytest.mark.quick
def test_products_are_counted():
    work = prepare(ProductRequest(size=16, seconds=0.001))
    assert work.ready.devices.endswith(' x cpu')
    timed = work.run_pass()
    assert timed.steps == work.plan.all_steps >= 1
