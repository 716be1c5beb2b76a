from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxdl.models.rnn import ACTIVATIONS, CELLS, RNN, recur

REFERENCE = np.load(Path(__file__).parent / 'reference' / 'torch_rnn.npz')
CASES = sorted({tuple(name.split('/')[:3]) for name in REFERENCE})


@pytest.mark.parametrize('kind, layers, directions', CASES)
def test_outputs_and_gradients_are_torchs(kind, layers, directions, x64):
    known = {
        name.split('/', 3)[3]: REFERENCE[name]
        for name in REFERENCE
        if name.startswith(f'{kind}/{layers}/{directions}/')
    }
    cell, activation = kind.split('-')
    model = RNN(1, 4, cell, int(layers), directions == '2', activation)
    weights = {
        name.removeprefix('param/'): value
        for name, value in known.items()
        if name.startswith('param/')
    }
    head = {'head_weight': np.eye(1, 4 * int(directions)), 'head_bias': np.zeros(1)}

    def states(weights, inputs):
        logits, intermediates = model.apply({'params': {**weights, **head}}, inputs)
        return intermediates[f'layer{int(layers) - 1}'], logits

    output, logits = jax.jit(states)(weights, known['inputs'])
    np.testing.assert_allclose(output, known['output'], rtol=0, atol=1e-12)
    np.testing.assert_allclose(logits[:, 0], known['last'][:, 0], rtol=0, atol=1e-12)
    gradient = jax.jit(
        jax.grad(lambda *args: jnp.sum(states(*args)[0] * known['mix']), argnums=(0, 1))
    )
    gradients = gradient(weights, known['inputs'])
    np.testing.assert_allclose(gradients[1], known['grad/inputs'], rtol=0, atol=1e-11)
    for name, gradient in gradients[0].items():
        np.testing.assert_allclose(
            gradient, known[f'grad/{name}'], rtol=0, atol=1e-11, err_msg=name
        )


@pytest.mark.parametrize('cell', CELLS)
@pytest.mark.parametrize('activation', ['tanh', 'relu'])
@pytest.mark.parametrize('written_out', [0, 400])
def test_gradient_against_finite_differences(cell, activation, written_out, x64, monkeypatch):
    monkeypatch.setattr('jaxdl.models.rnn.WRITTEN_OUT', written_out)
    rng = np.random.default_rng(0)
    gates = CELLS[cell].gates
    args = [
        jnp.array(rng.normal(size=shape))
        for shape in ((5, 2, 2), (gates * 3, 2), (gates * 3, 3), (gates * 3,), (gates * 3,))
    ]
    mix = rng.normal(size=(5, 2, 3))

    @jax.jit
    def loss(args):
        return jnp.sum(recur(CELLS[cell], ACTIVATIONS[activation], *args) * mix)

    gradients = jax.jit(jax.grad(loss))(args)
    for i, (arg, gradient) in enumerate(zip(args, gradients)):
        direction = rng.normal(size=arg.shape)
        ends = [
            loss([*args[:i], arg + sign * 1e-6 * direction, *args[i + 1 :]]) for sign in (1, -1)
        ]
        np.testing.assert_allclose(
            jnp.sum(gradient * direction), (ends[0] - ends[1]) / 2e-6, rtol=1e-6
        )


def _net(**fields):
    model = RNN(2, 4, **fields)
    inputs = jax.random.normal(jax.random.key(1), (3, 7, 3))
    return model, jax.jit(model.init)(jax.random.key(0), inputs), inputs


@pytest.mark.parametrize('cell', CELLS)
@pytest.mark.parametrize('bidirectional', [False, True])
@pytest.mark.parametrize('every_step', [False, True])
def test_padding_changes_nothing(cell, bidirectional, every_step):
    model, params, inputs = _net(
        cell=cell, layers=2, bidirectional=bidirectional, every_step=every_step
    )
    apply = jax.jit(model.apply)
    together, _ = apply(params, inputs, jnp.array([2, 7, 5]))
    for row, n in enumerate((2, 7, 5)):
        alone, _ = apply(params, inputs[row : row + 1, :n])
        expected = together[row, :n] if every_step else together[row]
        np.testing.assert_allclose(alone[0], expected, atol=1e-6)


