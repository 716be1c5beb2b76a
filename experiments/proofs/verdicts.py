"""What is known of each net of a population: falsified, proved or unknown."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from experiments.core.automata import describe_counterexample
from experiments.core.config import Config
from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs.certify_as_trained import certify_as_trained
from experiments.proofs.certify_fine_tuned import certify_fine_tuned, take
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.certify import CertifiedNet
from jaxdl.verify.falsify import falsify


class Options(NamedTuple):
    """How to search for proofs.

    Attributes:
        as_trained: Whether the weights stay as they are; else they are fine-tuned with the sets.
        history, steps: For fine-tuning, as in certify_fine_tuned.
        word_steps: For nets as they were trained, as in certify_as_trained.
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
    nets = []
    for net, verdict in enumerate(verdicts.values()):
        # A falsified net has no proof, unless its weights may change.
        if verdict.verdict != 'falsified' or not options.as_trained:
            nets.append(net)
    if options.as_trained:
        certified = certify_as_trained(
            config, automaton, params, nets, options.word_steps, options.folder
        )
    else:
        certified = certify_fine_tuned(
            config, automaton, params, nets, options.history, options.steps
        )
    verdicts = _with_proofs(verdicts, certified, params, options.as_trained)
    return Judgement(verdicts, certified)


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


def _with_proofs(verdicts, certified, params, as_trained):
    """The verdicts {seed: SeedVerdict} with the measurements of the proofs.

    A proof of a fine-tuned net leaves the verdict on the trained one as it is.
    """
    combined = {}
    for place, (seed, verdict) in enumerate(verdicts.items()):
        if seed in certified:
            proof = certified[seed]
            verdict = SeedVerdict(
                verdict='proved' if as_trained else verdict.verdict,
                counterexample=verdict.counterexample,
                slack=proof.result.slack,
                margin=proof.result.margin,
                covers_float32=proof.result.covers_float32,
                sets=len(proof.graph.automaton_state),
                steps=proof.certificate['steps'],
                change=_change(take(params, place), proof.params),
            )
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
