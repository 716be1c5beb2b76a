"""The curves of a report: which number is the dashed line, and which of our windows are drawn."""

import numpy as np
import pytest
from results_with_seeds import results_of, summary

from experiments.core.schemas.records import EpochRecord, TenBatchesRecord
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


def windows_of(row_id, batches):
    window = NUMBER._replace(row_id=row_id, quantity='loss_window', split='train')
    return [window._replace(index=f'epoch 7 batch {batch}') for batch in batches]


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
    results = results_of(0.5, 0.6, epoch=2, ten_batches=records)
    (picture,) = window_pictures(evidence_of(results), [verdict_on(*windows_of(ROW_ID, (1, 11)))])
    (band,) = picture.image.axes[0].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (np.min(heights), np.max(heights)) == (1.0, 1.5)


def test_rows_without_windows_of_ours_are_named_and_not_drawn():
    table = SummaryList([0.0, 0.0], None, [[1.0, 1.25], [1.5, 1.75]])
    record = TenBatchesRecord(1, [1, 11], {'loss': table})
    evidence = evidence_of(results_of(0.5, 0.6, epoch=2, ten_batches=[record]))
    verdicts = [verdict_on(*windows_of(row_id, (1, 11))) for row_id in (ROW_ID, 'A-rnn128')]
    (picture,) = window_pictures(evidence, verdicts)
    assert [axes.get_title() for axes in picture.image.axes] == [ROW_ID]
    assert picture.caption.endswith('The windows of our seeds were not recorded: A-rnn128.')
    (text,) = window_pictures(evidence, verdicts[1:])
    assert text.kind == 'text' and 'not recorded: A-rnn128.' in text.text
