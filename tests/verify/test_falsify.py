"""Falsification finds the shortest counterexample of a wrong net, and none of a correct one."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_built import adder_certificate, params_of, recall_certificate

from jaxdl.verify import falsify as falsify_module
from jaxdl.verify.automaton import ADDER, Automaton, recall
from jaxdl.verify.counterexamples import describe_sum
from jaxdl.verify.falsify import falsify, share_correct_up_to
from jaxdl.verify.machines import MACHINES


@pytest.fixture
def short_mixed_sequences(monkeypatch):
    monkeypatch.setattr(falsify_module, 'MIXED_STEPS', 500)


def stack(*params):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *params)


def forgetful(params):
    """An adder that forgets a carry where it should pass it on: 1 + 1, then 0 + 1."""
    return params | {'weight_hh_l0': params['weight_hh_l0'].at[1].mul(0.2)}


def test_the_shortest_wrong_sum_is_found(short_mixed_sequences):
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


def test_a_recall_net_that_confuses_two_digits(short_mixed_sequences):
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


def zero_net(units, inputs):
    """An RNN whose weights are 0."""
    return {
        'weight_ih_l0': np.zeros((units, inputs)),
        'weight_hh_l0': np.zeros((units, units)),
        'bias_ih_l0': np.zeros(units),
        'bias_hh_l0': np.zeros(units),
        'head_weight': np.zeros((1, units)),
        'head_bias': np.zeros(1),
    }


@pytest.mark.quick
def test_a_state_that_drifts_for_thousands_of_steps_is_found():
    """The net must answer 0, and does while its state is below .01, to which it creeps."""
    always_zero = Automaton(symbols=((1,),), outputs=1, next_state=((0,),), answer=((0,),))
    net = zero_net(units=1, inputs=1)
    net['weight_ih_l0'][:] = 1e-6
    net['weight_hh_l0'][:] = 1
    net['head_weight'][:] = 1
    net['head_bias'][:] = -0.01
    state = 0.0
    steps = 0
    while state <= 0.01:
        state = np.tanh(state + 1e-6)
        steps += 1
    assert steps > falsify_module.LOOP_STEPS
    (found,) = falsify('rnn', always_zero, stack(net), jax.random.key(0))
    assert abs(len(found.symbols) - steps) < 0.01 * steps
    assert found.answer == 1


@pytest.mark.quick
def test_mixed_sequences_stay_where_a_machine_can_still_answer_anything():
    """Half of them; the others fail at the first two equal bits, so nearly at once."""
    automaton = MACHINES['tomita_2'].automaton
    key = jax.random.key(0)
    sequences = falsify_module._mixed_sequences(key, automaton, 20, 1000)
    failed = []
    for sequence in sequences:
        state = 0
        for symbol in sequence:
            state = automaton.next_state[state][symbol]
        failed.append(MACHINES['tomita_2'].states[state] == 'failed')
    assert failed == [False, True] * 10


@pytest.mark.quick
def test_runs_have_many_lengths():
    sequences = falsify_module._mixed_sequences(jax.random.key(0), ADDER, 20, 5000)
    assert sequences.shape == (20, 5000)
    assert set(np.unique(sequences)) == {0, 1, 2, 3}
    ends = np.flatnonzero(np.diff(sequences[0]))
    runs = np.diff(ends)
    assert runs.min() == 1 and runs.max() > 150
    # Of a log-uniform length from 1 to 300: half of the runs are shorter than the root of 300.
    assert 5 < np.median(runs) < 40
