"""How far a bound on net states keeps the logits of an answer from being wrong, in JAX.

Not trusted: the search uses it.

Shapes: C constraints on the logits of an answer, n numbers of a net state (h, for LSTM followed by
c).
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxdl.verify.automaton import Automaton, answer_constraints
from jaxdl.verify.bound_propagation import AffineForm, Params, linear, radius


class AnswerSums(NamedTuple):
    """The sums of logits that must be positive where a net gives an answer; linear in h.

    Attributes:
        weight: (answers, C, units).
        bias: (answers, C).
    """

    weight: Array
    bias: Array


def answer_sums(automaton: Automaton, params: Params) -> AnswerSums:
    """The sums of a net's logits for each answer that an automaton can ask for."""
    constraints = []
    for answer in range(max(automaton.outputs, 2)):
        constraints.append(answer_constraints(automaton.outputs, answer))
    coefficients = jnp.array(constraints, float)  # (answers, C, logits)
    return AnswerSums(coefficients @ params['head_weight'], coefficients @ params['head_bias'])


def answer_gaps(sums: AnswerSums, answer: Array, states: AffineForm) -> Array:
    """From 0 to the sums (C,) on all net states of a form (n,).

    Args:
        sums: Of the net.
        answer: () that the net must give; infinite gaps for automaton_arrays.ANY_ANSWER.
        states: Of the net.
    """
    units = sums.weight.shape[-1]
    # The logits see h alone, of an LSTM too.
    hidden = AffineForm(
        states.centre[:units],
        states.coefficients[:units],
        states.error[:units],
    )
    bounded = linear(sums.weight[answer], sums.bias[answer], hidden)
    is_free = answer < 0  # ANY_ANSWER
    return jnp.where(is_free, jnp.inf, bounded.centre - radius(bounded))
