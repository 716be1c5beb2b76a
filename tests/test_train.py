"""Training as pure functions: seeded regression, optimizers by hand, batches, evaluation."""

import functools
import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import metrics
from jaxdl.data import sequences
from jaxdl.models.rnn import RNN
from jaxdl.train import (
    DATA,
    ORDER,
    Batch,
    Examples,
    OptimizerSettings,
    Population,
    TrainState,
    address,
    batches_in_order,
    evaluate_in_batches,
    init_state,
    make_epoch,
    make_optimizer,
    make_score_batch,
    make_step,
    norms_of_weights,
    squared_weights,
)

pytestmark = pytest.mark.usefixtures('quick_compilation')

PINNED_LOSSES = [0.69200, 0.69336, 0.66967]
PINNED_HASHES = [
    '2b63b1e0d33d17f3',
    'e183ec1db7e6ad19',
    'ad25722a660c7cb6',
    'ace4be5a7d4d575c',
    'ec72f45e7a3783d7',
]
MODEL = RNN(1, 4, 'lstm', every_step=True)
ADAM = make_optimizer(OptimizerSettings('adam', 1e-2))


def _sample(key, n):
    lengths = sequences.uniform_lengths(address(key, 0), n, 1, 8)
    return Examples(*sequences.binary_add(address(key, 1), lengths, 8))


def _fresh_batches(data, key, epoch):
    def batch_at(i):
        return Batch(*_sample(address(key, DATA, epoch, i), 16), jnp.ones(16))

    return batch_at


@functools.cache
def _train_epoch(steps=50):
    step = make_step(MODEL, ADAM, metrics.bit_sequence)
    return jax.jit(make_epoch(step, _fresh_batches, steps))


def _initial(seeds):
    """(states, population) of these seeds."""
    keys = jax.vmap(jax.random.key)(jnp.array(seeds))
    inputs, _, lengths = _sample(keys[0], 2)

    @jax.jit
    @jax.vmap
    def initialize(key):
        return init_state(MODEL, ADAM, key, inputs, lengths)

    return initialize(keys), Population(keys, {})


def test_seeded_run_is_the_pinned_one():
    states, population = _initial([0])
    result = _train_epoch()(states, population, (), 0)
    losses = result.means['loss'][0]
    np.testing.assert_allclose(losses[np.array([0, 1, 49])], PINNED_LOSSES, rtol=2e-4)
    assert losses[-5:].mean() < losses[:5].mean()
    assert result.finite.tolist() == [True]


@pytest.mark.quick
def test_seeded_data_and_order_are_the_pinned_ones():
    inputs, targets, lengths = _sample(address(jax.random.key(0), DATA), 100)
    order = jax.random.permutation(address(jax.random.key(0), ORDER, 3), 1000)
    digits = sequences.recall(jax.random.key(0), jnp.full(100, 9), 9, 2)[0]
    hashes = []
    for array in (inputs, targets, lengths, order, digits):
        content = np.asarray(array, np.uint32).tobytes()
        hashes.append(hashlib.sha256(content).hexdigest()[:16])
    assert hashes == PINNED_HASHES


def test_a_population_is_its_models():
    together = _train_epoch()(*_initial([3, 4, 5]), (), 0)
    alone = _train_epoch()(*_initial([4]), (), 0)
    np.testing.assert_allclose(together.means['loss'][1], alone.means['loss'][0], rtol=1e-4)

    def assert_close(a, b):
        np.testing.assert_allclose(a[1], b[0], atol=1e-4)

    jax.tree.map(assert_close, together.states.params, alone.states.params)


def test_parameters_that_are_not_finite_are_told():
    states, population = _initial([0, 1])
    spoilt = states._replace(params=jax.tree.map(lambda x: x.at[1].set(jnp.nan), states.params))
    result = _train_epoch()(spoilt, population, (), 0)
    assert result.finite.tolist() == [True, False]


def test_the_penalty_of_norms():
    """Its gradient is W / |W|, and zero at a matrix of zeros, where nothing is divided by zero."""
    params = {
        'weight_ih_l0': jnp.array([[3.0, 0.0], [0.0, 4.0]]),
        'weight_hh_l0': jnp.zeros((2, 2)),
        'head_weight': jnp.full((1, 4), 2.0),
        'head_bias': jnp.full(1, 9.0),
    }
    penalty, gradients = jax.value_and_grad(norms_of_weights)(params)
    assert penalty == 5 + 4
    np.testing.assert_allclose(gradients['weight_ih_l0'], [[0.6, 0], [0, 0.8]], rtol=1e-6)
    np.testing.assert_array_equal(gradients['weight_hh_l0'], 0)
    np.testing.assert_allclose(gradients['head_weight'], 0.5, rtol=1e-6)
    assert gradients['head_bias'] == 0


