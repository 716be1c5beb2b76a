"""What is known of each net of a population: falsified, proved or unknown."""

from collections.abc import Mapping
from typing import NamedTuple

import jax

from experiments.core.automata import describe_counterexample
from experiments.core.config import Config
from experiments.core.file_schema import SeedVerdict
from experiments.proofs.certify import CertifiedNet, Options, certify_population
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.falsify import falsify


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
    certified = certify_population(config, automaton, params, nets, options)
    verdicts = _with_proofs(verdicts, certified, options.as_trained)
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


def _with_proofs(verdicts, certified, as_trained):
    """The verdicts {seed: SeedVerdict} with the measurements of the proofs.

    A proof of a fine-tuned net leaves the verdict on the trained one as it is.
    """
    combined = {}
    for seed, verdict in verdicts.items():
        if seed in certified:
            proof = certified[seed]
            verdict = SeedVerdict(
                verdict='proved' if as_trained else verdict.verdict,
                counterexample=verdict.counterexample,
                slack=proof.result.slack,
                margin=proof.result.margin,
                float32_error=proof.result.float32_error,
                sets=len(proof.graph.automaton_state),
            )
        combined[seed] = verdict
    return combined
