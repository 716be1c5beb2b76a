"""What decides the claims of report C."""

from experiments.reports.claims import computed
from experiments.reports.claims.answer import Check, Region
from experiments.reports.claims.checks import (
    ABOVE_ZERO,
    BELOW_ZERO,
    difference,
    exact,
    leads,
    level,
)
from experiments.reports.claims.claim_test import ClaimTest, waiting
from experiments.reports.claims.counts import last_layer_ratio, parameter_ratio
from experiments.reports.claims.measures import COUNT, RATIO, TEST_ACCURACY, activation

ADAM = 'C-cifar-adam-1e-3'
DESCENT = 'C-cifar-gd-1e-3'
AT_LARGE_RATE = ('C-cifar-lr2e-2', 'claim-cifar-gd-2e-2')
A_LITTLE_POORER = Region(-0.05, 0)
MORE = Region(low=1)  # of a ratio
CNN = 'claim-cnn-499'


def _accuracy(first: str, second: str, region: Region = ABOVE_ZERO) -> Check:
    return difference(first, second, TEST_ACCURACY, region)


def _moments() -> list[Check]:
    """What else report C gives: the mean of the first convolution, and the variance of both."""
    checks = []
    for row in (DESCENT, ADAM):
        for layer, quantity in (('conv1', 'mean'), ('conv1', 'variance'), ('conv2', 'variance')):
            checks.append(level(row, activation(layer, quantity), Region()))
    return checks


ANSWERS = {
    'C-c01-adam-best': ClaimTest(
        'test accuracy with Adam at 1e-3 less that of each of the three other settings, above 0',
        leads(ADAM, (DESCENT, *AT_LARGE_RATE), TEST_ACCURACY),
    ),
    'C-c02-adam-gd': ClaimTest(
        'test accuracy with Adam less that with gradient descent, above 10 points',
        [_accuracy(ADAM, DESCENT, Region(low=0.1))],
    ),
    'C-c03-statistics': ClaimTest(
        'mean activation of the second convolution on the test set below 0, for both optimizers',
        [
            level(DESCENT, activation('conv2', 'mean'), BELOW_ZERO),
            level(ADAM, activation('conv2', 'mean'), BELOW_ZERO),
        ],
        beside=_moments(),
    ),
    'C-c04-rnn-poorer': ClaimTest(
        'test accuracy of the RNN less that of LSTM and of GRU, between -5 points and 0',
        [
            _accuracy('C-rnn', 'C-lstm', A_LITTLE_POORER),
            _accuracy('C-rnn', 'C-gru', A_LITTLE_POORER),
        ],
    ),
    'C-c05-lstm-gru': ClaimTest(
        'test accuracy of the LSTM less that of the GRU, above 0',
        [_accuracy('C-lstm', 'C-gru')],
    ),
    'C-c06-100-units': ClaimTest(
        'test accuracy of 100 less 64 and less 256 units, above 0',
        leads('C-rnn100', ('C-rnn64', 'C-rnn256'), TEST_ACCURACY),
    ),
    'C-c07-cnn-better': ClaimTest(
        'test accuracy of the CNN after 499 steps less that of each cell, above 0',
        leads(CNN, ('C-lstm', 'C-gru', 'C-rnn'), TEST_ACCURACY),
    ),
    'C-c08-fewer-features': ClaimTest(
        "parameters, and units of the last hidden layer, of the CNN as a multiple of the RNN's, "
        'above 1',
        [
            exact(
                'CNN against RNN, parameters',
                parameter_ratio('B-cnn-compare', 'C-rnn'),
                MORE,
                RATIO,
            ),
            exact(
                'CNN against RNN, units of the last hidden layer',
                last_layer_ratio('B-cnn-compare', 'C-rnn'),
                MORE,
                RATIO,
            ),
        ],
    ),
    'C-c09-any-length': ClaimTest(
        'of images of 14, 28 and 56 rows, the RNN reads all three and the CNN one',
        [
            exact('sizes that an RNN reads', computed.sizes_read_by_rnn, Region(2.5, 3.5), COUNT),
            exact('sizes that the CNN reads', computed.sizes_read_by_cnn, Region(0.5, 1.5), COUNT),
        ],
    ),
    'C-c10-spatial': waiting(
        'CNN less LSTM on images with permuted rows and pixels, and on recall',
        'a setting for permuted pixels, and a CNN that reads sequences',
        0.5,
    ),
}
