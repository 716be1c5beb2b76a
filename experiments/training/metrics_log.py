"""The log of a run: metrics.jsonl, TensorBoard events, and figures."""

import functools
import math
import shutil
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from experiments.core import file_schema
from experiments.core.schemas.fields import Scores
from experiments.core.schemas.records import (
    EpochRecord,
    Record,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from jaxdl import durable_files, parallel
from jaxdl.figures.base import Figure, to_png

RGBA = 4  # the colour space of a TensorBoard image


class MetricsLog:
    """Writes what a run measures. A context, at whose end the TensorBoard events are closed.

    Attributes:
        folder: Of the run.
        records: All records so far, in order.
    """

    def __init__(self, folder: Path):
        """Reads what a run has written. Writes nothing yet: resume_after comes first."""
        self.folder = folder
        self.records: list[Record] = read_records(folder / 'metrics.jsonl')
        self._events = None

    def __enter__(self) -> 'MetricsLog':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._events is None:
            return
        try:
            self._events.close()
        except OSError:
            if error is None:
                raise
            # On a full disk closing fails as writing did. The first error is the one to tell.

    def records_of(self, record_type: type[Record]) -> list[Record]:
        """The records of one type, in order."""
        return [record for record in self.records if isinstance(record, record_type)]

    def epochs_held(self) -> int:
        """The last epoch that is held whole, as are all before it; 0 if there is none."""
        return len(self.records_of(EpochRecord))

    def resume_after(self, epoch: int) -> None:
        """Goes on after an epoch: drops what was written later, and writes the events anew.

        Args:
            epoch: At most epochs_held().
        """
        self.records = [record for record in self.records if record.epoch <= epoch]
        # The first process replaces the file next.
        parallel.wait_for_hosts('all have read the log')
        if not parallel.is_first_process():
            return
        durable_files.write_whole(self.folder / 'metrics.jsonl', _to_lines(self.records))
        # The events cannot be cut off at an epoch, so they are written again.
        folder = self.folder / 'tensorboard'
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._events = _open_events(folder)
        self._write_events(self.records)

    def write(self, records: Sequence[Record]) -> None:
        """Adds records. When this returns they are on the disk, but for the TensorBoard events."""
        self.records += records
        if parallel.is_first_process():
            durable_files.append(self.folder / 'metrics.jsonl', _to_lines(records))
            self._write_events(records)

    def _write_events(self, records):
        with durable_files.naming(self.folder / 'tensorboard'):
            for record in records:
                self._write_record_events(record)
            self._events.flush()

    def _write_record_events(self, record):
        if isinstance(record, TenBatchesRecord):
            return  # the windows of an epoch's twentieths show the same
        if isinstance(record, StatisticsRecord):
            self._write_histograms(record)
        elif isinstance(record, WindowRecord):
            self._write_scores('train', record.train, record.step, suffix='_by_step')
        else:
            for split in ('train', 'last_batch', 'validation', 'test'):
                self._write_scores(split, getattr(record, split) or {}, record.step)

    def _write_scores(self, split: str, scores: Scores, step: int, suffix: str = ''):
        for name, summary in scores.items():
            tag = f'{split}/{name}{suffix}'
            self._write_event(_tensorboardx().summary.scalar(tag, summary.mean), step)
            if summary.ci95 is not None:
                half_width = _tensorboardx().summary.scalar(f'{tag}_ci95', summary.ci95)
                self._write_event(half_width, step)

    def _write_histograms(self, record: StatisticsRecord):
        for layer, statistics in record.layers.items():
            low, high = statistics.range
            counts = np.array(statistics.histogram)
            edges = np.linspace(low, high, len(counts) + 1)
            # TensorBoard wants moments, which the bins tell only roughly.
            centres = (edges[1:] + edges[:-1]) / 2
            histogram = _tensorboardx().summary.histogram_raw(
                f'layers/{layer}',
                min=low,
                max=high,
                num=int(counts.sum()),
                sum=float(counts @ centres),
                sum_squares=float(counts @ centres**2),
                bucket_limits=edges[1:].tolist(),
                bucket_counts=counts.tolist(),
            )
            self._write_event(histogram, record.step)

    def _write_event(self, summary: Any, step: int | None = None):
        event = _tensorboardx().proto.event_pb2.Event(
            wall_time=time.time(), step=step, summary=summary
        )
        self._events.write(event.SerializeToString())

    def write_figures(self, figures: Mapping[str, Figure]) -> None:
        """Writes figures as PNG files, figures/<name>.png, and as TensorBoard images."""
        if not parallel.is_first_process():
            return
        summary_pb2 = _tensorboardx().proto.summary_pb2
        (self.folder / 'figures').mkdir(exist_ok=True)
        for name, figure in figures.items():
            png = to_png(figure)
            durable_files.write_whole(self.folder / 'figures' / f'{name}.png', png)
            image = summary_pb2.Summary.Image(encoded_image_string=png, colorspace=RGBA)
            value = summary_pb2.Summary.Value(tag=name, image=image)
            with durable_files.naming(self.folder / 'tensorboard'):
                self._write_event(summary_pb2.Summary(value=[value]))


def read_records(file: Path, last_epoch: float = math.inf) -> list[Record]:
    """The records of a log up to an epoch, and up to the first line that cannot be read.

    A last line that is cut off was being written when the run was stopped: it does not count.
    Nor do the records from an epoch on that does not follow the one before it.
    """
    records = []
    next_epoch = 1
    try:
        for line in file.read_bytes().splitlines(keepends=True):
            if not line.endswith(b'\n'):
                break
            record = file_schema.from_line(line)
            if isinstance(record, EpochRecord):
                if record.epoch != next_epoch:
                    break
                next_epoch += 1
            if record.epoch <= last_epoch:
                records.append(record)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        pass  # what was read before still counts
    return records if _belong_together(records) else []


def _belong_together(records):
    """Whether the records can be of one run: with the same scores, and the same layers."""
    scores, layers = set(), set()
    for record in records:
        if isinstance(record, StatisticsRecord):
            layers.add(frozenset(record.layers))
        else:
            scores.add(frozenset(record.train))
    return len(scores) <= 1 and len(layers) <= 1


def _to_lines(records: Sequence[Record]) -> str:
    return ''.join(map(file_schema.to_line, records))


def _open_events(folder):
    """A new file of TensorBoard events, as a RecordWriter of tensorboardX.

    It writes at once. SummaryWriter would write in a thread, where an error ends nothing but it.
    """
    name = f'events.out.tfevents.{int(time.time())}.{socket.gethostname()}'
    events = _tensorboardx().record_writer.RecordWriter(str(folder / name))
    event_pb2 = _tensorboardx().proto.event_pb2
    header = event_pb2.Event(wall_time=time.time(), file_version='brain.Event:2')
    events.write(header.SerializeToString())
    return events


@functools.cache
def _tensorboardx() -> Any:
    """The package tensorboardX, imported without torch.

    tensorboardX would import torch where there is one, which takes two seconds, for nothing that
    is used here.
    """
    torch_is_absent = 'torch' not in sys.modules
    if torch_is_absent:
        sys.modules['torch'] = None
    try:
        import tensorboardX
    finally:
        if torch_is_absent:
            del sys.modules['torch']
    return tensorboardX
