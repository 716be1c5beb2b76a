"""Falsification finds the shortest counterexample of a wrong net, and none of a correct one."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_built import adder_certificate, params_of, recall_certificate

from jaxdl.verify.automaton import ADDER, recall
from jaxdl.verify.counterexamples import describe_sum
from jaxdl.verify.falsify import falsify, share_correct_up_to


def stack(*params):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *params)


def forgetful(params):
    """An adder that forgets a carry where it should pass it on: 1 + 1, then 0 + 1."""
    return params | {'weight_hh_l0': params['weight_hh_l0'].at[1].mul(0.2)}


def test_the_shortest_wrong_sum_is_found():
    correct = params_of(adder_certificate())
    always_zero = correct | {'head_bias': jnp.array([-1.5])}
    nets = stack(correct, forgetful(correct), always_zero)
    nothing, carry, bit = falsify('rnn', ADDER, nets, jax.random.key(0))
    pairs = np.array(ADDER.symbols)

    assert nothing is None
    assert len(bit.symbols) == 1
    assert bit.answer == 0
    sums = ('0 + 1 = 1 modulo 2, answered 0', '1 + 0 = 1 modulo 2, answered 0')
    assert describe_sum(pairs[bit.symbols]) in sums
    assert pairs[carry.symbols].tolist() == [[1, 1], [0, 1]]
    assert describe_sum(pairs[carry.symbols]) == '1 + 3 = 0 modulo 4, answered 2'


def test_a_recall_net_that_confuses_two_digits():
    certificate = recall_certificate()
    wrong = copy.deepcopy(certificate)
    rows = wrong['weights']['head_weight']
    rows[3], rows[4] = rows[4], rows[3]
    nets = stack(params_of(certificate), params_of(wrong))
    nothing, confused = falsify('rnn', recall(1), nets, jax.random.key(0))
    assert nothing is None
    assert len(confused.symbols) == 1
    assert {confused.symbols[0], confused.answer} == {3, 4}


@pytest.mark.quick
def test_the_share_of_correct_sequences_falls_with_length():
    correct = params_of(adder_certificate())
    nets = stack(correct, forgetful(correct))
    shares = share_correct_up_to('rnn', ADDER, nets, jax.random.key(0), [1, 5, 100])
    assert shares[0].tolist() == [1, 1, 1]
    assert shares[1, 0] == 1
    assert shares[1, 2] < shares[1, 0]
    assert (np.diff(shares[1]) <= 0).all()
