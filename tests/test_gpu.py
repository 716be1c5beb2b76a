"""What only a GPU can show: pytest -m gpu -n0 runs these tests, which else are left out."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from computations import (
    SMALL,
    compute_in_process,
    config_of,
    data_sets_are_random,
    flatten,
    repeat,
    train_and_evaluate,
)

pytestmark = pytest.mark.gpu
# Of scores after a few steps. A GPU's tanh and exp are not those of a CPU to the last bits.
TOLERANCE = 1e-3


@pytest.fixture(autouse=True)
def gpu():
    """The first GPU; without one the test is skipped."""
    try:
        return jax.devices('gpu')[0]
    except RuntimeError:
        pytest.skip('JAX finds no GPU')


def open_epoch(task):
    with data_sets_are_random():
        return train_and_evaluate(replace(config_of(task, 'small'), mesh='seeds:1'))


def test_products_are_those_of_float32(gpu):
    random = np.random.default_rng(0)
    a = random.standard_normal((256, 512)).astype(np.float32)
    b = random.standard_normal((512, 128)).astype(np.float32)
    expected = a.astype(float) @ b
    product = jax.jit(jnp.matmul)(jax.device_put(a, gpu), jax.device_put(b, gpu))
    # TF32 errs by 1e-3 of the largest number, float32 by less than 1e-6.
    assert np.abs(product - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize('task', SMALL)
def test_an_epoch_is_that_of_a_cpu(task, tmp_path):
    on_cpu = compute_in_process(tmp_path / 'cpu.npz', 'small', 1, [task])
    on_gpu = flatten(open_epoch(task)())
    compared = 0
    for path, array in on_gpu.items():
        # Parameters may differ more, see test_same_numbers.py.
        if 'states' not in path and 'statistics' not in path:
            expected = on_cpu[f'{task}{path}']
            np.testing.assert_allclose(array, expected, rtol=TOLERANCE, atol=TOLERANCE)
            compared += 1
    assert compared > 2


@pytest.mark.parametrize('task', SMALL)
def test_an_epoch_has_the_same_bits_twice(task):
    repeat(open_epoch(task), 2)
