"""The log of a run goes on where a checkpoint ends."""

import pytest

from experiments.core.file_schema import (
    EpochRecord,
    LayerStatistics,
    StatisticsRecord,
    WindowRecord,
)
from experiments.training.metrics_log import MetricsLog
from jaxdl import UserError
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick


def _records(epoch):
    scores = {'loss': Summary(1.0 / epoch, 0.1)}
    window = WindowRecord(epoch, epoch, scores)
    whole = EpochRecord(epoch=epoch, step=epoch, seconds=1.0, train=scores, last_batch=scores)
    return [window, whole]


def _write_epochs(folder, epochs):
    with MetricsLog(folder) as log:
        log.resume_after(0)
        for epoch in epochs:
            log.write(_records(epoch))


def test_records_of_later_epochs_are_dropped(tmp_path):
    _write_epochs(tmp_path, [1, 2, 3])
    with MetricsLog(tmp_path) as log:
        log.resume_after(2)
        assert [record.epoch for record in log.records_of(EpochRecord)] == [1, 2]
        log.write(_records(3))
    epochs = (tmp_path / 'metrics.jsonl').read_text().count('"kind": "epoch"')
    assert epochs == 3
    assert len(list((tmp_path / 'tensorboard').iterdir())) == 1  # the old events are gone


def test_a_line_that_is_cut_off_does_not_count(tmp_path):
    _write_epochs(tmp_path, [1, 2])
    with open(tmp_path / 'metrics.jsonl', 'a') as file:
        file.write('{"kind": "steps", "epo')
    with MetricsLog(tmp_path) as log:
        log.resume_after(2)
        assert len(log.records) == 4


def test_numbers_that_are_not_finite_come_back(tmp_path):
    """As the statistics of a layer whose padding overflowed may be."""
    infinite = Summary(float('inf'), None)
    layer = LayerStatistics(infinite, infinite, infinite, infinite, range=[0.0, 1.0], histogram=[1])
    with MetricsLog(tmp_path) as log:
        log.resume_after(0)
        log.write([StatisticsRecord(1, 0, {'layer0': layer}), *_records(1)])
    with MetricsLog(tmp_path) as log:
        log.resume_after(1)
        assert log.records_of(StatisticsRecord)[0].layers == {'layer0': layer}


def test_missing_records_are_told(tmp_path):
    _write_epochs(tmp_path, [1])
    with MetricsLog(tmp_path) as log, pytest.raises(UserError, match='up to epoch 2'):
        log.resume_after(2)
