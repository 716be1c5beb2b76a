"""Populations of several sizes: their memory and how many models are trained in a second."""

from dataclasses import replace

import pytest

from experiments.benchmark import populations
from experiments.core.defaults import TASK_DEFAULTS


@pytest.mark.slow
def test_a_row_for_each_size(monkeypatch):
    monkeypatch.setattr(populations, 'SIZES', (1, 3))
    config = replace(TASK_DEFAULTS['binary_add'], max_length=6, mesh='seeds:1')
    first, second = populations.measure_populations(config, steps=5, repeats=1)
    assert (first.seeds, second.seeds) == (1, 3)
    assert second.bytes > first.bytes
    steps_per_epoch = -(-config.train_size // config.batch_size)
    seconds_of_all = second.seconds * config.epochs * steps_per_epoch
    assert second.models_per_second == pytest.approx(3 / seconds_of_all)
