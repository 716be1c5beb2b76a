"""The inverse of a matrix, without LAPACK.

On a CPU of several devices jnp.linalg.inv can wait for ever: its kernel splits a large batch over
the threads of the host and holds its own thread meanwhile, and if the devices do so at once, none
is left to work (jaxlib 0.10.2).
"""

import jax
import jax.numpy as jnp
from jax import Array, lax


@jax.custom_jvp
def inverse(matrix: Array) -> Array:
    """The inverse of a matrix, by Gauss-Jordan elimination with partial pivoting.

    Args:
        matrix: (n, n). If it is singular, the result is not finite.

    Returns:
        (n, n).
    """
    size = len(matrix)
    identity = jnp.eye(size, dtype=matrix.dtype)

    def eliminate(column, state):
        left, right, was_pivot, order = state
        values = left[:, column]
        # A row is a pivot once. Rows stay in place: to move them would cost a gather.
        pivot = jnp.argmax(jnp.where(was_pivot, -1.0, jnp.abs(values)))
        is_pivot = jnp.arange(size) == pivot
        value = jnp.sum(jnp.where(is_pivot, values, 0.0))
        # From the other rows to subtract, so that their value becomes 0 and that of the pivot 1.
        factors = jnp.where(is_pivot, value - 1, values) / value
        left_row = jnp.where(is_pivot[:, None], left, 0.0).sum(0)
        right_row = jnp.where(is_pivot[:, None], right, 0.0).sum(0)
        return (
            left - jnp.outer(factors, left_row),
            right - jnp.outer(factors, right_row),
            was_pivot | is_pivot,
            order.at[column].set(pivot),
        )

    none = jnp.zeros(size, bool)
    start = (matrix, identity, none, jnp.zeros(size, int))
    _, rows, _, order = lax.fori_loop(0, size, eliminate, start)
    return rows[order]


@inverse.defjvp
def _inverse_jvp(primals, tangents):
    (matrix,), (change,) = primals, tangents
    result = inverse(matrix)
    return result, -result @ change @ result
