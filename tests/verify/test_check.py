"""The check of a proof: right nets are accepted, each broken condition is refused by name."""

import copy

import numpy as np
import pytest
from hand_built import adder_certificate, entry_of, recall_certificate, seal, set_entry

from jaxdl.verify.certificate import Refused
from jaxdl.verify.check import check

MINUS_ONE, ZERO, ONE = (-1.0).hex(), (0.0).hex(), (1.0).hex()


@pytest.mark.quick
def test_a_correct_adder_is_accepted():
    result = check(adder_certificate())
    assert result.statement == 'adds correctly'
    assert 0 < result.slack <= 0.01
    assert 0.9 < result.margin < 1
    assert result.float32_error < 1e-4


def test_a_correct_recall_net_is_accepted():
    result = check(recall_certificate())
    assert result.statement == 'recalls digit 1 correctly'
    assert result.slack > 0.001
    assert result.margin > 1.7


@pytest.mark.quick
@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (('sets', 0, 'centre', 1), (0.011).hex(), 'the zero state, the start, is not in set 0'),
        (('sets', 0, 'memory'), 1, 'set 0 has automaton state 1, it must be 0'),
        (
            ('sets', 0, 'next'),
            [1, 1, 2, 2],
            r'set 0 \(automaton state 0\) on symbol \(1, 0\): '
            'set 2 has automaton state 1, it must be 0',
        ),
        (
            ('weights', 'weight_hh_l0', 1, 1),
            ZERO,
            r'on symbol \(0, 1\): the next net state may leave set',
        ),
        (
            ('sets', 2, 'centre', 1),
            (0.9).hex(),
            r'set 0 \(automaton state 0\) on symbol \(1, 1\): the next net state may leave set 2',
        ),
        (
            ('weights', 'head_weight'),
            [[MINUS_ONE, ONE, MINUS_ONE, ZERO]],
            r'set 0 \(automaton state 0\) on symbol \(0, 0\): the answer may not be 0',
        ),
        (('sets', 1, 'edges', 1, 1), ONE, 'may leave|may not be'),
        (('sets', 1, 'edges', 1, 1), ZERO, 'the generators of set 1 are not independent'),
    ],
)
def test_a_broken_condition_is_refused(path, value, message):
    certificate = adder_certificate()
    set_entry(certificate, path, value)
    with pytest.raises(Refused, match=message):
        check(seal(certificate))


def test_a_recall_net_of_another_digit_is_refused():
    with pytest.raises(Refused, match='it must be'):
        check(seal(recall_certificate() | {'k': 2}))


def test_a_recall_net_that_confuses_two_digits_is_refused():
    certificate = recall_certificate()
    rows = certificate['weights']['head_weight']
    rows[3], rows[4] = rows[4], rows[3]
    with pytest.raises(Refused, match='the answer may not be 3'):
        check(seal(certificate))


def test_every_changed_weight_is_noticed():
    certificate = adder_certificate()
    for name, row in (('weight_hh_l0', 1), ('weight_ih_l0', 1), ('head_weight', 0)):
        for column, number in enumerate(certificate['weights'][name][row]):
            changed = copy.deepcopy(certificate)
            next_number = np.nextafter(float.fromhex(number), 9)
            set_entry(changed, ('weights', name, row, column), next_number.hex())
            with pytest.raises(Refused, match='SHA-256 differs'):
                check(changed)


def test_every_changed_set_is_noticed():
    certificate = adder_certificate()
    for index in range(3):
        for path in (('sets', index, 'centre', 1), ('sets', index, 'edges', 1, 1)):
            changed = copy.deepcopy(certificate)
            number = float.fromhex(entry_of(changed, path))
            set_entry(changed, path, (number + 0.0001).hex())
            with pytest.raises(Refused):
                check(changed)


def test_an_infinite_weight_that_meets_only_zero():
    """Infinity times a range around zero would be everything; times the zero state it is nothing.

    A fifth unit sees itself alone, starts at zero and stays there.
    """
    certificate = adder_certificate()
    weights = certificate['weights']
    weights['weight_ih_l0'].append([ZERO, ZERO])
    weights['bias_ih_l0'].append(ZERO)
    weights['bias_hh_l0'].append(ZERO)
    for row in weights['weight_hh_l0']:
        row.append(ZERO)
    weights['weight_hh_l0'].append([ZERO, ZERO, ZERO, ZERO, 'inf'])
    weights['head_weight'][0].append(ZERO)
    for entry in certificate['sets']:
        entry['centre'].append(ZERO)
        for row in entry['edges']:
            row.append(ZERO)
        entry['edges'].append([ZERO, ZERO, ZERO, ZERO, (1.1).hex()])
    with pytest.raises(Refused, match='not finite'):
        check(seal(certificate))
    weights['weight_hh_l0'][4][4] = ONE
    assert check(seal(certificate)).slack > 0
