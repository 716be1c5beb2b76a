"""Products rounded as accelerators round them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from experiments.benchmark.precision import (
    ADDER_CONFIG,
    NO_SUMS,
    PrecisionRow,
    ProofRow,
    measure_precision,
    measure_proofs,
    precision_table,
    proof_table,
    rounded_products,
)
from jaxdl.metrics import Summary


def normal(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def to_bfloat16(x):
    return x.astype(jnp.bfloat16).astype(jnp.float32)


@pytest.mark.quick
def test_a_product_is_that_of_rounded_operands():
    a, b = normal(0, 4, 300), normal(1, 300, 5)
    with rounded_products(7):
        actual = jax.jit(lambda a, b: a @ b)(a, b)
    np.testing.assert_allclose(actual, to_bfloat16(a) @ to_bfloat16(b), rtol=1e-5, atol=1e-5)
    assert np.abs(actual - a @ b).max() > 1e-3
    with rounded_products(23):
        unrounded = jax.jit(lambda a, b: a @ b)(a, b)
    np.testing.assert_allclose(unrounded, a @ b, rtol=1e-6)


@pytest.mark.quick
def test_products_inside_of_loops_branches_and_gradients():
    """Of a number that is its own product: 1.003 is 1 in bfloat16, and its powers too."""

    def power(x):
        def multiply(product, _):
            return lax.cond(product[0] > 0, lambda: product @ x, lambda: product), None

        product, _ = lax.scan(multiply, jnp.ones(1), length=3)
        return product[0]

    x = jnp.full((1, 1), 1.003)
    with rounded_products(7):
        value, gradient = jax.jit(jax.value_and_grad(power))(x)
    assert value == 1
    assert gradient == 3
    value, gradient = jax.jit(jax.value_and_grad(power))(x)
    np.testing.assert_allclose(value, 1.003**3, rtol=1e-6)
    np.testing.assert_allclose(gradient[0, 0], 3 * 1.003**2, rtol=1e-6)


def test_a_convolution_is_that_of_rounded_operands():
    x, w = normal(0, 2, 6, 6, 3), normal(1, 3, 3, 3, 4)

    def convolve(x, w):
        numbers = ('NHWC', 'HWIO', 'NHWC')
        return lax.conv_general_dilated(x, w, (1, 1), 'SAME', dimension_numbers=numbers)

    with rounded_products(7):
        actual = jax.jit(convolve)(x, w)
    expected = convolve(to_bfloat16(x), to_bfloat16(w))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(actual - convolve(x, w)).max() > 1e-3


@pytest.mark.quick
def test_tables():
    score = Summary(0.5, 0.25)
    rows = [
        PrecisionRow('a net', 'TF32', score, Summary(1.0, None)),
        PrecisionRow('an adder', 'bfloat16', score, score, 3, 0),
    ]
    lines = precision_table(rows).splitlines()
    assert lines[2] == '| a net | TF32 | 50.00 ± 25.00 % |  | 100.00 % |  |'
    assert lines[3] == '| an adder | bfloat16 | 50.00 ± 25.00 % | 3 | 50.00 ± 25.00 % | 0 |'
    row = ProofRow('TF32', nets=5, step_error=0.00123, covered=4, falsified=1)
    assert proof_table([row]).splitlines()[2] == '| TF32 | 5 | 1.2e-03 | 4 | 1 |'


@pytest.mark.slow
def test_adders_are_measured():
    small = replace(ADDER_CONFIG, seeds=2, epochs=1, train_size=640)
    rows = measure_precision('', {'adder': small}, notify=lambda line: None)
    assert [row.net for row in rows] == ['adder'] * 3 + [NO_SUMS] * 3
    float32, _, coarsest = rows[:3]
    assert float32.trained == float32.tested
    assert 0 <= coarsest.trained_wrong <= 2


@pytest.mark.slow
def test_proofs_are_measured():
    config = replace(ADDER_CONFIG, cell='rnn', seeds=3, state_noise=0.1, epochs=5)
    rows = measure_proofs(config, steps=1500)
    assert [row.products for row in rows] == ['float32', 'TF32', 'bfloat16']
    errors = [row.step_error for row in rows]
    assert errors == sorted(errors)
    assert errors[0] == 0 < errors[1]
    assert rows[0].covered == rows[0].nets > 0
