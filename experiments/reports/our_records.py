"""Our values of what is recorded while a net trains, and of what is inside it."""

import numpy as np

from experiments.core.schemas.fields import Scores
from experiments.core.schemas.records import EpochRecord, TenBatchesRecord
from experiments.core.schemas.rows import RowResults
from experiments.reports.our_values import Missing, OurValues
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.result_files import records_of

# This row shows the last epoch but one of the run that it shares with the row after it.
LAST_BUT_ONE = 'A-cifar-tuned-ep1'
# Rows of a report by class, and its columns.
AVERAGES = {'macro': 'macro avg', 'weighted': 'weighted avg'}
CLASS_SCORES = {'precision': 'precision', 'recall': 'recall', 'f1': 'f1-score'}

GRID_STEPS = 1100  # between the tests of report B's net while it trains
CHANCE = 0.1  # the accuracy of a net of ten classes that has not been trained


def shown_epoch(row_id: str, results: RowResults) -> int:
    """The epoch of our run that a row shows."""
    return results.epoch - 1 if row_id == LAST_BUT_ONE else results.epoch


def scores_of_epoch(row_id: str, results: RowResults) -> Scores | None:
    """The test scores after the epoch that a row shows."""
    epoch = shown_epoch(row_id, results)
    if epoch == results.epoch:
        return results.test
    for record in records_of(EpochRecord, results.curve):
        if record.epoch == epoch:
            return record.test
    return None


def ten_batches(row_id: str, results: RowResults) -> TenBatchesRecord | None:
    """The means of ten batches in the epoch that a row shows; None if they were not recorded."""
    epoch = shown_epoch(row_id, results)
    for record in results.ten_batches or []:
        if record.epoch == epoch:
            return record
    return None


def windows(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """The means of ten batches that a report's log holds, 'epoch 10 batch 61' in the index."""
    name = score.number.quantity.removesuffix('_window')
    record = ten_batches(score.number.row_id, results)
    if record is None:
        return Missing('not recorded', 'the means of ten batches of each seed')
    columns = []
    for window in score.parts:
        batch = int(window.index.split()[3])
        if batch not in record.batches:
            return Missing('not recorded', f'the window that ends with batch {batch}')
        columns.append(record.batches.index(batch))
    values = np.array(record.train[name].seeds)[:, columns]
    return OurValues(values.mean(1), score.number.n, 'each', windows=values)


def class_scores(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """Precision, recall or F1 of one class of test images, or of their average."""
    number = score.number
    report = results.final_test.report
    summary = None
    if report is not None:
        row = AVERAGES.get(number.index, number.index)
        summary = report[row][CLASS_SCORES[number.quantity]]
    if summary is None or summary.seeds is None:
        return Missing('not recorded', 'the scores of each class and seed')
    return OurValues(np.array(summary.seeds), number.n, 'same')


def activations(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """Mean, variance or minimum of a layer's activations over the whole test set."""
    number = score.number
    if results.activations is None or number.index not in results.activations:
        return Missing('not recorded', 'the activations over the test set of each seed')
    layer = results.activations[number.index]
    if number.quantity == 'activation_mean':
        values = layer.mean.seeds
    elif number.quantity == 'activation_variance':
        values = np.square(layer.std.seeds)
    else:
        values = layer.min.seeds
    return OurValues(np.array(values), 1, 'same')


def mean_over_epochs(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """The mean over all epochs of the accuracy."""
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


def iterations(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """The step of report B's grid after the largest change of test accuracy, of each seed.

    The report tests its net at step 0 and every GRID_STEPS steps. Of our records the nearest to
    each of these steps counts, the earlier one of two that are as near, and before the first update
    the accuracy is that of chance.
    """
    if score.number.split != 'test':
        return Missing('not recorded', 'histograms of each seed over the steps')
    seeds = results.config['seeds']
    steps, values = [0], [[CHANCE] * seeds]
    for record in records_of(EpochRecord, results.curve):
        if record.test is not None and record.test['accuracy'].seeds is not None:
            steps.append(record.step)
            values.append(record.test['accuracy'].seeds)
    grid = np.arange(0, steps[-1] + 1, GRID_STEPS)
    distances = np.abs(np.array(steps)[:, None] - grid)  # (records, grid)
    if len(grid) < 2 or distances.min(axis=0).max() > GRID_STEPS / 2:
        return Missing('not recorded', f'the accuracy of each seed every {GRID_STEPS} steps')
    accuracies = np.array(values)[distances.argmin(axis=0)]  # (grid, S)
    changes = np.abs(np.diff(accuracies, axis=0))
    largest = grid[1:][changes.argmax(axis=0)]
    return OurValues(largest.astype(float), 1, 'same')
