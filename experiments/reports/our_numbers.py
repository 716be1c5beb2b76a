"""The values of our seeds that a reported number is held against: one function a quantity."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from experiments.core.file_schema import EpochRecord, FailedRow, ImageTest, RowResults, Scores
from experiments.core.final_test import (
    MAX_RECALL_LENGTHS,
    RECALLS_PER_LENGTH,
    SHORT_LENGTHS,
    STRINGS_PER_LENGTH,
)
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import MEAN_OVER_LENGTHS, ReportedScore, true_digit
from experiments.reports.result_files import records_of
from jaxdl.metrics import Summary

Outcomes = Mapping[str, RowResults | FailedRow]  # by the ids of the rows that were run

# Images of the test set that a report may have scored whole, as we do.
WHOLE_TEST_SET = 10_000
CIFAR_ROWS_OF_B = 'B-cifar-'  # the beginning of the ids of "all settings"
# "Almost every length" is four of five.
ALMOST_EVERY = 0.8
# Report D pads all strings to the longest sum, of 20 bits and a carry, and counts the padding.
PADDED_STEPS = 21
PADDING_COUNTS = ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5', 'D-add-mse-h5-cmp')

Draw = Literal['same', 'other', 'each']


class OurValues(NamedTuple):
    """A score of our seeds.

    Attributes:
        seeds: (S,) values.
        examples: N, of which a share is taken.
        draw: Whether the report's examples are the 'same' as ours, 'other' ones from the same
            source, or whether 'each' seed has its own, as many as the report has.
        chances: (n,), of each of the report's n examples, to be right; empty if they are alike.
        windows: (S, W) values of the W windows of a curve, or None.
    """

    seeds: np.ndarray
    examples: int
    draw: Draw
    chances: tuple[float, ...] = ()
    windows: np.ndarray | None = None


class Missing(NamedTuple):
    """Why there are no values.

    Attributes:
        kind: The row was not run, its run diverged, or the results do not have the value.
        reason: In words.
    """

    kind: Literal['no run', 'diverged', 'not recorded']
    reason: str


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
    results = finished(number.row_id, outcomes)
    if isinstance(results, Missing):
        return results
    return READERS[number.quantity](score, results)


def finished(row_id: str, outcomes: Outcomes) -> RowResults | Missing:
    """The results of a row, or why there are none."""
    results = outcomes.get(row_id)
    if results is None:
        return Missing('no run', f'{row_id} was not run')
    if isinstance(results, FailedRow):
        return Missing('diverged', results.failed)
    return results


def score_name(row_id: str, task: str) -> str:
    """The score that a row reports. Of sums, report D counts the bits, and E whole sums."""
    # Whole sums are much harder than bits: one wrong bit makes a sum wrong.
    if task != 'binary_add':
        return 'accuracy'
    return 'bit_accuracy' if row_id.startswith('D-') else 'exact_match'


def scoring(row_id: str) -> str:
    """How a row's answers are scored where that is not plain, in words; '' where it is."""
    if row_id in PADDING_COUNTS:
        return f'the padding to {PADDED_STEPS} steps counts as right'
    return ''


