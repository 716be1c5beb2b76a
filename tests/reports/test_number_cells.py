"""Reported numbers as texts and cells, and that the tables have every one of them."""

import pytest

from experiments.reports.judgement import judge_all
from experiments.reports.page.blocks import Table, walk
from experiments.reports.page.number_tables import number_tables
from experiments.reports.page.number_text import reported_text
from experiments.reports.reported import REPORTS, reported_rows
from experiments.reports.reported_numbers import ReportedNumber, reported_numbers

pytestmark = pytest.mark.quick


def number(value, rounding, unit='fraction', quantity='accuracy', index=''):
    return ReportedNumber('A', 'A-rnn128', quantity, 'test', index, value, unit, None, rounding)


@pytest.mark.parametrize(
    ('reported', 'text'),
    [
        (number(0.3869, 0.00005), '38.69 %'),
        (number(0.65, 0.025), '≈ 65 %'),
        (number(0.55, 0.025, quantity='accuracy_bound', index='highest of all'), '≤ 55 %'),
        (number(0.95, 0.025, quantity='accuracy_bound', index='lowest of all'), '≥ 95 %'),
        (number(1.5545, 0.00005, 'nat'), '1.5545'),
        (number(630.8013446331024, 5e-14, 's'), '630.8 s'),
        (number(7, 0, 'digit'), '7'),
        (number(1100, 50, 'step'), '1100 steps'),
    ],
)
def test_a_number_has_the_digits_of_the_report(reported, text):
    assert reported_text(reported) == text


def test_every_number_is_in_the_tables():
    numbers = reported_numbers()
    verdicts = judge_all(numbers, {}, reported_rows(), {})
    texts: dict[str, str] = {}  # of all lines, by row id
    for report in REPORTS:
        of_report = [verdict for verdict in verdicts if verdict.number.report == report]
        for block in walk(number_tables(of_report)):
            if isinstance(block, Table):
                for row in block.rows:
                    name = row.cells[0].text.strip('`')
                    cells = ' | '.join(cell.text for cell in row.cells[1:])
                    texts[name] = f'{texts.get(name, "")} | {cells}'
    for reported in numbers:
        assert reported_text(reported, with_unit=False) in texts[reported.row_id], reported


def test_a_summary_says_how_many_numbers_there_are():
    verdicts = judge_all(reported_numbers(), {}, reported_rows(), {})
    summaries = [block.summary for block in number_tables(verdicts)]
    counts = [int(summary.split(': ')[1].split()[0]) for summary in summaries if ': ' in summary]
    assert sum(counts) == len(reported_numbers()) == 1393
