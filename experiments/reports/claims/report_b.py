"""What decides the claims of report B about its CNN on CIFAR-10 and against recurrent nets.

Its claims about recurrent nets alone are in report_b_cells.py.
"""

from experiments.reports.claims import report_b_cells
from experiments.reports.claims.answer import Check, Region
from experiments.reports.claims.checks import (
    ABOVE_ZERO,
    BELOW_ZERO,
    MOST,
    difference,
    exact,
    level,
    levels,
    minimum_is_zero,
    trend,
)
from experiments.reports.claims.claim_test import ClaimTest, waiting
from experiments.reports.claims.counts import operations_ratio, parameter_ratio
from experiments.reports.claims.curve_checks import above_any, earlier
from experiments.reports.claims.measured import (
    TURNED_BEFORE_TRANSPOSED,
    fitted_beyond_chance,
    fitted_filters,
    sharp_images_lead,
)
from experiments.reports.claims.measures import (
    RATIO,
    TEST_ACCURACY,
    TRAIN_ACCURACY,
    TRAIN_LESS_TEST,
    rise_after,
    share_of_rise_by,
)

BASE = 'B-cifar-relu-adam'
REG = 'B-cifar-relu-adam-reg'
SIGMOID = 'B-cifar-sigmoid-adam'
OTHER_ACTIVATIONS = (BASE, 'B-cifar-tanh-adam', 'B-cifar-leakyrelu-adam')
SETTINGS = (
    *OTHER_ACTIVATIONS,
    SIGMOID,
    'B-cifar-relu-adam-glorot',
    'B-cifar-relu-momentum',
    REG,
    'B-cifar-relu-adam-reg-long',
    'B-cifar-relu-mom0.8-reg',
    'B-cifar-relu-mom0.7-reg',
    'B-cifar-relu-mom0.9-lr1e-3-reg',
)
# In the order of rate / (1 - momentum), from the smallest on.
BY_EFFECTIVE_RATE = (
    'B-cifar-relu-mom0.9-lr1e-3-reg',
    'B-cifar-relu-mom0.7-reg',
    'B-cifar-relu-mom0.8-reg',
)
CEILING = Region(high=0.57)  # "about 55 %", and two points more
NO_GAIN = Region(high=0.01)
MOST_CHANGE = 1100  # the step by which report B sees most of the change
CHANCE = 0.1  # of ten classes
NEAR_ONE = 0.95  # of the train accuracy
CNN = 'B-cnn-compare'
RECURRENT = ('B-rnn', 'B-lstm', 'B-gru')


def _accuracy(first: str, second: str, region: Region = ABOVE_ZERO) -> Check:
    return difference(first, second, TEST_ACCURACY, region)


def _no_less_overfitting() -> list[Check]:
    """The gap of each setting less that of the plain net, which two points may narrow."""
    checks = []
    for row in SETTINGS[len(OTHER_ACTIVATIONS) + 1 :]:
        checks.append(difference(row, BASE, TRAIN_LESS_TEST, Region(low=-0.02)))
    return checks


def _cnn_faster() -> list[Check]:
    checks = []
    for cell in RECURRENT:
        for units in (5, 10, 15, 20):
            checks.append(earlier(CNN, f'{cell}{units}', 'accuracy', NEAR_ONE))
    return checks


def _falls_and_rises() -> list[Check]:
    checks = []
    for layer in ('conv1', 'conv2'):
        checks.append(above_any(BASE, layer, 'first'))
        checks.append(above_any(BASE, layer, 'last'))
    return checks


def _gated_close() -> list[Check]:
    checks = []
    for cell in ('B-lstm', 'B-gru'):
        for units in (15, 20):
            checks.append(_accuracy(f'{cell}{units}', CNN, Region(low=-0.05)))
    return checks


def _cnn_is_bigger() -> list[Check]:
    checks = []
    for cell in RECURRENT:
        for what, ratio in (
            ('parameters', parameter_ratio(CNN, f'{cell}20')),
            ('multiplications', operations_ratio(CNN, f'{cell}20')),
        ):
            checks.append(exact(f'CNN against {cell}20, {what}', ratio, Region(low=1), RATIO))
    return checks


