"""Which sets of net states an inductive invariant has, and where each symbol leads from them.

Not trusted; check.py has the theorem and checks the sets.

Shapes: L sets, X symbols, n numbers of a net state (h, for LSTM followed by c).
"""

from typing import NamedTuple

import numpy as np
from jax import Array

from jaxdl.verify.automaton import Automaton
from jaxdl.verify.certificate import StateSet
from jaxdl.verify.requirements import require_automaton


class SetGraph(NamedTuple):
    """Which sets there are, and which set each symbol leads to. Set 0 is the start.

    Attributes:
        automaton_state: (L,) the automaton state of each set.
        next_set: (L, X) the set after each symbol.
    """

    automaton_state: np.ndarray
    next_set: np.ndarray


class Parallelotopes(NamedTuple):
    """The sets of net states {centre + generators y : every |y_j| <= 1}, one for each node.

    Attributes:
        centre: (L, n).
        generators: (L, n, n), in columns; diagonal for a box.
    """

    centre: Array
    generators: Array


def set_graph(automaton: Automaton, history: int = 0) -> SetGraph:
    """One set for each automaton state and each sequence of the last `history` symbols.

    In the first steps fewer symbols have been read, so there is also a set for each automaton state
    and each shorter sequence from the start.

    Raises:
        UserError: The automaton's tables are not whole.
    """
    require_automaton(automaton)
    start = (0, ())
    nodes = [start]
    index_of = {start: 0}
    automaton_states = []
    next_sets = []
    # The nodes are numbered, and visited, in the order in which they are first reached.
    while len(next_sets) < len(nodes):
        state, last_symbols = nodes[len(next_sets)]
        targets = []
        for symbol, next_state in enumerate(automaton.next_state[state]):
            next_symbols = (*last_symbols, symbol)
            if len(next_symbols) > history:
                next_symbols = next_symbols[1:]
            target = (next_state, next_symbols)
            if target not in index_of:
                index_of[target] = len(nodes)
                nodes.append(target)
            targets.append(index_of[target])
        automaton_states.append(state)
        next_sets.append(targets)
    return SetGraph(np.array(automaton_states), np.array(next_sets))


def to_state_sets(sets: Parallelotopes, graph: SetGraph) -> list[StateSet]:
    """The sets in the form that a certificate is made of."""
    state_sets = []
    for index, automaton_state in enumerate(graph.automaton_state.tolist()):
        state_set = StateSet(
            automaton_state,
            graph.next_set[index].tolist(),
            sets.centre[index].tolist(),
            sets.generators[index].tolist(),
        )
        state_sets.append(state_set)
    return state_sets
