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
        covers_float32: Whether the proof covers the rounding of single precision.
        sets: The number of sets of the inductive invariant.
        steps: k, after how many symbols they close.
        change: How far fine-tuning has moved the weights: the norm of their change as a share of
            their norm; 0 as trained. These six are of the proof; None without one.
        closure_gap: Of a net without a proof: from the worst image to the facets of its target, in
            lengths of the target's generators; negative if it sticks out. The largest of all
            searches by gradient descent. It may be positive where the start or an answer fails
            instead. None if no such search ended in a number.
    """

    verdict: Literal['falsified', 'unknown', 'proved']
    counterexample: str | None
    slack: float | None = None
    margin: float | None = None
    covers_float32: bool | None = None
    sets: Count | None = None
    steps: Count | None = None
    change: float | None = None
    closure_gap: float | None = None


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
