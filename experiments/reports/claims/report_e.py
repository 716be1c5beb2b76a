"""What decides the claims of report E about MNIST and recall.

Its claims about adders are in report_e_adders.py.
"""

from experiments.reports.claim_runs import LONG_RECALL
from experiments.reports.claims import computed, report_e_adders
from experiments.reports.claims.answer import Check, Region, within
from experiments.reports.claims.checks import (
    ABOVE_ZERO,
    BELOW_ZERO,
    MOST,
    difference,
    exact,
    leads,
    level,
    levels,
    seconds_ratio,
    share_at_least,
    trend,
)
from experiments.reports.claims.claim_test import ClaimTest
from experiments.reports.claims.curve_checks import earlier
from experiments.reports.claims.measured import EARLY_ROWS
from experiments.reports.claims.measures import (
    RATIO,
    ROUNDINGS,
    TEST_ACCURACY,
    TEST_LESS_TRAIN_OVER_EPOCHS,
    chance_of_all,
)

MNIST_OF_E = ('E-rnn128', 'E-lstm128', 'E-lstm64', 'E-gru128', 'E-bilstm128', 'E-lstm128-l2')
LSTM, GRU = 'E-lstm128', 'E-gru128'
TIMED_LSTM, TIMED_GRU = 'claim-time-lstm128', 'claim-time-gru128'
SAME = within(0.005)  # half a point, of accuracies near 98 %
CELLS = ('rnn', 'lstm', 'gru')
UNITS = (2, 5, 10)
HALF_OF_SEEDS_FAIL = Region(high=0.5)
ALL = 1.0


def _accuracy(first: str, second: str, region: Region = ABOVE_ZERO) -> Check:
    return difference(first, second, TEST_ACCURACY, region)


def _recall_trends() -> list[Check]:
    checks = []
    for cell in CELLS:
        rows = [f'E-recall-{cell}{units}' for units in UNITS]
        checks.append(trend(rows, TEST_ACCURACY))
    return checks


def _gru_best() -> list[Check]:
    checks = []
    for units in UNITS:
        others = [f'E-recall-{cell}{units}' for cell in ('rnn', 'lstm')]
        checks += leads(f'E-recall-gru{units}', others, TEST_ACCURACY)
    return checks


def _only_these_at_100() -> list[Check]:
    perfect = ('lstm10', 'gru5', 'gru10')
    checks = []
    for cell in CELLS:
        for units in UNITS:
            net = f'{cell}{units}'
            region = MOST if net in perfect else HALF_OF_SEEDS_FAIL
            checks.append(share_at_least(f'E-recall-{net}', TEST_ACCURACY, ALL, region))
    return checks


def _gru_faster() -> list[Check]:
    checks = []
    for units, accuracy in ((5, 0.5), (10, 0.5), (10, 0.9)):
        gru, lstm = f'E-recall-gru{units}', f'E-recall-lstm{units}'
        checks.append(earlier(gru, lstm, 'accuracy', accuracy))
    return checks


