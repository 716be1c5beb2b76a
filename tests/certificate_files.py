"""Certificates written from their description in docs/formats.md alone."""

import copy
import hashlib
import json

import numpy as np

KEYS = ('format', 'automaton', 'cell', 'weights', 'steps', 'slack', 'sets')
ALWAYS_ONE = {'symbols': [[1]], 'outputs': 1, 'next': [[0]], 'answers': [[1]]}


def sealed(document):
    """The document with the digest of its content."""
    content = json.dumps([document[key] for key in KEYS])
    return document | {'sha256': hashlib.sha256(content.encode()).hexdigest()}


def as_hex(numbers):
    """Nested lists, or an array, of floats as hexadecimal texts."""
    if isinstance(numbers, float):
        return numbers.hex()
    return [as_hex(entry) for entry in np.asarray(numbers, float).tolist()]


def state_set(state, next_sets, centre, generators):
    return {
        'state': state,
        'next': next_sets,
        'centre': as_hex(centre),
        'generators': as_hex(generators),
    }


def certificate_file(automaton, cell, weights, sets, steps=1, slack=0.0):
    """A certificate as a dictionary; `weights` are arrays by name."""
    document = {
        'format': 'jaxdl certificate 3',
        'automaton': copy.deepcopy(automaton),
        'cell': cell,
        'weights': {name: as_hex(numbers) for name, numbers in weights.items()},
        'steps': steps,
        'slack': slack.hex(),
        'sets': sets,
    }
    return sealed(document)


LATCH = {
    'symbols': [[0], [1]],
    'outputs': 1,
    'next': [[0, 1], [1, 1]],
    'answers': [[0, 1], [1, 1]],
}
# Gates (weight of x, weight of h, bias) that are nearly open and nearly shut.
OPEN = (0.25, 0.5, 4.0)
SHUT = (-0.25, 0.125, -2.0)
# tanh(6 h + 12 x - 2): read only zeros it stays below -.9; after a 1 it is above .9.
CANDIDATE = (12.0, 6.0, -2.0)
LATCH_ROWS = {
    'rnn': [CANDIDATE],
    'gru': [OPEN, SHUT, CANDIDATE],  # reset, update, new
    'lstm': [OPEN, SHUT, CANDIDATE, OPEN],  # input, forget, new, output
}
# (low, high) of each number of the state, before and after a 1.
LATCH_BOXES = {
    'rnn': ([(-1.03125, 0.03125)], [(0.90625, 1.03125)]),
    'gru': ([(-1.125, 0.03125)], [(0.625, 1.125)]),
    'lstm': ([(-0.90625, 0.03125), (-1.3125, 0.03125)], [(0.5625, 0.9375), (0.625, 1.5)]),
}


def latch(steps=1, slack=0.0, cell='rnn'):
    """A net of one unit that says whether a 1 has been read: the logit is h - .25."""
    from_input, from_hidden, bias = map(np.array, zip(*LATCH_ROWS[cell], strict=True))
    weights = {
        'weight_ih_l0': from_input[:, None],
        'weight_hh_l0': from_hidden[:, None],
        'bias_ih_l0': bias + 0.5,
        'bias_hh_l0': np.full(len(bias), -0.5),
        'head_weight': np.array([[1.0]]),
        'head_bias': np.array([-0.25]),
    }
    # Only a word without a 1 leaves the first set where it is.
    next_sets = ([0] + [1] * (2**steps - 1), [1] * 2**steps)
    sets = []
    for state in (0, 1):
        low, high = np.array(LATCH_BOXES[cell][state]).T
        generators = np.diag((high - low) / 2)
        sets.append(state_set(state, next_sets[state], (low + high) / 2, generators))
    return certificate_file(LATCH, cell, weights, sets, steps, slack)


def alternating(steps=2, slack=0.0, lowest_logit=0.5):
    """An RNN of one unit whose one set closes after every second step, but not after one.

    h' = tanh(-.9 h) takes [-.5, .05] to about [-.045, .42], and that to [-.36, .04]. The logit is
    h + lowest_logit, and shall always be positive.
    """
    weights = {
        'weight_ih_l0': [[0.0]],
        'weight_hh_l0': [[-0.9]],
        'bias_ih_l0': [0.0],
        'bias_hh_l0': [0.0],
        'head_weight': [[1.0]],
        'head_bias': [lowest_logit],
    }
    sets = [state_set(0, [0], [-0.225], [[0.275]])]
    return certificate_file(ALWAYS_ONE, 'rnn', weights, sets, steps, slack)
