"""The log of a run: metrics.jsonl, TensorBoard events, and figures."""

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from experiments.core import file_schema
from experiments.core.schemas.records import (
    EpochRecord,
    Record,
    StatisticsRecord,
)
from experiments.training.tensorboard_events import TensorBoardEvents
from jaxdl import durable_files, parallel
from jaxdl.figures.base import Figure, to_png


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

    def resume_after(self, epoch: int, settings: Mapping[str, Any]) -> None:
        """Goes on after an epoch: drops what was written later, and writes the events anew.

        Args:
            epoch: At most epochs_held().
            settings: Of the run, for TensorBoard.
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
        self._events = TensorBoardEvents(folder)
        self._events.write_settings(settings)
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
                self._events.write_record(record)
            self._events.flush()

    def write_end(self, figures: Mapping[str, Figure], weights: Mapping[str, np.ndarray]) -> None:
        """Writes what there is at the end of a run.

        Args:
            figures: By name. They become PNG files, figures/<name>.png, and TensorBoard images.
            weights: Of the first seed, by name; TensorBoard shows their histograms.
        """
        if not parallel.is_first_process():
            return
        step = self.records[-1].step
        (self.folder / 'figures').mkdir(exist_ok=True)
        with durable_files.naming(self.folder / 'tensorboard'):
            self._events.write_weights(weights, step)
        for name, figure in figures.items():
            png = to_png(figure)
            durable_files.write_whole(self.folder / 'figures' / f'{name}.png', png)
            with durable_files.naming(self.folder / 'tensorboard'):
                self._events.write_picture(name, png, step)


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
