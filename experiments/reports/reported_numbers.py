"""Every number and every claim of the reports, from two tables.

reported_numbers.csv has a line for each number that a report states about a result, and
reported_claims.csv one for each claim that could be tested.
"""

import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from experiments.reports.reported import REPORTS
from jaxdl import UserError

T = TypeVar('T')

NUMBERS_TABLE = Path(__file__).with_name('reported_numbers.csv')
CLAIMS_TABLE = Path(__file__).with_name('reported_claims.csv')

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


class ReportedClaim(NamedTuple):
    """A claim of a report that a measurement could decide.

    Attributes:
        report: 'A' to 'E'.
        claim_id: The report's letter, a number and a name.
        claim: In words.
        rows: Ids of the rows that it is about.
        test: The measurement that would decide it, in words.
    """

    report: str
    claim_id: str
    claim: str
    rows: tuple[str, ...]
    test: str


def reported_numbers(table: Path = NUMBERS_TABLE) -> list[ReportedNumber]:
    """The lines of reported_numbers.csv, in order.

    Raises:
        UserError: A line cannot be read; the message says which one and why.
    """
    return _read_table(table, _read_number)


def reported_claims(table: Path = CLAIMS_TABLE) -> list[ReportedClaim]:
    """The lines of reported_claims.csv, in order.

    Raises:
        UserError: A line cannot be read; the message says which one and why.
    """
    claims = _read_table(table, _read_claim)
    _check_unique((claim.claim_id for claim in claims), table)
    return claims


def _read_table(table: Path, read_line: Callable[[dict[str, str]], T]) -> list[T]:
    entries = []
    with open(table, newline='') as file:
        reader = csv.DictReader(file)
        for cells in reader:
            try:
                entries.append(read_line(cells))
            except (KeyError, TypeError, ValueError) as error:
                message = f'{table}, line {reader.line_num}: {error}; correct this line'
                raise UserError(message) from None
    return entries


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


def _read_claim(cells: dict[str, str]) -> ReportedClaim:
    claim = ReportedClaim(
        report=cells['report'],
        claim_id=cells['claim_id'],
        claim=cells['claim'],
        rows=tuple(cells['rows'].split(';')),
        test=cells['test'],
    )
    _check_report(claim.report, claim.claim_id)
    if not claim.claim or not claim.rows[0] or not claim.test:
        raise ValueError('the claim, its rows or its test is empty')
    return claim


def _check_report(report: str, name: str) -> None:
    if report not in REPORTS or not name.startswith(f'{report}-'):
        raise ValueError(f'{name} is no name of report {report}')


def _check_word(word: str, words: Iterable[str], column: str) -> None:
    if word not in words:
        raise ValueError(f'the {column} {word!r} is unknown')


def _check_unique(names: Iterable[str], table: Path) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise UserError(f'{table} has {name} twice; delete one of them')
        seen.add(name)
