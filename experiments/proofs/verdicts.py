"""What is known of each net of a population: falsified, proved or unknown."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.core.automata import describe_counterexample
from experiments.core.config import Config
from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs.certify_covered import certify_covered
from experiments.proofs.certify_searched import certify_searched, take
from experiments.proofs.kept_proofs import find_kept, keep
from experiments.proofs.outcome import Outcome
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet
from jaxdl.verify.falsify import falsify


class Options(NamedTuple):
    """How to search for proofs.

    Attributes:
        as_trained: Whether the weights stay as they are. Else the nets that are not proved as they
            were trained are fine-tuned.
        history, steps: As in certify_searched.
        word_steps: As in certify_covered, for nets that are not to be fine-tuned.
        folder: Of the proofs.
    """

    as_trained: bool
    history: int
    steps: int
    word_steps: int
    folder: Path


class Judgement(NamedTuple):
    """What is known of a population.

    Attributes:
        verdicts: Of the nets as they were trained, with the measurements of their proofs; by seed.
        certified: The nets that are proved, by seed.
    """

    verdicts: dict[int, SeedVerdict]
    certified: dict[int, CertifiedNet]


def judge_population(
    config: Config,
    automaton: Automaton,
    params: Params,
    known: Mapping[str, SeedVerdict],
    options: Options,
) -> Judgement:
    """Looks for counterexamples of nets, then for proofs.

    Args:
        config: Of the run.
        automaton: What the nets must do.
        params: Of the nets, (S, ...).
        known: Earlier verdicts on these nets, by seed.
        options: How to search for proofs.
    """
    # First, because it is cheap and can spare a search for proofs.
    verdicts = _falsify_population(config, automaton, params, known)
    certified = {}
    changes = {}
    best_gaps = {}
    for outcome in _search(config, automaton, params, verdicts, options):
        seed = config.seed + outcome.net
        if outcome.proof is not None:
            certified[seed] = outcome.proof
            changes[seed] = _change(take(params, outcome.net), outcome.proof.params)
            # Kept at once, so that a search which is stopped goes on from what it has found.
            if changes[seed] == 0:
                keep(options.folder, seed, outcome.proof)
        # A search may end in no number.
        elif outcome.closure_gap is not None and np.isfinite(outcome.closure_gap):
            best_gaps[seed] = max(outcome.closure_gap, best_gaps.get(seed, -np.inf))
    return Judgement(_with_proofs(verdicts, certified, changes, best_gaps), certified)


def _search(
    config: Config,
    automaton: Automaton,
    params: Params,
    verdicts: Mapping[int, SeedVerdict],
    options: Options,
) -> Iterator[Outcome]:
    """Yields the proofs that are kept, then what each search gives."""
    proved = set()

    def unproved(wanted):
        nets = []
        for net, verdict in enumerate(verdicts.values()):
            if verdict.verdict in wanted and net not in proved:
                nets.append(net)
        return nets

    for net in unproved(['unknown']):
        seed = config.seed + net
        proof = find_kept(options.folder, seed, automaton, config.cell, take(params, net))
        if proof is not None:
            proved.add(net)
            yield Outcome(net, proof)
    searched = partial(
        certify_searched, config, automaton, params, history=options.history, steps=options.steps
    )
    for outcome in searched(nets=unproved(['unknown']), fine_tune=False):
        if outcome.proof is not None:
            proved.add(outcome.net)
        yield outcome
    if options.as_trained:
        nets = unproved(['unknown'])
        yield from certify_covered(config, automaton, params, nets, options.word_steps)
    else:
        # The weights of a falsified net may become right ones.
        yield from searched(nets=unproved(['unknown', 'falsified']), fine_tune=True)


def _falsify_population(config, automaton, params, known):
    """{seed: 'falsified' or 'unknown'}; an earlier counterexample counts where none is found."""
    key = jax.random.key(config.seed)
    verdicts = {}
    for net, counterexample in enumerate(falsify(config.cell, automaton, params, key)):
        seed = config.seed + net
        # A new counterexample is the shortest of many, so it replaces the known one.
        text = None
        if counterexample is not None:
            text = describe_counterexample(config, counterexample)
        elif str(seed) in known:
            text = known[str(seed)].counterexample
        verdict = 'falsified' if text else 'unknown'
        verdicts[seed] = SeedVerdict(verdict, text)
    return verdicts


def _with_proofs(verdicts, certified, changes, best_gaps):
    """The verdicts {seed: SeedVerdict} with the measurements of the proofs, or of the searches.

    A proof of a fine-tuned net leaves the verdict on the trained one as it is.
    """
    combined = {}
    for seed, verdict in verdicts.items():
        if seed in certified:
            proof = certified[seed]
            is_known = changes[seed] > 0 or verdict.verdict == 'falsified'
            verdict = SeedVerdict(
                verdict=verdict.verdict if is_known else 'proved',
                counterexample=verdict.counterexample,
                slack=proof.result.slack,
                margin=proof.result.margin,
                covers_float32=proof.result.covers_float32,
                sets=len(proof.graph.automaton_state),
                steps=proof.certificate['steps'],
                change=changes[seed],
            )
        elif seed in best_gaps:
            gap = best_gaps[seed]
            verdict = SeedVerdict(verdict.verdict, verdict.counterexample, closure_gap=gap)
        combined[seed] = verdict
    return combined


def _change(params, proved_params):
    """The Euclidean norm of the change of all weights, as a share of their norm."""
    squared_change = 0.0
    squared_norm = 0.0
    for name, weights in params.items():
        squared_change += np.sum(np.square(np.asarray(proved_params[name]) - weights))
        squared_norm += np.sum(np.square(weights))
    return float(np.sqrt(squared_change / squared_norm))
