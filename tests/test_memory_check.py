"""Memory is known before training."""

import dataclasses

import jax.numpy as jnp
import pytest

from experiments.core import defaults
from experiments.core.tasks import make_task
from experiments.training import memory_check
from experiments.training.clock import Clock
from experiments.training.compiled_programs import Setup, make_mesh, make_programs
from experiments.training.memory_check import check_memory, largest_population
from jaxdl import UserError

CONFIG = dataclasses.replace(
    defaults.TASK_DEFAULTS['binary_add'],
    hidden=3,
    seeds=16,
    train_size=640,
    validation_size=50,
    max_length=6,
    mesh='seeds:1',
)


@pytest.mark.slow
def test_a_population_that_does_not_fit_is_refused(monkeypatch):
    task, mesh = make_task(CONFIG, print), make_mesh(CONFIG)
    programs = make_programs(CONFIG, task, mesh, Clock())
    setup = Setup(CONFIG, task, mesh, (), programs, Clock())
    population = programs.population
    states = programs.initialize(population, ())
    executable = programs.train_epoch(1).compile(states, population, (), jnp.int32(0))
    sizes = executable.memory_analysis()
    # The parameters, and the two moments of Adam.
    assert sizes.argument_size_in_bytes > 16 * 88 * 3 * 4

    monkeypatch.setattr(memory_check, 'free_memory', lambda device: None)
    check_memory(setup, executable)

    too_little = sizes.temp_size_in_bytes + sizes.argument_size_in_bytes // 2
    monkeypatch.setattr(memory_check, 'free_memory', lambda device: too_little)

    def nine_if_memory_grows(needed_for, seeds, free):
        return 9 if needed_for(4) < needed_for(8) else 0

    monkeypatch.setattr(memory_check, 'largest_population', nine_if_memory_grows)
    message = '--seeds=16 needs about .* GiB of memory, of which .* GiB are free: --seeds=9 fits'
    with pytest.raises(UserError, match=message):
        check_memory(setup, executable)


@pytest.mark.quick
def test_the_largest_population_is_found_to_within_a_tenth():
    assert 9000 <= largest_population(lambda seeds: 100 + seeds, 10**6, 10_100) <= 10_000
    assert largest_population(lambda seeds: 100 + seeds, 1000, 90) == 0
