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
    rows = jnp.arange(size)

    def eliminate(column, state):
        table, was_pivot, order = state
        values = table[:, column]
        # A row is a pivot once. Rows stay in place: to move them would cost a gather.
        pivot = jnp.argmax(jnp.where(was_pivot, -1.0, jnp.abs(values)))
        is_pivot = rows == pivot
        pivot_row = jnp.where(is_pivot[:, None], table, 0.0).sum(0)
        scaled_row = pivot_row / pivot_row[column]
        reduced = table - jnp.outer(values, scaled_row)
        table = jnp.where(is_pivot[:, None], scaled_row, reduced)
        return table, was_pivot | is_pivot, order.at[column].set(pivot)

    # The matrix beside the identity: when the left half has become a permutation of the identity,
    # the right half is the inverse with its rows in another order.
    table = jnp.concatenate([matrix, jnp.eye(size, dtype=matrix.dtype)], axis=1)
    start = (table, jnp.zeros(size, bool), jnp.zeros(size, int))
    table, _, order = lax.fori_loop(0, size, eliminate, start)
    return table[order, size:]


@inverse.defjvp
def _inverse_jvp(primals, tangents):
    (matrix,), (change,) = primals, tangents
    result = inverse(matrix)
    return result, -result @ change @ result
