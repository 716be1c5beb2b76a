"""What a net of a run must do, as an automaton: its names, and how training words are drawn."""

import numpy as np

from experiments.core.config import Config
from experiments.core.own_machines import machine_of
from jaxdl.data.sequences import AutomatonTables, SymbolChoices
from jaxdl.verify import automaton_graph, counterexamples
from jaxdl.verify.automaton import ADDER, DIGITS, Automaton, recall
from jaxdl.verify.automaton_arrays import answer_table
from jaxdl.verify.counterexamples import Counterexample


def automaton_of(config: Config) -> Automaton:
    """The automaton of a run of binary_add, recall or automaton."""
    if config.task == 'binary_add':
        return ADDER
    if config.task == 'recall':
        return recall(config.k)
    return machine_of(config.machine).automaton


def describe_counterexample(config: Config, counterexample: Counterexample) -> str:
    """A sequence that a net of a run answers wrongly, in words."""
    if config.task == 'binary_add':
        bits = np.array(ADDER.symbols)[counterexample.symbols]
        return counterexamples.describe_sum(bits)
    if config.task == 'recall':
        return counterexamples.describe_recall(counterexample, config.k)
    return counterexamples.describe_answer(counterexample, machine_of(config.machine))


def state_names(config: Config) -> list[str]:
    """The names of the states of automaton_of(config), for figures."""
    if config.task == 'binary_add':
        return ['carry 0', 'carry 1']
    if config.task == 'recall':
        names = [f'{count} read' for count in range(config.k)]
        return names + [f'holds {digit}' for digit in range(DIGITS)]
    return list(machine_of(config.machine).states)


def symbol_names(config: Config) -> list[str]:
    """The names of the symbols of automaton_of(config), for figures."""
    if config.task == 'binary_add':
        return [f'{a}+{b}' for a, b in ADDER.symbols]
    if config.task == 'recall':
        return list(map(str, range(DIGITS)))
    return list(machine_of(config.machine).symbols)


def sampling_tables(automaton: Automaton) -> AutomatonTables:
    """The tables of an automaton for jaxdl.data.sequences.automaton_words.

    No step leads to where nothing is asked any more, if another can be taken.
    """
    symbol_count = len(automaton.symbols)
    return AutomatonTables(
        vectors=np.array(automaton.symbols, np.float32),
        next_state=np.array(automaton.next_state, np.int32),
        answers=answer_table(automaton).astype(np.int32),
        staying=_symbol_choices(automaton_graph.staying_symbols(automaton), symbol_count),
        free=_symbol_choices(automaton_graph.asking_symbols(automaton), symbol_count),
    )


def _symbol_choices(choices_of_states, symbol_count):
    symbols = np.zeros((len(choices_of_states), symbol_count), np.int32)
    for state, choices in enumerate(choices_of_states):
        symbols[state, : len(choices)] = choices
    counts = np.array(list(map(len, choices_of_states)), np.int32)
    return SymbolChoices(symbols, counts)
