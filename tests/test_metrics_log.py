"""The log of a run goes on where a checkpoint ends."""

import pytest
from watched_disk import watch

from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.records import EpochRecord, StatisticsRecord, WindowRecord
from experiments.training.metrics_log import MetricsLog
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick


def _records(epoch):
    scores = {'loss': Summary(1.0 / epoch, 0.1)}
    window = WindowRecord(epoch, epoch, scores)
    whole = EpochRecord(epoch=epoch, step=epoch, seconds=1.0, train=scores, last_batch=scores)
    return [window, whole]


def _write_epochs(folder, epochs):
    with MetricsLog(folder) as log:
        log.resume_after(0, {})
        for epoch in epochs:
            log.write(_records(epoch))


def test_records_of_later_epochs_are_dropped(tmp_path):
    _write_epochs(tmp_path, [1, 2, 3])
    with MetricsLog(tmp_path) as log:
        log.resume_after(2, {})
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
        log.resume_after(2, {})
        assert len(log.records) == 4


def test_numbers_that_are_not_finite_come_back(tmp_path):
    """As the statistics of a layer whose padding overflowed may be."""
    infinite = Summary(float('inf'), None)
    layer = LayerStatistics(infinite, infinite, infinite, infinite, range=[0.0, 1.0], histogram=[1])
    with MetricsLog(tmp_path) as log:
        log.resume_after(0, {})
        log.write([StatisticsRecord(1, 0, {'layer0': layer}), *_records(1)])
    with MetricsLog(tmp_path) as log:
        log.resume_after(1, {})
        assert log.records_of(StatisticsRecord)[0].layers == {'layer0': layer}


def test_records_up_to_a_damaged_line_count(tmp_path):
    _write_epochs(tmp_path, [1, 2, 3])
    file = tmp_path / 'metrics.jsonl'
    lines = file.read_bytes().splitlines(keepends=True)
    lines[4] = b'\xff' + lines[4]
    file.write_bytes(b''.join(lines))
    with MetricsLog(tmp_path) as log:
        assert log.epochs_held() == 2
        log.resume_after(2, {})
    assert file.read_bytes() == b''.join(lines[:4])


@pytest.mark.parametrize('failing', ['write', 'fsync', 'rename'])
def test_a_log_that_cannot_be_replaced_is_as_it_was(failing, tmp_path, monkeypatch):
    _write_epochs(tmp_path, [1, 2])
    before = (tmp_path / 'metrics.jsonl').read_bytes()

    def fail(kind, path):
        if kind == failing:
            raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch, MetricsLog(tmp_path) as log, pytest.raises(OSError):
        watch(patch, tmp_path, fail)
        log.resume_after(1, {})
    assert (tmp_path / 'metrics.jsonl').read_bytes() == before


def test_a_full_disk_ends_the_log_with_one_error(tmp_path):
    """While events are written; closing their file fails too."""
    with pytest.raises(OSError) as raised, MetricsLog(tmp_path) as log:
        log.resume_after(0, {})
        log._events.write_record = log._events.close = _raise_full
        log.write(_records(1))
    assert raised.value.filename == str(tmp_path / 'tensorboard')
    assert raised.value.__context__ is None


def _raise_full(*args):
    raise OSError(28, 'No space left on device')
