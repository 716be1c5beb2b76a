"""The CNN: its parameters, and convolution and pooling with their gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxdl.models.cnn import CNN, Linear, convolve, max_pool

pytestmark = pytest.mark.usefixtures('quick_compilation')


@pytest.mark.quick
@pytest.mark.parametrize(
    'shape, parameters',
    [
        ((28, 28, 1), 3_274_634),
        ((32, 32, 1), 832 + 51_264 + 4_195_328 + 10_250),
        ((32, 32, 3), 2432 + 51_264 + 4_195_328 + 10_250),
    ],
)
def test_number_of_parameters(shape, parameters):
    def init(key):
        return CNN(shape=shape).init(key, jnp.zeros((1, *shape)))

    leaves = jax.tree.leaves(jax.eval_shape(init, jax.random.key(0)))
    assert sum(leaf.size for leaf in leaves) == parameters


@pytest.mark.parametrize(
    'channels, maps, padding, size',
    [(1, 32, 2, 5), (3, 6, 2, 5), (32, 8, 2, 5), (5, 4, 0, 5), (40, 3, 1, 3)],
)
def test_convolution_and_its_gradients(channels, maps, padding, size, x64):
    """Against the convolution of XLA and its autodiff."""
    x_key, w_key, d_key = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(x_key, (3, 8, 10, channels))
    w = jax.random.normal(w_key, (size, size, channels, maps))

    @jax.jit
    def convolve_by_xla(x, w):
        both_sides = (padding, padding)
        return lax.conv_general_dilated(
            x,
            w,
            (1, 1),
            (both_sides, both_sides),
            dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
        )

    expected, expected_pullback = jax.vjp(convolve_by_xla, x, w)
    y, pullback = jax.vjp(jax.jit(lambda x, w: convolve(x, w, padding)), x, w)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    d_y = jax.random.normal(d_key, expected.shape)
    for gradient, expected_gradient in zip(pullback(d_y), expected_pullback(d_y), strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-10, atol=1e-10)


def test_convolution_is_the_sum_over_taps(x64):
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 2))
    w = np.random.default_rng(1).normal(size=(3, 3, 2, 1))
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    expected = np.zeros((4, 4))
    for i, j in np.ndindex(4, 4):
        window = padded[i : i + 3, j : j + 3]
        expected[i, j] = np.sum(window * w[..., 0])
    np.testing.assert_allclose(convolve(x, w, 1)[0, ..., 0], expected)


def test_convolution_under_vmap(x64):
    x = jax.random.normal(jax.random.key(0), (2, 3, 6, 6, 4))
    w = jax.random.normal(jax.random.key(1), (2, 5, 5, 4, 3))

    def loss(x, w):
        return jnp.sum(convolve(x, w, 2) ** 3)

    gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))
    d_xs, d_ws = jax.jit(jax.vmap(gradient))(x, w)
    for i in range(2):
        d_x, d_w = gradient(x[i], w[i])
        np.testing.assert_allclose(d_xs[i], d_x, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(d_ws[i], d_w, rtol=1e-9, atol=1e-9)


def test_pooling_gives_the_gradient_to_the_first_maximum(x64):
    x = np.random.default_rng(0).integers(0, 3, (2, 6, 4, 3)).astype(float)  # most windows tie
    pooled, pullback = jax.vjp(max_pool, jnp.array(x))
    d_pooled = np.random.default_rng(1).normal(size=pooled.shape)
    expected = np.zeros_like(x)
    for n, i, j, k in np.ndindex(*pooled.shape):
        window = x[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
        assert pooled[n, i, j, k] == window.max()
        row, column = np.unravel_index(window.argmax(), (2, 2))
        expected[n, 2 * i + row, 2 * j + column, k] = d_pooled[n, i, j, k]
    (d_x,) = pullback(jnp.array(d_pooled))
    np.testing.assert_array_equal(d_x, expected)


def test_dropout_is_on_the_dense_layer_and_in_training_only():
    model = CNN(outputs=4, shape=(8, 8, 1), maps=(3, 4), hidden=50, dropout=0.5)
    images = jax.random.normal(jax.random.key(0), (2, 8, 8, 1))
    params = jax.jit(model.init)(jax.random.key(1), images)

    @jax.jit
    def logits_in_training(seed):
        logits, _ = model.apply(params, images, train=True, rngs={'dropout': jax.random.key(seed)})
        return logits

    logits, layers = jax.jit(model.apply)(params, images)
    assert not np.allclose(logits_in_training(0), logits_in_training(1))
    assert not np.allclose(logits_in_training(0), logits)
    head_weight = params['params']['head_weight']
    head_bias = params['params']['head_bias']
    expected = layers['dense'] @ head_weight.T + head_bias
    np.testing.assert_allclose(logits, expected, rtol=1e-5)


def test_linear_is_the_head_of_the_cnn():
    model = CNN(outputs=4, shape=(8, 8, 1), maps=(3, 4), hidden=50)
    images = jax.random.normal(jax.random.key(0), (2, 8, 8, 1))
    params = jax.jit(model.init)(jax.random.key(1), images)
    logits, layers = jax.jit(model.apply)(params, images)
    head = {name: params['params'][name] for name in ('head_weight', 'head_bias')}
    linear_logits, _ = Linear(outputs=4).apply({'params': head}, layers['dense'])
    np.testing.assert_allclose(linear_logits, logits, rtol=1e-6)


def test_other_platforms_have_the_same_gradients(monkeypatch, x64):
    """Of a whole net, with the branch that a CPU does not take."""
    model = CNN(outputs=5, shape=(12, 12, 3), maps=(3, 4), hidden=6)
    images = jax.random.normal(jax.random.key(0), (4, 12, 12, 3))
    params = jax.jit(model.init)(jax.random.key(1), images)
    branches = []

    def other_branch(*args, cpu, default):
        branches.append(default)
        return default(*args)

    def loss(params, images):
        logits, _ = model.apply(params, images)
        return (logits**2).sum()

    on_cpu = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(params, images)
    assert branches == []
    monkeypatch.setattr(lax, 'platform_dependent', other_branch)
    # Traced anew, with the other branch.
    elsewhere = jax.jit(jax.value_and_grad(partial(loss), argnums=(0, 1)))(params, images)
    assert len(branches) == 2  # one for each convolution
    for value, expected in zip(jax.tree.leaves(elsewhere), jax.tree.leaves(on_cpu), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)
