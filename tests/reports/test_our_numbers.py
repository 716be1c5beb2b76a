"""Which values of ours are held against a reported number, on made-up results."""

import numpy as np
import pytest
from results_with_seeds import results_of, summary

from experiments.core.schemas.final_tests import ImageTest, RecallTest
from experiments.core.schemas.records import EpochRecord
from experiments.core.schemas.rows import FailedRow
from experiments.reports.our_numbers import READERS, our_values
from experiments.reports.our_scores_by_length import scoring, with_padding
from experiments.reports.our_values import Missing, score_name
from experiments.reports.presets import presets
from experiments.reports.reported_numbers import QUANTITIES, ReportedNumber, reported_numbers
from experiments.reports.reported_scores import ReportedScore, reported_scores
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick
SEEDS = [0.96, 0.97, 0.98]
NUMBER = ReportedNumber('E', 'E-net', 'accuracy', 'test', '', 0.97, 'fraction', 10_000, 0.0)


def values(number, **outcomes):
    """Those of ours for a number; the names of outcomes have _ for -."""
    by_id = {name.replace('_', '-'): results for name, results in outcomes.items()}
    return our_values(ReportedScore(number, (number,)), by_id)


def test_the_same_images_are_no_other_draw():
    ours = values(NUMBER, E_net=results_of(*SEEDS))
    np.testing.assert_array_equal(ours.seeds, SEEDS)
    assert (ours.examples, ours.draw) == (10_000, 'same')
    sixteen = values(NUMBER._replace(n=16), E_net=results_of(*SEEDS))
    assert (sixteen.examples, sixteen.draw) == (10_000, 'other')
    subset = results_of(*SEEDS, config={'test_per_class': 100})
    assert values(NUMBER._replace(n=1000), E_net=subset).examples == 1000


def test_test_accuracies_of_one_choice_of_training_images_are_known_as_such():
    last_batch = {'accuracy': summary(*SEEDS)}
    chosen = results_of(*SEEDS, config={'per_class': 1000}, last_batch=last_batch)
    assert values(NUMBER, E_net=chosen).of_subset
    assert not values(NUMBER, E_net=results_of(*SEEDS)).of_subset
    assert not values(NUMBER._replace(split='train_batch', n=50), E_net=chosen).of_subset
    # Both nets have the same images.
    difference = NUMBER._replace(quantity='difference', index='E-net - E-other')
    assert not values(difference, E_net=chosen, E_other=chosen).of_subset


def test_a_training_batch_is_one_of_each_seed():
    results = results_of(*SEEDS, last_batch={'accuracy': summary(1.0, 0.9, 1.0)})
    ours = values(NUMBER._replace(split='train_batch', n=50), E_net=results)
    assert ours.seeds.tolist() == [1.0, 0.9, 1.0]
    assert (ours.examples, ours.draw) == (50, 'each')
    unknown = results_of(
        *SEEDS, config={'batch_size': 128}, last_batch={'accuracy': summary(1.0, 0.9, 1.0)}
    )
    assert values(NUMBER._replace(split='train_batch', n=None), E_net=unknown).examples == 128


def test_validation_images_are_as_many_as_were_held_out():
    results = results_of(
        *SEEDS, config={'validation_size': 5000}, validation={'accuracy': summary(0.8, 0.9, 1.0)}
    )
    ours = values(NUMBER._replace(split='validation', n=16), E_net=results)
    assert (ours.examples, ours.draw) == (5000, 'other')


def test_what_is_not_there_is_said():
    assert values(NUMBER).kind == 'no run'
    failure = FailedRow(version='', versions={}, device='', config={}, failed='the loss')
    assert values(NUMBER, E_net=failure) == Missing('diverged', 'the loss')
    loss = NUMBER._replace(quantity='loss', unit='nat')
    assert values(loss, E_net=results_of(*SEEDS)).kind == 'not recorded'


def test_losses_have_no_examples_of_their_own():
    results = results_of(*SEEDS, test={'loss': summary(0.3, 0.2, 0.1)})
    loss = NUMBER._replace(quantity='loss', unit='nat')
    assert values(loss, E_net=results).seeds.tolist() == [0.3, 0.2, 0.1]
    limit = NUMBER._replace(quantity='loss_limit', split='train', unit='nat', n=None)
    assert values(limit, E_net=results).seeds.tolist() == [0.1, 0.2, 0.3]


def test_means_over_epochs_need_every_epoch():
    curve = []
    for epoch, accuracies in enumerate([(0.2, 0.4), (0.6, 0.6)], start=1):
        scores = {'accuracy': summary(*accuracies), 'loss': summary(1.0, 1.0)}
        curve.append(EpochRecord(epoch=epoch, step=100 * epoch, train=scores, test=scores))
    number = NUMBER._replace(quantity='accuracy_mean_over_epochs')
    ours = values(number, E_net=results_of(0.9, 0.9, curve=curve, epoch=2))
    np.testing.assert_allclose(ours.seeds, [0.4, 0.5])
    thinned = results_of(0.9, 0.9, curve=curve, epoch=4)
    assert values(number, E_net=thinned).kind == 'not recorded'


