"""The curves of a report: which number is the dashed line, and which of our windows are drawn."""

import numpy as np
import pytest
from results_with_seeds import results_of, summary

from experiments.core.file_schema import EpochRecord, TenBatchesRecord
from experiments.reports.evidence import Evidence
from experiments.reports.page.curve_figures import curve_pictures, window_pictures
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.verdict import Verdict
from jaxdl.metrics import SummaryList

NUMBER = ReportedNumber('A', 'A-cifar-tuned-ep1', 'loss', '', '', 2.5, 'nat', 640, 0.0)
ROW_ID = NUMBER.row_id


def evidence_of(results):
    return Evidence({}, [ROW_ID], {ROW_ID: results}, {}, {}, {})


def verdict_on(*numbers):
    return Verdict(ReportedScore(numbers[0], numbers), 'agrees')


def dashed_heights(picture):
    """The heights of the dashed lines of the first panel."""
    heights = []
    for line in picture.image.axes[0].lines:
        if line.get_linestyle() == '--':
            heights.append(list(line.get_ydata()))
    return heights


@pytest.mark.parametrize(('split', 'lines'), [('test', 1), ('train_batch', 0)])
def test_a_reported_loss_is_a_line_only_if_it_is_of_the_test_set(split, lines):
    scores = {'accuracy': summary(0.5), 'loss': summary(1.0)}
    curve = [EpochRecord(epoch=1, step=9, train=scores, test=scores)]
    rows = [ReportedRow(ROW_ID, 'A', 'cifar_cnn')]
    verdicts = [verdict_on(NUMBER._replace(split=split))]
    _, losses = curve_pictures('A', rows, evidence_of(results_of(0.5, curve=curve)), verdicts)
    assert dashed_heights(losses) == [[2.5, 2.5]] * lines


def test_the_windows_are_of_the_epoch_that_the_verdict_is_about():
    """The row shows the last epoch but one of its run, whatever the report calls it."""
    records = []
    for epoch in (1, 2):
        table = SummaryList([0.0, 0.0], None, [[epoch, epoch + 0.25], [epoch, epoch + 0.5]])
        records.append(TenBatchesRecord(epoch, [1, 11], {'loss': table}))
    window = NUMBER._replace(quantity='loss_window', split='train')
    windows = [window._replace(index=f'epoch 7 batch {batch}') for batch in (1, 11)]
    results = results_of(0.5, 0.6, epoch=2, ten_batches=records)
    (picture,) = window_pictures(evidence_of(results), [verdict_on(*windows)])
    (band,) = picture.image.axes[0].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (np.min(heights), np.max(heights)) == (1.0, 1.5)
