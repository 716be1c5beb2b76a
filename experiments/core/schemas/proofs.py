"""proofs/proofs.json: what `prove` has found of the nets of a run."""

from typing import Literal

import msgspec

from experiments.core.schemas.fields import Count


class SeedVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one net.

    Attributes:
        verdict: Of the net as it was trained: 'falsified' by a counterexample, 'proved' right at
            every length, or 'unknown'.
        counterexample: In words, or None.
        slack: The largest error of a state in each step that the proof still covers.
        margin: How far sums of logits clear 0.
        float32_error: A bound on the rounding error of a step.
        sets: The number of sets of the inductive invariant. These four are of the proof of the
            net, fine-tuned unless `prove --as_trained`; None without a proof.
    """

    verdict: Literal['falsified', 'unknown', 'proved']
    counterexample: str | None
    slack: float | None = None
    margin: float | None = None
    float32_error: float | None = None
    sets: Count | None = None


class ProofResults(msgspec.Struct, frozen=True, omit_defaults=True):
    """proofs/proofs.json: what `prove` has found of a population.

    Attributes:
        weights: Which weights the proofs are about, in words.
        epoch: The epoch of the nets.
        seeds: By seed.
    """

    weights: str
    epoch: Count
    seeds: dict[str, SeedVerdict]
