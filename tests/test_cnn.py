"""The CNN: parameters, convolution and pooling with their gradients, and the backward rules."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jaxdl.models.activations import ACTIVATIONS, activation
from jaxdl.models.cnn import CNN, convolve, max_pool


@pytest.mark.parametrize(
    'shape, parameters',
    [
        ((28, 28, 1), 3_274_634),
        ((32, 32, 1), 832 + 51_264 + 4_195_328 + 10_250),
        ((32, 32, 3), 2432 + 51_264 + 4_195_328 + 10_250),
    ],
)
def test_parameters(shape, parameters):
    params = jax.eval_shape(
        lambda key: CNN(shape=shape).init(key, jnp.zeros((1, *shape))), jax.random.key(0)
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


@pytest.mark.parametrize(
    'channels, maps, pad, size',
    [(1, 32, 2, 5), (3, 6, 2, 5), (32, 8, 2, 5), (5, 4, 0, 5), (40, 3, 1, 3)],
)
def test_convolution_and_its_gradients(channels, maps, pad, size, x64):
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (3, 8, 10, channels))
    w = jax.random.normal(keys[1], (size, size, channels, maps))

    def plain(x, w):
        return lax.conv_general_dilated(
            x, w, (1, 1), ((pad, pad),) * 2, dimension_numbers=('NHWC', 'HWIO', 'NHWC')
        )

    expected, pullback = jax.vjp(plain, x, w)
    found, own_pullback = jax.vjp(lambda x, w: convolve(x, w, pad), x, w)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    d = jax.random.normal(keys[2], expected.shape)
    for own, reference in zip(own_pullback(d), pullback(d)):
        np.testing.assert_allclose(own, reference, rtol=1e-10, atol=1e-10)


def test_convolution_is_the_sum_over_taps(x64):
    x, w = (
        np.random.default_rng(0).normal(size=(1, 4, 4, 2)),
        np.random.default_rng(1).normal(size=(3, 3, 2, 1)),
    )
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    expected = [
        [np.sum(padded[i : i + 3, j : j + 3] * w[..., 0]) for j in range(4)] for i in range(4)
    ]
    np.testing.assert_allclose(convolve(x, w, 1)[0, ..., 0], expected)


def test_convolution_under_vmap(x64):
    x, w = (
        jax.random.normal(jax.random.key(0), (2, 3, 6, 6, 4)),
        jax.random.normal(jax.random.key(1), (2, 5, 5, 4, 3)),
    )

    def loss(x, w):
        return jnp.sum(convolve(x, w, 2) ** 3)

    together = jax.vmap(jax.grad(loss, (0, 1)))(x, w)
    for i in range(2):
        for a, b in zip(together, jax.grad(loss, (0, 1))(x[i], w[i])):
            np.testing.assert_allclose(a[i], b, rtol=1e-9, atol=1e-9)


def test_pooling_gives_the_gradient_to_the_first_maximum(x64):
    x = np.random.default_rng(0).integers(0, 3, (2, 6, 4, 3)).astype(float)  # most windows tie
    pooled, pullback = jax.vjp(max_pool, jnp.array(x))
    d = np.random.default_rng(1).normal(size=pooled.shape)
    expected = np.zeros_like(x)
    for n, i, j, k in np.ndindex(*pooled.shape):
        window = x[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
        assert pooled[n, i, j, k] == window.max()
        row, column = np.unravel_index(window.argmax(), (2, 2))
        expected[n, 2 * i + row, 2 * j + column, k] = d[n, i, j, k]
    np.testing.assert_array_equal(pullback(jnp.array(d))[0], expected)


@pytest.mark.parametrize('name', ACTIVATIONS)
def test_backward_rules(name):
    x, signal = (
        jnp.array([-2.0, -0.5, 0.5, 2.0, -1.0, 3.0]),
        jnp.array([1.0, -1.0, 1.0, -1.0, -3.0, 3.0]),
    )
    slope = 0.2 if name == 'leaky_relu' else 0.0
    rectified = jnp.where(signal > 0, signal, slope * signal)
    gradient = jax.vmap(jax.grad(ACTIVATIONS[name]))(x)
    expected = {
        'gradient': signal * gradient,
        'deconvnet': rectified,
        'guided': rectified * gradient,
    }
    for rule in expected:
        values, pullback = jax.vjp(activation(name, rule), x)
        np.testing.assert_array_equal(values, ACTIVATIONS[name](x))
        own = expected[rule if name in ('relu', 'leaky_relu') else 'gradient']
        np.testing.assert_allclose(pullback(signal)[0], own, rtol=1e-6)


def test_dropout_is_on_the_dense_layer_and_in_training_only():
    model = CNN(4, (8, 8, 1), (3, 4), 50, dropout=0.5)
    images = jax.random.normal(jax.random.key(0), (2, 8, 8, 1))
    params = model.init(jax.random.key(1), images)
    (a, layers), (b, _), (c, _) = (
        model.apply(params, images, train=train, rngs={'dropout': jax.random.key(i)})
        for i, train in enumerate((True, True, False))
    )
    assert not np.allclose(a, b) and not np.allclose(a, c)
    np.testing.assert_allclose(
        c,
        layers['dense'] @ params['params']['head_weight'].T + params['params']['head_bias'],
        rtol=1e-5,
    )


def test_an_unknown_rule_is_no_rule():
    with pytest.raises(KeyError):
        activation('relu', 'guidd')
