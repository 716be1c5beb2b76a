"""Every field of the Config reaches the run: changing it changes what is initialized or trained."""

import dataclasses
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from experiments.core import final_test as evaluate
from experiments.reports import presets
from experiments.training.epoch_metrics import statistics
from experiments.training.programs import Clock, mesh_of, programs
from experiments.training.run import population, run
from experiments.training.initial_state import _chosen
from experiments.core.tasks import TASKS
from experiments.training.finished_run import population as trained_population
from jaxdl.figures import base as plots
from jaxdl.train import Members

ADD = dataclasses.replace(
    presets.TASKS['binary_add'], train_size=64, batch_size=16, max_length=5, hidden=3
)
RECALL = dataclasses.replace(presets.TASKS['recall'], train_size=64, batch_size=16, hidden=3)
CNN = dataclasses.replace(
    presets.base('mnist_cnn', 'digits'), hidden=3, train_size=256, statistics_every=0
)
IMAGES = dataclasses.replace(
    presets.base('mnist_rnn', 'digits'), hidden=3, train_size=256, batch_size=64
)


def _opened(config):
    task = TASKS[config.task](config, print)
    members, init, epoch, _ = programs(config, task, Clock(), mesh_of(config))
    return task, members, init(members, task.data), epoch


def initial(config):
    states = _opened(config)[2]
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(states.params)])


def losses(config):
    """The losses of four steps of epoch 0 and of epoch 1."""
    task, members, states, epoch = _opened(config)
    found, program = [], epoch(4)
    for index in (0, 1):
        states, means, *_ = program(states, members, task.data, jnp.int32(index))
        found.append(np.asarray(means['loss'])[0])
    return np.concatenate(found)


@pytest.fixture(scope='module')
def known():
    return {config: (initial(config), losses(config)) for config in (ADD, RECALL, IMAGES, CNN)}


@pytest.mark.parametrize(
    'base, change',
    [
        (ADD, {'cell': 'gru'}),
        (ADD, {'hidden': 4}),
        (ADD, {'layers': 2}),
        (ADD, {'bidirectional': True}),
        (ADD, {'init': 'glorot_uniform'}),
        (ADD, {'head_init': 'normal'}),
        (ADD, {'forget_bias': 1.0}),
        (ADD, {'seed': 1}),
        (CNN, {'hidden': 4}),
        (CNN, {'init': 'lecun_normal'}),
        (CNN, {'head_init': 'normal'}),
        (CNN, {'image_size': 12}),
        (CNN, {'colour': True}),
    ],
)
def test_what_changes_the_start(base, change, known):
    params = initial(dataclasses.replace(base, **change))
    assert params.shape != known[base][0].shape or not np.array_equal(params, known[base][0])


@pytest.mark.parametrize(
    'base, change',
    [
        (ADD, {'activation': 'relu'}),
        (ADD, {'dropout': 0.5}),
        (ADD, {'optimizer': 'rmsprop'}),
        (ADD, {'learning_rate': 0.1}),
        (ADD, {'optimizer': 'momentum', 'momentum': 0.9}),
        (ADD, {'weight_decay': 0.5}),
        (ADD, {'l2': 0.5}),
        (ADD, {'loss': 'mse'}),
        (ADD, {'state_noise': 0.1}),
        (ADD, {'max_length': 4}),
        (ADD, {'min_length': 4}),
        (ADD, {'fresh': False}),
        (RECALL, {'k': 2}),
        (RECALL, {'loss': 'mse'}),
        (IMAGES, {'standardize': True}),
        (IMAGES, {'shuffle': False}),
        (IMAGES, {'train_size': 100}),
        (IMAGES, {'train_size': 0, 'per_class': 20}),
        (CNN, {'activation': 'tanh'}),
        (CNN, {'activation': 'leaky_relu'}),
        (CNN, {'dense_activation': 'sigmoid'}),
        (CNN, {'dropout': 0.5}),
        (CNN, {'l2': 0.5}),
    ],
)
def test_what_changes_the_training(base, change, known):
    assert not np.allclose(
        losses(dataclasses.replace(base, **change))[1:], known[base][1][1:], rtol=1e-4
    )


def test_what_changes_one_optimizer_only():
    for change, other in (
        ({'momentum': 0.9}, {'momentum': 0.5}),
        ({}, {'rmsprop_decay': 0.5}),
        ({}, {'rmsprop_start': 1.0}),
    ):
        base = dataclasses.replace(ADD, optimizer='momentum' if change else 'rmsprop', **change)
        assert not np.allclose(
            losses(base)[1:], losses(dataclasses.replace(base, **other))[1:], rtol=1e-4
        )


