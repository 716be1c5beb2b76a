"""The recurrent nets: outputs and gradients, padding, parameters, dropout and noise."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.models.activations import ACTIVATIONS
from jaxdl.models.recurrence import CELLS, unroll
from jaxdl.models.rnn import RNN

pytestmark = pytest.mark.usefixtures('quick_compilation')

# Made by reference/make_torch.py. Names are '<cell>-<activation>/<layers>/<directions>/<what>'.
REFERENCE = np.load(Path(__file__).parent / 'reference' / 'torch_rnn.npz')
CASES = sorted({tuple(name.split('/')[:3]) for name in REFERENCE})


def with_prefix(prefix, arrays):
    """The arrays whose names start with a prefix, which is taken off."""
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}


def cases():
    """CASES; two layers in two directions have in them what two in one, or one in two, have."""
    params = []
    for kind, layers, directions in CASES:
        marks = [] if layers == directions else [pytest.mark.slow]
        params.append(pytest.param(kind, layers, directions, marks=marks))
    return params


@pytest.mark.parametrize('kind, layers, directions', cases())
def test_outputs_and_gradients_are_those_of_torch(kind, layers, directions, x64):
    expected = with_prefix(f'{kind}/{layers}/{directions}/', REFERENCE)
    cell, activation = kind.split('-')
    layers = int(layers)
    directions = int(directions)
    model = RNN(
        outputs=1,
        hidden=4,
        cell=cell,
        layers=layers,
        bidirectional=directions == 2,
        activation=activation,
    )
    weights = with_prefix('param/', expected)
    # The logit is the first of the last layer's final states.
    head = {'head_weight': np.eye(1, 4 * directions), 'head_bias': np.zeros(1)}

    def apply(weights, inputs):
        logits, intermediates = model.apply({'params': {**weights, **head}}, inputs)
        return intermediates[f'layer{layers - 1}'], logits

    def loss(weights, inputs):
        states, logits = apply(weights, inputs)
        return jnp.sum(states * expected['mix']), (states, logits)

    gradient = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))
    (d_weights, d_inputs), (states, logits) = gradient(weights, expected['inputs'])
    np.testing.assert_allclose(states, expected['output'], rtol=0, atol=1e-12)
    np.testing.assert_allclose(logits[:, 0], expected['last'][:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(d_inputs, expected['grad/inputs'], rtol=0, atol=1e-11)
    for name, d_weight in d_weights.items():
        np.testing.assert_allclose(
            d_weight, expected[f'grad/{name}'], rtol=0, atol=1e-11, err_msg=name
        )


@pytest.mark.parametrize('cell', CELLS)
@pytest.mark.parametrize('activation', ['tanh', pytest.param('relu', marks=pytest.mark.slow)])
@pytest.mark.parametrize('largest_expanded', [0, 400])
def test_gradient_against_finite_differences(cell, activation, largest_expanded, x64, monkeypatch):
    monkeypatch.setattr('jaxdl.models.recurrence.LARGEST_EXPANDED_MATRIX', largest_expanded)
    rng = np.random.default_rng(0)
    steps, batch, inputs, hidden = 5, 2, 2, 3
    rows = CELLS[cell].gates * hidden
    shapes = [(steps, batch, inputs), (rows, inputs), (rows, hidden), (rows,), (rows,)]
    args = [jnp.array(rng.normal(size=shape)) for shape in shapes]
    mix = rng.normal(size=(steps, batch, hidden))

    @jax.jit
    def loss(args):
        states = unroll(CELLS[cell], ACTIVATIONS[activation], *args)
        return jnp.sum(states * mix)

    gradients = jax.jit(jax.grad(loss))(args)
    for i, gradient in enumerate(gradients):
        direction = rng.normal(size=args[i].shape)
        above = list(args)
        above[i] = args[i] + 1e-6 * direction
        below = list(args)
        below[i] = args[i] - 1e-6 * direction
        slope = (loss(above) - loss(below)) / 2e-6
        np.testing.assert_allclose(jnp.sum(gradient * direction), slope, rtol=1e-6)


STEPS = 7


def small_net(**fields):
    """A model, its parameters, and inputs (2, STEPS, 3)."""
    model = RNN(outputs=2, hidden=4, **fields)
    inputs = jax.random.normal(jax.random.key(1), (2, STEPS, 3))
    params = jax.jit(model.init)(jax.random.key(0), inputs)
    return model, params, inputs


@pytest.mark.parametrize(
    'cell',
    [
        'gru',
        pytest.param('rnn', marks=pytest.mark.slow),
        pytest.param('lstm', marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize('bidirectional', [False, True])
@pytest.mark.parametrize('every_step', [False, True])
def test_padding_changes_nothing(cell, bidirectional, every_step):
    model, params, inputs = small_net(
        cell=cell, layers=2, bidirectional=bidirectional, every_step=every_step
    )
    apply = jax.jit(model.apply)
    lengths = [3, 7]
    padded_logits, _ = apply(params, inputs, jnp.array(lengths))
    for row, length in enumerate(lengths):
        logits, _ = apply(params, inputs[row : row + 1, :length])
        expected = padded_logits[row, :length] if every_step else padded_logits[row]
        np.testing.assert_allclose(logits[0], expected, atol=1e-6)


def dependence(cell, bidirectional):
    """How much the logit after each step depends on the input at each step: (STEPS, STEPS)."""
    model, params, inputs = small_net(
        cell=cell, layers=2, bidirectional=bidirectional, every_step=True
    )

    def first_logit(inputs):
        logits, _ = model.apply(params, inputs)
        return logits[0, :, 0]

    jacobian = jax.jit(jax.jacobian(first_logit))(inputs)
    of_first_sequence = jacobian[:, 0]
    return np.abs(of_first_sequence.sum(-1))


@pytest.mark.parametrize('cell', CELLS)
def test_one_direction_is_causal(cell):
    slopes = dependence(cell, bidirectional=False)
    assert np.all(slopes[np.tril_indices(STEPS)] > 0)
    assert np.all(slopes[np.triu_indices(STEPS, 1)] == 0)


@pytest.mark.parametrize('cell', CELLS)
def test_two_directions_see_the_whole_sequence(cell):
    assert np.all(dependence(cell, bidirectional=True) > 0)


MNIST_ROWS = jnp.zeros((1, 28, 28))


@pytest.mark.quick
def test_number_and_range_of_parameters():
    model = RNN(outputs=10, hidden=128, cell='lstm')
    leaves = jax.tree.leaves(jax.jit(model.init)(jax.random.key(0), MNIST_ROWS))
    recurrent = 4 * 128 * (28 + 128 + 2)
    head = 128 * 10 + 10
    assert sum(leaf.size for leaf in leaves) == recurrent + head
    assert all(np.abs(leaf).max() <= 128**-0.5 for leaf in leaves)


def test_initializers_of_layers_and_head():
    model = RNN(
        outputs=10,
        hidden=128,
        cell='lstm',
        initializer='glorot_uniform',
        head_initializer='normal',
        gate_bias=1.0,
    )
    params = jax.jit(model.init)(jax.random.key(0), MNIST_ROWS)['params']
    limit = (6 / (28 + 4 * 128)) ** 0.5
    assert 0.98 * limit < np.abs(params['weight_ih_l0']).max() <= limit
    np.testing.assert_array_equal(params['bias_ih_l0'], np.repeat([0.0, 1.0, 0.0, 0.0], 128))
    assert 0.9 < params['head_weight'].std() < 1.1


@pytest.mark.quick
def test_gate_bias_is_added_in_both_gates_of_a_gru():
    model = RNN(outputs=1, hidden=2, cell='gru', initializer='glorot_joint', gate_bias=1.5)
    params = jax.jit(model.init)(jax.random.key(0), MNIST_ROWS)['params']
    np.testing.assert_array_equal(params['bias_ih_l0'], [1.5, 1.5, 1.5, 1.5, 0, 0])
    assert not params['bias_hh_l0'].any()


@pytest.mark.parametrize('cell, outputs', [('rnn', (50,)), ('lstm', (200,)), ('gru', (100, 50))])
def test_joint_kernels_read_inputs_and_states(cell, outputs):
    """TensorFlow 1 has kernels (28 + 50, outputs): a GRU one for its gates, and a candidate's."""
    model = RNN(outputs=1, hidden=50, cell=cell, initializer='glorot_joint')
    params = jax.jit(model.init)(jax.random.key(0), MNIST_ROWS)['params']
    for name in ('weight_ih_l0', 'weight_hh_l0'):
        blocks = np.split(params[name], np.cumsum(outputs)[:-1])
        for block, fan_out in zip(blocks, outputs, strict=True):
            limit = (6 / (28 + 50 + fan_out)) ** 0.5
            assert 0.98 * limit < np.abs(block).max() <= limit
            np.testing.assert_allclose(block.std(), limit / 3**0.5, rtol=0.05)


