"""What decides the claims of report E about adders."""

from experiments.reports.claims.answer import Check, Region, within
from experiments.reports.claims.checks import (
    difference,
    seconds_of_all_seeds_below,
    seconds_ratio,
    shares_at_least,
)
from experiments.reports.claims.claim_test import ClaimTest, waiting
from experiments.reports.claims.curve_checks import at_length, length_trend
from experiments.reports.claims.measures import WHOLE_SUMS

LOSSES = ('ce', 'mse')
LENGTHS = range(1, 21)
ALL = 1.0
SAME = within(0.03)
MARGINALLY = Region(0, 0.1)
ADDERS_OF_E = (
    'E-add-ce-h3-L3',
    'E-add-mse-h3-L3',
    'E-add-ce-h5-L3',
    'E-add-mse-h5-L3',
    'E-add-ce-h5-L7',
    'E-add-mse-h5-L7',
)
SMALL_ADDERS = (
    *ADDERS_OF_E,
    'claim-add-h2-L7',
    'claim-add-h3-L7',
    'claim-add-h5-L2',
    'claim-add-h5-L1',
)


def _loss_gap(net: str, region: Region) -> Check:
    """Whole sums with cross entropy less those with MSE."""
    return difference(f'E-add-ce-{net}', f'E-add-mse-{net}', WHOLE_SUMS, region)


def _of_both_losses(net: str) -> list[str]:
    return [f'E-add-{loss}-{net}' for loss in LOSSES]


def _higher_nineties() -> list[Check]:
    checks = []
    for row in _of_both_losses('h5-L3'):
        checks.append(at_length(row, 'random', LENGTHS, 'exact_match', Region(low=0.95)))
    return checks


def _falls_with_length() -> list[Check]:
    checks = []
    for row in _of_both_losses('h3-L3'):
        checks.append(length_trend(row, LENGTHS, 'exact_match', Region(high=-0.8)))
    return checks


def _under_a_minute() -> list[Check]:
    return [seconds_of_all_seeds_below(row, 60) for row in ADDERS_OF_E]


ANSWERS = {
    'E-c21-ce-mse': ClaimTest(
        'whole sums with cross entropy less MSE: above 0 and below 10 points with 3 units, within '
        '3 points with 5',
        [
            _loss_gap('h3-L3', MARGINALLY),
            _loss_gap('h5-L3', SAME),
            _loss_gap('h5-L7', SAME),
        ],
    ),
    'E-c22-ce-time': ClaimTest(
        'seconds an epoch with cross entropy as a multiple of those with MSE, above 1',
        [seconds_ratio('claim-time-add-ce', 'claim-time-add-mse')],
    ),
    'E-c23-h5-90s': ClaimTest(
        'whole sums right above 95 % at each of 1 to 20 bits, with both losses',
        _higher_nineties(),
    ),
    'E-c24-L7-100': ClaimTest(
        'more than half of the seeds have 99 % of all whole sums right, with both losses',
        shares_at_least(_of_both_losses('h5-L7'), WHOLE_SUMS, 0.99),
    ),
    'E-c25-length-decay': ClaimTest(
        'rank correlation of whole sums right with length below -0.8, with both losses',
        _falls_with_length(),
    ),
    'E-c26-few-units': ClaimTest(
        'more than half of the seeds have every test sum right, in one net at least of up to 5 '
        'units and 7 bits',
        shares_at_least(SMALL_ADDERS, WHOLE_SUMS, ALL),
        holds_if='any',
    ),
    'E-c27-short-training': ClaimTest(
        'seconds of training of all seeds together, which bound those of one, below 60, for each '
        'of the six adders; more leave it undecided',
        _under_a_minute(),
    ),
    'E-c28-humans': waiting(
        'errors a digit of the net less those of people who add',
        'a published rate of the errors of people who add binary numbers',
        0,
    ),
}
