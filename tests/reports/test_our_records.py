"""Values of ours from what runs record: windows, classes, layers, and lengths."""

import numpy as np
import pytest
from results_with_seeds import results_of, summary

from experiments.core.final_test import LENGTHS
from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.final_tests import AdderTest, ImageTest, LengthTable
from experiments.core.schemas.records import EpochRecord, TenBatchesRecord
from experiments.reports.our_numbers import our_values
from experiments.reports.our_values import Missing
from experiments.reports.reported_numbers import ReportedNumber, reported_numbers
from experiments.reports.reported_scores import ReportedScore, reported_scores
from jaxdl.metrics import SummaryList

pytestmark = pytest.mark.quick
NUMBER = ReportedNumber('A', 'A-net', 'accuracy', 'test', '', 0.9, 'fraction', 10_000, 0.0)


def value_of(number, results):
    return our_values(ReportedScore(number, (number,)), {number.row_id: results})


def ten_batches(epoch, *values_of_seeds):
    """The windows that end with batches 1, 11 and 21."""
    table = SummaryList([0.0] * 3, None, [list(values) for values in values_of_seeds])
    return TenBatchesRecord(epoch, [1, 11, 21], {'accuracy': table})


def curve_of(batches, row_id='A-net'):
    numbers = []
    for batch in batches:
        index = f'epoch 10 batch {batch}'
        window = NUMBER._replace(row_id=row_id, quantity='accuracy_window', split='train')
        numbers.append(window._replace(index=index, n=640))
    (score,) = reported_scores(numbers)
    return score


def test_windows_are_found_by_their_last_batch():
    results = results_of(
        0.9, 0.9, epoch=2, ten_batches=[ten_batches(2, (0.1, 0.2, 0.4), (0.5, 0.6, 0.7))]
    )
    ours = our_values(curve_of([11, 21]), {'A-net': results})
    np.testing.assert_allclose(ours.windows, [[0.2, 0.4], [0.6, 0.7]])
    np.testing.assert_allclose(ours.seeds, [0.3, 0.65])
    assert our_values(curve_of([31]), {'A-net': results}).kind == 'not recorded'
    assert our_values(curve_of([11]), {'A-net': results_of(0.9)}).kind == 'not recorded'


def test_two_rows_share_a_run_and_show_its_last_two_epochs():
    scores = {'accuracy': summary(0.6, 0.7), 'loss': summary(1.0, 2.0)}
    results = results_of(
        0.9,
        0.8,
        epoch=2,
        ten_batches=[
            ten_batches(1, (0.1, 0.1, 0.1), (0.2, 0.2, 0.2)),
            ten_batches(2, (0.3, 0.3, 0.3), (0.4, 0.4, 0.4)),
        ],
        curve=[EpochRecord(epoch=1, step=9, train=scores, test=scores)],
        test={'loss': summary(3.0, 4.0)},
    )
    first, second = 'A-cifar-tuned-ep1', 'A-cifar-tuned-ep2'
    outcomes = {first: results, second: results}
    assert our_values(curve_of([1], first), outcomes).seeds.tolist() == [0.1, 0.2]
    assert our_values(curve_of([1], second), outcomes).seeds.tolist() == [0.3, 0.4]
    loss = NUMBER._replace(quantity='loss', unit='nat')
    assert value_of(loss._replace(row_id=first), results).seeds.tolist() == [1.0, 2.0]
    assert value_of(loss._replace(row_id=second), results).seeds.tolist() == [3.0, 4.0]
    assert value_of(NUMBER._replace(row_id=first), results).seeds.tolist() == [0.6, 0.7]
    assert value_of(NUMBER._replace(row_id=second), results).seeds.tolist() == [0.9, 0.8]


def test_a_loss_after_a_batch_and_its_own_update_is_not_recorded():
    first = {'accuracy': summary(0.1, 0.1), 'loss': summary(2.3, 2.4)}
    results = results_of(0.9, 0.9, first_batch=first, last_batch=first)
    first_point = NUMBER._replace(quantity='loss', split='train_batch', unit='nat', n=100)
    reason = 'the loss of the first batch after its own update'
    assert value_of(first_point, results) == Missing('not recorded', reason)
    points = []
    for number in reported_numbers():
        if number.quantity == 'loss' and number.split == 'train_batch':
            points.append((number.report, number.index))
    assert points == [('C', 'first point')] * 6