def with_padding(accuracies: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Bit accuracies of whole padded strings, in which all of the padding is right.

    Args:
        accuracies: (L, S), of the L + 1 bits of sums of strings of each length, and of seeds.
        lengths: (L,) bits of a summand.

    Returns:
        (S,) means over the lengths.
    """
    answered = np.asarray(lengths)[:, None] + 1
    right = accuracies * answered + (PADDED_STEPS - answered)
    return (right / PADDED_STEPS).mean(0)


def _accuracy(score, results):
    split = score.number.split
    if split == 'train_batch':
        return _scores_of(results.last_batch, score, results, draw='each')
    if split in ('train', 'validation'):
        return _scores_of(getattr(results, split), score, results, draw='other')
    # Where no split is named, it is that of the report's test.
    return _test_accuracy(score, results)


def _test_accuracy(score, results):
    number = score.number
    name = score_name(number.row_id, results.config['task'])
    if number.row_id in PADDING_COUNTS:
        table = _by_length(results, name)
        if isinstance(table, Missing):
            return table
        seeds = with_padding(table, SHORT_LENGTHS)
    else:
        seeds = np.array(getattr(results.final_test, name).seeds)
    return OurValues(seeds, examples_of_test(results), _draw(number, results))


def _draw(number: ReportedNumber, results: RowResults) -> Draw:
    """Whether a report's test examples are ours."""
    whole = number.n == WHOLE_TEST_SET and isinstance(results.final_test, ImageTest)
    return 'same' if whole else 'other'


def examples_of_test(results: RowResults) -> int:
    """The number of examples of our final test that the headline score is a share of."""
    task = results.config['task']
    if task == 'binary_add':
        return STRINGS_PER_LENGTH * len(SHORT_LENGTHS)
    if task == 'recall':
        lengths = results.config.get('max_length', 10) - results.config.get('min_length', 3) + 1
        return RECALLS_PER_LENGTH * min(lengths, MAX_RECALL_LENGTHS)
    # 0 images of each class mean all of them.
    return 10 * results.config.get('test_per_class', 0) or WHOLE_TEST_SET


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
    examples = number.n or examples_of_test(results)
    if draw == 'other':
        examples = _examples_of_split(number.split, results)
    return OurValues(np.array(summary.seeds), examples, draw)


def _examples_of_split(split: str, results: RowResults) -> int:
    """Our examples of a split that a report may have scored in part."""
    if split == 'validation':
        return results.config.get('validation_size') or WHOLE_TEST_SET
    if split == 'train':
        return results.config.get('train_size') or 60_000
    return examples_of_test(results)


def _loss(score, results):
    number = score.number
    if number.split == 'train_batch':
        return Missing('not recorded', 'the scores of the first batch')  # field: first_batch
    return _scores_of(results.test, score, results, draw='same')


def _loss_limit(score, results):
    return _scores_of(getattr(results, score.number.split), score, results, draw='same')


def _mean_over_epochs(score, results):
    number = score.number
    records = records_of(EpochRecord, results.curve)
    values = []
    for record in records:
        scores = getattr(record, number.split)
        if scores is not None and scores['accuracy'].seeds is not None:
            values.append(scores['accuracy'].seeds)
    # The curve of a long run is thinned out, and that of many seeds has their means only.
    if len(values) != results.epoch:
        return Missing('not recorded', 'the accuracy of each seed after each epoch')
    return OurValues(np.mean(values, axis=0), number.n, 'same')


def _by_length(results: RowResults, name: str) -> np.ndarray | Missing:
    """The scores of random strings of each of SHORT_LENGTHS, (L, S)."""
    del results, name  # field: final_test.by_length['random'].<score>.seeds, (L, S)
    return Missing('not recorded', 'the accuracy of each seed at each length')


def _at_length(score, results):
    number = score.number
    table = _by_length(results, score_name(number.row_id, results.config['task']))
    if isinstance(table, Missing):
        return table
    length = int(number.index)
    if length not in SHORT_LENGTHS:
        return Missing('not recorded', f'the accuracy at length {length}')
    return OurValues(table[SHORT_LENGTHS.index(length)], STRINGS_PER_LENGTH, 'other')


def _mean_over_lengths(score, results):
    name = score_name(score.number.row_id, results.config['task'])
    seeds = np.array(getattr(results.final_test, name).seeds)
    return OurValues(seeds, examples_of_test(results), 'other')


def _bound_over_lengths(score, results):
    number = score.number
    table = _by_length(results, score_name(number.row_id, results.config['task']))
    if isinstance(table, Missing):
        return table
    seeds = table.min(0)
    if number.index == 'almost every length':
        seeds = np.quantile(table, 1 - ALMOST_EVERY, axis=0, method='lower')
    return OurValues(seeds, STRINGS_PER_LENGTH, 'same')


def _highest_of_b(number: ReportedNumber, outcomes: Outcomes) -> OurValues | Missing:
    """The highest test accuracy of any setting, by seed, with as many seeds as all have."""
    values = []
    for row_id in sorted(outcomes):
        results = outcomes[row_id]
        if row_id.startswith(CIFAR_ROWS_OF_B) and isinstance(results, RowResults):
            values.append(np.array(results.final_test.accuracy.seeds))
    if not values:
        return Missing('no run', 'none of the settings was run')
    seeds = min(len(of_row) for of_row in values)
    table = [of_row[:seeds] for of_row in values]
    return OurValues(np.max(table, axis=0), number.n, 'other')


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


def _iterations(score, results):
    """The step after the largest change of test accuracy between two records, of each seed."""
    if score.number.split != 'test':
        return Missing('not recorded', 'histograms of each seed over the steps')
    steps, values = [], []
    for record in records_of(EpochRecord, results.curve):
        if record.test is not None and record.test['accuracy'].seeds is not None:
            steps.append(record.step)
            values.append(record.test['accuracy'].seeds)
    if len(values) < 2:
        return Missing('not recorded', 'the accuracy of each seed after each epoch')
    changes = np.abs(np.diff(values, axis=0))  # (records - 1, S)
    largest = np.array(steps)[1:][changes.argmax(0)]
    return OurValues(largest.astype(float), 1, 'same')


def _not_recorded(what: str) -> Callable[[ReportedScore, RowResults], Missing]:
    def read(score, results):
        del score, results
        return Missing('not recorded', what)

    return read


# field: windows, the means of ten batches, with seeds
_windows = _not_recorded('the means of ten batches of each seed')
# field: final_test.report[<class>][<score>].seeds
_class_scores = _not_recorded('the scores of each class and seed')
# field: activations over the whole test set, of each seed
_activations = _not_recorded('the activations over the test set of each seed')

READERS: dict[str, Callable[[ReportedScore, RowResults], OurValues | Missing]] = {
    'accuracy': _accuracy,
    'accuracy_at_length': _at_length,
    MEAN_OVER_LENGTHS: _mean_over_lengths,
    'accuracy_bound': _bound_over_lengths,
    'accuracy_mean_over_epochs': _mean_over_epochs,
    'accuracy_on_samples': _recalled_samples,
    'accuracy_window': _windows,
    'activation_mean': _activations,
    'activation_minimum': _activations,
    'activation_variance': _activations,
    'f1': _class_scores,
    'iterations': _iterations,
    'loss': _loss,
    'loss_limit': _loss_limit,
    'loss_window': _windows,
    'precision': _class_scores,
    'prediction': _prediction,
    'recall': _class_scores,
}
