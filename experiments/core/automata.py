"""What a net of a run must do, as an automaton, and how its training words are drawn."""

import numpy as np

from experiments.core.config import Config
from experiments.core.own_machines import machine_of
from jaxdl.data.sequences import AutomatonTables, SymbolChoices
from jaxdl.verify import automaton_graph
from jaxdl.verify.automaton import ADDER, Automaton, recall
from jaxdl.verify.automaton_arrays import answer_table


def automaton_of(config: Config) -> Automaton:
    """The automaton of a run of binary_add, recall or automaton."""
    if config.task == 'binary_add':
        return ADDER
    if config.task == 'recall':
        return recall(config.k)
    return machine_of(config.machine).automaton


def sampling_tables(automaton: Automaton) -> AutomatonTables:
    """The tables of an automaton for jaxdl.data.sequences.automaton_words.

    Its free steps do not lead to where nothing is asked any more, if others are there. The staying
    ones, besides, do not leave the states from which it can come back.
    """
    reachable = automaton_graph.reachable(automaton)
    is_asked = {state for state, row in enumerate(automaton.answer) if set(row) != {None}}
    free = []
    staying = []
    for state, next_of_state in enumerate(automaton.next_state):
        symbols = list(range(len(next_of_state)))
        asking = []
        for symbol in symbols:
            asks_now = automaton.answer[state][symbol] is not None
            if asks_now or is_asked & reachable[next_of_state[symbol]]:
                asking.append(symbol)
        asking = asking or symbols
        coming_back = [symbol for symbol in asking if state in reachable[next_of_state[symbol]]]
        free.append(asking)
        staying.append(coming_back or asking)
    return AutomatonTables(
        vectors=np.array(automaton.symbols, np.float32),
        next_state=np.array(automaton.next_state, np.int32),
        answers=answer_table(automaton).astype(np.int32),
        staying=_symbol_choices(staying, len(automaton.symbols)),
        free=_symbol_choices(free, len(automaton.symbols)),
    )


def _symbol_choices(choices_of_states, symbol_count):
    symbols = np.zeros((len(choices_of_states), symbol_count), np.int32)
    for state, choices in enumerate(choices_of_states):
        symbols[state, : len(choices)] = choices
    counts = np.array(list(map(len, choices_of_states)), np.int32)
    return SymbolChoices(symbols, counts)