ANSWERS = {
    'E-c01-nll': ClaimTest(
        'largest difference of loss and gradient below 4 roundings of a float32, and operations '
        'as a multiple of those of the cross entropy below 1',
        [
            exact(
                'largest difference of loss and gradient, in roundings',
                computed.largest_nll_difference,
                Region(high=4),
                ROUNDINGS,
            ),
            exact(
                'operations of NLL on log-softmax against cross entropy',
                computed.nll_operations_ratio,
                Region(high=1),
                RATIO,
            ),
        ],
    ),
    'E-c02-gated-rnn': ClaimTest(
        'test accuracy of LSTM and GRU after 5 epochs less that of the RNN after 10, above 0',
        [_accuracy(LSTM, 'E-rnn128'), _accuracy(GRU, 'E-rnn128')],
    ),
    'E-c03-gru-lstm': ClaimTest(
        'the difference of test accuracy within half a point',
        [_accuracy(GRU, LSTM, SAME)],
    ),
    'E-c04-gru-slow': ClaimTest(
        "seconds an epoch of the GRU as a multiple of the LSTM's, above 1",
        [seconds_ratio(TIMED_GRU, TIMED_LSTM)],
    ),
    'E-c05-gru-slow-noise': ClaimTest(
        "seconds an epoch of the GRU as a multiple of the LSTM's, below 1.05",
        [seconds_ratio(TIMED_GRU, TIMED_LSTM)],
    ),
    'E-c06-h128-h64': ClaimTest(
        'test accuracy of 128 less 64 units, above 0',
        [_accuracy(LSTM, 'E-lstm64')],
    ),
    'E-c07-h-information': ClaimTest(
        'share of the variance of the upper half of the image that a linear probe reads from the '
        'last state, 128 less 64 units, above 0',
        [difference(LSTM, 'E-lstm64', EARLY_ROWS)],
    ),
    'E-c08-h64-time': ClaimTest(
        'seconds an epoch of 64 units as a multiple of those of 128, between 0.9 and 1',
        [seconds_ratio('claim-time-lstm64', TIMED_LSTM)],
    ),
    'E-c09-bilstm-accuracy': ClaimTest(
        'test accuracy of the bidirectional less the plain LSTM, below half a point',
        [_accuracy('E-bilstm128', LSTM, Region(high=0.005))],
    ),
    'E-c10-bilstm-time': ClaimTest(
        "seconds an epoch of the bidirectional LSTM as a multiple of the plain one's, 1.6 to 2.1",
        [seconds_ratio('claim-time-bilstm128', TIMED_LSTM)],
    ),
    'E-c11-l2-time': ClaimTest(
        'seconds an epoch with L2 as a multiple of those without, below 0.9',
        [seconds_ratio('claim-time-lstm128-l2', TIMED_LSTM)],
    ),
    'E-c12-l2-accuracy': ClaimTest(
        'test accuracy with L2 less that without, within half a point',
        [_accuracy('E-lstm128-l2', LSTM, SAME)],
    ),
    'E-c13-ten-digits': ClaimTest(
        'the chance that ten of ten digits are read right above 50 %, for each of the six nets',
        levels(MNIST_OF_E, chance_of_all(10), MOST),
    ),
    'E-c14-test-above-train': ClaimTest(
        'mean test less mean train accuracy over the epochs above 0, for each of the six nets',
        levels(MNIST_OF_E, TEST_LESS_TRAIN_OVER_EPOCHS, ABOVE_ZERO),
    ),
    'E-c15-recall-units': ClaimTest(
        'rank correlation of test accuracy with 2, 5 and 10 units above 0, for each cell',
        _recall_trends(),
    ),
    'E-c16-recall-gru-best': ClaimTest(
        'test accuracy of the GRU less that of RNN and LSTM above 0, at 2, 5 and 10 units',
        _gru_best(),
    ),
    'E-c17-recall-short': ClaimTest(
        f'with 10 units, test accuracy of the GRU less the LSTM is above 0 with 3 to 10 digits and '
        f'below 0 with {LONG_RECALL}',
        [
            _accuracy('E-recall-gru10', 'E-recall-lstm10'),
            _accuracy(
                f'claim-recall-gru10-L{LONG_RECALL}',
                f'claim-recall-lstm10-L{LONG_RECALL}',
                BELOW_ZERO,
            ),
        ],
    ),
    'E-c18-recall-100': ClaimTest(
        'more than half of the seeds have every test sequence right of LSTM 10, GRU 5 and GRU 10; '
        'fewer than half of the others',
        _only_these_at_100(),
    ),
    'E-c19-recall-faster': ClaimTest(
        'the mean curve of train accuracy of the GRU reaches 50 % before the LSTM with 5 units, '
        '50 and 90 % with 10',
        _gru_faster(),
    ),
    'E-c20-recall-samples': ClaimTest(
        'mean test accuracy above 99 % for K = 3 and K = 2',
        [
            level('E-recall-gru10', TEST_ACCURACY, Region(low=0.99)),
            level('E-recall-gru10-k2', TEST_ACCURACY, Region(low=0.99)),
        ],
    ),
    **report_e_adders.ANSWERS,
}
