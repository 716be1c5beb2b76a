"""Paths and loops of an automaton, as a graph of states."""

import itertools
from typing import NamedTuple

from jaxdl.verify.automaton import Automaton


class Loop(NamedTuple):
    """Symbols that lead from a state back to it.

    Attributes:
        path: A shortest list of symbols from the start to the state.
        symbols: Those of the loop.
    """

    path: tuple[int, ...]
    symbols: tuple[int, ...]


def shortest_paths(automaton: Automaton) -> dict[int, tuple[int, ...]]:
    """{state: a shortest list of symbols that leads there from the start}, in order of length."""
    # Breadth-first search.
    paths = {0: ()}
    unvisited = [0]
    while unvisited:
        state = unvisited.pop(0)
        for symbol, next_state in enumerate(automaton.next_state[state]):
            if next_state not in paths:
                paths[next_state] = (*paths[state], symbol)
                unvisited.append(next_state)
    return paths


def loops(automaton: Automaton, longest: int, most: int) -> list[Loop]:
    """The loops of at most `longest` symbols, the shortest first.

    Loops that run through the same states on the same symbols, from another of their states on,
    count once. So does a loop that is run through several times. Loops on which no answer is asked
    for are left out.

    Args:
        automaton: The automaton.
        longest: Symbols of a loop.
        most: So many are returned at most.
    """
    paths = shortest_paths(automaton)
    found = []
    known_cycles = set()
    for length in range(1, longest + 1):
        for state, path in paths.items():
            for symbols in itertools.product(range(len(automaton.symbols)), repeat=length):
                cycle = _cycle(automaton, state, symbols)
                if cycle is None or cycle in known_cycles:
                    continue
                known_cycles.add(cycle)
                found.append(Loop(path, symbols))
                if len(found) == most:
                    return found
    return found


def _cycle(automaton, state, symbols):
    """The (state, symbol) pairs of a loop, entered anywhere; None if it does not count."""
    visited = []
    asks = False
    for symbol in symbols:
        visited.append((state, symbol))
        asks = asks or automaton.answer[state][symbol] is not None
        state = automaton.next_state[state][symbol]
    # A pair that comes twice: a shorter loop is in it.
    if not asks or state != visited[0][0] or len(set(visited)) < len(visited):
        return None
    return frozenset(visited)


def repeated(loop: Loop, length: int) -> list[int]:
    """So many symbols: those of the path, then the loop over and over."""
    times = -(-length // len(loop.symbols))
    return [*loop.path, *loop.symbols * times][:length]


def reachable(automaton: Automaton) -> list[set[int]]:
    """For each state, the states that some symbols lead to, itself among them."""
    reached = []
    for start in range(len(automaton.next_state)):
        states = {start}
        unvisited = [start]
        while unvisited:
            for next_state in automaton.next_state[unvisited.pop()]:
                if next_state not in states:
                    states.add(next_state)
                    unvisited.append(next_state)
        reached.append(states)
    return reached


def asking_symbols(automaton: Automaton) -> list[list[int]]:
    """For each state, the symbols after which an answer is asked for at once or some time later.

    All symbols where there are none.
    """
    asking_states = set()
    for state, answers in enumerate(automaton.answer):
        if set(answers) != {None}:
            asking_states.add(state)
    reachable_from = reachable(automaton)
    chosen = []
    for state, next_of_state in enumerate(automaton.next_state):
        asking = []
        for symbol, next_state in enumerate(next_of_state):
            asks_now = automaton.answer[state][symbol] is not None
            if asks_now or asking_states & reachable_from[next_state]:
                asking.append(symbol)
        chosen.append(asking or list(range(len(next_of_state))))
    return chosen


def staying_symbols(automaton: Automaton) -> list[list[int]]:
    """For each state, those of asking_symbols after which it can be reached again.

    All of asking_symbols where there are none.
    """
    reachable_from = reachable(automaton)
    chosen = []
    for state, asking in enumerate(asking_symbols(automaton)):
        staying = []
        for symbol in asking:
            if state in reachable_from[automaton.next_state[state][symbol]]:
                staying.append(symbol)
        chosen.append(staying or asking)
    return chosen
