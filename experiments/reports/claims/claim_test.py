"""How a claim is decided: the measurements, and how their findings are put together."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from experiments.reports import catalogue
from experiments.reports.claims.answer import (
    LEVEL,
    Check,
    ClaimAnswer,
    Finding,
    HoldsIf,
    Kind,
    NotKept,
    all_of,
    any_of,
    find_parts,
    joined,
)
from experiments.reports.evidence import Evidence

# What the parts that decide a claim do, by the answer.
PARTS_IN_WORDS: dict[Kind, str] = {
    'holds': 'hold',
    'does not hold': 'do not hold',
    'undecided': 'are undecided',
}


class ClaimTest(NamedTuple):
    """How a claim is decided.

    Attributes:
        decided_by: The deciding measurement and the limits for its values, in a line.
        checks: The measurements.
        holds_if: Whether the claim holds if 'all' of them do, or if 'any' does.
        beside: Measurements that do not decide, but that a reader would ask for.
        missing: What no run of the catalogue can give, in words; '' if nothing.
        hours: What that costs on two cores, roughly.
    """

    decided_by: str
    checks: Sequence[Check] = ()
    holds_if: HoldsIf = 'all'
    beside: Sequence[Check] = ()
    missing: str = ''
    hours: float = 0

    def rows(self) -> list[str]:
        """The ids of the runs that decide the claim."""
        rows = []
        for check in self.checks:
            rows.extend(check.rows)
        return list(dict.fromkeys(rows))

    def cost_in_words(self, evidence: Evidence) -> str:
        """What it costs to get what the claim still lacks: '0' if nothing."""
        if self.missing:
            return f'{self.hours:g} h'
        not_run = _not_run(self.rows(), evidence)
        return f'{missing_seconds(not_run) / 60:.1f} min' if not_run else '0'

    def answer(self, evidence: Evidence) -> ClaimAnswer:
        """The answer from the results that there are."""
        if self.missing:
            cost = f'about {self.hours:g} hours' if self.hours else 'no training'
            reason = f'it needs {self.missing} ({cost})'
            return ClaimAnswer('waiting', '', reason)
        measures = [partial(_find, check, evidence) for check in self.checks]
        findings = find_parts(measures, self.holds_if)
        kind = all_of(findings) if self.holds_if == 'all' else any_of(findings)
        deciding = [finding for finding in findings if finding.kind == kind]
        if kind == 'waiting':
            return ClaimAnswer(kind, '', self._what_is_missing(deciding, evidence))
        return ClaimAnswer(kind, joined(deciding), self._reason(findings, deciding, evidence))

    def _what_is_missing(self, findings, evidence):
        parts = []
        not_run = _not_run(self.rows(), evidence)
        if not_run:
            minutes = missing_seconds(not_run) / 60
            parts.append(f'not run yet: {", ".join(not_run)} (about {minutes:.1f} minutes)')
        # Those of rows that were not run have no words of their own.
        parts += [finding.number for finding in findings if finding.number]
        return '; '.join(dict.fromkeys(parts))

    def _reason(self, findings, deciding, evidence):
        reason = f'Decided by: {self.decided_by}.'
        if len(findings) > 1:
            state = PARTS_IN_WORDS[deciding[0].kind]
            reason += f' Parts that {state}: {len(deciding)} of {len(findings)}.'
        beside = []
        for check in self.beside:
            finding = _find(check, evidence, LEVEL)
            if finding.kind != 'waiting':
                beside.append(finding)
        if beside:
            reason += f' Beside it: {joined(beside)}.'
        return reason


def _find(check: Check, evidence: Evidence, level: float) -> Finding:
    """What a measurement says at a level, or what it waits for."""
    diverged = [row for row in check.rows if row in evidence.failures]
    if diverged:
        return Finding('undecided', f'diverged: {", ".join(diverged)}')
    if _not_run(check.rows, evidence):
        return Finding('waiting', '')
    try:
        return check.measure(evidence, level)
    except NotKept as error:
        return Finding('waiting', str(error))


def _not_run(rows: Sequence[str], evidence: Evidence) -> list[str]:
    """Those of the rows that have neither results nor a failure."""
    return [row for row in rows if evidence.outcome(row) is None]


def missing_seconds(not_run: Sequence[str]) -> float:
    """Roughly the seconds that it takes to train some rows, with their usual seeds."""
    configs = catalogue.runs()
    seconds = 0.0
    # Rows of the same Config are trained once.
    for row in {catalogue.first_id(row, configs) for row in not_run}:
        config = configs[row]
        seeds = catalogue.usual_seeds(row, config)
        seconds += catalogue.cost(replace(config, seeds=seeds))
    return seconds


def waiting(decided_by: str, missing: str, hours: float) -> ClaimTest:
    """A claim that no run of the catalogue can decide."""
    return ClaimTest(decided_by, missing=missing, hours=hours)
