"""Falsification: a cheap search for sequences that a net answers wrongly.

It looks where nets fail that are right on random sequences: at long runs of one symbol.

Shapes: S nets, N sequences, T steps.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.verify import automaton_arrays
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params, simulate
from jaxdl.verify.counterexamples import Counterexample

MOST_SHORT_SEQUENCES = 10_000
LONG_SEQUENCES = 32
LONG_STEPS = 3000
LONGEST_RUN = 300  # of one symbol, in a long sequence


class NetAnswers(NamedTuple):
    """What S nets answer on N sequences of T symbols.

    Attributes:
        answers: (S, N, T) int.
        wrong: (S, N, T) bool, whether they are not what the automaton asks for.
    """

    answers: np.ndarray
    wrong: np.ndarray


def falsify(
    cell: str,
    automaton: Automaton,
    params: Params,
    key: jax.Array,
) -> list[Counterexample | None]:
    """Looks for counterexamples of several nets.

    It tries all sequences of a few symbols, and sequences of LONG_STEPS symbols: random runs, and
    one repeated symbol in each state of the automaton that this symbol leaves unchanged.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        automaton: What the nets must do.
        params: Of the nets, (S, ...).
        key: Of the random runs.

    Returns:
        For each net the shortest counterexample found, or None.
    """
    short_sequences = _all_short_sequences(len(automaton.symbols))
    random_runs = _random_runs(key, len(automaton.symbols), LONG_SEQUENCES, LONG_STEPS)
    long_sequences = np.concatenate([_constant_sequences(automaton), random_runs])
    shortest = [None] * len(params['head_bias'])
    for sequences in (short_sequences, long_sequences):
        answers, wrong = _answer(cell, automaton, params, sequences)
        for net in range(len(shortest)):
            counterexample = _shortest_counterexample(sequences, answers[net], wrong[net])
            shortest[net] = _shorter(shortest[net], counterexample)
    return shortest


def _shorter(first, second):
    """The shorter one of two counterexamples, the first if they are equal; either may be None."""
    if first is None:
        return second
    if second is None or len(first.symbols) <= len(second.symbols):
        return first
    return second


def _shortest_counterexample(sequences, answers, wrong):
    """The shortest beginning of a sequence (N, T) whose last answer (N, T) of a net is wrong."""
    # The step of the first wrong answer in each sequence; T where all are right.
    first_wrong = np.where(wrong.any(-1), wrong.argmax(-1), sequences.shape[1])
    sequence = first_wrong.argmin()
    t = first_wrong[sequence]
    if t == sequences.shape[1]:
        return None  # even the worst sequence is right
    return Counterexample(sequences[sequence, : t + 1], int(answers[sequence, t]))


def share_correct_up_to(
    cell: str,
    automaton: Automaton,
    params: Params,
    key: jax.Array,
    lengths: Sequence[int],
) -> np.ndarray:
    """How many of LONG_SEQUENCES random runs each net answers correctly up to each length.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        automaton: What the nets must do.
        params: Of the nets, (S, ...).
        key: Of the sequences.
        lengths: In steps.

    Returns:
        Shares (S, lengths) of the sequences.
    """
    sequences = _random_runs(key, len(automaton.symbols), LONG_SEQUENCES, max(lengths))
    wrong = _answer(cell, automaton, params, sequences).wrong
    shares = []
    for length in lengths:
        any_wrong = wrong[..., :length].any(-1)
        shares.append(1 - any_wrong.mean(-1))
    return np.stack(shares, axis=1)


def _answer(cell, automaton, params, sequences):
    """The NetAnswers of nets (S, ...) on sequences of symbols (N, T)."""
    vectors = np.array(automaton.symbols, np.float32)[sequences]

    @jax.jit
    def answers_of(params, vectors):
        # One net after the other: the many sequences keep the device busy, and fill its memory.
        logits = jax.lax.map(lambda net: simulate(cell, net, vectors).logits, params)
        if automaton.outputs == 1:
            return logits[..., 0] > 0
        return logits.argmax(-1)

    answers = np.asarray(answers_of(params, vectors)).astype(int)
    required = automaton_arrays.run(automaton, sequences).answers
    wrong = (answers != required) & (required != automaton_arrays.ANY_ANSWER)
    return NetAnswers(answers, wrong)


def _all_short_sequences(symbols):
    """All sequences (N, T) of the largest T that has at most MOST_SHORT_SEQUENCES of them."""
    # Ten symbols make 10,000 sequences of 4 steps; the rounding of the logarithm must not cost one.
    steps = int(math.log(MOST_SHORT_SEQUENCES, symbols) + 1e-9)
    return np.indices((symbols,) * steps).reshape(steps, -1).T


def _constant_sequences(automaton):
    """Sequences (N, LONG_STEPS): a shortest path to each state, then a symbol that stays there."""
    sequences = []
    for state, path in _shortest_paths(automaton).items():
        for symbol, next_state in enumerate(automaton.next_state[state]):
            if next_state == state:
                sequences.append(path + [symbol] * (LONG_STEPS - len(path)))
    return np.array(sequences)


def _shortest_paths(automaton):
    """{state: a shortest list of symbols that leads there from the start}, in order of length."""
    # Breadth-first search.
    paths = {0: []}
    unvisited = [0]
    while unvisited:
        state = unvisited.pop(0)
        for symbol, next_state in enumerate(automaton.next_state[state]):
            if next_state not in paths:
                paths[next_state] = [*paths[state], symbol]
                unvisited.append(next_state)
    return paths


def _random_runs(key, symbols, count, steps):
    """Sequences (count, steps) of runs of one symbol, their lengths log-uniform."""
    length_key, symbol_key = jax.random.split(key)
    log_lengths = jax.random.uniform(length_key, (count, steps), maxval=jnp.log(float(LONGEST_RUN)))
    run_lengths = np.asarray(jnp.exp(log_lengths)).astype(int)
    run_symbols = np.asarray(jax.random.randint(symbol_key, (count, steps), 0, symbols))
    # There are as many runs as steps, since each run may last one step only.
    sequences = []
    for row_symbols, row_lengths in zip(run_symbols, run_lengths, strict=True):
        sequences.append(np.repeat(row_symbols, row_lengths)[:steps])
    return np.stack(sequences)
