"""An automaton as NumPy arrays, and its run on many sequences at once."""

from typing import NamedTuple

import numpy as np

from jaxdl.arguments import require_range, require_shape
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.requirements import require_automaton

ANY_ANSWER = -1


class AutomatonRun(NamedTuple):
    """What an automaton does on N sequences of T symbols.

    Attributes:
        states: (N, T) after each symbol.
        answers: (N, T) that a net must give after each symbol; ANY_ANSWER where all are allowed.
    """

    states: np.ndarray
    answers: np.ndarray


def answer_table(automaton: Automaton) -> np.ndarray:
    """automaton.answer as an int array (states, symbols), with ANY_ANSWER in place of None."""
    table = []
    for answers in automaton.answer:
        table.append([ANY_ANSWER if answer is None else answer for answer in answers])
    return np.array(table)


def run(automaton: Automaton, symbols: np.ndarray) -> AutomatonRun:
    """Runs the automaton from its start on sequences of symbols (N, T).

    Raises:
        UserError: The automaton's tables are not whole, or it has no such symbol.
    """
    require_automaton(automaton)
    require_shape('symbols', symbols, 'N', 'T')
    require_range('symbols', symbols, 0, len(automaton.symbols) - 1)
    next_states = np.array(automaton.next_state)
    required_answers = answer_table(automaton)
    states = np.zeros_like(symbols)
    answers = np.zeros_like(symbols)
    state = np.zeros(len(symbols), int)
    # All sequences at once, step by step.
    for t in range(symbols.shape[1]):
        symbol = symbols[:, t]
        answers[:, t] = required_answers[state, symbol]
        state = next_states[state, symbol]
        states[:, t] = state
    return AutomatonRun(states, answers)
