"""Bounds on the net states after every word of k symbols, in JAX.

Not trusted: the search uses them. The images form a tree: level j has one for each word of j
symbols, in lexicographic order (the first symbol counts most), so that words share the images of
their beginnings.

Shapes: X symbols, n numbers of a net state (h, for LSTM followed by c), D inputs.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from jaxdl.verify.bound_propagation import AffineForm, Params, step


def word_images(
    cell: str,
    params: Params,
    states: AffineForm,
    vectors: Array,
    word_steps: int,
    error: float = 0.0,
) -> list[AffineForm]:
    """Bounds a net in which every number of the state may be off by `error` after every step.

    Between two steps the errors become unknowns of their own, since the next step acts on all
    numbers of a state together.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        states: Before the word, (n,).
        vectors: The input vector of each symbol, (X, D).
        word_steps: Symbols of a word, k.
        error: Not negative.

    Returns:
        For each j from 1 to k the forms after all words of j symbols, whose leaves have an axis of
        X**j in front.
    """
    after_symbol = jax.vmap(partial(step, cell, params), (None, 0))
    after_symbols = jax.vmap(after_symbol, (0, None))
    levels = []
    beginnings = jax.tree.map(lambda leaf: leaf[None], states)
    for _ in range(word_steps):
        by_beginning_and_symbol = after_symbols(beginnings, vectors)
        images = jax.tree.map(_join_two_axes, by_beginning_and_symbol)
        images = images._replace(error=images.error + error)
        levels.append(images)
        beginnings = jax.vmap(_errors_to_unknowns)(images)
    return levels


def _join_two_axes(leaf: Array) -> Array:
    return leaf.reshape(leaf.shape[0] * leaf.shape[1], *leaf.shape[2:])


def _errors_to_unknowns(form: AffineForm) -> AffineForm:
    """The same form with an unknown for each number's error."""
    coefficients = jnp.concatenate([form.coefficients, jnp.diag(form.error)], axis=1)
    return AffineForm(form.centre, coefficients, jnp.zeros_like(form.error))
