"""Falsification: a cheap search for sequences that a net answers wrongly.

It looks where nets fail that are right on random sequences: at long runs of one symbol, at loops of
the automaton, and where states drift over many thousands of steps.

Shapes: S nets, N sequences, T steps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxdl.verify import automaton_graph
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.automaton_arrays import ANY_ANSWER, answer_table
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.counterexamples import Counterexample
from jaxdl.verify.requirements import require_automaton, require_nets
from jaxdl.verify.simulation import logits_of, next_states, start_states

MOST_SHORT_SEQUENCES = 10_000
MOST_SHORT_STEPS = 13
LONGEST_LOOP = 3  # symbols
MOST_LOOPS = 64
LOOP_STEPS = 3000
MIXED_SEQUENCES = 64
MIXED_STEPS = 100_000
LONGEST_RUN = 300  # of one symbol, in a mixed sequence
NETS_AT_ONCE = 20  # in a device's cache, with their states on all sequences


class FirstErrors(NamedTuple):
    """Where S nets first answer wrongly on N sequences of T symbols.

    Attributes:
        steps: (S, N) int, counted from 0; T where all answers are right.
        answers: (S, N) int, what they answer there.
    """

    steps: np.ndarray
    answers: np.ndarray


def falsify(
    cell: str,
    automaton: Automaton,
    params: Params,
    key: jax.Array,
) -> list[Counterexample | None]:
    """Looks for counterexamples of several nets.

    It tries all sequences of a few symbols, loops of the automaton, each entered on a shortest path
    and run through LOOP_STEPS symbols long, and mixed sequences of MIXED_STEPS symbols.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        automaton: What the nets must do.
        params: Of the nets, (S, ...).
        key: Of the mixed sequences.

    Returns:
        For each net the shortest counterexample found, or None.

    Raises:
        UserError: The automaton's tables are not whole, or the nets cannot follow it.
    """
    require_automaton(automaton)
    require_nets(cell, params, automaton)
    kinds = [
        _all_short_sequences(len(automaton.symbols)),
        _loop_sequences(automaton),
        _mixed_sequences(key, automaton, MIXED_SEQUENCES, MIXED_STEPS),
    ]
    shortest = [None] * len(params['head_bias'])
    for sequences in kinds:
        errors = _first_errors(cell, automaton, params, sequences)
        for net in range(len(shortest)):
            counterexample = _shortest_counterexample(sequences, errors, net)
            shortest[net] = _shorter(shortest[net], counterexample)
    return shortest


def _shorter(first, second):
    """The shorter one of two counterexamples, the first if they are equal; either may be None."""
    if first is None:
        return second
    if second is None or len(first.symbols) <= len(second.symbols):
        return first
    return second


def _shortest_counterexample(sequences, errors, net):
    """The shortest beginning of a sequence (N, T) whose last answer of a net is wrong."""
    sequence = errors.steps[net].argmin()
    step = errors.steps[net, sequence]
    if step == sequences.shape[1]:
        return None  # even the worst sequence is right
    return Counterexample(sequences[sequence, : step + 1], int(errors.answers[net, sequence]))


def share_correct_up_to(
    cell: str,
    automaton: Automaton,
    params: Params,
    key: jax.Array,
    lengths: Sequence[int],
) -> np.ndarray:
    """How many of MIXED_SEQUENCES mixed sequences each net answers correctly up to each length.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        automaton: What the nets must do.
        params: Of the nets, (S, ...).
        key: Of the sequences.
        lengths: In steps.

    Returns:
        Shares (S, lengths) of the sequences.
    """
    sequences = _mixed_sequences(key, automaton, MIXED_SEQUENCES, max(lengths))
    errors = _first_errors(cell, automaton, params, sequences)
    shares = []
    for length in lengths:
        shares.append((errors.steps >= length).mean(1))
    return np.stack(shares, axis=1)


def _first_errors(cell, automaton, params, sequences):
    """The FirstErrors of nets (S, ...) on sequences of symbols (N, T)."""

    @jax.jit
    def first_errors(params, symbols_by_step):
        def of_net(net):
            return _first_errors_of_net(cell, automaton, net, symbols_by_step)

        return lax.map(of_net, params, batch_size=NETS_AT_ONCE)

    # One byte for each symbol: there are millions.
    return jax.tree.map(np.asarray, first_errors(params, sequences.T.astype(np.int8)))


class _Progress(NamedTuple):
    """Where a net and its automaton are in N sequences, and the FirstErrors so far."""

    net_states: jax.Array  # (N, n)
    automaton_states: jax.Array  # (N,)
    steps: jax.Array  # (N,)
    answers: jax.Array  # (N,)


def _first_errors_of_net(cell, automaton, net, symbols_by_step):
    """The FirstErrors (N,) of a net on sequences given as (T, N).

    Nothing is kept of a step but whether it was the first wrong one, so that memory does not grow
    with the length.
    """
    vectors = jnp.array(automaton.symbols, float)
    next_state = jnp.array(automaton.next_state)
    asked_answers = jnp.array(answer_table(automaton))
    length, count = symbols_by_step.shape

    def advance(progress, step_and_symbols):
        step, symbols = step_and_symbols
        net_states = next_states(cell, net, progress.net_states, vectors[symbols])
        logits = logits_of(net, net_states)
        given = logits[:, 0] > 0 if automaton.outputs == 1 else logits.argmax(-1)
        asked = asked_answers[progress.automaton_states, symbols]
        is_wrong = (given != asked) & (asked != ANY_ANSWER)
        is_first = is_wrong & (progress.steps == length)
        progress = _Progress(
            net_states,
            next_state[progress.automaton_states, symbols],
            jnp.where(is_first, step, progress.steps),
            jnp.where(is_first, given, progress.answers),
        )
        return progress, None

    zeros = jnp.zeros(count, int)
    start = _Progress(start_states(cell, net, count), zeros, zeros + length, zeros)
    end, _ = lax.scan(advance, start, (jnp.arange(length), symbols_by_step))
    return FirstErrors(end.steps, end.answers)


def _all_short_sequences(symbols):
    """All sequences (N, T) of the largest T, MOST_SHORT_STEPS at most, that has few enough."""
    steps = 1
    while symbols ** (steps + 1) <= MOST_SHORT_SEQUENCES and steps < MOST_SHORT_STEPS:
        steps += 1
    return np.indices((symbols,) * steps).reshape(steps, -1).T


def _loop_sequences(automaton):
    """Sequences (N, LOOP_STEPS): a shortest path to each state, then a loop that comes back."""
    sequences = []
    for loop in automaton_graph.loops(automaton, LONGEST_LOOP, MOST_LOOPS):
        sequences.append(automaton_graph.repeated(loop, LOOP_STEPS))
    return np.array(sequences)


def _mixed_sequences(key, automaton, count, steps):
    """Sequences (count, steps) of runs of one symbol, their lengths log-uniform.

    In every second one, a symbol that leads to where the automaton cannot come back from gives way
    to one that does not, if there is one.
    """
    length_key, symbol_key, draw_key = jax.random.split(key, 3)
    log_lengths = jax.random.uniform(length_key, (count, steps), maxval=jnp.log(float(LONGEST_RUN)))
    run_lengths = np.asarray(jnp.exp(log_lengths)).astype(int)
    symbol_count = len(automaton.symbols)
    run_symbols = np.asarray(jax.random.randint(symbol_key, (count, steps), 0, symbol_count))
    sequences = []
    for row_symbols, row_lengths in zip(run_symbols, run_lengths, strict=True):
        # As many runs as there may be steps have been drawn, of which a few are needed.
        runs = np.searchsorted(row_lengths.cumsum(), steps) + 1
        sequences.append(np.repeat(row_symbols[:runs], row_lengths[:runs])[:steps])
    sequences = np.stack(sequences)
    draws = jax.random.uniform(draw_key, sequences[::2].shape)
    sequences[::2] = _kept_from_leaving(automaton, sequences[::2], draws)
    return sequences


def _kept_from_leaving(automaton, sequences, draws):
    """Sequences (N, T) in which a symbol that is not staying gives way to one that is."""
    choices = automaton_graph.staying_symbols(automaton)
    table = np.zeros((len(choices), len(automaton.symbols)), int)
    is_staying = np.zeros(table.shape, bool)
    for state, symbols in enumerate(choices):
        table[state, : len(symbols)] = symbols
        is_staying[state, symbols] = True
    counts = is_staying.sum(1)
    next_state = np.array(automaton.next_state)

    def advance(states, symbols_and_draws):
        symbols, draws = symbols_and_draws
        places = (draws * jnp.asarray(counts)[states]).astype(int)
        others = jnp.asarray(table)[states, places]
        symbols = jnp.where(jnp.asarray(is_staying)[states, symbols], symbols, others)
        return jnp.asarray(next_state)[states, symbols], symbols

    start = jnp.zeros(len(sequences), int)
    _, kept = lax.scan(advance, start, (sequences.T, draws.T))
    return np.asarray(kept).T
