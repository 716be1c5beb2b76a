"""What decides the claims of report B about its small recurrent nets on MNIST."""

from collections.abc import Sequence

from experiments.reports.claim_runs import LONG_RECALL
from experiments.reports.claims.answer import Check, Region, within
from experiments.reports.claims.checks import (
    ABOVE_ZERO,
    BELOW_ZERO,
    difference,
    exact,
    leads,
    level,
    seconds_ratio,
    trend,
)
from experiments.reports.claims.claim_test import ClaimTest
from experiments.reports.claims.counts import operations_ratio, parameter_ratio
from experiments.reports.claims.measured import CLOSED_GATE_LOSS, EARLY_ROWS
from experiments.reports.claims.measures import (
    RATIO,
    TEST_ACCURACY,
    TEST_LOSS,
    TRAIN_ACCURACY,
    TRAIN_LESS_TEST,
    TRAIN_LOSS,
)

SIZES = (5, 10, 15, 20)
SAME = within(0.02)
ALMOST_NOTHING = Region(high=0.02)
RNNS = tuple(f'B-rnn{units}' for units in SIZES)
MORE_THAN_TEN = ('B-lstm15', 'B-lstm20', 'claim-lstm50', 'claim-lstm100')


def _accuracy(first: str, second: str, region: Region = ABOVE_ZERO) -> Check:
    return difference(first, second, TEST_ACCURACY, region)


def _fewer_units_worse() -> list[Check]:
    checks = []
    for measure in (TEST_ACCURACY, TRAIN_ACCURACY):
        checks.append(trend(RNNS, measure))
    for measure in (TEST_LOSS, TRAIN_LOSS):
        checks.append(trend(RNNS, measure, 'falls'))
    return checks


def _lstms_alike() -> list[Check]:
    checks = []
    for first, second in ((15, 10), (20, 10), (20, 15)):
        for measure in (TEST_ACCURACY, TRAIN_ACCURACY):
            checks.append(difference(f'B-lstm{first}', f'B-lstm{second}', measure, SAME))
    return checks


def _no_gain_beyond_ten() -> list[Check]:
    return [_accuracy(row, 'B-lstm10', ALMOST_NOTHING) for row in MORE_THAN_TEN]


def _between_cells(
    first: str, second: str, sizes: Sequence[int], region: Region = ABOVE_ZERO
) -> list[Check]:
    """One cell less another at each of some sizes."""
    checks = []
    for units in sizes:
        checks.append(_accuracy(f'B-{first}{units}', f'B-{second}{units}', region))
    return checks


def _lstm_is_larger() -> list[Check]:
    checks = []
    for units in SIZES:
        lstm, gru = f'B-lstm{units}', f'B-gru{units}'
        label = f'LSTM against GRU of {units} units'
        above_one = Region(low=1)
        checks.append(exact(f'{label}, parameters', parameter_ratio(lstm, gru), above_one, RATIO))
        checks.append(
            exact(f'{label}, multiplications', operations_ratio(lstm, gru), above_one, RATIO)
        )
    return checks


def _train_as_test() -> list[Check]:
    checks = []
    for cell in ('lstm', 'gru'):
        for units in SIZES:
            checks.append(level(f'B-{cell}{units}', TRAIN_LESS_TEST, SAME))
    return checks


ANSWERS = {
    'B-c21-rnn-units': ClaimTest(
        'rank correlations over 5 to 20 units: of both accuracies above 0, of both losses below 0',
        _fewer_units_worse(),
    ),
    'B-c22-rnn-forgets': ClaimTest(
        f'RNN of 10 units, recall of the third of {LONG_RECALL} digits: accuracy below 50 %, '
        'and below that of both gated cells',
        [
            level(f'claim-recall-rnn10-L{LONG_RECALL}', TEST_ACCURACY, Region(high=0.5)),
            *leads(
                f'claim-recall-lstm10-L{LONG_RECALL}',
                [f'claim-recall-rnn10-L{LONG_RECALL}'],
                TEST_ACCURACY,
            ),
            *leads(
                f'claim-recall-gru10-L{LONG_RECALL}',
                [f'claim-recall-rnn10-L{LONG_RECALL}'],
                TEST_ACCURACY,
            ),
        ],
    ),
    'B-c23-lstm-same': ClaimTest(
        'all differences of test and of train accuracy of 10, 15 and 20 units within 2 points',
        _lstms_alike(),
    ),
    'B-c24-lstm-no-gain': ClaimTest(
        'test accuracy of 15, 20, 50 and 100 units less that of 10, below 2 points',
        _no_gain_beyond_ten(),
    ),
    'B-c25-units-time': ClaimTest(
        'no gain of 2 points beyond 10 units, but more seconds an epoch',
        [
            *_no_gain_beyond_ten(),
            seconds_ratio('claim-time-lstm20', 'claim-time-lstm10'),
        ],
        beside=[seconds_ratio('claim-time-lstm10', 'claim-time-lstm5')],
    ),
    'B-c26-lstm-rnn': ClaimTest(
        'test accuracy of the LSTM less that of the RNN above 0 at each size',
        _between_cells('lstm', 'rnn', SIZES),
    ),
    'B-c27-memory-cell': ClaimTest(
        'nets of 20 units: what a linear probe reads of the upper half of the image from the last '
        'state, LSTM less RNN, above 0; test accuracy of the trained LSTM with its forget gate '
        'held at 0 less that of the whole one, below 0',
        [
            difference('B-lstm20', 'B-rnn20', EARLY_ROWS),
            level('B-lstm20', CLOSED_GATE_LOSS, BELOW_ZERO),
        ],
    ),
    'B-c28-lstm-drop': ClaimTest(
        'test accuracy of 20 less 5 units between 15 and 22 points',
        [_accuracy('B-lstm20', 'B-lstm5', Region(0.15, 0.22))],
        beside=[_accuracy('B-lstm10', 'B-lstm5', Region(0.15, 0.22))],
    ),
    'B-c29-gru-like-lstm': ClaimTest(
        'test accuracy of GRU less LSTM within 2 points at 15 and 20 units',
        _between_cells('gru', 'lstm', (15, 20), SAME),
    ),
    'B-c30-lstm-gru-small': ClaimTest(
        'test accuracy of LSTM less GRU above 0 at 10 and at 5 units',
        _between_cells('lstm', 'gru', (10, 5)),
    ),
    'B-c31-lstm-gru-little': ClaimTest(
        'test accuracy of LSTM less GRU within 5 points at each size',
        _between_cells('lstm', 'gru', SIZES, within(0.05)),
    ),
    'B-c32-lstm-complex': ClaimTest(
        "parameters and multiplications of the LSTM as a multiple of the GRU's, above 1",
        _lstm_is_larger(),
    ),
    'B-c33-train-test-equal': ClaimTest(
        'train accuracy of the last epoch less test accuracy within 2 points, at each size',
        _train_as_test(),
    ),
}
