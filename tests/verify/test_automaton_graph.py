"""Paths and loops, against a search through all words."""

import itertools

import pytest

from jaxdl.verify.automaton import ADDER, recall
from jaxdl.verify.automaton_graph import (
    asking_symbols,
    loops,
    reachable,
    repeated,
    shortest_paths,
    staying_symbols,
)
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick

PARITY = MACHINES['parity'].automaton


def end_of(automaton, word, state=0):
    for symbol in word:
        state = automaton.next_state[state][symbol]
    return state


@pytest.mark.parametrize('name', ['cycle_navigation', 'tomita_7', 'subtract'])
def test_no_word_is_shorter_than_a_shortest_path(name):
    automaton = MACHINES[name].automaton
    paths = shortest_paths(automaton)
    assert set(paths) == set(range(len(automaton.next_state)))
    for state, path in paths.items():
        assert end_of(automaton, path) == state
        for length in range(len(path)):
            for word in itertools.product(range(len(automaton.symbols)), repeat=length):
                assert end_of(automaton, word) != state


def test_the_loops_of_parity():
    """0 in both states, two ones, and two ones with a 0 in either state."""
    found = loops(PARITY, longest=3, most=100)
    assert [(loop.path, loop.symbols) for loop in found] == [
        ((), (0,)),
        ((1,), (0,)),
        ((), (1, 1)),
        ((), (0, 1, 1)),
        ((), (1, 0, 1)),
    ]
    assert loops(PARITY, longest=3, most=2) == found[:2]


@pytest.mark.parametrize('automaton', [ADDER, *(m.automaton for m in MACHINES.values())])
def test_loops_come_back(automaton):
    found = loops(automaton, longest=3, most=50)
    assert found
    for loop in found:
        state = end_of(automaton, loop.path)
        assert end_of(automaton, loop.symbols, state) == state
        word = repeated(loop, 20)
        assert len(word) == 20
        assert tuple(word[: len(loop.path)]) == loop.path
        assert end_of(automaton, word[: len(loop.path) + 2 * len(loop.symbols)]) == state


def test_an_adder_has_six_constant_loops():
    assert len(loops(ADDER, longest=1, most=100)) == 6


def test_loops_on_which_nothing_is_asked_are_left_out():
    arithmetic = MACHINES['modular_arithmetic']
    failed = arithmetic.states.index('failed')
    for loop in loops(arithmetic.automaton, longest=2, most=1000):
        assert end_of(arithmetic.automaton, loop.path) != failed


def test_reachable_states():
    assert reachable(PARITY) == [{0, 1}, {0, 1}]
    assert reachable(MACHINES['tomita_1'].automaton) == [{0, 1}, {1}]
    assert reachable(recall(1))[1:] == [{digit} for digit in range(1, 11)]


def test_symbols_that_stay_and_that_ask():
    assert staying_symbols(MACHINES['tomita_1'].automaton) == [[1], [0, 1]]
    assert asking_symbols(MACHINES['tomita_1'].automaton) == [[0, 1], [0, 1]]
    # No symbol stays before the digit is read.
    assert staying_symbols(recall(1))[0] == list(range(10))
    assert staying_symbols(ADDER) == asking_symbols(ADDER) == [[0, 1, 2, 3]] * 2
    arithmetic = MACHINES['modular_arithmetic']
    digits, operators = [0, 1, 2, 3, 4], [5, 6, 7]
    for state, name in enumerate(arithmetic.states):
        if name != 'failed':
            expected = digits if name.endswith('*') else operators
            assert asking_symbols(arithmetic.automaton)[state] == expected
