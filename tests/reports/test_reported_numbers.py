"""The table of numbers, against what the reports have, and lines that are wrong."""

import pytest

from experiments.reports import catalogue
from experiments.reports.reported import reported_rows
from experiments.reports.reported_numbers import NUMBERS_TABLE, reported_numbers
from jaxdl import UserError

pytestmark = pytest.mark.quick
OTHER_ROWS = {'B-cifar-all'}  # all settings of report B together


def test_every_line_is_read():
    numbers = reported_numbers()
    assert len(numbers) == len(NUMBERS_TABLE.read_text().splitlines()) - 1
    known = set(reported_rows()) | set(catalogue.runs()) | OTHER_ROWS
    assert {number.row_id for number in numbers} <= known


def test_no_number_is_there_twice():
    names = [(one.row_id, one.quantity, one.split, one.index) for one in reported_numbers()]
    assert len(names) == len(set(names))


def test_what_counts_and_what_is_judged():
    by_name = {(one.row_id, one.quantity, one.index): one for one in reported_numbers()}
    final = by_name['A-rnn128', 'accuracy', 'epoch 10']
    assert final.value == 0.3869 and final.n == 10_000 and final.counted and final.judged
    assert final.low == pytest.approx(0.38685) and final.high == pytest.approx(0.38695)
    assert not by_name['A-rnn128', 'accuracy', 'restated'].counted
    assert not by_name['A-lstm128', 'accuracy', 'restated 2'].counted
    assert not by_name['D-rnn256-adam', 'accuracy', '?'].counted
    assert not by_name['A-rnn128', 'seconds_total', ''].judged
    assert not by_name['E-bilstm128', 'ratio', 'E-bilstm128 / E-lstm128 seconds_total'].judged


def test_bounds_are_open_at_one_end():
    by_name = {(one.row_id, one.index): one for one in reported_numbers()}
    highest = by_name['B-cifar-all', 'highest of all settings']
    assert highest.low == -float('inf') and highest.high == pytest.approx(0.575)
    lowest = by_name['E-add-ce-h5-L3', 'lowest of all lengths']
    assert lowest.low == pytest.approx(0.9) and lowest.high == float('inf')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('A,B-net,accuracy,test,,0.5,fraction,100,0.005', 'no name of report A'),
        ('A,A-net,acuracy,test,,0.5,fraction,100,0.005', "the quantity 'acuracy' is unknown"),
        ('A,A-net,accuracy,exam,,0.5,fraction,100,0.005', "the split 'exam' is unknown"),
        ('A,A-net,accuracy,test,,0.5,percent,100,0.005', "the unit 'percent' is unknown"),
        ('A,A-net,accuracy,test,,50,fraction,100,0.005', 'not between 0 and 1'),
        ('A,A-net,accuracy,test,,nan,fraction,100,0.005', 'not finite'),
        ('A,A-net,accuracy,test,,0.5,fraction,0,0.005', '0 examples'),
        ('A,A-net,accuracy,test,,0.5,fraction,100,-1', 'rounding -1.0'),
        ('A,A-net,accuracy,test,,0.5', 'correct this line'),
    ],
)
def test_wrong_lines_are_named(tmp_path, line, message):
    table = tmp_path / 'numbers.csv'
    header = NUMBERS_TABLE.read_text().splitlines()[0]
    table.write_text(f'{header}\n{line}\n')
    with pytest.raises(UserError, match=message) as raised:
        reported_numbers(table)
    assert 'line 2' in str(raised.value)