def test_epochs_see_other_batches_and_fixed_sets_the_same_sequences():
    def epochs(config):
        task = TASKS[config.task](config, print)
        read = jax.jit(
            lambda epoch: jax.vmap(task.batches(task.data, jax.random.key(0), epoch))(jnp.arange(4))
        )
        return [np.asarray(read(epoch).inputs) for epoch in (0, 1)]

    for config in (ADD, IMAGES, dataclasses.replace(ADD, fresh=False)):
        first, second = epochs(config)
        assert not np.array_equal(first, second)
        flat = [
            sorted(map(bytes, inputs.reshape(-1, *inputs.shape[2:]))) for inputs in (first, second)
        ]
        kept = config.task == 'binary_add' and not config.fresh
        assert (flat[0] == flat[1]) == (kept or config.task == 'mnist_rnn')
    in_file_order = epochs(dataclasses.replace(IMAGES, shuffle=False))
    np.testing.assert_array_equal(*in_file_order)


def test_no_held_out_image_is_trained_on():
    task = TASKS['mnist_rnn'](presets.base('mnist_rnn', 'digits'), print)
    train = {bytes(image) for image in np.asarray(task.data[0])}
    assert len(task.held_out['validation'][0]) == 137 and len(task.data[0]) == 1300
    for images, _, _ in task.held_out.values():
        assert (
            sum(bytes(image) in train for image in images) <= len(images) // 20
        )  # digits holds a few images twice


def test_accuracy_by_length_is_what_the_outputs_say():
    """With a stub for the net, right on some lengths and kinds only."""

    def stub(params, examples):
        inputs, targets, steps = examples
        wrong = (steps == 6) | ((steps == 501) & (inputs[:, 0].sum(-1) == 0))
        flipped = np.stack([targets > 0.5, (targets > 0.5) ^ wrong[:, None]])
        scores = {'loss': np.zeros(flipped.shape[:2])}
        behind = np.arange(targets.shape[1]) >= steps[:, None]
        scores['exact_match'] = np.all((flipped == (targets > 0.5)) | behind, axis=2).astype(float)
        return scores, flipped

    results, _ = evaluate.binary_add(ADD, stub, None)
    for kind, table in results['by_length'].items():
        mean = dict(zip(table['lengths'], table['exact_match']['mean']))
        assert mean[5] == 0.5 and mean[4] == mean[20] == mean[1000] == 1
        if kind != 'random':
            share_with_zero_first_bits = {
                'carry': 0,
                'ones': 0,
                'alternating': 1 / 4,
                'constants': 1 / 3,
            }[kind]
            np.testing.assert_allclose(mean[500], 1 - share_with_zero_first_bits / 2)
    assert (
        0.8
        < dict(
            zip(
                results['by_length']['random']['lengths'],
                results['by_length']['random']['exact_match']['mean'],
            )
        )[500]
        < 0.95
    )
    assert all(row[-1] == 'right' for row in results['samples'])


def test_statistics_of_the_layers_are_those_of_the_parameters_before_the_step():
    config = dataclasses.replace(CNN, seeds=2, statistics_every=2)
    task, members, states, epoch = _opened(config)
    start = jax.tree.map(np.asarray, states.params)
    after, _, probed, _ = epoch(3)(states, members, task.data, jnp.int32(0))
    assert set(probed) == {
        *start['params'],
        'conv1',
        'conv1_pre',
        'pool1',
        'conv2',
        'conv2_pre',
        'pool2',
        'dense',
        'dense_pre',
        'head',
    }
    inputs = task.prepare(task.held_out['test'][0][:100])
    for seed in range(2):
        params = jax.tree.map(lambda x: x[seed], start)
        values = np.asarray(task.model.apply(params, inputs)[1]['conv2'])
        found = jax.tree.map(lambda x: np.asarray(x)[seed], probed)
        assert found['conv2']['mean'].shape == (2,)
        np.testing.assert_allclose(
            [found['conv2'][name][0] for name in ('mean', 'std', 'max')],
            [values.mean(), values.std(), values.max()],
            rtol=1e-4,
        )
        np.testing.assert_allclose(
            found['head_weight']['std'][0], params['params']['head_weight'].std(), rtol=1e-5
        )
    assert not np.allclose(probed['conv1']['mean'][:, 0], probed['conv1']['mean'][:, 1])
    np.testing.assert_array_equal(probed['conv2']['histogram'].sum(-1), values.size)


