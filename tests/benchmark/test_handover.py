"""Weights and examples survive their way through the file."""

import numpy as np
import pytest

from experiments.benchmark import handover
from experiments.benchmark.handover import Handover
from jaxdl.train import Examples

pytestmark = pytest.mark.quick


@pytest.mark.parametrize('lengths', [None, np.array([1, 2])])
def test_what_is_written_is_read(tmp_path, lengths):
    examples = Examples(np.zeros((2, 3, 4), np.uint8), np.array([7, 8]), lengths)
    weights = {'head_weight': np.ones((2, 2), np.float32), 'inputs': np.array([3.0])}
    handover.save(tmp_path / 'x.npz', Handover({'params': weights}, examples, np.array([1, 0])))
    read = handover.load(tmp_path / 'x.npz')
    assert read.params['params'].keys() == weights.keys()
    for name, weight in weights.items():
        np.testing.assert_array_equal(read.params['params'][name], weight)
    np.testing.assert_array_equal(read.order, [1, 0])
    assert read.examples.inputs.dtype == np.uint8
    np.testing.assert_array_equal(read.examples.targets, [7, 8])
    if lengths is None:
        assert read.examples.lengths is None
    else:
        np.testing.assert_array_equal(read.examples.lengths, lengths)
