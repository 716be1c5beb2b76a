"""Finite automata whose symbols and states have names, and how they are built from rules.

Trusted (see check.py).
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from jaxdl.verify.automaton import Automaton

BITS = ('0', '1')


class Machine(NamedTuple):
    """A finite automaton whose symbols and states have names.

    Attributes:
        automaton: The automaton.
        symbols: The name of each symbol.
        states: The name of each state.
    """

    automaton: Automaton
    symbols: tuple[str, ...]
    states: tuple[str, ...]


class Move(NamedTuple):
    """What an automaton does when it reads a symbol.

    Attributes:
        state: The next state.
        answer: That a net must give, or None where any will do.
    """

    state: Hashable
    answer: int | None


def output_count(answers: Iterable[Iterable[int | None]]) -> int:
    """The logits of a net that gives the answers of a table: one for 0 and 1, else one for each."""
    largest = 0
    for row in answers:
        for answer in row:
            largest = max(largest, answer or 0)
    return 1 if largest <= 1 else largest + 1


def one_hot(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """An input vector for each symbol, with a 1 at its own place."""
    vectors = {}
    for place, name in enumerate(names):
        vector = [0] * len(names)
        vector[place] = 1
        vectors[name] = tuple(vector)
    return vectors


def build(
    symbols: Mapping[str, tuple[int, ...]],
    start: Hashable,
    move: Callable[[Hashable, str], Move],
) -> Machine:
    """The machine of a rule, with all states that are reached from the start.

    Args:
        symbols: {name: input vector}.
        start: The first state. States are named by str().
        move: (state, name of a symbol) -> Move.
    """
    states = [start]
    next_state = []
    answers = []
    # The states are numbered, and visited, in the order in which they are first reached.
    while len(next_state) < len(states):
        state = states[len(next_state)]
        next_of_state = []
        answers_of_state = []
        for symbol in symbols:
            reached, answer = move(state, symbol)
            if reached not in states:
                states.append(reached)
            next_of_state.append(states.index(reached))
            answers_of_state.append(answer)
        next_state.append(tuple(next_of_state))
        answers.append(tuple(answers_of_state))
    automaton = Automaton(
        symbols=tuple(symbols.values()),
        outputs=output_count(answers),
        next_state=tuple(next_state),
        answer=tuple(answers),
    )
    return Machine(automaton, tuple(symbols), tuple(map(str, states)))


def acceptor(moves: Mapping[str, tuple[str, str]], accepting: Collection[str]) -> Machine:
    """A machine that reads bits and answers 1 where what it has read is in its language.

    Args:
        moves: {state: (the next state on 0, on 1)}; the first one is the start.
        accepting: The states in which it answers 1.
    """

    def move(state, bit):
        reached = moves[state][int(bit)]
        return Move(reached, int(reached in accepting))

    return build(one_hot(BITS), next(iter(moves)), move)