def test_statistics_of_a_sequence_task():
    _, members, states, epoch = _opened(dataclasses.replace(ADD, statistics_every=2))
    _, means, probed, _ = epoch(4)(states, members, (), jnp.int32(0))
    records = statistics(1, 0, 2, jax.device_get(probed))
    assert [record['step'] for record in records] == [0, 2]
    assert (
        'dead' in records[0]['layers']['layer0']
        and 'dead' not in records[0]['layers']['bias_hh_l0']
    )
    assert plots.layers('an adder', records).keys() == {'layer_layer0', 'layer_head'}


def test_a_subset_has_so_many_of_each_class():
    config = dataclasses.replace(CNN, train_size=0, per_class=20, test_per_class=7)
    tasks = [
        TASKS['mnist_cnn'](dataclasses.replace(config, seed=seed), print) for seed in (0, 0, 1)
    ]
    for task in tasks:
        np.testing.assert_array_equal(np.bincount(task.data[1]), 20)
        np.testing.assert_array_equal(np.bincount(task.held_out['test'][1]), 7)
    np.testing.assert_array_equal(tasks[0].data[0], tasks[1].data[0])
    assert not np.array_equal(tasks[0].data[0], tasks[2].data[0])


def test_of_several_starts_each_seed_goes_on_with_the_best():
    """Losses of a made-up population: seed 0 is best at its second start, seed 1 at its first, and never where it is no number."""
    last = {0: [0.5, 0.1], 1: [0.2, 0.4], 2: [np.nan, np.nan]}
    tried = []

    def init(members, data):
        tried.append(jax.random.key_data(members.keys).tolist())
        return {'start': jnp.full((2, 3), len(tried) - 1.0)}

    def epoch(states, members, data, number):
        final = last[len(tried) - 1] if number == 2 else [0.0, 0.0]
        return states, {'loss': np.array([[0.0] * 2 + [value] for value in final])}, None

    members = Members(jax.vmap(jax.random.key)(jnp.arange(2)), {})
    best = _chosen(epoch, init, 3, members, (), Clock())
    assert best['start'][:, 0].tolist() == [1.0, 0.0]
    assert len({str(pair) for pair in tried}) == 3


def test_a_population_of_settings_is_the_runs_of_each(tmp_path):
    """Two optimizers' numbers at once, three seeds each on two devices: records, results and checkpoints are those of the runs alone.
    One member's last checkpoint is then lost: it goes on from the one before, apart; a finished member is left alone."""

    def quiet(line):
        lines.append(line)

    lines = []
    base = dataclasses.replace(
        ADD,
        optimizer='momentum',
        momentum=0.9,
        learning_rate=0.1,
        seeds=3,
        epochs=3,
        validation_size=50,
        mesh='seeds:2',
    )
    configs = [
        dataclasses.replace(base, workdir=str(tmp_path / name), **change)
        for name, change in (
            ('a', {}),
            ('b', {'learning_rate': 0.3, 'momentum': 0.5, 'l2': 1e-3, 'weight_decay': 1e-3}),
        )
    ]
    together = population(configs, say=quiet)
    for (folder, results), config in zip(together, configs):
        assert results['config'] == config.identity()
        _, alone = run(dataclasses.replace(config, workdir=str(folder) + '1'), say=quiet)
        for split in ('train', 'validation', 'last_batch'):
            np.testing.assert_allclose(
                results[split]['loss']['seeds'], alone[split]['loss']['seeds'], rtol=1e-3
            )
    assert together[0][1]['train']['loss']['mean'] != together[1][1]['train']['loss']['mean']

    before = _params(tmp_path / 'b')
    for name in 'ab':
        (tmp_path / name / 'results.json').unlink()
    shutil.rmtree(tmp_path / 'b' / 'checkpoints' / '3')
    population(configs, say=quiet)
    assert any('going on after epoch 2' in line for line in lines)
    jax.tree.map(np.testing.assert_array_equal, before, _params(tmp_path / 'b'))
    (tmp_path / 'a' / 'results.json').unlink()
    population(configs, say=quiet)
    assert any(line.startswith(f'{tmp_path / "b"} holds this run, finished') for line in lines)


def _params(folder):
    _, _, epochs, params_at = trained_population(folder, ('binary_add',), say=lambda line: None)
    return jax.device_get(params_at(epochs[-1]))
