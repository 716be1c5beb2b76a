"""The answers to the claims of the reports, as tables."""

from collections import Counter
from collections.abc import Mapping

from experiments.reports.claims.answer import ClaimAnswer
from experiments.reports.page.blocks import LinkCell, MarkCell, Row, Table, TextCell
from experiments.reports.reported_claims import ReportedClaim

# The claims on the first screen: those for which the reports are read.
FIRST_CLAIMS = (
    'D-c01-test-100',
    'A-c01-tuning',
    'A-c09-rnn-low',
    'B-c01-activations',
    'B-c35-cnn-rnn',
    'C-c02-adam-gd',
    'D-c15-two-bits',
    'D-c23-adder-any-length',
    'E-c02-gated-rnn',
    'E-c21-ce-mse',
)


def claim_anchor(claim_id: str) -> str:
    """The anchor of a claim."""
    return f'claim-{claim_id}'


def first_claims_table(
    claims: Mapping[str, ReportedClaim], answers: Mapping[str, ClaimAnswer]
) -> Table:
    """The claims on the first screen.

    Args:
        claims: By id.
        answers: To all claims, by id.
    """
    rows = []
    for claim_id in FIRST_CLAIMS:
        claim, answer = claims[claim_id], answers[claim_id]
        rows.append(
            Row(
                [
                    LinkCell(f'{claim.report}: {claim.claim}', claim_anchor(claim_id)),
                    MarkCell(answer.kind, answer.kind),
                    TextCell(answer.number or answer.reason),
                ]
            )
        )
    return Table(('claim', 'answer', 'number'), rows)


def claim_table(
    report: str, claims: Mapping[str, ReportedClaim], answers: Mapping[str, ClaimAnswer]
) -> Table:
    """All claims of a report.

    Args:
        report: 'A' to 'E'.
        claims: By id.
        answers: To all claims, by id.
    """
    rows = []
    for claim_id, claim in claims.items():
        if claim.report != report:
            continue
        answer = answers[claim_id]
        cells = [
            TextCell(claim.claim),
            MarkCell(answer.kind, answer.kind),
            TextCell(answer.number),
            TextCell(answer.reason),
            TextCell(f'`{claim_id}`'),
        ]
        rows.append(Row(cells, claim_anchor(claim_id)))
    return Table(('claim', 'answer', 'number', 'how it was decided', 'id'), rows)


def count_text(answers: Mapping[str, ClaimAnswer]) -> str:
    """How many claims hold, do not, are undecided and wait."""
    counts = Counter(answer.kind for answer in answers.values())
    return (
        f'Of {len(answers)} claims {counts["holds"]} hold, {counts["does not hold"]} do not, '
        f'{counts["undecided"]} are undecided, and {counts["waiting"]} wait for a run or a '
        'measurement'
    )
