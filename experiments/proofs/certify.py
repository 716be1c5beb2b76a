"""Certifies a population: searches for inductive invariants, ever finer ones, and checks them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from experiments.core.config import Config
from experiments.proofs.certify_as_trained import certify_as_trained
from jaxdl.verify import search
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet, certify
from jaxdl.verify.reached import reached
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_graph import SetGraph, set_graph

NETS_AT_ONCE = 50  # in one program


class Options(NamedTuple):
    """How to search.

    Attributes:
        as_trained: The weights stay as they are; else they are fine-tuned together with the sets.
        history: At first there is a set for each automaton state. For nets that are not proved so,
            there is one for each automaton state and last symbol, ... up to so many last symbols.
        steps: Of each search. These two are for fine-tuning.
        word_steps: After how many symbols the sets close; 0 for a choice of two. This one
            and the next are for nets as they were trained.
        folder: Where proofs are kept as they are found.
    """

    as_trained: bool
    history: int
    steps: int
    word_steps: int
    folder: Path


def certify_population(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    options: Options,
) -> dict[int, CertifiedNet]:
    """Searches for proofs of nets of a population.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of all nets, (S, ...).
        nets: Which of them to prove, by their places from 0.
        options: How to search.

    Returns:
        The nets that are proved, by seed.
    """
    if options.as_trained:
        return _certify_as_trained(config, automaton, params, nets, options)
    return _certify_fine_tuned(config, automaton, params, nets, options)


def _certify_as_trained(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    options: Options,
) -> dict[int, CertifiedNet]:
    certified = {}
    proofs = certify_as_trained(config, automaton, params, nets, options.word_steps, options.folder)
    for net, proof in tqdm(proofs, 'nets as they were trained', len(nets), unit='net'):
        if proof is not None:
            certified[config.seed + net] = proof
    return certified


def _certify_fine_tuned(
    config: Config,
    automaton: Automaton,
    params: Params,
    nets: Sequence[int],
    options: Options,
) -> dict[int, CertifiedNet]:
    # By seed, so that a net's search does not depend on the others.
    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    certified = {}
    # Few sets are searched quickly; more are tried for the nets that need them.
    unproved = list(nets)
    for history in range(options.history + 1):
        if not unproved:
            break
        # A new program per history: the number of sets is a shape.
        graph = set_graph(automaton, history)
        description = (
            f'{len(graph.automaton_state)} sets, by automaton state and last {history} symbols'
        )
        still_unproved = []
        # The search yields one chunk after the other, so the bar moves.
        candidates = _find_candidates(config, automaton, params, keys, unproved, graph, options)
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
    options: Options,
) -> Iterator[tuple[int, Candidate]]:
    """Searches for all nets, many at once; yields each net and what may prove it."""

    def find(params, key):
        boxes = reached(config.cell, params, graph, automaton, key)
        return search.search(config.cell, params, boxes, graph, automaton, options.steps)

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
