"""The figures of a population's proofs: an inductive invariant, and accuracy at great lengths."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from experiments.core.automata import state_names, symbol_names
from experiments.core.config import Config
from experiments.core.schemas.final_tests import LengthTable
from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs.certify_searched import take
from jaxdl.figures import curves, state_space
from jaxdl.figures.base import Figure
from jaxdl.metrics import summarize_each
from jaxdl.verify import automaton_arrays
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet
from jaxdl.verify.falsify import share_correct_up_to
from jaxdl.verify.simulation import simulate

# About evenly spaced on a logarithmic axis.
LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
# Of the figure of the sets: enough points to see where the net goes.
SEQUENCES = 40
STEPS = 60
MOST_ARROWS = 10


def invariant_sets(config: Config, automaton: Automaton, seed: int, proof: CertifiedNet) -> Figure:
    """The hidden states h that a proved net reaches, and its sets around them.

    Args:
        config: Of the run.
        automaton: What the net must do.
        seed: Of the net.
        proof: Of the net.
    """
    key = jax.random.key(seed)
    symbol_count = len(automaton.symbols)
    symbols = np.asarray(jax.random.randint(key, (SEQUENCES, STEPS), 0, symbol_count))
    vectors = np.array(automaton.symbols)[symbols]
    states = np.asarray(simulate(config.cell, proof.params, vectors).states)  # (N, T, n)
    trajectories = state_space.Trajectories(
        states[..., : config.hidden],
        automaton_arrays.run(automaton, symbols).states,
        symbols,
    )
    # The figure shows h, of an LSTM too. A set of h and c, projected to h, is spanned by its
    # projected generators.
    invariant = state_space.Parallelotopes(
        proof.sets.centre[:, : config.hidden],
        proof.sets.generators[:, : config.hidden],
        proof.graph.automaton_state,
    )
    title = (
        f'{config.cell} of {config.hidden} units, seed {seed}: '
        'states h, and the sets that hold them for ever'
    )
    return state_space.invariant_sets(
        title, trajectories, invariant, state_names(config), _transitions(config, automaton)
    )


def _transitions(config, automaton):
    """All moves of a small automaton; none of a large one, whose arrows would hide the rest."""
    names = symbol_names(config)
    if len(automaton.next_state) * len(names) > MOST_ARROWS:
        return []
    transitions = []
    for state in range(len(automaton.next_state)):
        for symbol, name in enumerate(names):
            transitions.append(state_space.Transition(state, symbol, name))
    return transitions


def accuracy_at_length(
    config: Config,
    automaton: Automaton,
    params: Params,
    verdicts: Sequence[SeedVerdict],
    certified: Mapping[int, CertifiedNet],
) -> Figure:
    """The share of long sequences of random runs that nets have right.

    A line each for the proved nets, for the falsified ones as trained, and for those as trained of
    which no error is known.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of the nets as trained, (S, ...).
        verdicts: Of each of them.
        certified: The nets that are proved, by seed.
    """
    proved_params = [proof.params for proof in certified.values()]
    groups = {'proved nets': jax.tree.map(lambda *leaves: np.stack(leaves), *proved_params)}
    kinds = np.array([verdict.verdict for verdict in verdicts])
    for kind, label in (('falsified', 'falsified'), ('unknown', 'no error known')):
        places = np.flatnonzero(kinds == kind)
        # A group without nets has no line.
        if len(places) > 0:
            groups[f'as trained, {label}'] = take(params, places)

    # Not the key of the sequences that were tried to falsify the nets.
    key = jax.random.key(config.seed + 1)
    tables = {}
    for label, nets in groups.items():
        shares = share_correct_up_to(config.cell, automaton, nets, key, LENGTHS)
        table = LengthTable(LENGTHS, exact_match=summarize_each(shares))
        tables[f'{label} ({len(shares)})'] = table
    title = f'{config.cell}, {config.hidden} units: sequences of random runs'
    return curves.accuracy_by_length(title, 'steps', tables, config.max_length)