def test_l2_is_on_weights_only():
    params = {
        'params': {
            'weight_hh_l0': jnp.full((2, 2), 3.0),
            'bias_hh_l0': jnp.full(2, 5.0),
            'head_weight': jnp.ones((1, 2)),
        }
    }
    assert squared_weights(params) == 4 * 9 + 2

    states, population = _initial([0])
    key = population.keys[0]
    batch = _fresh_batches((), key, 0)(0)
    params = jax.tree.map(lambda x: x[0], states).params
    rate, l2 = 1.0, 0.3
    sgd = make_optimizer(OptimizerSettings('sgd', rate))
    start = TrainState(params, sgd.init(params))
    plain, _ = jax.jit(make_step(MODEL, sgd, metrics.bit_sequence))(start, batch, key)
    decayed, _ = jax.jit(make_step(MODEL, sgd, metrics.bit_sequence, l2))(start, batch, key)
    for name, value in params['params'].items():
        expected = plain.params['params'][name]
        if 'weight' in name:
            expected = expected - 2 * rate * l2 * value
        np.testing.assert_allclose(decayed.params['params'][name], expected, atol=1e-5)


@pytest.mark.quick
@pytest.mark.parametrize(
    'name, rmsprop_start',
    [
        ('adam', 0.0),
        ('sgd', 0.0),
        ('momentum', 0.0),
        ('rmsprop', 0.0),
        ('rmsprop', 1.0),
        ('adagrad', 0.0),
    ],
)
def test_optimizers_against_their_equations(name, rmsprop_start, x64):
    rng = np.random.default_rng(0)
    x = rng.normal(size=3)
    settings = OptimizerSettings(
        name,
        0.1,
        momentum=0.9,
        weight_decay=0.01,
        rmsprop_decay=0.99,
        rmsprop_start=rmsprop_start,
    )
    optimizer = make_optimizer(settings)
    params = jnp.array(x)
    state = optimizer.init(params)
    m = np.zeros(3)
    v = np.full(3, 0.1 if name == 'adagrad' else rmsprop_start)
    for t in range(1, 6):
        gradient = rng.normal(size=3)
        updates, state = optimizer.update(jnp.array(gradient), state, params)
        params = optax.apply_updates(params, updates)
        g = gradient + 0.01 * x  # the decay is coupled, as torch.optim's
        if name == 'adam':
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        elif name == 'rmsprop':
            v = 0.99 * v + 0.01 * g**2
            x = x - 0.1 * g / (np.sqrt(v) + 1e-8)
        elif name == 'adagrad':
            v = v + g**2
            x = x - 0.1 * g / np.sqrt(v + 1e-7)
        elif name == 'momentum':
            m = 0.9 * m + g
            x = x - 0.1 * m
        else:
            x = x - 0.1 * g
        np.testing.assert_allclose(params, x, rtol=1e-7)


@pytest.mark.quick
def test_a_ragged_last_batch():
    examples = Examples(jnp.arange(10) * 2, jnp.arange(10), None)
    order = jnp.array([9, 8, 7, 6, 5, 4, 3])
    batch_at = batches_in_order(examples, order, 3)
    batches = [batch_at(i) for i in range(3)]
    seen = np.concatenate([batch.targets[batch.weights > 0] for batch in batches])
    np.testing.assert_array_equal(seen, order)
    np.testing.assert_array_equal(batches[2].weights, [1, 0, 0])
    assert batches[0].lengths is None


def test_evaluation_in_batches_is_evaluation_at_once():
    states, _ = _initial([0, 1, 2])
    examples = jax.device_get(_sample(jax.random.key(9), 103))
    score_batch = make_score_batch(MODEL, metrics.bit_sequence, lambda x: x, seeds_at_once=2)
    evaluation = evaluate_in_batches(jax.jit(score_batch), states.params, examples, 25)
    for seed in range(3):
        params = jax.tree.map(lambda x, seed=seed: x[seed], states.params)
        logits, _ = jax.jit(MODEL.apply)(params, examples.inputs, examples.lengths)
        expected = metrics.bit_sequence(logits, examples.targets, examples.lengths)
        for name, values in evaluation.scores.items():
            np.testing.assert_allclose(values[seed], expected[name], atol=1e-6)
        np.testing.assert_array_equal(evaluation.outputs[seed], logits[..., 0] > 0)
