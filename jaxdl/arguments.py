"""What public functions ask of their arguments, and what they say of others.

Shapes and dtypes are known while JAX traces, so that their checks cost a compiled program nothing.
Numbers are checked where there are any: not inside of jax.jit, jax.vmap and the like.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import UserError


def require_shape(name: str, array: Any, *sizes: int | str) -> None:
    """Raises UserError unless an array has as many axes as sizes, and these sizes.

    Args:
        name: Of the array, as the caller knows it.
        array: An array, or what should have been one.
        sizes: Of each axis: a number, or the letter of a size that is free.
    """
    given = None if array is None else np.shape(array)
    if given is not None and len(given) == len(sizes):
        pairs = zip(sizes, given, strict=True)
        if all(isinstance(size, str) or size == length for size, length in pairs):
            return
    expected = ', '.join(map(str, sizes))
    if len(sizes) == 1:
        expected += ','
    raise UserError(f'{name} must have the shape ({expected}), not {given}')


def require_integers(name: str, array: Any) -> None:
    """Raises UserError unless an array is one of integers."""
    _require_dtype(name, array, jnp.integer, 'integers')


def require_floats(name: str, array: Any) -> None:
    """Raises UserError unless an array is one of floating point numbers."""
    _require_dtype(name, array, jnp.floating, 'floating point numbers')


def _require_dtype(name, array, kind, kind_in_words):
    dtype = getattr(array, 'dtype', None)
    if dtype is None:
        raise UserError(f'{name} must be an array, not of type {type(array).__name__}')
    if not jnp.issubdtype(dtype, kind):
        raise UserError(f'{name} must be {kind_in_words}, not {dtype}')


def require_range(name: str, numbers: Any, low: int, high: int) -> None:
    """Raises UserError unless all numbers are from low to high; not while JAX traces them."""
    if isinstance(numbers, jax.core.Tracer):
        return
    numbers = np.asarray(numbers)
    outside = numbers[(numbers < low) | (numbers > high)]
    if outside.size:
        raise UserError(f'{name} must be from {low} to {high}, not {outside.flat[0]}')


def require_leading_axis(name: str, tree: Any, size: int) -> None:
    """Raises UserError unless all arrays of a pytree have a first axis of this size."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        shape = np.shape(leaf)
        if shape[:1] != (size,):
            place = name + jax.tree_util.keystr(path)
            raise UserError(f'{place} must have a first axis of {size}, not the shape {shape}')
