"""Verdicts as lines of text for the user."""

from collections.abc import Sequence

from experiments.core.schemas.proofs import SeedVerdict
from experiments.proofs.check_wording import FLOAT32_CONDITION


def verdict_text(verdict: SeedVerdict) -> str:
    """What is known of one net."""
    text = 'as trained no error found'
    if verdict.counterexample:
        text = f'as trained falsified ({verdict.counterexample})'
    if verdict.slack is None:
        return f'{text}; not proved'
    weights = 'as trained'
    if verdict.change:
        weights = f'with weights moved by {100 * verdict.change:.2g} %'
    rounding = 'with' if verdict.covers_float32 else 'without'
    return (
        f'{text}; proved {weights}, {rounding} float32 rounding, {verdict.sets} sets, '
        f'slack {verdict.slack:.2g}, logits clear 0 by {verdict.margin:.2g}'
    )


def summary_text(verdicts: Sequence[SeedVerdict]) -> str:
    """How many nets of a population are proved, and how many are falsified."""
    as_trained = 0
    covered = 0
    falsified = 0
    changes = []
    for verdict in verdicts:
        if verdict.verdict == 'falsified':
            falsified += 1
        if verdict.slack is None:
            continue
        if verdict.covers_float32:
            covered += 1
        if verdict.change:
            changes.append(verdict.change)
        else:
            as_trained += 1
    fine_tuned = ''
    if changes:
        moved = f'{100 * min(changes):.2g} to {100 * max(changes):.2g} %'
        fine_tuned = f', and {len(changes)} after fine-tuning (weights moved by {moved} in norm)'
    return (
        f'{as_trained} of {len(verdicts)} nets are proved right at every length as trained'
        f'{fine_tuned}; {covered} of these proofs cover float32 rounding, if {FLOAT32_CONDITION}; '
        f'{falsified} nets as trained are falsified'
    )
