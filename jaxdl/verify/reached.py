"""Which net states a net reaches on random sequences, as boxes where a search begins.

Shapes: L sets, X symbols, N sequences, T steps, n numbers of a net state (h, for LSTM followed by
c).
"""

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.requirements import require_net
from jaxdl.verify.set_graph import Parallelotopes, SetGraph
from jaxdl.verify.simulation import simulate

LEAST_HALF_WIDTH = 0.02  # added to the boxes around the states that were reached
# Of the random sequences: as many again are runs of one symbol.
SEQUENCES = 256
STEPS = 40


def reached(
    cell: str,
    params: Params,
    graph: SetGraph,
    automaton: Automaton,
    key: Array,
) -> Parallelotopes:
    """Boxes around the net states that a net reaches on random sequences.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        graph: Of the automaton.
        automaton: What the net must do.
        key: Of the sequences.

    Raises:
        UserError: The params are not those of a net of this cell, for this automaton.
    """
    require_net(cell, params, automaton)
    symbols = _random_symbols(key, len(automaton.symbols))
    vectors = jnp.array(automaton.symbols)[symbols]
    states = simulate(cell, params, vectors).states  # (N, T, n)
    set_at_step = _sets_visited(graph, symbols)  # (N, T)

    def extremes(set_index):
        # Over all steps of all sequences, (n,) each.
        in_set = (set_at_step == set_index)[..., None]
        low = jnp.where(in_set, states, jnp.inf).min((0, 1))
        high = jnp.where(in_set, states, -jnp.inf).max((0, 1))
        return low, high

    low, high = lax.map(extremes, jnp.arange(len(graph.automaton_state)))
    # Some sets may never be reached, such as the start if no symbol leads back to it.
    was_reached = low <= high
    low = jnp.where(was_reached, low, 0.0)
    high = jnp.where(was_reached, high, 0.0)
    # Set 0 holds the zero state too.
    low = low.at[0].min(0.0)
    high = high.at[0].max(0.0)
    half_widths = (high - low) / 2 + LEAST_HALF_WIDTH
    return Parallelotopes((low + high) / 2, jax.vmap(jnp.diag)(half_widths))


def _random_symbols(key, symbol_count):
    """Sequences (2 * SEQUENCES, STEPS) of random symbols, and of runs of ten of one symbol."""
    groups = []
    for run_length in (1, 10):
        runs = -(-STEPS // run_length)  # rounded up
        run_key = jax.random.fold_in(key, run_length)
        symbols = jax.random.randint(run_key, (SEQUENCES, runs), 0, symbol_count)
        groups.append(symbols.repeat(run_length, axis=1)[:, :STEPS])
    return jnp.concatenate(groups)


def _sets_visited(graph, symbols):
    """The set (N, T) after each of the symbols (N, T)."""

    def advance(sets, symbols):
        sets = jnp.asarray(graph.next_set)[sets, symbols]
        return sets, sets

    start = jnp.zeros(len(symbols), int)
    _, sets_by_step = lax.scan(advance, start, symbols.T)
    return sets_by_step.T
