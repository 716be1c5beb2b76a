"""What an answer is: an interval is held against the region of values for which a claim holds."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from experiments.reports.evidence import Evidence

Kind = Literal['holds', 'does not hold', 'undecided', 'waiting']
HoldsIf = Literal['all', 'any']  # of the parts of a claim
LEVEL = 0.95  # of the interval that decides a claim
MOST_SHOWN = 3  # findings of one answer


class Estimate(NamedTuple):
    """An estimate with its interval. A number that is exact has an interval of no width."""

    estimate: float
    low: float
    high: float


class Region(NamedTuple):
    """The values for which a claim holds: those strictly between `low` and `high`.

    A claim that two numbers are the same has a margin to both sides of 0. That an interval of 95 %
    lies inside is then what two one-sided tests at 2.5 % each decide.
    """

    low: float = -math.inf
    high: float = math.inf


def within(margin: float) -> Region:
    """The Region of differences that are smaller than a margin, in either direction."""
    return Region(-margin, margin)


def judge(interval: Estimate, region: Region) -> Kind:
    """Whether an interval lies inside a region, outside of it, or neither."""
    if region.low < interval.low and interval.high < region.high:
        return 'holds'
    if interval.high <= region.low or region.high <= interval.low:
        return 'does not hold'
    return 'undecided'


class Finding(NamedTuple):
    """What one measurement says.

    Attributes:
        kind: Of the part of the claim that it decides.
        number: What was measured, and its interval, in words. Of one that waits: what is missing.
    """

    kind: Kind
    number: str


class NotKept(Exception):
    """The file of a row does not hold what a measurement needs. The message says what."""


class Check(NamedTuple):
    """One measurement, which decides a claim or a part of it.

    Attributes:
        rows: The ids of the runs whose results it needs.
        measure: From the Evidence, which holds these results, and from the level of the interval
            to the finding. Raises NotKept.
    """

    rows: tuple[str, ...]
    measure: Callable[[Evidence, float], Finding]


class ClaimAnswer(NamedTuple):
    """The answer to a claim.

    Attributes:
        kind: 'waiting' if something is missing that the answer needs.
        number: The measurements that decide it, with their 95 % intervals.
        reason: How they decide it; of a claim that waits, what is missing and what that costs.
    """

    kind: Kind
    number: str
    reason: str


def corrected(level: float, parts: int) -> float:
    """The level of each of several intervals that hold together at `level`, by Bonferroni."""
    return 1 - (1 - level) / parts


def find_parts(
    measures: Sequence[Callable[[float], Finding]], holds_if: HoldsIf, level: float = LEVEL
) -> list[Finding]:
    """What the parts of a claim say, so that the answer to the whole claim is given at a level.

    A claim of which all parts must hold is refuted by a single one, and the more parts there are,
    the likelier it is that chance alone refutes one. A part that refutes it must therefore do so
    at the level of Bonferroni. That all parts hold needs no correction: the claim is then wrongly
    held up only where a wrong part is, and that part alone has this chance (Berger, 1982,
    Multiparameter hypothesis testing and acceptance sampling). Of a claim of which any part must
    hold the opposite is true.

    Args:
        measures: One for each part, from the level of its interval to its finding.
        holds_if: Whether the claim holds if 'all' of its parts do, or if 'any' does.
        level: Of the answer to the whole claim.
    """
    deciding_alone: Kind = 'does not hold' if holds_if == 'all' else 'holds'
    findings = []
    for measure in measures:
        finding = measure(level)
        if finding.kind == deciding_alone and len(measures) > 1:
            finding = measure(corrected(level, len(measures)))
        findings.append(finding)
    return findings


def all_of(findings: Sequence[Finding]) -> Kind:
    """The kind of a claim that holds if all of its parts hold."""
    kinds = [finding.kind for finding in findings]
    for kind in ('does not hold', 'waiting', 'undecided'):
        if kind in kinds:
            return kind
    return 'holds'


def any_of(findings: Sequence[Finding]) -> Kind:
    """The kind of a claim that holds if one of its parts holds."""
    kinds = [finding.kind for finding in findings]
    for kind in ('holds', 'waiting', 'undecided'):
        if kind in kinds:
            return kind
    return 'does not hold'


def joined(findings: Sequence[Finding]) -> str:
    """The numbers of some findings, as far as they fit into a line."""
    numbers = [finding.number for finding in findings[:MOST_SHOWN]]
    if len(findings) > MOST_SHOWN:
        numbers.append(f'and {len(findings) - MOST_SHOWN} more')
    return '; '.join(numbers)
