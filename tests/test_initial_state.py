"""Of several restarts each seed goes on with the best."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.core import defaults
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Programs, Setup
from experiments.training.initial_state import best_of_restarts
from jaxdl.train import Population


@pytest.mark.quick
def test_each_seed_goes_on_with_its_best_restart():
    """Losses of a made-up population.

    Seed 0 is best at its second restart, seed 1 at its first. A third is never a number.
    """
    last_losses = [[0.5, 0.1], [0.2, 0.4], [np.nan, np.nan]]  # by restart, then by seed
    tried_keys = []

    def initialize(population, data):
        tried_keys.append(jax.random.key_data(population.keys).tolist())
        return {'restart': jnp.full((2, 3), len(tried_keys) - 1.0)}

    def train_epoch(states, population, data, epoch):
        is_last_epoch = epoch == 2
        final = last_losses[len(tried_keys) - 1] if is_last_epoch else [0.0, 0.0]
        losses = np.array([[0.0, 0.0, loss] for loss in final])
        return SimpleNamespace(states=states, means={'loss': losses})

    population = Population(jax.vmap(jax.random.key)(jnp.arange(2)), {})
    setup = Setup(
        config=dataclasses.replace(defaults.TASK_DEFAULTS['binary_add'], restarts=3),
        task=None,
        mesh=None,
        data=(),
        programs=Programs(population, initialize, None, None),
        clock=Clock(),
    )
    best = best_of_restarts(setup, train_epoch)
    assert best['restart'][:, 0].tolist() == [1.0, 0.0]
    assert len({str(keys) for keys in tried_keys}) == 3
