"""What decides the claims of report D."""

from experiments.reports.claims import computed, handwriting
from experiments.reports.claims.answer import Region, within
from experiments.reports.claims.checks import (
    ABOVE_ZERO,
    BELOW_ZERO,
    difference,
    exact,
    leads,
    level,
    levels,
    share_at_least,
    share_not_falsified,
    trend,
)
from experiments.reports.claims.claim_test import ClaimTest
from experiments.reports.claims.curve_checks import at_length, curve_gap, earlier
from experiments.reports.claims.measured import CARRY
from experiments.reports.claims.measures import (
    BITS,
    LOSS_RISES_EARLY,
    PERCENT,
    TEST_ACCURACY,
    TRAIN_ACCURACY,
    TRAIN_LOSS,
    VALIDATION_ACCURACY,
    VALIDATION_LESS_TRAIN_LOSS,
    VALIDATION_LOSS,
    WHOLE_SUMS,
    chance_of_all,
)

BEST = 'D-rnn256-adam'
SGD = 'D-rnn256-sgd'
FIRST_LSTM, SECOND_LSTM = 'D-lstm128-sgd-a', 'D-lstm128-sgd-b'
BIRNN = 'D-birnn256x2-adam'
MNIST_NETS = (SGD, BEST, FIRST_LSTM, SECOND_LSTM, BIRNN)
ADDER, BCE, SHORT_ADDER = 'D-add-mse-h5-cmp', 'D-add-bce-h5', 'D-add-mse-h5-L5'
ALL_RIGHT = Region(low=0.9995)  # what 100.0 % is rounded from
ALL = 1.0
NO_LOSS = Region(high=0.01)
SGD_GRID = (
    'claim-sgd-rate-3e-4',
    'claim-sgd-rate-3e-3',
    'claim-sgd-momentum-0.8',
    'claim-sgd-momentum-0.95',
    'claim-sgd-decay-0',
)
ADAM_GRID = (
    'claim-adam-rate-3e-5',
    'claim-adam-rate-3e-4',
    'claim-adam-rate-1e-3',
    'claim-adam-decay-0',
)
RECALL_LENGTHS = range(3, 11)
SHORT_LENGTHS = range(1, 21)
CONVERGED = 0.9  # of the mean curve; some seeds may never be higher