def test_dropout_acts_in_training_only():
    model, params, inputs = small_net(cell='gru', dropout=0.5)
    logits, _ = jax.jit(model.apply)(params, inputs)
    without_dropout = RNN(outputs=2, hidden=4, cell='gru')
    expected, _ = jax.jit(without_dropout.apply)(params, inputs)
    np.testing.assert_array_equal(logits, expected)

    def training_logits(key):
        logits, _ = model.apply(params, inputs, train=True, rngs={'dropout': key})
        return logits

    keys = jax.random.split(jax.random.key(3), 400)
    dropped = jax.jit(jax.vmap(training_logits))(keys)
    assert np.ptp(dropped, axis=0).min() > 0
    np.testing.assert_allclose(np.mean(dropped, axis=0), logits, atol=0.12)


@pytest.mark.parametrize('cell', CELLS)
def test_state_noise_is_added_to_every_state_and_passed_by_the_gradient(cell, x64):
    """Against a plain loop over time that autodiff differentiates."""
    kind = CELLS[cell]
    act = ACTIVATIONS['tanh']
    steps, batch, inputs, hidden = 4, 2, 5, 3
    rows = kind.gates * hidden
    shapes = [
        (steps, batch, inputs),
        (rows, inputs),
        (rows, hidden),
        (rows,),
        (rows,),
        (steps, kind.carry_size, batch, hidden),
    ]
    *args, noise = (jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes))
    noise = 0.1 * noise

    def plain_loop(x, w_x, w_h, b_x, b_h):
        carry = (jnp.zeros((batch, hidden)),) * kind.carry_size
        states = []
        for x_now, noise_now in zip(x, noise, strict=True):
            z_x = x_now @ w_x.T + b_x
            z_h = carry[0] @ w_h.T + b_h
            carry = kind.update(act, carry, *kind.pre_activations(z_x, z_h))
            carry = tuple(carry[i] + noise_now[i] for i in range(kind.carry_size))
            states.append(carry[0])
        return jnp.stack(states)

    def unrolled(*args):
        return unroll(kind, act, *args, noise)

    def gradients(function):
        def loss(*args):
            return jnp.sum(function(*args) ** 3)

        return jax.jit(jax.grad(loss, argnums=range(5)))(*args)

    states = jax.jit(unrolled)(*args)
    np.testing.assert_allclose(states, jax.jit(plain_loop)(*args), atol=1e-12)
    for gradient, expected in zip(gradients(unrolled), gradients(plain_loop), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-10)


def test_state_noise_acts_in_training_only():
    model = RNN(outputs=1, hidden=4, cell='gru', state_noise=0.5)
    inputs = jnp.ones((2, 5, 3))
    params = jax.jit(model.init)(jax.random.key(0), inputs)
    evaluate = jax.jit(model.apply)
    first, _ = evaluate(params, inputs)
    second, _ = evaluate(params, inputs)
    train = jax.jit(partial(model.apply, train=True))
    noisy, _ = train(params, inputs, rngs={'dropout': jax.random.key(1)})
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, noisy)
