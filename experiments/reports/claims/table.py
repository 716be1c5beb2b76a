"""All claims with what decides them, their answers, and the page docs/claims.md."""

from collections.abc import Mapping
from typing import get_args

from tqdm import tqdm

from experiments.reports.claims import report_a, report_b, report_c, report_d, report_e
from experiments.reports.claims.answer import ClaimAnswer, Kind
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

Each claim is decided by a number with its 95 % interval, and by limits, which the table gives. It
*holds* if the interval lies within the limits, it *does not hold* if the interval lies outside of
them, and otherwise it is *undecided*. A claim that is *waiting* needs something that is not there
yet; its cost is that of two cores.

Each answer is given at 95 %, on its own. Where a claim has several parts of which a single one
decides it, that part must do so at 100 - 5 / (number of parts) % (Bonferroni), and the interval in
the table is the one at this level. The rank correlation of several runs must differ from 0 in a
permutation test, whose p value the table gives.

Claims that compare the seconds of two settings are undecided: two runs may differ by more than the
epochs of each of them do, and there is one run of each.

So many claims are asked at once that a few of the answers will be wrong by chance.
"""


def answer_all(evidence: Evidence) -> dict[str, ClaimAnswer]:
    """The answers to all claims by id, from the results that there are."""
    answers = {}
    for claim_id, test in tqdm(ANSWERS.items(), 'claims', unit='claim'):
        answers[claim_id] = test.answer(evidence)
    return answers


def count_kinds(answers: Mapping[str, ClaimAnswer]) -> dict[Kind, int]:
    """How many answers there are of each kind, of those that do not occur as well."""
    kinds = [answer.kind for answer in answers.values()]
    return {kind: kinds.count(kind) for kind in get_args(Kind)}


def claims_page(evidence: Evidence, answers: Mapping[str, ClaimAnswer]) -> str:
    """The text of docs/claims.md.

    Args:
        evidence: With the results that there are.
        answers: To all claims, by id.
    """
    counts = count_kinds(answers)
    summary = (
        f'Of {len(answers)} claims {counts["holds"]} hold, {counts["does not hold"]} do not hold, '
        f'{counts["undecided"]} are undecided, and {counts["waiting"]} are waiting.'
    )
    lines = [
        HEADING,
        summary,
        '',
        '| id | claim | decided by | rows | missing | answer | number |',
        '|---|---|---|---|---|---|---|',
    ]
    for claim_id, claim in reported_claims().items():
        test, answer = ANSWERS[claim_id], answers[claim_id]
        cells = (
            claim_id,
            claim.claim,
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
