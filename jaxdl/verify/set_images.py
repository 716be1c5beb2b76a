"""What the words of k symbols make of a set of net states, and of the errors that a run carries.

Not trusted: the search for a cover (cover.py) uses it.

Shapes: W words of k symbols, X symbols, n numbers of a net state (h, for LSTM followed by c), m
unknowns of an image.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxdl.names import require_known
from jaxdl.verify import automaton_arrays
from jaxdl.verify.answer_gaps import answer_gaps, answer_sums
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import AffineForm, Params, step
from jaxdl.verify.cell_sizes import STATE_ARRAYS
from jaxdl.verify.requirements import require_automaton
from jaxdl.verify.word_images import word_images

# Standard deviation of the noise on the cell state of an LSTM, per unit of its distance from zero.
NOISE_PER_CELL_STATE = 10.0


class Images(NamedTuple):
    """What the words of k symbols make of a set.

    Attributes:
        centre: (W, n).
        unknowns: (W, n, m) the image is {centre + unknowns y : every |y_j| <= 1}.
        covariance: (W, n, n) of the errors that a run carries along.
        answer: () the smallest sum of logits that must be positive, over all steps of the words.
    """

    centre: np.ndarray
    unknowns: np.ndarray
    covariance: np.ndarray
    answer: np.ndarray


class SetImages(NamedTuple):
    """How to find the images of sets, for all nets of one cell and size and one automaton.

    Attributes:
        find: A compiled function of the params of a net and, for each of several sets, its
            automaton state, centre, generators and covariance of errors; returns Images whose
            leaves have an axis for the sets in front.
        next_state: (states, W) of the automaton after each word.
        state_size: n.
    """

    find: Callable[[Params, Array, Array, Array, Array], Images]
    next_state: np.ndarray
    state_size: int


def make_set_images(
    cell: str,
    units: int,
    automaton: Automaton,
    word_steps: int,
    error: float,
) -> SetImages:
    """Prepares the images of sets.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        units: Of the net.
        automaton: What the net must do.
        word_steps: k, the symbols of a word.
        error: Of each number of the net state in every step, which the images allow for.

    Raises:
        UserError: The automaton's tables are not whole, or there is no such cell.
    """
    require_automaton(automaton)
    require_known('cell', cell, STATE_ARRAYS)
    vectors = jnp.array(automaton.symbols, float)
    word_vectors = vectors[_words(len(vectors), word_steps)]
    states_along_words = _states_along_words(automaton, word_steps)
    required_answers = automaton_arrays.answer_table(automaton)

    def images(params, automaton_state, centre, generators, covariance):
        states = AffineForm(centre, generators, jnp.zeros(len(centre)))
        levels = word_images(cell, params, states, vectors, word_steps, error)
        sums = answer_sums(automaton, params)
        gaps = []
        for before, forms in zip(states_along_words, levels, strict=False):
            answers = jnp.array(required_answers[before])[automaton_state].reshape(-1)
            gaps.append(jax.vmap(partial(answer_gaps, sums))(answers, forms).min())
        last = levels[-1]
        errors = jax.vmap(jnp.diag)(last.error)
        carry = partial(_carry_errors, cell, params, centre, covariance)
        return Images(
            last.centre,
            jnp.concatenate([last.coefficients, errors], axis=-1),
            jax.vmap(carry)(word_vectors),
            jnp.stack(gaps).min(),
        )

    find = jax.jit(jax.vmap(images, (None, 0, 0, 0, 0)))
    return SetImages(find, states_along_words[-1], STATE_ARRAYS[cell] * units)


def _words(symbols: int, word_steps: int) -> np.ndarray:
    """All words (W, k), in lexicographic order."""
    return np.indices((symbols,) * word_steps).reshape(word_steps, -1).T


def _states_along_words(automaton: Automaton, word_steps: int) -> list[np.ndarray]:
    """The automaton states (states, X**j) after all words of j symbols, for j from 0 to k."""
    next_state = np.array(automaton.next_state)
    states = np.arange(len(next_state))[:, None]
    after_words = [states]
    for _ in range(word_steps):
        states = next_state[states].reshape(len(next_state), -1)
        after_words.append(states)
    return after_words


def _carry_errors(
    cell: str, params: Params, state: Array, covariance: Array, word_vectors: Array
) -> Array:
    """The covariance (n, n) of the errors after a word, along the run from a state (n,)."""

    def next_state(state, vector):
        point = AffineForm(state, jnp.zeros((len(state), 0)), jnp.zeros(len(state)))
        return step(cell, params, point, vector).centre

    def advance(carry, vector):
        state, covariance = carry
        jacobian = jax.jacfwd(next_state)(state, vector)
        state = next_state(state, vector)
        noise = jnp.diag(_noise_variance(cell, state))
        return (state, jacobian @ covariance @ jacobian.T + noise), None

    (_, covariance), _ = lax.scan(advance, (state, covariance), word_vectors)
    return covariance


def _noise_variance(cell: str, state: Array) -> Array:
    """The diagonal (n,) of N: 1, and more for the cell state of an LSTM where it hardly matters.

    The hidden state sees c through tanh(c), whose slope is 1 / cosh(c)**2.
    """
    if cell != 'lstm':
        return jnp.ones_like(state)
    hidden, cell_state = jnp.split(state, STATE_ARRAYS[cell])
    distance = jnp.abs(cell_state)
    # Beyond 9 the smaller one of the two is the line.
    until_h_moves = jnp.cosh(jnp.minimum(distance, 9.0)) ** 2
    deviation = jnp.minimum(until_h_moves, 1 + NOISE_PER_CELL_STATE * distance)
    return jnp.concatenate([jnp.ones_like(hidden), deviation**2])
