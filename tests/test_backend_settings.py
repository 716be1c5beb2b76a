"""JAX is set up for a run as its Config says; loop kernels are for small steps alone."""

from dataclasses import replace

import pytest

from experiments.core import backend_settings
from experiments.core.backend_settings import configure_backend, has_small_steps
from experiments.core.defaults import TASK_DEFAULTS

pytestmark = pytest.mark.quick
ADDER = TASK_DEFAULTS['binary_add']
ROWS = TASK_DEFAULTS['mnist_rnn']
LENET = TASK_DEFAULTS['mnist_cnn']


@pytest.mark.parametrize(
    ('config', 'is_small'),
    [
        (ADDER, True),
        (replace(ADDER, hidden=11), False),
        (ROWS, False),
        (replace(ROWS, batch_size=8), True),
        (replace(LENET, hidden=5), False),
    ],
)
def test_small_nets_and_small_batches_have_small_steps(config, is_small):
    assert has_small_steps(config) is is_small


def test_the_config_decides(monkeypatch):
    calls = []
    monkeypatch.setattr(backend_settings.backend, 'configure', lambda *args: calls.append(args))
    configure_backend(replace(ADDER, precision='high'), compilation_cache=True)
    configure_backend(ROWS)
    assert calls == [(True, 'high', True), (False, 'highest', False)]
