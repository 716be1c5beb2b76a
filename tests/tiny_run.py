"""A run of a fraction of a second, for tests that train it many times and compare the outcome."""

import dataclasses
import functools
import json

import jax
import pytest

from experiments.core import defaults
from experiments.core.command import run_command
from experiments.core.final_test import FinalTestResult
from experiments.core.schemas.final_tests import RecallTest
from experiments.training import metrics_log, workdir
from experiments.training import run as run_module
from experiments.training.finished_run import load_population
from jaxdl.metrics import summarize

EPOCHS = 3
CONFIG = dataclasses.replace(
    defaults.TASK_DEFAULTS['recall'],
    cell='rnn',
    hidden=2,
    max_length=4,
    train_size=32,
    batch_size=16,
    validation_size=8,
    epochs=EPOCHS,
    seeds=2,
    mesh='seeds:1,data:1',
)


def share_programs(patch):
    """Lets all runs of CONFIG share a task and compiled programs, and draw no pictures."""
    make_task, make_programs = run_module.make_task, run_module.make_programs

    @functools.cache
    def shared_task():
        task = make_task(CONFIG, print)

        def final_test(evaluate, params):
            scores = evaluate(params, task.held_out['validation']).scores
            return FinalTestResult(RecallTest(summarize(scores['accuracy'].mean(1)), {}, []), {})

        return task._replace(final_test=final_test)

    @functools.cache
    def shared_programs(mesh, clock):
        programs = make_programs(CONFIG, shared_task(), mesh, clock)
        return programs._replace(train_epoch=functools.cache(programs.train_epoch))

    first_clock = []

    def programs_of(config, task, mesh, clock, others):
        first_clock.append(clock)
        return shared_programs(mesh, first_clock[0])

    patch.setattr(run_module, 'make_task', lambda config, notify: shared_task())
    patch.setattr(run_module, 'make_programs', programs_of)
    patch.setattr(metrics_log, 'to_png', lambda figure: b'a picture')


def train(folder):
    """Trains CONFIG in a folder, or goes on with it, as a command does. Returns the exit code."""
    config = dataclasses.replace(CONFIG, workdir=str(folder))
    with pytest.raises(SystemExit) as stopped:
        run_command(lambda argv: _run(config), ['main'])
    return stopped.value.code or 0


def _run(config):
    run_module.run(config)


def outcome(folder):
    """What a finished run leaves, but for its seconds: records, results, parameters as bytes."""
    records = []
    for line in (folder / 'metrics.jsonl').read_text().splitlines():
        record = json.loads(line)
        record.pop('seconds', None)
        records.append(record)
    results = json.loads((folder / 'results.json').read_text())
    del results['seconds']
    assert workdir.newest_epoch(folder) == EPOCHS
    population = load_population(folder, ('recall',), notify=lambda line: None)
    params = jax.tree.leaves(population.params_at(EPOCHS))
    return records, results, [jax.device_get(leaf).tobytes() for leaf in params]
