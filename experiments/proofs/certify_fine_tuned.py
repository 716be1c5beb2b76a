"""Certifies a population: searches for inductive invariants, ever finer ones, and checks them."""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from experiments.core.config import Config
from jaxdl.verify import search
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet, certify
from jaxdl.verify.reached import reached
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_graph import SetGraph, set_graph

NETS_AT_ONCE = 50  # in one program


def certify_fine_tuned(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    history: int,
    steps: int,
) -> dict[int, CertifiedNet]:
    """Searches for proofs of nets, whose weights move together with the sets.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of all nets, (S, ...).
        nets: Which of them to prove, by their places from 0.
        history: At first there is a set for each automaton state. For nets that are not proved so,
            there is one for each automaton state and last symbol, ... up to so many last symbols.
        steps: Of each search.

    Returns:
        The nets that are proved, by seed.
    """
    # By seed, so that a net's search does not depend on the others.
    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    certified = {}
    # Few sets are searched quickly; more are tried for the nets that need them.
    unproved = list(nets)
    for last_symbols in range(history + 1):
        if not unproved:
            break
        # A new program each time: the number of sets is a shape.
        graph = set_graph(automaton, last_symbols)
        description = (
            f'{len(graph.automaton_state)} sets, by automaton state and last {last_symbols} symbols'
        )
        still_unproved = []
        # The search yields one chunk after the other, so the bar moves.
        candidates = _find_candidates(config, automaton, params, keys, unproved, graph, steps)
        for net, candidate in tqdm(candidates, description, len(unproved), unit='net'):
            seed = config.seed + net
            proof = certify(automaton, config.cell, candidate, graph)
            if proof is None:
                still_unproved.append(net)
            else:
                certified[seed] = proof
        unproved = still_unproved
    return certified


def _find_candidates(
    config: Config,
    automaton: Automaton,
    params: Params,
    keys: jax.Array,
    nets: Sequence[int],
    graph: SetGraph,
    steps: int,
) -> Iterator[tuple[int, Candidate]]:
    """Searches for all nets, many at once; yields each net and what may prove it."""

    def find(params, key):
        boxes = reached(config.cell, params, graph, automaton, key)
        return search.search(config.cell, params, boxes, graph, automaton, steps)

    find_many = jax.jit(jax.vmap(find))
    at_once = min(NETS_AT_ONCE, len(nets))
    for start in range(0, len(nets), at_once):
        chunk = nets[start : start + at_once]
        # The last chunk repeats its nets, so that all chunks share one program.
        places = np.resize(chunk, at_once)
        candidates = jax.device_get(find_many(take(params, places), keys[places]))
        for place, net in enumerate(chunk):
            yield net, take(candidates, place)


def take(tree: Any, places: int | np.ndarray) -> Any:
    """The entries of every leaf at these places of its first axis."""
    return jax.tree.map(lambda leaf: leaf[places], tree)