ANSWERS = {
    'D-c01-test-100': ClaimTest(
        'mean accuracy on the whole test set above 99.95 %, of one net at least',
        levels(MNIST_NETS, TEST_ACCURACY, ALL_RIGHT),
        holds_if='any',
        beside=[level(BEST, chance_of_all(16), ALL_RIGHT)],
    ),
    'D-c02-sgd-loss-zero': ClaimTest(
        'train loss of the last epoch below 0.01',
        [level(SGD, TRAIN_LOSS, NO_LOSS)],
    ),
    'D-c03-sgd-best': ClaimTest(
        'validation accuracy after three epochs less that of each neighbour in a grid, above 0',
        leads('claim-sgd-base', SGD_GRID, VALIDATION_ACCURACY),
    ),
    'D-c04-adam-loss-zero': ClaimTest(
        'train loss of the last epoch below 0.01',
        [level(BEST, TRAIN_LOSS, NO_LOSS)],
    ),
    'D-c05-no-overfit': ClaimTest(
        'validation loss below 0.01, and less than 0.01 above train loss',
        [
            level(BEST, VALIDATION_LOSS, NO_LOSS),
            level(BEST, VALIDATION_LESS_TRAIN_LOSS, NO_LOSS),
        ],
    ),
    'D-c06-adam-best': ClaimTest(
        'validation accuracy after three epochs less that of each neighbour in a grid, above 0',
        leads('claim-adam-base', ADAM_GRID, VALIDATION_ACCURACY),
    ),
    'D-c07-aberrations': ClaimTest(
        'validation loss rises more in the first than in the last quarter of the epochs; in the '
        'end it is within 0.1 of the train loss',
        [
            level(FIRST_LSTM, LOSS_RISES_EARLY, ABOVE_ZERO),
            level(FIRST_LSTM, VALIDATION_LESS_TRAIN_LOSS, within(0.1)),
        ],
    ),
    'D-c08-interchange': ClaimTest(
        'the first rate less the second: validation accuracy above 0, test accuracy below 0',
        [
            difference(FIRST_LSTM, SECOND_LSTM, VALIDATION_ACCURACY),
            difference(FIRST_LSTM, SECOND_LSTM, TEST_ACCURACY, BELOW_ZERO),
        ],
    ),
    'D-c09-birnn': ClaimTest(
        'mean test accuracy above 99.95 %, and less than half a point above the plain layer',
        [
            level(BIRNN, TEST_ACCURACY, ALL_RIGHT),
            difference(BIRNN, BEST, TEST_ACCURACY, Region(high=0.005)),
        ],
    ),
    'D-c10-best-model': ClaimTest(
        'test accuracy of the RNN with Adam less that of each of the other four, above 0',
        leads(BEST, MNIST_NETS, TEST_ACCURACY),
    ),
    'D-c11-train-100': ClaimTest(
        'accuracy on training images, as a running mean over the last epoch, and on validation '
        'images, both above 99.95 %',
        [level(BEST, TRAIN_ACCURACY, ALL_RIGHT), level(BEST, VALIDATION_ACCURACY, ALL_RIGHT)],
    ),
    'D-c12-handwriting': ClaimTest(
        'accuracy on unprepared digits of other people below 50 %',
        [handwriting.accuracy_unprepared(Region(high=0.5))],
    ),
    'D-c13-handwriting-why': ClaimTest(
        "preparing the images as MNIST's were mends more than half of the loss against MNIST",
        [handwriting.share_mended(Region(low=0.5))],
    ),
    'D-c14-dataset-quirks': ClaimTest(
        'accuracy on MNIST above 95 %, on unprepared digits of other people below 50 %',
        [
            level(BEST, TEST_ACCURACY, Region(low=0.95)),
            handwriting.accuracy_unprepared(Region(high=0.5)),
        ],
    ),
    'D-c15-two-bits': ClaimTest(
        'accuracy of an LSTM of two units, whose weights are written down, below 99.95 %',
        [
            exact(
                'a built LSTM of two units on 10,000 sequences of 3 to 10 digits, recall',
                computed.two_unit_recall,
                Region(high=0.9995),
                PERCENT,
            )
        ],
    ),
    'D-c16-h2-third': ClaimTest(
        'mean test accuracy below 35 %, at 1e-4 and at 1e-3',
        [
            level('D-recall-h2', TEST_ACCURACY, Region(high=0.35)),
            level('claim-recall-h2-1e-3', TEST_ACCURACY, Region(high=0.35)),
        ],
    ),
    'D-c17-h2-loss': ClaimTest(
        'train loss of the last epoch above 0.01, after 100 epochs and, at 1e-3, after 300',
        [
            level('D-recall-h2', TRAIN_LOSS, Region(low=0.01)),
            level('claim-recall-h2-longer', TRAIN_LOSS, Region(low=0.01)),
        ],
    ),
    'D-c18-h5-h10-100': ClaimTest(
        'more than half of the seeds have every test sequence right, and the train loss is below '
        '0.01, at both sizes',
        [
            share_at_least('D-recall-h5', TEST_ACCURACY, ALL),
            share_at_least('D-recall-h10', TEST_ACCURACY, ALL),
            level('D-recall-h5', TRAIN_LOSS, NO_LOSS),
            level('D-recall-h10', TRAIN_LOSS, NO_LOSS),
        ],
    ),
    'D-c19-h10-faster': ClaimTest(
        'the mean curve of train accuracy of 10 units reaches 90 % before that of 5',
        [earlier('D-recall-h10', 'D-recall-h5', 'accuracy', CONVERGED)],
    ),
    'D-c20-h10-why': ClaimTest(
        'three layers of 5 units, nearly the parameters of 10, reach 90 % before one layer does',
        [earlier('claim-recall-h5-layers3', 'D-recall-h5', 'accuracy', CONVERGED)],
    ),
    'D-c21-samples': ClaimTest(
        'chance that 16 sequences are all right above 50 %, and accuracy at each length above 95 %',
        [
            level('D-recall-h10', chance_of_all(16), Region(low=0.5)),
            at_length('D-recall-h10', 'random', RECALL_LENGTHS, 'accuracy', Region(low=0.95)),
        ],
    ),
    'D-c22-adder-units': ClaimTest(
        'rank correlation of right bits with 1, 3 and 5 units, above 0',
        [trend(('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5'), BITS)],
    ),
    'D-c23-adder-any-length': ClaimTest(
        'more than half of the seeds have no counterexample at any length',
        [share_not_falsified('D-add-mse-h5')],
    ),
    'D-c24-adder-information': ClaimTest(
        'rank correlation of the share of the variance of the carry that a linear probe reads from '
        'the state, with 1, 3 and 5 units, above 0',
        [trend(('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5'), CARRY)],
    ),
    'D-c25-bce-theory': ClaimTest(
        'whole sums right with BCE less those with MSE, above 0',
        [difference(BCE, ADDER, WHOLE_SUMS)],
        beside=[earlier(BCE, ADDER, 'bit_accuracy', 0.99)],
    ),
    'D-c26-both-100': ClaimTest(
        'more than half of the seeds have every test sum right, with both losses',
        [share_at_least(ADDER, WHOLE_SUMS, ALL), share_at_least(BCE, WHOLE_SUMS, ALL)],
    ),
    'D-c27-same-fashion': ClaimTest(
        'gap of the mean curves of right bits in training within 5 points after each epoch',
        [curve_gap(BCE, ADDER, 'bit_accuracy', 0.05)],
    ),
    'D-c28-length-5': ClaimTest(
        'more than half of the seeds have every sum of 1 to 20 bits right, and more than 99 % of '
        'sums of 1,000 bits are right',
        [
            share_at_least(SHORT_ADDER, WHOLE_SUMS, ALL),
            at_length(SHORT_ADDER, 'random', (1000,), 'exact_match', Region(low=0.99)),
        ],
    ),
    'D-c29-carry': ClaimTest(
        'sums with the longest carries are right at each of 1 to 20 bits in more than 99 %, and '
        'more than half of the seeds have no counterexample at any length',
        [
            at_length(SHORT_ADDER, 'carry', SHORT_LENGTHS, 'exact_match', Region(low=0.99)),
            share_not_falsified(SHORT_ADDER),
        ],
    ),
}
