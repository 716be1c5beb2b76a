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
    Members,
    TrainState,
    address,
    in_order,
    init_state,
    make_epoch,
    make_evaluate,
    make_optimizer,
    make_step,
    squared_weights,
    Batch,
)

PINNED_LOSSES = [0.69200, 0.69336, 0.66967]
PINNED_HASHES = [
    '2b63b1e0d33d17f3',
    'e183ec1db7e6ad19',
    'ad25722a660c7cb6',
    'ace4be5a7d4d575c',
    'ec72f45e7a3783d7',
]
MODEL = RNN(1, 4, 'lstm', every_step=True)
ADAM = make_optimizer('adam', 1e-2)


def _sample(key, n):
    return sequences.binary_add(
        address(key, 1), sequences.uniform_lengths(address(key, 0), n, 1, 8), 8
    )


def _fresh(data, key, epoch):
    return lambda i: Batch(*_sample(address(key, DATA, epoch, i), 16), jnp.ones(16))


@functools.cache
def _epoch(steps=50):
    return jax.jit(make_epoch(make_step(MODEL, ADAM, metrics.bit_sequence), _fresh, steps))


def _states(seeds):
    keys = jax.vmap(jax.random.key)(jnp.array(seeds))
    inputs, _, lengths = _sample(keys[0], 2)
    return jax.jit(jax.vmap(lambda key: init_state(MODEL, ADAM, key, inputs, lengths)))(
        keys
    ), Members(keys, {})


def test_seeded_run_is_the_pinned_one():
    states, members = _states([0])
    _, means, _ = _epoch()(states, members, (), 0)
    np.testing.assert_allclose(means['loss'][0, [0, 1, 49]], PINNED_LOSSES, rtol=2e-4)
    assert means['loss'][0, -5:].mean() < means['loss'][0, :5].mean()


def test_seeded_data_and_order_are_the_pinned_ones():
    inputs, targets, lengths = _sample(address(jax.random.key(0), DATA), 100)
    order = jax.random.permutation(address(jax.random.key(0), ORDER, 3), 1000)
    digits = sequences.recall(jax.random.key(0), jnp.full(100, 9), 9, 2)[0]
    found = [
        hashlib.sha256(np.asarray(array, np.uint32).tobytes()).hexdigest()[:16]
        for array in (inputs, targets, lengths, order, digits)
    ]
    assert found == PINNED_HASHES


def test_a_population_is_its_members():
    states, members = _states([3, 4, 5])
    together, means, _ = _epoch()(states, members, (), 0)
    alone, mean, _ = _epoch()(*_states([4]), (), 0)
    np.testing.assert_allclose(means['loss'][1], mean['loss'][0], rtol=1e-4)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a[1], b[0], atol=1e-4),
        together.params,
        alone.params,
    )


def test_l2_is_on_weights_only():
    params = {
        'params': {
            'weight_hh_l0': jnp.full((2, 2), 3.0),
            'bias_hh_l0': jnp.full(2, 5.0),
            'head_weight': jnp.ones((1, 2)),
        }
    }
    assert squared_weights(params) == 4 * 9 + 2
    states, members = _states([0])
    batch = _fresh((), members.keys[0], 0)(0)
    state = jax.tree.map(lambda x: x[0], states)
    rate, l2 = 1.0, 0.3
    sgd = make_optimizer('sgd', rate)
    start = TrainState(state.params, sgd.init(state.params))
    plain, _ = jax.jit(make_step(MODEL, sgd, metrics.bit_sequence))(start, batch, members.keys[0])
    decayed, _ = jax.jit(make_step(MODEL, sgd, metrics.bit_sequence, l2))(
        start, batch, members.keys[0]
    )
    for name, value in state.params['params'].items():
        expected = plain.params['params'][name] - (2 * rate * l2 * value if 'weight' in name else 0)
        np.testing.assert_allclose(decayed.params['params'][name], expected, atol=1e-5)


@pytest.mark.parametrize(
    'name, start',
    [
        ('adam', 0.0),
        ('sgd', 0.0),
        ('momentum', 0.0),
        ('rmsprop', 0.0),
        ('rmsprop', 1.0),
        ('adagrad', 0.0),
    ],
)
def test_optimizers_against_their_equations(name, start, x64):
    rng = np.random.default_rng(0)
    x = rng.normal(size=3)
    optimizer = make_optimizer(
        name, 0.1, momentum=0.9, rmsprop_decay=0.99, weight_decay=0.01, rmsprop_start=start
    )
    params = jnp.array(x)
    state = optimizer.init(params)
    m, v = np.zeros(3), np.full(3, 0.1 if name == 'adagrad' else start)
    for t in range(1, 6):
        gradient = rng.normal(size=3)
        updates, state = optimizer.update(jnp.array(gradient), state, params)
        params = optax.apply_updates(params, updates)
        g = gradient + 0.01 * x  # coupled decay, as torch.optim's
        if name == 'adam':
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        elif name == 'rmsprop':
            v = 0.99 * v + 0.01 * g**2
            x = x - 0.1 * g / (np.sqrt(v) + 1e-8)
        elif name == 'adagrad':
            v = v + g**2
            x = x - 0.1 * g / np.sqrt(v + 1e-7)
        else:
            m = (0.9 * m if name == 'momentum' else 0) + g
            x = x - 0.1 * m
        np.testing.assert_allclose(params, x, rtol=1e-7)


def test_a_ragged_last_batch():
    arrays = jnp.arange(10) * 2, jnp.arange(10), None
    order = jnp.array([9, 8, 7, 6, 5, 4, 3])
    batches = [in_order(arrays, order, 3)(i) for i in range(3)]
    taken = np.concatenate([batch.targets[batch.weights > 0] for batch in batches])
    np.testing.assert_array_equal(taken, order)
    np.testing.assert_array_equal(batches[2].weights, [1, 0, 0])
    assert batches[0].lengths is None


def test_evaluation_in_parts_is_evaluation_at_once():
    states, _ = _states([0, 1, 2])
    examples = jax.device_get(_sample(jax.random.key(9), 103))
    parts = make_evaluate(MODEL, metrics.bit_sequence, lambda x: x, batch_size=25, seeds_at_once=2)
    scores, bits = parts(states.params, examples)
    for seed in range(3):
        params = jax.tree.map(lambda x: x[seed], states.params)
        logits, _ = jax.jit(MODEL.apply)(params, examples[0], examples[2])
        expected = metrics.bit_sequence(logits, *examples[1:])
        for name in scores:
            np.testing.assert_allclose(scores[name][seed], expected[name], atol=1e-6)
        np.testing.assert_array_equal(bits[seed], logits[..., 0] > 0)
