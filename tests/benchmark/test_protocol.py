"""Messages survive their way through a line."""

import pytest

from experiments.benchmark.protocol import (
    Absent,
    PassTime,
    ProductRequest,
    Ready,
    RunPass,
    TrainingRequest,
    from_line,
    to_line,
)

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    'message',
    [
        TrainingRequest('PyTorch', {'task': 'recall'}, 2.0, 30, handover='x.npz'),
        ProductRequest(2000, 1.0),
        Ready(0.1, [0.1, 1e-9], devices='2 x cpu', flops=10**12),
        Absent('not installed'),
        RunPass(),
        PassTime(2.5, 100),
    ],
)
def test_messages_are_read_as_they_were_written(message):
    line = to_line(message)
    assert line.endswith('\n') and line.count('\n') == 1
    assert from_line(line) == message
