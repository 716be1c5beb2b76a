"""The check of a proof: right nets are accepted, each broken condition is refused by name."""

import copy

import numpy as np
import pytest
from hand_built import (
    SLACK,
    adder_certificate,
    check_content,
    entry_of,
    over_steps,
    recall_certificate,
    seal,
    set_entry,
    shear_certificate,
)

from jaxdl.verify.automaton import recall
from jaxdl.verify.certificate import Refused, make_certificate, parse

MINUS_ONE, ZERO, ONE = (-1.0).hex(), (0.0).hex(), (1.0).hex()


@pytest.mark.quick
def test_a_correct_adder_is_accepted():
    result = check_content(adder_certificate())
    assert result.statement == 'adds correctly'
    assert result.slack == SLACK
    assert 0.9 < result.margin < 1
    assert result.covers_float32


def test_a_correct_recall_net_is_accepted():
    result = check_content(recall_certificate())
    assert result.statement == 'recalls digit 1 correctly'
    assert result.slack == SLACK
    assert result.margin > 1.7


@pytest.mark.quick
@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (('sets', 0, 'centre', 1), (0.011).hex(), 'the zero state, the start, is not in set 0'),
        (('sets', 0, 'state'), 1, 'set 0 has automaton state 1, it must be 0'),
        (
            ('sets', 0, 'next'),
            [1, 1, 2, 2],
            r'set 0 \(automaton state 0\) on symbol \(1, 0\): '
            'set 2 has automaton state 1, it must be 0',
        ),
        (
            ('weights', 'weight_hh_l0', 1, 1),
            ZERO,
            r'on symbol \(0, 1\): the answer may not be 1',
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
        (('sets', 1, 'generators', 1, 1), ONE, 'may leave|may not be'),
        (('sets', 1, 'generators', 1, 1), ZERO, 'the generators of set 1 are not independent'),
    ],
)
def test_a_broken_condition_is_refused(path, value, message):
    certificate = adder_certificate()
    set_entry(certificate, path, value)
    with pytest.raises(Refused, match=message):
        check_content(seal(certificate))


def test_a_recall_net_of_another_digit_is_refused():
    certificate = recall_certificate()
    of_digit_2 = make_certificate(recall(2), 'rnn', {}, [])['automaton']
    with pytest.raises(Refused, match='it must be'):
        check_content(seal(certificate | {'automaton': of_digit_2}))


def test_only_known_tables_have_a_name():
    """The same proof under a table with one more state, which no symbol leads to."""
    certificate = adder_certificate()
    table = certificate['automaton']
    table['next'].append(table['next'][0])
    table['answers'].append(table['answers'][0])
    statement = check_content(seal(certificate)).statement
    assert statement == 'follows the automaton of the file (3 states, 4 symbols)'


def test_a_recall_net_that_confuses_two_digits_is_refused():
    certificate = recall_certificate()
    rows = certificate['weights']['head_weight']
    rows[3], rows[4] = rows[4], rows[3]
    with pytest.raises(Refused, match='the answer may not be 3'):
        check_content(seal(certificate))


def test_every_changed_weight_is_noticed():
    certificate = adder_certificate()
    for name, row in (('weight_hh_l0', 1), ('weight_ih_l0', 1), ('head_weight', 0)):
        for column, number in enumerate(certificate['weights'][name][row]):
            changed = copy.deepcopy(certificate)
            next_number = np.nextafter(float.fromhex(number), 9)
            set_entry(changed, ('weights', name, row, column), next_number.hex())
            with pytest.raises(Refused, match='SHA-256 differs'):
                check_content(changed)


def test_every_changed_set_is_noticed():
    certificate = adder_certificate()
    for index in range(3):
        for path in (('sets', index, 'centre', 1), ('sets', index, 'generators', 1, 1)):
            changed = copy.deepcopy(certificate)
            number = float.fromhex(entry_of(changed, path))
            set_entry(changed, path, (number + 0.0001).hex())
            with pytest.raises(Refused):
                check_content(changed)


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
        for row in entry['generators']:
            row.append(ZERO)
        entry['generators'].append([ZERO, ZERO, ZERO, ZERO, (1.1).hex()])
    with pytest.raises(Refused, match='not as float.hex writes it'):
        check_content(seal(certificate))
    weights['weight_hh_l0'][4][4] = ONE
    assert check_content(seal(certificate)).covers_float32


@pytest.mark.quick
@pytest.mark.parametrize('steps', [2, 3])
def test_a_proof_over_one_step_is_one_over_several(steps):
    one = check_content(adder_certificate())
    several = check_content(over_steps(adder_certificate(), steps))
    assert several.statement == one.statement
    assert several.covers_float32
    # The states after more steps are fewer, so the answers of the first steps are the closest.
    assert several.margin == one.margin


@pytest.mark.quick
def test_a_proof_that_needs_two_steps():
    with pytest.raises(Refused, match=r'on symbol \(0,\): the next net state may leave set 0'):
        check_content(shear_certificate(1))
    result = check_content(shear_certificate(2))
    # The head reads h_1 and .5; |h_1| is largest after one step.
    assert result.margin == pytest.approx(0.5 - np.tanh(0.3), abs=0.01)
    certificate = shear_certificate(2)
    set_entry(certificate, ('weights', 'head_bias', 0), (0.25).hex())
    with pytest.raises(Refused, match=r'on symbol \(0,\): the answer may not be 1'):
        check_content(seal(certificate))


@pytest.mark.quick
def test_words_are_in_lexicographic_order():
    """(0, 0) after (1, 1) ends the carry: only words that end in a carry lead to set 2."""
    certificate = over_steps(adder_certificate(), 2)
    targets = entry_of(certificate, ('sets', 1, 'next'))
    assert targets == [1, 1, 1, 2] * 3 + [1, 2, 2, 2]
    targets[3 * 4], targets[3] = targets[3], targets[3 * 4]
    with pytest.raises(
        Refused, match=r'on symbols \(0, 0\), \(1, 1\): set 1 has automaton state 0'
    ):
        check_content(seal(certificate))


def test_the_slack_is_what_a_step_may_err():
    """Of the shear over two steps: h_1 <= tanh(3 (tanh(.005) + e)) + e must stay within .1."""
    for slack, is_proved in ((0.02, True), (0.022, False)):
        certificate = shear_certificate(2) | {'slack': slack.hex()}
        if is_proved:
            assert check_content(seal(certificate)).slack == slack
        else:
            with pytest.raises(Refused, match='may leave set 0'):
                check_content(seal(certificate))


def test_a_changed_slack_is_noticed():
    certificate = adder_certificate() | {'slack': (SLACK / 2).hex()}
    with pytest.raises(Refused, match='SHA-256 differs'):
        check_content(certificate)
    assert parse(certificate).slack == SLACK / 2