@pytest.mark.parametrize('cell', CELLS)
def test_one_direction_is_causal_and_two_are_not(cell):
    for bidirectional in (False, True):
        model, params, inputs = _net(
            cell=cell, layers=2, bidirectional=bidirectional, every_step=True
        )
        jacobian = jax.jit(jax.jacobian(lambda x: model.apply(params, x)[0][0, :, 0]))
        slope = jacobian(inputs)[:, 0].sum(-1)  # (T out, T in)
        later = np.abs(slope[np.triu_indices(7, 1)])
        assert np.all(later > 0) if bidirectional else np.all(later == 0)
        assert np.all(np.abs(slope[np.tril_indices(7)]) > 0)


def test_parameter_counts_and_initializers():
    model = RNN(10, 128, 'lstm')
    params = model.init(jax.random.key(0), jnp.zeros((1, 28, 28)))
    assert (
        sum(leaf.size for leaf in jax.tree.leaves(params))
        == 4 * 128 * (28 + 128 + 2) + 128 * 10 + 10
    )
    assert all(np.abs(leaf).max() <= 128**-0.5 for leaf in jax.tree.leaves(params))
    model = RNN(
        10, 128, 'lstm', initializer='glorot_uniform', head_initializer='normal', forget_bias=1.0
    )
    params = model.init(jax.random.key(0), jnp.zeros((1, 28, 28)))['params']
    limit = (6 / (28 + 4 * 128)) ** 0.5
    assert 0.98 * limit < np.abs(params['weight_ih_l0']).max() <= limit
    np.testing.assert_array_equal(params['bias_ih_l0'], np.repeat([0.0, 1.0, 0.0, 0.0], 128))
    assert 0.9 < params['head_weight'].std() < 1.1


def test_dropout_acts_in_training_only():
    model, params, inputs = _net(cell='gru', dropout=0.5)
    still = jax.jit(model.apply)(params, inputs)[0]
    np.testing.assert_array_equal(still, jax.jit(RNN(2, 4, 'gru').apply)(params, inputs)[0])
    dropped = jax.jit(
        jax.vmap(lambda key: model.apply(params, inputs, train=True, rngs={'dropout': key})[0])
    )(jax.random.split(jax.random.key(3), 400))
    assert np.ptp(dropped, axis=0).min() > 0
    np.testing.assert_allclose(np.mean(dropped, axis=0), still, atol=0.12)


@pytest.mark.parametrize('cell', CELLS)
def test_state_noise_is_added_to_every_state_and_passed_by_the_gradient(cell, x64):
    """Against a plain loop over time that autodiff differentiates."""
    kind, act = CELLS[cell], ACTIVATIONS['tanh']
    rows = kind.gates * 3
    shapes = (4, 2, 5), (rows, 5), (rows, 3), (rows,), (rows,), (4, kind.states, 2, 3)
    *args, noise = (jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate(shapes))

    def plain(x, w_x, w_h, b_x, b_h):
        carry, hidden = (jnp.zeros((2, 3)),) * kind.states, []
        for step, shock in zip(x, 0.1 * noise):
            z = kind.inputs(step @ w_x.T + b_x, carry[0] @ w_h.T + b_h)
            carry = tuple(part + each for part, each in zip(kind.step(act, carry, *z), shock))
            hidden.append(carry[0])
        return jnp.stack(hidden)

    def own(*args):
        return recur(kind, act, *args, 0.1 * noise)

    np.testing.assert_allclose(own(*args), plain(*args), atol=1e-12)
    for a, b in zip(
        *(jax.grad(lambda *args: jnp.sum(f(*args) ** 3), range(5))(*args) for f in (own, plain))
    ):
        np.testing.assert_allclose(a, b, atol=1e-10)


def test_state_noise_acts_in_training_only():
    model = RNN(1, 4, 'gru', state_noise=0.5)
    inputs = jnp.ones((2, 5, 3))
    params = model.init(jax.random.key(0), inputs)
    quiet, same = (model.apply(params, inputs)[0] for _ in range(2))
    loud = model.apply(params, inputs, train=True, rngs={'dropout': jax.random.key(1)})[0]
    np.testing.assert_array_equal(quiet, same)
    assert not np.allclose(quiet, loud)
