"""The automata against arithmetic on integers, and the sampler that the nets are trained on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.data import sequences
from jaxdl.verify import automaton_arrays
from jaxdl.verify.automaton import ADDER, answer_constraints, recall


@pytest.mark.quick
def test_the_adder_adds_integers():
    bits = np.random.default_rng(0).integers(0, 2, (50, 30, 2))
    symbols = 2 * bits[..., 0] + bits[..., 1]
    answers = automaton_arrays.run(ADDER, symbols).answers
    for row, answer in zip(bits, answers, strict=True):
        total = sequences.bits_to_int(row[:, 0]) + sequences.bits_to_int(row[:, 1])
        assert answer.tolist() == [total >> place & 1 for place in range(30)]


@pytest.mark.parametrize('k', [1, 3])
def test_recall_answers_the_digit_that_nets_are_trained_on(k):
    inputs, targets, _ = sequences.recall(jax.random.key(k), jnp.full(20, 9), 9, k)
    digits = np.asarray(inputs.argmax(-1))
    answers = automaton_arrays.run(recall(k), digits).answers
    assert (answers[:, : k - 1] == automaton_arrays.ANY_ANSWER).all()
    assert (answers[:, k - 1 :] == np.asarray(targets)[:, None]).all()


@pytest.mark.quick
def test_the_states_of_a_run():
    assert automaton_arrays.run(ADDER, np.array([[3, 1, 0, 1]])).states.tolist() == [[1, 1, 0, 0]]
    assert automaton_arrays.run(recall(2), np.array([[7, 4, 5]])).states.tolist() == [[1, 6, 6]]


def test_answer_constraints():
    assert answer_constraints(outputs=1, answer=0) == [(-1,)]
    assert answer_constraints(outputs=1, answer=1) == [(1,)]
    assert answer_constraints(outputs=3, answer=1) == [(-1, 1, 0), (0, 1, -1)]