def test_scores_of_a_class():
    report = {
        'macro avg': {'f1-score': summary(0.5, 0.4)},
        '7': {'precision': summary(0.8, 0.9), 'f1-score': summary(0.7, 0.6)},
    }
    results = results_of(0.9, final_test=ImageTest(summary(0.9, 0.9), report=report))
    precision = NUMBER._replace(quantity='precision', index='7', n=1028)
    assert value_of(precision, results).seeds.tolist() == [0.8, 0.9]
    f1 = precision._replace(quantity='f1')
    assert value_of(f1, results).seeds.tolist() == [0.7, 0.6]
    assert value_of(f1._replace(index='macro'), results).seeds.tolist() == [0.5, 0.4]


def test_activations_of_the_net_that_a_picture_shows():
    layer = LayerStatistics(
        mean=summary(-0.1, 0.1), std=summary(0.2, 0.3), min=summary(0.0, 0.0), max=summary(1.0, 1.0)
    )
    results = results_of(0.9, 0.9, activations={'conv1': layer})
    outcomes = {'B-cifar-relu-adam': results}
    minimum = NUMBER._replace(
        report='B', row_id='B-cifar-vis', quantity='activation_minimum', index='conv1', unit='1'
    )
    assert our_values(ReportedScore(minimum, (minimum,)), outcomes).seeds.tolist() == [0.0, 0.0]
    variance = minimum._replace(quantity='activation_variance')
    ours = our_values(ReportedScore(variance, (variance,)), outcomes)
    np.testing.assert_allclose(ours.seeds, [0.04, 0.09])
    conv2 = minimum._replace(index='conv2')
    assert our_values(ReportedScore(conv2, (conv2,)), outcomes).kind == 'not recorded'


def adder_results(task_scores):
    """An adder of two seeds, whose scores at length L are s L/100 for the seeds' factors s."""
    tables = {}
    for name, factors in task_scores.items():
        seeds = [[factor * length / 100 for length in LENGTHS] for factor in factors]
        tables[name] = SummaryList([0.0] * len(LENGTHS), None, seeds)
    test = AdderTest(
        summary(0.5, 0.5),
        summary(0.5, 0.5),
        {'random': LengthTable(list(LENGTHS), **tables)},
        [],
        {},
    )
    return results_of(0.5, 0.5, task='binary_add', final_test=test)


def test_scores_at_each_length_and_their_bounds():
    results = adder_results({'exact_match': (1, 2)})
    at_length = NUMBER._replace(
        report='E', row_id='E-add', quantity='accuracy_at_length', index='7', n=100
    )
    np.testing.assert_allclose(value_of(at_length, results).seeds, [0.07, 0.14])
    assert value_of(at_length._replace(index='21'), results).kind == 'not recorded'
    some = at_length._replace(quantity='accuracy_mean_over_lengths', index='2 lengths')
    mean = our_values(ReportedScore(some, (), (2, 20)), {'E-add': results})
    np.testing.assert_allclose(mean.seeds, [0.11, 0.22])
    assert mean.examples == 200
    lowest = at_length._replace(quantity='accuracy_bound', index='lowest of all lengths')
    np.testing.assert_allclose(value_of(lowest, results).seeds, [0.01, 0.02])
    # Scores grow with the length: 16 of 20 lengths, 5 to 20, have at least that of length 5.
    almost = lowest._replace(index='almost every length')
    np.testing.assert_allclose(value_of(almost, results).seeds, [0.05, 0.10])


def test_the_adders_of_report_d_are_scored_with_their_padding():
    results = adder_results({'bit_accuracy': (5, 5)})
    ours = value_of(NUMBER._replace(report='D', row_id='D-add-mse-h1', n=2000), results)
    by_hand = np.mean([(L / 20 * (L + 1) + 21 - (L + 1)) / 21 for L in range(1, 21)])
    np.testing.assert_allclose(ours.seeds, [by_hand, by_hand])
