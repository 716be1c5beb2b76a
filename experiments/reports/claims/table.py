"""All claims with what decides them, their answers, and the page docs/claims.md."""

from collections import Counter
from collections.abc import Mapping

from experiments.reports.claims import report_a, report_b, report_c, report_d, report_e
from experiments.reports.claims.answer import ClaimAnswer
from experiments.reports.claims.claim_test import ClaimTest
from experiments.reports.evidence import Evidence
from experiments.reports.reported_claims import reported_claims

# By the ids of reported_claims.csv, in its order.
ANSWERS: dict[str, ClaimTest] = {
    **report_a.ANSWERS,
    **report_b.ANSWERS,
    **report_c.ANSWERS,
    **report_d.ANSWERS,
    **report_e.ANSWERS,
}
HEADING = """# What decides each claim of the reports

`python -m experiments.report` writes this page from `experiments/reports/claims/` and from the
results that `reproduce` has kept.

A claim is held against a number with its 95 % interval, and against limits that were set before
the number was known. It *holds* if the interval lies within the limits, it *does not hold* if the
interval lies outside of them, and otherwise it is *undecided*. A claim that is *waiting* needs
something that is not there yet; its cost is that of two cores.

Each answer is given at 95 %, on its own. So many claims are asked at once that a few of the answers
will be wrong by chance.
"""


def answer_all(evidence: Evidence) -> dict[str, ClaimAnswer]:
    """The answers to all claims by id, from the results that there are."""
    return {claim_id: test.answer(evidence) for claim_id, test in ANSWERS.items()}


def count_kinds(answers: Mapping[str, ClaimAnswer]) -> dict[str, int]:
    """How many answers there are of each kind."""
    return dict(Counter(answer.kind for answer in answers.values()))


def claims_page(evidence: Evidence) -> str:
    """The text of docs/claims.md."""
    answers = answer_all(evidence)
    counts = count_kinds(answers)
    summary = ', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))
    lines = [
        HEADING,
        f'Of {len(answers)} claims: {summary}.',
        '',
        '| claim | decided by | rows | missing | answer | number |',
        '|---|---|---|---|---|---|',
    ]
    for claim_id in reported_claims():
        test, answer = ANSWERS[claim_id], answers[claim_id]
        cells = (
            claim_id,
            test.decided_by,
            _rows_in_words(test),
            test.cost_in_words(evidence),
            answer.kind,
            answer.number or answer.reason,
        )
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _rows_in_words(test: ClaimTest) -> str:
    """The rows of a test; long lists are shortened to their first and last one."""
    rows = test.rows()
    if len(rows) > 4:
        return f'{rows[0]} ... {rows[-1]} ({len(rows)})'
    return ', '.join(rows) or 'none'
