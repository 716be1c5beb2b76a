"""The values of our seeds that a reported number is held against: one function a quantity."""

from collections.abc import Callable

import numpy as np

from experiments.core.final_test import SHORT_LENGTHS
from experiments.core.schemas.fields import Scores
from experiments.core.schemas.final_tests import ImageTest
from experiments.core.schemas.rows import RowResults
from experiments.reports.our_records import (
    LAST_BUT_ONE,
    activations,
    class_scores,
    iterations,
    mean_over_epochs,
    scores_of_epoch,
    windows,
)
from experiments.reports.our_scores_by_length import (
    PADDING_COUNTS,
    at_length,
    bound_over_lengths,
    by_length,
    mean_over_lengths,
    with_padding,
)
from experiments.reports.our_values import (
    WHOLE_TEST_SET,
    Draw,
    Missing,
    OurValues,
    Outcomes,
    examples_of_test,
    finished,
    score_name,
)
from experiments.reports.presets import PICTURES, presets
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import MEAN_OVER_LENGTHS, ReportedScore, true_digit
from jaxdl.metrics import Summary

CIFAR_ROWS_OF_B = 'B-cifar-'  # the beginning of the ids of "all settings"


def our_values(score: ReportedScore, outcomes: Outcomes) -> OurValues | Missing:
    """The values of our seeds for a reported score.

    Args:
        score: What is judged.
        outcomes: Of our runs.
    """
    number = score.number
    if number.quantity == 'difference':
        return _difference(number, outcomes)
    if number.row_id == 'B-cifar-all':
        return _highest_of_b(number, outcomes)
    # The numbers of a picture are those of the net that it shows.
    picture = PICTURES.get(number.row_id)
    results = finished(picture.row if picture else number.row_id, outcomes)
    if isinstance(results, Missing):
        return results
    return READERS[number.quantity](score, results)


def _accuracy(score, results):
    split = score.number.split
    if split == 'train_batch':
        return _scores_of(results.last_batch, score, results, draw='each')
    if split == 'validation':
        return _scores_of(results.validation, score, results, draw='other')
    # Where no split is named, it is that of the report's test.
    return _test_accuracy(score, results)


def _test_accuracy(score, results):
    number = score.number
    name = score_name(number.row_id, results.config['task'])
    if number.row_id == LAST_BUT_ONE:
        return _scores_of(scores_of_epoch(number.row_id, results), score, results, draw='same')
    if number.row_id in PADDING_COUNTS:
        table = by_length(results, name)
        if isinstance(table, Missing):
            return table
        seeds = with_padding(table, SHORT_LENGTHS)
    else:
        seeds = np.array(getattr(results.final_test, name).seeds)
    return OurValues(
        seeds,
        examples_of_test(results),
        _draw(number, results),
        of_subset=results.config.get('per_class', 0) > 0,
    )


def _draw(number: ReportedNumber, results: RowResults) -> Draw:
    """Whether a report's test examples are ours."""
    whole = number.n == WHOLE_TEST_SET and isinstance(results.final_test, ImageTest)
    return 'same' if whole else 'other'


def _scores_of(
    scores: Scores | None, score: ReportedScore, results: RowResults, draw: Draw
) -> OurValues | Missing:
    number = score.number
    name = 'loss'
    if not number.quantity.startswith('loss'):
        name = score_name(number.row_id, results.config['task'])
    return _of_summary(None if scores is None else scores.get(name), number, results, draw)


def _of_summary(
    summary: Summary | None, number: ReportedNumber, results: RowResults, draw: Draw
) -> OurValues | Missing:
    if summary is None or summary.seeds is None:
        return Missing('not recorded', f'our {number.quantity} ({number.split}) of each seed')
    return OurValues(np.array(summary.seeds), _examples_of_split(number, results), draw)


def _examples_of_split(number: ReportedNumber, results: RowResults) -> int:
    """The number of our examples of the split that a number is about."""
    if number.split == 'train_batch':
        return number.n or results.config['batch_size']
    if number.split == 'validation':
        return results.config['validation_size'] or WHOLE_TEST_SET
    return examples_of_test(results)


def _loss(score, results):
    number = score.number
    if number.split == 'train_batch':
        # Report C updates a net with a batch and then scores it on the same one.
        return Missing('not recorded', 'the loss of the first batch after its own update')
    test = scores_of_epoch(number.row_id, results)
    return _scores_of(test, score, results, draw='same')


def _loss_limit(score, results):
    return _scores_of(getattr(results, score.number.split), score, results, draw='same')


def _highest_of_b(number: ReportedNumber, outcomes: Outcomes) -> OurValues | Missing:
    """The highest test accuracy of any setting, by seed, with as many seeds as all have."""
    values = []
    for row_id in presets():
        if not row_id.startswith(CIFAR_ROWS_OF_B):
            continue
        results = finished(row_id, outcomes)
        if isinstance(results, Missing):
            return results
        values.append(np.array(results.final_test.accuracy.seeds))
    seeds = min(len(of_row) for of_row in values)
    table = [of_row[:seeds] for of_row in values]
    return OurValues(np.max(table, axis=0), number.n, 'other', of_subset=True)


def _difference(number: ReportedNumber, outcomes: Outcomes) -> OurValues | Missing:
    """The difference of two rows, 'first - second' in the index, seed by seed."""
    values = []
    for row_id in number.index.split(' - '):
        results = finished(row_id, outcomes)
        if isinstance(results, Missing):
            return results
        number_of_row = number._replace(row_id=row_id, quantity='accuracy')
        ours = _accuracy(ReportedScore(number_of_row, ()), results)
        if isinstance(ours, Missing):
            return ours
        values.append(ours)
    first, second = values
    seeds = min(len(first.seeds), len(second.seeds))
    difference = first.seeds[:seeds] - second.seeds[:seeds]
    return OurValues(difference, first.examples, 'same')


def _prediction(score, results):
    if results.config['task'] == 'recall':
        return _recalled_samples(score, results)
    report = results.final_test.report
    if report is None:
        return Missing('not recorded', 'the recall of each class')
    chances = []
    for prediction in score.parts:
        chances.append(report[str(true_digit(prediction))]['recall'].mean)
    seeds = np.array(results.final_test.accuracy.seeds)
    return OurValues(seeds, examples_of_test(results), 'other', tuple(chances))


def _recalled_samples(score, results):
    seeds = np.array(results.final_test.accuracy.seeds)
    return OurValues(seeds, examples_of_test(results), 'other')


READERS: dict[str, Callable[[ReportedScore, RowResults], OurValues | Missing]] = {
    'accuracy': _accuracy,
    'accuracy_at_length': at_length,
    MEAN_OVER_LENGTHS: mean_over_lengths,
    'accuracy_bound': bound_over_lengths,
    'accuracy_mean_over_epochs': mean_over_epochs,
    'accuracy_on_samples': _recalled_samples,
    'accuracy_window': windows,
    'activation_mean': activations,
    'activation_minimum': activations,
    'activation_variance': activations,
    'f1': class_scores,
    'iterations': iterations,
    'loss': _loss,
    'loss_limit': _loss_limit,
    'loss_window': windows,
    'precision': class_scores,
    'prediction': _prediction,
    'recall': class_scores,
}
