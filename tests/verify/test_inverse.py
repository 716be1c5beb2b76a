"""The inverse without LAPACK is that of NumPy, and its gradient that of finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_built import adder_certificate, params_of
from jax.test_util import check_grads

from jaxdl.verify import search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.inverse import inverse
from jaxdl.verify.reached import reached
from jaxdl.verify.set_graph import set_graph


@pytest.mark.parametrize('size', [1, 2, 5, 20])
def test_it_is_that_of_numpy(size, x64):
    matrices = np.random.default_rng(0).normal(size=(50, size, size))
    inverses = jax.vmap(inverse)(jnp.array(matrices))
    np.testing.assert_allclose(inverses, np.linalg.inv(matrices), rtol=1e-8, atol=1e-8)


def test_rows_trade_places_where_a_pivot_is_zero():
    turn = jnp.array([[0.0, 2.0, 0.0], [0.0, 0.0, 4.0], [1.0, 0.0, 0.0]])
    expected = [[0.0, 0.0, 1.0], [0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]
    np.testing.assert_array_equal(inverse(turn), expected)


def test_a_singular_matrix_has_none():
    assert not np.isfinite(inverse(jnp.ones((3, 3)))).all()


def test_its_gradient_is_that_of_finite_differences(x64):
    generator = np.random.default_rng(1)
    matrix = jnp.array(np.eye(4) + 0.3 * generator.normal(size=(4, 4)))
    weights = jnp.array(generator.normal(size=(4, 4)))

    def weighted_sum(matrix):
        return (weights * inverse(matrix)).sum()

    check_grads(weighted_sum, (matrix,), order=1, modes=['fwd', 'rev'])


def test_a_search_has_no_kernel_that_waits_for_other_threads():
    """Two devices that run such kernels at once wait for each other for ever."""
    graph = set_graph(ADDER)
    params = params_of(adder_certificate())

    def find(params):
        boxes = reached('rnn', params, graph, ADDER, jax.random.key(0))
        return search.search('rnn', params, boxes, graph, ADDER, fine_tune=True)

    assert 'lapack' not in jax.jit(find).lower(params).as_text()
