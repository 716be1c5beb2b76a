"""Numbers and verdicts as cells: shares in percent, anything else in its own unit."""

import math

from experiments.reports.one_more_run import Interval
from experiments.reports.page.blocks import MarkCell, NumberCell
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.verdict import OurScore, Verdict

ROUGH = 0.01  # the rounding of a share from which on it is only about right
SIGNIFICANT_DIGITS = 4
# More digits are of no use.
MOST_DECIMALS = {'fraction': 3, 's': 1, 'digit': 0, 'step': 0}
UNIT_NAMES = {'fraction': ' %', 's': ' s', 'step': ' steps'}


def percent_text(share: float, decimals: int = 2) -> str:
    """A share in percent, without the sign."""
    return f'{100 * share:.{decimals}f}'


def value_text(value: float, unit: str) -> str:
    """A number of ours, without its unit."""
    if unit == 'fraction':
        return percent_text(value)
    return f'{value:.{SIGNIFICANT_DIGITS}g}'


def reported_text(number: ReportedNumber, with_unit: bool = True) -> str:
    """A reported number with as many digits as the report gives, about one that is only rough."""
    value, last_digit = number.value, 2 * number.rounding
    if number.unit == 'fraction':
        value, last_digit = 100 * value, 100 * last_digit
    decimals = 2
    if last_digit > 0:
        decimals = max(0, math.ceil(-math.log10(last_digit)))
    decimals = min(decimals, MOST_DECIMALS.get(number.unit, 5))
    unit = UNIT_NAMES.get(number.unit, '') if with_unit else ''
    return f'{_sign(number)}{value:.{decimals}f}{unit}'


def _sign(number: ReportedNumber) -> str:
    """What stands before a bound, or a share that is only about right."""
    if math.isinf(number.low):
        return '≤ '
    if math.isinf(number.high):
        return '≥ '
    return '≈ ' if number.unit == 'fraction' and number.rounding > ROUGH else ''


def interval_text(interval: Interval | None, unit: str) -> str:
    """'low to high'; '' if there is no interval."""
    if interval is None:
        return ''
    return f'{value_text(interval.low, unit)} to {value_text(interval.high, unit)}'


def ours_text(ours: OurScore | None, unit: str) -> str:
    """Our mean with its 95 % interval; '' if there is none."""
    if ours is None:
        return ''
    mean = value_text(ours.mean, unit)
    if ours.interval is None:
        return mean
    return f'{mean} ({interval_text(ours.interval, unit)})'


def verdict_cells(verdict: Verdict) -> list[NumberCell | MarkCell]:
    """The verdict, what is reported, ours, and what one more run of ours would give."""
    number = verdict.number
    return [
        verdict_cell(verdict),
        NumberCell(reported_text(number)),
        NumberCell(ours_text(verdict.ours, number.unit)),
        NumberCell(interval_text(verdict.expected, number.unit)),
    ]


# The verdict comes first: a narrow screen shows the first columns.
VERDICT_HEADER = ('verdict', 'reported', 'ours (95 %)', 'one more run (19 in 20)')


def verdict_cell(verdict: Verdict) -> MarkCell:
    """The verdict in words, with its reason where it is none."""
    text = verdict.text()
    if verdict.reason:
        text += f': {verdict.reason}'
    if verdict.band is not None:
        text += (
            f'; {verdict.band.inside} of {verdict.band.windows} windows lie in the band of our '
            f'seeds, {verdict.band.expected:.0f} of a seed of ours'
        )
    return MarkCell(verdict.kind, text)