ANSWERS = {
    'B-c01-activations': ClaimTest(
        'each difference of test accuracy of tanh, leaky ReLU, ReLU, sigmoid in this order above 0',
        [
            _accuracy('B-cifar-tanh-adam', 'B-cifar-leakyrelu-adam'),
            _accuracy('B-cifar-leakyrelu-adam', BASE),
            _accuracy(BASE, SIGMOID),
        ],
    ),
    'B-c02-sigmoid-train': ClaimTest(
        'train accuracy of each other activation less that of the sigmoid, above 0',
        [difference(row, SIGMOID, TRAIN_ACCURACY) for row in OTHER_ACTIVATIONS],
    ),
    'B-c03-glorot': ClaimTest(
        'test accuracy of Glorot less normal weights, above 0 and below 3 points',
        [_accuracy('B-cifar-relu-adam-glorot', BASE, Region(0, 0.03))],
    ),
    'B-c04-momentum': ClaimTest(
        'test accuracy with momentum less that with Adam, below 0',
        [_accuracy('B-cifar-relu-momentum', BASE, BELOW_ZERO)],
    ),
    'B-c05-l2': ClaimTest(
        'with L2, test accuracy is above and train accuracy below that without',
        [_accuracy(REG, BASE), difference(REG, BASE, TRAIN_ACCURACY, BELOW_ZERO)],
    ),
    'B-c06-more-steps': ClaimTest(
        'test accuracy after 10,000 less after 5,000 steps, below 1 point',
        [_accuracy('B-cifar-relu-adam-reg-long', REG, NO_GAIN)],
    ),
    'B-c07-momentum-l2': ClaimTest(
        'rank correlation of train accuracy with rate / (1 - momentum) of the three nets, above 0',
        [trend(BY_EFFECTIVE_RATE, TRAIN_ACCURACY)],
    ),
    'B-c08-ceiling': ClaimTest(
        'mean test accuracy of every setting below 57 %',
        levels(SETTINGS, TEST_ACCURACY, CEILING),
    ),
    'B-c09-batch-sizes': waiting(
        'best mean test accuracy over batch sizes below 57 %',
        'batches of 16, 32 and 100 at equal steps, three seeds each',
        0.5,
    ),
    'B-c10-unshown-poor': ClaimTest(
        'Adagrad, the one of them that is named: test accuracy less that of Adam below -15 points',
        [_accuracy('B-cifar-unreported', BASE, Region(high=-0.15))],
    ),
    'B-c11-overfitting': ClaimTest(
        'train less test accuracy with each change less that of the plain net, above -2 points; '
        'train accuracy is the running mean of the last epoch, with dropout',
        _no_less_overfitting(),
    ),
    'B-c12-little-data': waiting(
        'train less test accuracy with 2,000, 10,000 and 50,000 images at equal steps',
        'nets on 2,000 and on 50,000 images, three seeds each',
        0.3,
    ),
    'B-c13-other-net': waiting(
        'best test accuracy of a deeper net and of augmentation less that of the LeNet',
        'another convolutional architecture',
        1,
    ),
    'B-c14-filters-gradients': ClaimTest(
        'share of the filters of conv1 of which one plane explains half the variance or more, less '
        'that of the untrained nets, above 25 points ("many")',
        [level(BASE, fitted_beyond_chance('plane'), Region(low=0.25))],
        beside=[level(BASE, fitted_filters('plane'), MOST)],
    ),
    'B-c15-blur-filters': waiting(
        'the same share on sharp and on shrunk images',
        'nets on 32 x 32 images',
        0.7,
    ),
    'B-c16-minimum-0': ClaimTest(
        'the smallest activation of both convolutions on the whole test set is 0 in every seed',
        [minimum_is_zero(BASE, 'conv1'), minimum_is_zero(BASE, 'conv2')],
    ),
    'B-c17-std-u': ClaimTest(
        'standard deviation of the activations of both convolutions: the first and the last one '
        'less the lowest over the steps, above 0',
        _falls_and_rises(),
    ),
    'B-c18-change-1100': waiting(
        'share of the path of the histograms before step 1100',
        'the histograms of every hundredth step in the file of the row',
        0.1,
    ),
    'B-c19-accuracy-1100': ClaimTest(
        'step 1100 has seen more than half of the rise of test accuracy, and the rest is below '
        '2 points',
        [
            level(BASE, share_of_rise_by(MOST_CHANGE, CHANCE), MOST),
            level(BASE, rise_after(MOST_CHANGE), Region(-0.02, 0.02)),
        ],
    ),
    'B-c20-deconv-blur': ClaimTest(
        'correlation of the projection from pool2 with the image, filters transposed as in the '
        'report: sharp images less blurred ones (Gaussian of one pixel), above 0',
        [level(BASE, sharp_images_lead('transposed'), ABOVE_ZERO)],
        beside=[
            level(BASE, sharp_images_lead('turned'), ABOVE_ZERO),
            level(BASE, TURNED_BEFORE_TRANSPOSED, ABOVE_ZERO),
        ],
    ),
    **report_b_cells.ANSWERS,
    'B-c34-cnn-faster': ClaimTest(
        'the mean curve of train accuracy of the CNN reaches 95 % before that of each other net',
        _cnn_faster(),
    ),
    'B-c35-cnn-rnn': ClaimTest(
        'test accuracy of the CNN less that of the RNN of 20 units, above 0',
        [_accuracy(CNN, 'B-rnn20')],
    ),
    'B-c36-gated-cnn': ClaimTest(
        'test accuracy of LSTM and GRU of 15 and 20 units less that of the CNN, above -5 points',
        _gated_close(),
    ),
    'B-c37-cnn-bigger': ClaimTest(
        "parameters and multiplications of the CNN as a multiple of the recurrent nets', above 1",
        _cnn_is_bigger(),
    ),
    'B-c38-cnn-images': waiting(
        'CNN and LSTM of equal parameters on images and on recall',
        'a CNN that reads sequences',
        0.5,
    ),
}
