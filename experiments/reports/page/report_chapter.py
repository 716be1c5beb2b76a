"""The chapter of one report: its rows, curves, pictures, numbers and claims."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.reports.claims.answer import ClaimAnswer
from experiments.reports.evidence import Evidence
from experiments.reports.page.blocks import Block, Section, Text
from experiments.reports.page.claim_tables import claim_table
from experiments.reports.page.curve_figures import curve_pictures, window_pictures
from experiments.reports.page.number_tables import number_tables
from experiments.reports.page.pictures import row_pictures
from experiments.reports.page.report_figures import FIGURES
from experiments.reports.page.row_table import row_table
from experiments.reports.reported import REPORTS
from experiments.reports.reported_claims import ReportedClaim
from experiments.reports.verdict import Verdict
from experiments.reports.verdict_summary import headline_verdicts

# The pictures of each report, by id, with what they are of.
PICTURES_OF_REPORT = {
    'A': {
        'A-filters': "Report A's LeNet",
        'A-actmax': "Report A's LeNet",
    },
    'B': {
        'B-cifar-vis': "Report B's LeNet",
        'B-deconv-all': "Report B's LeNet",
        'B-deconv-transposed': "Report B's LeNet",
        'B-deconv-top9': "Report B's LeNet",
    },
    'C': {'C-filters': "Report C's LeNet, trained with Adam"},
    'D': {
        'D-verification': "Report D's RNN with Adam",
        'D-handwriting': "Report D's RNN with Adam",
    },
    'E': {
        'digits-rnn128': '`E-rnn128`',
        'samples-mnist': '`E-lstm128`',
        'digits-lstm64': '`E-lstm64`',
        'digits-gru128': '`E-gru128`',
        'digits-bilstm128': '`E-bilstm128`',
        'digits-l2': '`E-lstm128-l2`',
    },
}


class Judged(NamedTuple):
    """All that the page tells.

    Attributes:
        evidence: The rows and the results.
        verdicts: On all reported numbers.
        claims: Of the reports, by id.
        answers: To them, by id.
        results_folder: Of the pictures.
    """

    evidence: Evidence
    verdicts: Sequence[Verdict]
    claims: Mapping[str, ReportedClaim]
    answers: Mapping[str, ClaimAnswer]
    results_folder: Path


def report_anchor(report: str) -> str:
    """The anchor of a report's chapter."""
    return f'report-{report}'


def report_chapter(report: str, judged: Judged) -> Section:
    """The chapter of one report, 'A' to 'E'."""
    evidence = judged.evidence
    rows = [row for row in evidence.reported.values() if row.report == report]
    verdicts = [verdict for verdict in judged.verdicts if verdict.number.report == report]

    curves = curve_pictures(report, rows, evidence, verdicts)
    curves.extend(window_pictures(evidence, verdicts))
    if report in FIGURES:
        curves.extend(FIGURES[report](evidence))
    pictures: list[Block] = []
    for name, title in PICTURES_OF_REPORT[report].items():
        pictures.extend(row_pictures(name, title, judged.results_folder))

    def section(title: str, name: str, blocks: Sequence[Block]) -> Section:
        return Section(f'{report}: {title}', f'{report}-{name}', blocks)

    return Section(
        f'Report {REPORTS[report].title}',
        report_anchor(report),
        [
            Text(f'Report {report} {REPORTS[report].description}'),
            section(
                'one number of each row',
                'rows',
                row_table(rows, evidence, headline_verdicts(verdicts)),
            ),
            section('every number', 'numbers', number_tables(verdicts)),
            section('claims', 'claims', [claim_table(report, judged.claims, judged.answers)]),
            section('curves and figures', 'figures', curves),
            section('pictures', 'pictures', pictures),
        ],
    )
