"""Nets built by hand whose proofs are known: adders, recall nets, one that closes in two steps."""

import itertools
import json

import jax.numpy as jnp
import numpy as np
from two_checkers import agreed_refusal

from jaxdl.verify import check
from jaxdl.verify.automaton import ADDER, Automaton, recall
from jaxdl.verify.certificate import StateSet, digest, make_certificate, parse

GAIN = 12.0
SLACK = 2.0**-10
# It asks for the answer 1 at every step.
ALWAYS_ONE = Automaton(((0,), (1,)), outputs=1, next_state=((0, 0),), answer=((1, 1),))


def adder_certificate():
    """An RNN that adds, with a set for the start and one for each carry.

    Units 0, 1 and 2 say whether a + b + carry is above .5, 1.5 and 2.5. Unit 3 is one, so that the
    carry is (unit 1 + unit 3) / 2.
    """
    carry = np.array([0, GAIN / 2, 0, GAIN / 2])
    no_carry = np.zeros(4)
    weights = {
        'weight_ih_l0': np.array([[GAIN, GAIN], [GAIN, GAIN], [GAIN, GAIN], [0, 0]]),
        'weight_hh_l0': np.array([carry, carry, carry, no_carry]),
        'bias_ih_l0': -GAIN * np.array([0.5, 1.5, 2.5, -1]),
        'bias_hh_l0': np.zeros(4),
        'head_weight': np.array([[1.0, -1, 1, 0]]),
        'head_bias': np.zeros(1),
    }
    low = [
        [-0.01, -0.01, -0.01, -0.01],
        [-1.01, -1.01, -1.01, 0.99],
        [-1.01, 0.99, -1.01, 0.99],
    ]
    high = [
        [0.01, 0.01, 0.01, 0.01],
        [1.01, -0.99, 1.01, 1.01],
        [1.01, 1.01, 1.01, 1.01],
    ]
    automaton_states = [0, 0, 1]
    next_sets = [[1, 1, 1, 2], [1, 1, 1, 2], [1, 2, 2, 2]]
    sets = boxes(automaton_states, next_sets, np.array(low), np.array(high))
    return make_certificate(ADDER, 'rnn', as_lists(weights), sets, slack=SLACK)


def recall_certificate():
    """An RNN that recalls the first digit, with a set for the start and one for each digit.

    Unit 10 says that a digit was read. Unit d starts at tanh(3) for digit d and at tanh(-3) for
    another; 12 h - 6 then holds it there.
    """
    hold = 12 * np.eye(11)
    hold[:10, 10] = -6
    hold[10, 10] = 0
    weights = {
        'weight_ih_l0': np.concatenate([6 * np.eye(10), np.full((1, 10), 9.0)]),
        'weight_hh_l0': hold,
        'bias_ih_l0': np.array([-3.0] * 10 + [0]),
        'bias_hh_l0': np.zeros(11),
        'head_weight': np.eye(10, 11),
        'head_bias': np.zeros(10),
    }
    low = np.full((11, 11), -1.01)
    high = np.full((11, 11), -0.9)
    low[:, 10] = 0.9
    high[:, 10] = 1.01
    low[0] = -0.001
    high[0] = 0.001
    automaton_states = [0]
    next_sets = [list(range(1, 11))]
    for digit in range(10):
        low[1 + digit, digit] = 0.9
        high[1 + digit, digit] = 1.01
        automaton_states.append(1 + digit)
        next_sets.append([1 + digit] * 10)
    sets = boxes(automaton_states, next_sets, low, high)
    return make_certificate(recall(1), 'rnn', as_lists(weights), sets, slack=SLACK)


def shear_certificate(steps):
    """An RNN of two units that enlarges the first one, from the second one, and shrinks both later.

    The box of +-.1 goes to |h_1| <= tanh(.3) = .291 and |h_2| <= tanh(.005), and from there to
    |h_1| <= tanh(.015) and |h_2| <= tanh(.01457). So it closes after two steps, and not after one.
    """
    weights = {
        'weight_ih_l0': np.zeros((2, 1)),
        'weight_hh_l0': np.array([[0, 3], [0.05, 0]]),
        'bias_ih_l0': np.zeros(2),
        'bias_hh_l0': np.zeros(2),
        'head_weight': np.array([[1.0, 0]]),
        'head_bias': np.array([0.5]),
    }
    corner = np.array([[0.1, 0.1]])
    sets = boxes([0], [[0] * 2**steps], -corner, corner)
    return make_certificate(ALWAYS_ONE, 'rnn', as_lists(weights), sets, steps)


def constant_certificate(bias, room):
    """An RNN of one unit that goes to tanh(bias), with that much room in its set."""
    weights = {
        'weight_ih_l0': np.zeros((1, 1)),
        'weight_hh_l0': np.zeros((1, 1)),
        'bias_ih_l0': np.array([bias]),
        'bias_hh_l0': np.zeros(1),
        'head_weight': np.array([[1.0]]),
        'head_bias': np.zeros(1),
    }
    value = np.tanh(bias)
    low = np.array([[-0.01], [value - room]])
    high = np.array([[0.01], [value + room]])
    sets = boxes([0, 0], [[1, 1], [1, 1]], low, high)
    return make_certificate(ALWAYS_ONE, 'rnn', as_lists(weights), sets)


def over_steps(certificate, steps):
    """The certificate of one step as one of several: each word leads where its symbols lead."""
    one_step = [entry['next'] for entry in certificate['sets']]
    sets = []
    for index, entry in enumerate(certificate['sets']):
        targets = []
        for word in itertools.product(range(len(one_step[0])), repeat=steps):
            target = index
            for symbol in word:
                target = one_step[target][symbol]
            targets.append(target)
        sets.append(entry | {'next': targets})
    return seal(certificate | {'steps': steps, 'sets': sets})


def check_content(certificate):
    """The result of the check of a certificate's JSON, on which the second checker agrees."""
    agreed_refusal(json.dumps(certificate))
    return check.check(parse(certificate))


def boxes(automaton_states, next_sets, low, high):
    """Sets whose numbers lie between the rows of low and high, both (sets, n)."""
    state_sets = []
    for state, targets, lower, upper in zip(automaton_states, next_sets, low, high, strict=True):
        centre = (lower + upper) / 2
        generators = np.diag((upper - lower) / 2)
        state_sets.append(StateSet(state, targets, centre.tolist(), generators.tolist()))
    return state_sets


def as_lists(arrays):
    return {name: array.tolist() for name, array in arrays.items()}


def seal(certificate):
    """The certificate with the digest of its content, whatever that is."""
    return certificate | {'sha256': digest(certificate)}


def entry_of(certificate, path):
    """The entry at a path of names and indices."""
    entry = certificate
    for name in path:
        entry = entry[name]
    return entry


def set_entry(certificate, path, value):
    *parents, name = path
    entry_of(certificate, parents)[name] = value


def params_of(certificate):
    """The weights of a certificate as float32 arrays."""
    from_hex = np.vectorize(float.fromhex)
    params = {}
    for name, numbers in certificate['weights'].items():
        params[name] = jnp.array(from_hex(numbers), jnp.float32)
    return params
