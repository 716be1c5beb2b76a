"""What the five reports claim: reported_claims.csv, a row for every claim that can be tested."""

import csv
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name('reported_claims.csv')


class ReportedClaim(NamedTuple):
    """A row of the table. The fields are its columns.

    Attributes:
        report: 'A' to 'E'.
        claim_id: The report's letter, a number and a name.
        claim: In words. "(numbers only)" where the report's numbers imply it, not its words.
        rows: The ids of the rows that it is about.
        test: The measurement that would decide it.
    """

    report: str
    claim_id: str
    claim: str
    rows: tuple[str, ...]
    test: str


def reported_claims() -> dict[str, ReportedClaim]:
    """All claims by id, in the table's order."""
    claims = {}
    with TABLE.open(newline='') as file:
        for row in csv.DictReader(file):
            rows = tuple(row.pop('rows').split(';'))
            claims[row['claim_id']] = ReportedClaim(rows=rows, **row)
    return claims