def curve_every_200_steps(accuracies_of_step):
    """A curve of two seeds, of which only the given steps have an accuracy other than .5."""
    curve = []
    for step in range(200, 5001, 200):
        scores = {'accuracy': summary(*accuracies_of_step.get(step, (0.5, 0.5)))}
        curve.append(EpochRecord(epoch=step // 200, step=step, train=scores, test=scores))
    return curve


def test_the_step_of_the_largest_change():
    """On the grid 0, 1100, ..., 4400: .1, then what is recorded at 1000, 2200, 3200, and 4400.

    The first seed changes by .2, .3, -.1, 0, the second by .4, 0, 0, .2. Between the steps of the
    grid it falls to 0, which the report would not have seen.
    """
    curve = curve_every_200_steps(
        {
            1000: (0.3, 0.5),
            1600: (0.5, 0.0),
            2200: (0.6, 0.5),
            3200: (0.5, 0.5),
            4400: (0.5, 0.7),
        }
    )
    number = NUMBER._replace(quantity='iterations', unit='step')
    ours = values(number, E_net=results_of(0.9, 0.9, curve=curve))
    assert ours.seeds.tolist() == [2200, 1100]
    # Step 1100 is further from 200 and 2000 than half a step of the grid.
    gap = [curve[0], *curve[9:]]
    assert values(number, E_net=results_of(0.9, 0.9, curve=gap)).kind == 'not recorded'
    assert values(number, E_net=results_of(0.9, 0.9)).kind == 'not recorded'


def test_differences_are_paired_over_equal_seeds():
    number = NUMBER._replace(quantity='difference', index='E-net - E-other')
    ours = values(number, E_net=results_of(*SEEDS), E_other=results_of(0.5, 0.6))
    np.testing.assert_allclose(ours.seeds, [0.46, 0.37])
    assert values(number, E_net=results_of(*SEEDS)) == Missing('no run', 'E-other was not run')


def test_the_highest_of_all_settings_of_b():
    number = NUMBER._replace(row_id='B-cifar-all', quantity='accuracy_bound', n=1000)
    outcomes = {'B-lstm5': results_of(0.9, 0.9, 0.9)}
    for name in presets():
        if name.startswith('B-cifar-'):
            outcomes[name] = results_of(0.1, 0.2, 0.3)
    outcomes['B-cifar-relu-adam'] = results_of(0.5, 0.4, 0.6)
    outcomes['B-cifar-tanh-adam'] = results_of(0.45, 0.55)
    score = ReportedScore(number, (number,))
    assert our_values(score, outcomes).seeds.tolist() == [0.5, 0.55]
    # The highest of some settings may not be the highest of all.
    del outcomes['B-cifar-sigmoid-adam']
    missing = Missing('no run', 'B-cifar-sigmoid-adam was not run')
    assert our_values(score, outcomes) == missing


def test_ten_digits_have_the_recalls_of_their_classes():
    report = {str(digit): {'recall': Summary(digit / 10, None)} for digit in range(10)}
    results = results_of(*SEEDS, final_test=ImageTest(summary(*SEEDS), report=report))
    digits = []
    for digit in (3, 8):
        digits.append(
            NUMBER._replace(quantity='prediction', index=f'digit {digit}', value=digit, n=1)
        )
    (score,) = reported_scores(digits)
    assert our_values(score, {'E-net': results}).chances == (0.3, 0.8)


def test_recalled_samples_are_another_draw():
    recall = RecallTest(summary(*SEEDS), by_length={}, samples=[])
    config = {'min_length': 3, 'max_length': 10}
    results = results_of(*SEEDS, task='recall', final_test=recall, config=config)
    ours = values(NUMBER._replace(quantity='accuracy_on_samples', n=16), E_net=results)
    assert (ours.examples, ours.draw) == (8 * 500, 'other')


def test_padding_that_counts_as_right():
    """Lengths 1 and 20: (.5 x 2 + 19)/21 and (.5 x 21)/21."""
    scores = with_padding(np.array([[0.5, 1.0], [0.5, 1.0]]), [1, 20])
    np.testing.assert_allclose(scores, [(20 / 21 + 0.5) / 2, 1.0])
    assert 'padding' in scoring('D-add-mse-h1') and scoring('E-net') == ''


def test_the_adders_of_report_d_with_the_squared_error_count_their_padding():
    for name, config in presets().items():
        counts = name.startswith('D-') and config.task == 'binary_add' and config.loss == 'mse'
        assert (scoring(name) != '') == counts, name


def test_no_training_accuracy_is_taken_for_one_of_the_test():
    for number in reported_numbers():
        if number.quantity == 'accuracy' and number.counted:
            assert number.split != 'train', number


def test_adders_are_judged_by_what_their_report_counts():
    assert score_name('D-net', 'binary_add') == 'bit_accuracy'
    assert score_name('E-net', 'binary_add') == 'exact_match'
    assert score_name('E-net', 'recall') == 'accuracy'


def test_every_judged_quantity_has_a_reader():
    judged = {number.quantity for number in reported_numbers() if number.judged}
    assert judged - {'difference'} <= set(READERS)
    assert judged <= set(QUANTITIES)
