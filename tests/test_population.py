"""Several runs trained as one population are the runs alone."""

import dataclasses
import shutil

import jax
import numpy as np
import pytest

from experiments.core import defaults
from experiments.training.finished_run import load_population
from experiments.training.population import run_population
from experiments.training.run import run

ADD = dataclasses.replace(
    defaults.TASK_DEFAULTS['binary_add'],
    train_size=64,
    batch_size=16,
    max_length=5,
    hidden=3,
    optimizer='momentum',
    momentum=0.9,
    learning_rate=0.1,
    seeds=3,
    epochs=3,
    validation_size=50,
    mesh='seeds:2',
)


def _params(folder):
    population = load_population(folder, ('binary_add',), notify=lambda line: None)
    return jax.device_get(population.params_at(population.epochs[-1]))


@pytest.mark.slow
def test_a_population_of_settings_is_the_runs_of_each(tmp_path):
    """Two optimizers' settings at once, three seeds each, on two devices.

    One run's last checkpoint is then lost: it goes on from the one before, apart. A finished run
    is left alone.
    """
    lines = []
    folders = {name: tmp_path / name for name in 'ab'}
    changes = {
        'a': {},
        'b': {'learning_rate': 0.3, 'momentum': 0.5, 'l2': 1e-3, 'weight_decay': 1e-3},
    }
    configs = []
    for name, change in changes.items():
        configs.append(dataclasses.replace(ADD, workdir=str(folders[name]), **change))

    together = run_population(configs, notify=lines.append)
    for (folder, results), config in zip(together, configs, strict=True):
        assert results.config == config.identity()
        alone_config = dataclasses.replace(config, workdir=f'{folder}-alone')
        alone = run(alone_config, notify=lines.append).results
        for split in ('train', 'validation', 'last_batch'):
            losses, losses_alone = getattr(results, split)['loss'], getattr(alone, split)['loss']
            np.testing.assert_allclose(losses.seeds, losses_alone.seeds, rtol=1e-3)
    first, second = (completed.results for completed in together)
    assert first.train['loss'].mean != second.train['loss'].mean

    before = _params(folders['b'])
    for folder in folders.values():
        (folder / 'results.json').unlink()
    shutil.rmtree(folders['b'] / 'checkpoints' / '3')
    run_population(configs, notify=lines.append)
    assert any('going on after epoch 2' in line for line in lines)
    jax.tree.map(np.testing.assert_array_equal, before, _params(folders['b']))

    # The last checkpoint of both is damaged: both go on from the one before.
    for folder in folders.values():
        (folder / 'results.json').unlink()
        for file in (folder / 'checkpoints' / '3' / 'state').rglob('*'):
            if file.is_file():
                file.write_bytes(file.read_bytes()[:8])
    lines.clear()
    run_population(configs, notify=lines.append)
    assert any('going on after epoch 2' in line for line in lines)
    jax.tree.map(np.testing.assert_array_equal, before, _params(folders['b']))

    # The last record of one is lost: both go on from the epoch before.
    for folder in folders.values():
        (folder / 'results.json').unlink()
    log = folders['b'] / 'metrics.jsonl'
    log.write_text(''.join(log.read_text().splitlines(keepends=True)[:-1]))
    lines.clear()
    run_population(configs, notify=lines.append)
    assert f'{log} ends with epoch 2: later checkpoints are not used' in lines
    assert any('going on after epoch 2' in line for line in lines)
    jax.tree.map(np.testing.assert_array_equal, before, _params(folders['b']))

    (folders['a'] / 'results.json').unlink()
    run_population(configs, notify=lines.append)
    assert any(line.startswith(f'{folders["b"]} holds this run, finished') for line in lines)
