"""Certifies nets of a population by gradient descent: sets by automaton state and last symbols."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from experiments.core.config import Config
from experiments.proofs.outcome import Outcome
from jaxdl import parallel
from jaxdl.verify import search
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet, certify
from jaxdl.verify.inverse import inverse
from jaxdl.verify.reached import reached
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_graph import SetGraph, set_graph

# In one program, which runs until the last of them is done.
NETS_AT_ONCE = 16
MOST_HALVINGS = 8  # of the slack that the search promises, until the check grants it


class _Found(NamedTuple):
    """What the search finds of one net.

    Attributes:
        candidate: What may prove it.
        closure_gap: As in Outcome.
        slack: With which every set still closes, by the bounds of the search; negative if one does
            not close at all.
    """

    candidate: Candidate
    closure_gap: Any
    slack: Any


def certify_searched(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    history: int,
    steps: int,
    fine_tune: bool,
) -> Iterator[Outcome]:
    """Searches for proofs of nets, many at once.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of all nets, (S, ...).
        nets: Which of them to prove, by their places from 0.
        history: At first there is a set for each automaton state. For nets that are not proved so,
            there is one for each automaton state and last symbol, ... up to so many last symbols.
        steps: Of each search, at most.
        fine_tune: Whether the weights move together with the sets.

    Yields:
        What each search gave. A net without a proof is searched again, so it may come again.
    """
    weights = 'fine-tuned' if fine_tune else 'as trained'
    # Few sets are searched quickly; more are tried for the nets that need them.
    unproved = list(nets)
    for last_symbols in range(history + 1):
        if not unproved:
            return
        # A new program each time: the number of sets is a shape.
        graph = set_graph(automaton, last_symbols)
        description = f'{weights}, {len(graph.automaton_state)} sets'
        still_unproved = []
        # The search yields one chunk after the other, so the bar moves.
        found = _find_candidates(config, automaton, params, unproved, graph, steps, fine_tune)
        for net, found_of_net in tqdm(found, description, len(unproved), unit='net'):
            proof = _certify(automaton, config.cell, found_of_net, graph)
            if proof is None:
                still_unproved.append(net)
            yield Outcome(net, proof, float(found_of_net.closure_gap))
        unproved = still_unproved


def _find_candidates(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    graph: SetGraph,
    steps: int,
    fine_tune: bool,
) -> Iterator[tuple[int, _Found]]:
    """Searches for all nets, many at once; yields each net and what may prove it."""

    def find(params, key):
        boxes = reached(config.cell, params, graph, automaton, key)
        candidate = search.search(config.cell, params, boxes, graph, automaton, fine_tune, steps)
        spare = search.gaps(config.cell, candidate.params, candidate.sets, graph, automaton)
        # How far a net state moves, in lengths of a set's generators, for each unit of slack.
        sensitivity = jnp.abs(jax.vmap(inverse)(candidate.sets.generators)).sum(-1)
        slack = spare.closure / sensitivity[graph.next_set]
        return _Found(candidate, spare.closure.min(), slack.min())

    # By seed, so that a net's search does not depend on the others.
    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    mesh = parallel.make_mesh(None, min(NETS_AT_ONCE, len(nets)), batch_size=1, split_batch=False)
    at_once = parallel.padded_count(min(NETS_AT_ONCE, len(nets)), mesh)
    find_many = parallel.jit_over_seeds(
        jax.vmap(find), mesh, [True, True], parallel.over_seeds(mesh)
    )
    for start in range(0, len(nets), at_once):
        chunk = nets[start : start + at_once]
        # The last chunk repeats its nets, so that all chunks share one program.
        places = np.resize(chunk, at_once)
        found = jax.device_get(find_many(take(params, places), keys[places]))
        for place, net in enumerate(chunk):
            yield net, take(found, place)


def _certify(
    automaton: Automaton, cell: str, found: _Found, graph: SetGraph
) -> CertifiedNet | None:
    """The proof with the largest power of 1/2 for its slack, or None.

    A check of many sets takes seconds, so it begins with what the search promises.
    """
    # Also where it is no number.
    if not found.slack > 0:
        return None
    promised = math.floor(math.log2(found.slack))
    for halvings in range(MOST_HALVINGS):
        slack = 2.0 ** (promised - halvings)
        proof = certify(automaton, cell, found.candidate, graph, slack=slack)
        if proof is not None:
            return proof
    return None


def take(tree: Any, places: int | np.ndarray) -> Any:
    """The entries of every leaf at these places of its first axis."""
    return jax.tree.map(lambda leaf: leaf[places], tree)
