"""Both checkers accept the same certificates, right ones and thousands of changed ones."""

import copy
import json
import math

import numpy as np
import pytest
from certificate_files import alternating, latch, sealed
from hand_built import (
    adder_certificate,
    constant_certificate,
    entry_of,
    over_steps,
    recall_certificate,
    set_entry,
    shear_certificate,
)
from strangers import FEW, MANY, changed, fuzz
from two_checkers import agreed_refusal, first_outcome, second_outcome


def with_the_start_on_a_face():
    """The latch with [-1, 0] as its first set."""
    content = latch()
    content['sets'][0] |= {'centre': [(-0.5).hex()], 'generators': [[(0.5).hex()]]}
    return sealed(content)


RIGHT = {
    'latch of an rnn': latch(slack=0.02),
    'latch of a gru': latch(cell='gru', slack=0.02),
    'latch of an lstm': latch(cell='lstm', slack=0.02),
    'latch of an rnn over 2 steps': latch(2),
    'latch of a gru over 2 steps': latch(2, cell='gru', slack=0.01),
    'latch of an lstm over 3 steps': latch(3, cell='lstm'),
    'latch with the start on a face': with_the_start_on_a_face(),
    'alternating': alternating(slack=2.0**-10),
    'adder': adder_certificate(),
    'adder over 2 steps': over_steps(adder_certificate(), 2),
    'shear over 2 steps': shear_certificate(2),
    'constant': constant_certificate(0.5, 0.01),
    'recall': recall_certificate(),
}


@pytest.mark.quick
@pytest.mark.parametrize('name', RIGHT)
def test_both_accept(name):
    text = json.dumps(RIGHT[name])
    result, refusal = first_outcome(text)
    assert refusal is None
    statement, refusal = second_outcome(text)
    assert refusal is None
    content = RIGHT[name]
    assert result.slack == float.fromhex(content['slack'])
    assert f'(k = {content["steps"]};' in statement


def recall_with_a_rival():
    """A net whose logit of digit 4 always exceeds that of the right digit, and no other does."""
    content = copy.deepcopy(RIGHT['recall'])
    content['weights']['head_bias'][4] = (4.0).hex()
    return content


def latch_with_bias(cell, bias):
    """Logits that are this bias, whatever the state."""
    content = latch(cell=cell)
    content['weights'] |= {'head_weight': [[(0.0).hex()]], 'head_bias': [bias.hex()]}
    content['automaton']['answers'] = [[1, 1], [1, 1]]
    return content


@pytest.mark.quick
def test_both_refuse_one_rival_among_many_logits():
    assert 'the answer may not be 0' in agreed_refusal(json.dumps(sealed(recall_with_a_rival())))


@pytest.mark.quick
@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_both_refuse_logits_of_zero(cell):
    for bias, right in ((2.0**-100, True), (0.0, False), (-0.0, False), (-(2.0**-100), False)):
        refusal = agreed_refusal(json.dumps(sealed(latch_with_bias(cell, bias))))
        assert (refusal is None) == right


def paths_of(content, kind, path=()):
    """The paths of all texts, all integers or all lists in a certificate."""
    found = [path] if type(content) is kind else []
    if isinstance(content, dict):
        entries = content.items()
    elif isinstance(content, list):
        entries = enumerate(content)
    else:
        return found
    for name, entry in entries:
        found += paths_of(entry, kind, (*path, name))
    return found


def random_path(rng, content, kind):
    paths = paths_of(content, kind)
    return paths[rng.integers(len(paths))]


def change_number(rng, content):
    """Weights, sets or slack: a little, by much, to another sign, to zero or to another number."""
    path = random_path(rng, content, str)
    text = entry_of(content, path)
    if not text.lstrip('-').startswith('0x'):
        return
    number = float.fromhex(text)
    small = number + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-9, 0)
    scaled = number * 10.0 ** rng.uniform(-1, 1)
    neighbour = math.nextafter(number, rng.choice([-9.0, 9.0]))
    extreme = rng.choice([0.0, -0.0, 1e-80, 1e300, 5e-324, -1e20])
    choices = [small, small, scaled, -number, neighbour, extreme]
    set_entry(content, path, float(choices[rng.integers(len(choices))]).hex())


def change_integer(rng, content):
    """Of the automaton's table, the sets' next ones, or k."""
    path = random_path(rng, content, int)
    change = int(rng.choice([-1, 1, 2]))
    set_entry(content, path, entry_of(content, path) + change)


def change_list(rng, content):
    """Two entries exchanged, one deleted or one doubled."""
    entries = entry_of(content, random_path(rng, content, list))
    if not entries:
        return
    i, j = rng.integers(len(entries), size=2)
    kind = rng.integers(4)
    if kind < 2:
        entries[i], entries[j] = entries[j], entries[i]
    elif kind == 2:
        del entries[i]
    else:
        entries.insert(i, copy.deepcopy(entries[j]))


CHANGES = [change_number, change_number, change_number, change_integer, change_list]


def randomly_changed(rng, content):
    content = copy.deepcopy(content)
    for _ in range(rng.integers(1, 4)):
        change = CHANGES[rng.integers(len(CHANGES))]
        change(rng, content)
    return sealed(content)


def share_accepted(name, count):
    """Of so many changed certificates, on which both checkers must agree."""
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(count):
        refusal = agreed_refusal(json.dumps(randomly_changed(rng, RIGHT[name])))
        accepted += refusal is None
    return accepted / count


@pytest.mark.parametrize('name', RIGHT)
def test_both_agree_on_changed_certificates(name):
    share_accepted(name, 10 if name == 'recall' else 50)


@pytest.mark.slow
@pytest.mark.parametrize('name', RIGHT)
def test_both_agree_on_thousands_of_changed_certificates(name):
    share = share_accepted(name, 200 if name == 'recall' else 1000)
    assert 0.05 < share < 0.8


def check_agreement(folder, content):
    """As `fuzz` calls it; nothing needs a folder."""
    if isinstance(content, dict) and set(content) == set(RIGHT['adder']):
        content = sealed(content)
    agreed_refusal(json.dumps(content))


@pytest.mark.quick
def test_both_agree_on_what_strangers_write(tmp_path):
    fuzz(check_agreement, tmp_path, changed(latch()), FEW)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['latch of a gru', 'adder over 2 steps'])
def test_both_agree_on_much_that_strangers_write(tmp_path, name):
    fuzz(check_agreement, tmp_path, changed(RIGHT[name]), MANY)


@pytest.mark.quick
@pytest.mark.parametrize('name', ['latch of an rnn', 'latch of a gru', 'latch of an lstm'])
def test_the_largest_slack_is_the_same(name):
    """By bisection: the last slack that each checker accepts, to 40 bits."""
    largest = []
    for outcome in (first_outcome, second_outcome):
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            content = sealed(RIGHT[name] | {'slack': middle.hex()})
            _, refusal = outcome(json.dumps(content))
            if refusal is None:
                low = middle
            else:
                high = middle
        largest.append(low)
    assert 0.01 < largest[0] == largest[1]
