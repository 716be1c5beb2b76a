"""Verdicts as lines of text for the user."""

from collections.abc import Sequence

from experiments.core.file_schema import SeedVerdict
from experiments.proofs.check_wording import FLOAT32_CONDITION


def verdict_text(verdict: SeedVerdict) -> str:
    """What is known of one net."""
    text = 'as trained no error found'
    if verdict.counterexample:
        text = f'as trained falsified ({verdict.counterexample})'
    if verdict.slack is None:
        return f'{text}; not proved'
    rounding = 'with' if verdict.covers_float32 else 'without'
    return (
        f'{text}; proved {rounding} float32 rounding, slack {verdict.slack:.2g}, '
        f'logits clear 0 by {verdict.margin:.2g}'
    )


def summary_text(verdicts: Sequence[SeedVerdict], as_trained: bool) -> str:
    """How many nets of a population are proved, and how many are falsified."""
    proved = 0
    covered = 0
    falsified = 0
    for verdict in verdicts:
        if verdict.verdict == 'falsified':
            falsified += 1
        if verdict.slack is not None:
            proved += 1
            if verdict.covers_float32:
                covered += 1
    weights = 'as trained'
    if not as_trained:
        changes = [verdict.change for verdict in verdicts if verdict.change is not None]
        weights = 'fine-tuned'
        if changes:
            weights += f' (weights moved by {min(changes):.0%} to {max(changes):.0%} in norm)'
    return (
        f'{proved} of {len(verdicts)} nets, {weights}, are proved right at every length, '
        f'{covered} with float32 rounding, if {FLOAT32_CONDITION}; '
        f'{falsified} nets as trained are falsified'
    )
