"""Every number of the reports: reported_numbers.csv, a line for each that is about a result."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from experiments.reports.reported import REPORTS
from jaxdl import UserError

NUMBERS_TABLE = Path(__file__).with_name('reported_numbers.csv')

# By unit: seconds depend on the machine, and 'digit' is a single prediction.
UNITS = ('fraction', 'nat', 's', 'digit', 'step', '1')
SPLITS = ('test', 'validation', 'train', 'train_batch', '')
QUANTITIES = (
    'accuracy',
    'accuracy_at_length',
    'accuracy_bound',
    'accuracy_mean_over_epochs',
    'accuracy_on_samples',
    'accuracy_window',
    'activation_mean',
    'activation_minimum',
    'activation_variance',
    'difference',
    'f1',
    'iterations',
    'loss',
    'loss_limit',
    'loss_window',
    'precision',
    'prediction',
    'ratio',
    'recall',
    'seconds_total',
)


class ReportedNumber(NamedTuple):
    """A number that a report states, or a score made of several of them.

    Attributes:
        report: 'A' to 'E'.
        row_id: Of the net that it is about.
        quantity: One of QUANTITIES, or one of reported_scores.py.
        split: The examples that it was measured on, one of SPLITS; '' where none are named.
        index: Which one of several: an epoch, a class, a length, or the two rows of a difference.
        value: In `unit`.
        unit: One of UNITS.
        n: The number of examples behind it, or None if it is not known.
        rounding: Half the last digit that the report gives: the exact value lies so near.
    """

    report: str
    row_id: str
    quantity: str
    split: str
    index: str
    value: float
    unit: str
    n: int | None
    rounding: float

    @property
    def counted(self) -> bool:
        """Whether it counts: it is stated for the first time, and read without doubt."""
        return not self.index.startswith('restated') and not self.index.endswith('?')

    @property
    def judged(self) -> bool:
        """Whether it can be judged here: seconds, their differences and ratios cannot."""
        return self.unit != 's' and 'seconds' not in self.index

    @property
    def low(self) -> float:
        """The smallest value that the report can mean: all that it rounds to this, or an end."""
        if self.quantity == 'accuracy_bound' and self.index.startswith('highest'):
            return -math.inf
        return self.value - self.rounding

    @property
    def high(self) -> float:
        """The largest value that the report can mean."""
        if self.quantity == 'accuracy_bound' and not self.index.startswith('highest'):
            return math.inf  # the lowest of several, or what almost all reach
        return self.value + self.rounding


def reported_numbers(table: Path = NUMBERS_TABLE) -> list[ReportedNumber]:
    """The lines of reported_numbers.csv, in order.

    Raises:
        UserError: A line cannot be read; the message says which one and why.
    """
    numbers = []
    with open(table, newline='') as file:
        reader = csv.DictReader(file)
        for cells in reader:
            try:
                numbers.append(_read_number(cells))
            except (KeyError, TypeError, ValueError) as error:
                message = f'{table}, line {reader.line_num}: {error}; correct this line'
                raise UserError(message) from None
    return numbers


def _read_number(cells: dict[str, str]) -> ReportedNumber:
    number = ReportedNumber(
        report=cells['report'],
        row_id=cells['row_id'],
        quantity=cells['quantity'],
        split=cells['split'],
        index=cells['index'],
        value=float(cells['value']),
        unit=cells['unit'],
        n=int(cells['n']) if cells['n'] else None,
        rounding=float(cells['rounding']),
    )
    _check_report(number.report, number.row_id)
    _check_word(number.quantity, QUANTITIES, 'quantity')
    _check_word(number.split, SPLITS, 'split')
    _check_word(number.unit, UNITS, 'unit')
    if not math.isfinite(number.value):
        raise ValueError(f'the value {number.value} is not finite')
    is_share = number.unit == 'fraction' and number.quantity != 'difference'
    if is_share and not 0 <= number.value <= 1:
        raise ValueError(f'the share {number.value} is not between 0 and 1')
    if not 0 <= number.rounding < math.inf:
        raise ValueError(f'the rounding {number.rounding} is not a number from 0 on')
    if number.n is not None and number.n < 1:
        raise ValueError(f'{number.n} examples are too few')
    return number


def _check_report(report: str, name: str) -> None:
    if report not in REPORTS or not name.startswith(f'{report}-'):
        raise ValueError(f'{name} is no name of report {report}')


def _check_word(word: str, words: Iterable[str], column: str) -> None:
    if word not in words:
        raise ValueError(f'the {column} {word!r} is unknown')
