"""The log of a run: metrics.jsonl, TensorBoard events, and figures."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from experiments.core import file_schema
from experiments.core.file_schema import EpochRecord, Record, Scores, StatisticsRecord, WindowRecord
from jaxdl import UserError, parallel
from jaxdl.figures.base import Figure, to_png

RGBA = 4  # the colour space of a TensorBoard image


class MetricsLog:
    """Writes what a run measures. A context, at whose end the TensorBoard events are closed.

    Attributes:
        folder: Of the run.
        records: All records so far, in order.
    """

    def __init__(self, folder: Path):
        """Writes nothing yet: resume_after comes first."""
        self.folder = folder
        self.records: list[Record] = []
        self._events = None

    def __enter__(self) -> 'MetricsLog':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._events:
            self._events.close()

    def records_of(self, record_type: type[Record]) -> list[Record]:
        """The records of one type, in order."""
        return [record for record in self.records if isinstance(record, record_type)]

    def resume_after(self, epoch: int) -> None:
        """Goes on after an epoch: drops what was written later, and writes the events anew.

        Raises:
            UserError: The file does not hold the records up to that epoch.
        """
        file = self.folder / 'metrics.jsonl'
        records = read_records(file, epoch) if epoch else []
        finished = [record.epoch for record in records if isinstance(record, EpochRecord)]
        if finished != list(range(1, epoch + 1)):
            raise UserError(
                f'{file} does not hold the records up to epoch {epoch}; start afresh with '
                '--noresume'
            )
        # The first process empties the file next.
        parallel.wait_for_hosts('all have read the log')
        self.records = records
        if not parallel.is_first_process():
            return
        # The events cannot be cut off at an epoch, so both files are written again.
        file.write_text('')
        shutil.rmtree(self.folder / 'tensorboard', ignore_errors=True)
        self._events = _summary_writer_class()(str(self.folder / 'tensorboard'))
        self._write(records)

    def write(self, records: Sequence[Record]) -> None:
        """Adds records."""
        self.records += records
        if parallel.is_first_process():
            self._write(records)

    def _write(self, records):
        with open(self.folder / 'metrics.jsonl', 'a') as file:
            for record in records:
                file.write(file_schema.to_line(record))
        for record in records:
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
            self._events.add_scalar(tag, summary.mean, step)
            if summary.ci95 is not None:
                self._events.add_scalar(f'{tag}_ci95', summary.ci95, step)

    def _write_histograms(self, record: StatisticsRecord):
        for layer, statistics in record.layers.items():
            low, high = statistics.range
            counts = np.array(statistics.histogram)
            edges = np.linspace(low, high, len(counts) + 1)
            # TensorBoard wants moments, which the bins tell only roughly.
            centres = (edges[1:] + edges[:-1]) / 2
            self._events.add_histogram_raw(
                f'layers/{layer}',
                min=low,
                max=high,
                num=int(counts.sum()),
                sum=float(counts @ centres),
                sum_squares=float(counts @ centres**2),
                bucket_limits=edges[1:].tolist(),
                bucket_counts=counts.tolist(),
                global_step=record.step,
            )

    def write_figures(self, figures: Mapping[str, Figure]) -> None:
        """Writes figures as PNG files, figures/<name>.png, and as TensorBoard images."""
        if not parallel.is_first_process():
            return
        from tensorboardX.proto import summary_pb2

        (self.folder / 'figures').mkdir(exist_ok=True)
        for name, figure in figures.items():
            png = to_png(figure)
            (self.folder / 'figures' / f'{name}.png').write_bytes(png)
            image = summary_pb2.Summary.Image(encoded_image_string=png, colorspace=RGBA)
            value = summary_pb2.Summary.Value(tag=name, image=image)
            self._events.file_writer.add_summary(summary_pb2.Summary(value=[value]))


def read_records(file: Path, last_epoch: int) -> list[Record]:
    """The records up to an epoch; none at all if a line cannot be read.

    A last line that is cut off was being written when the run was stopped: it does not count.
    """
    records = []
    try:
        for line in file.read_text(encoding='utf-8').splitlines(keepends=True):
            if line.endswith('\n'):
                record = file_schema.from_line(line)
                if record.epoch <= last_epoch:
                    records.append(record)
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return []
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


def _summary_writer_class():
    """tensorboardX.SummaryWriter, without torch.

    tensorboardX would import torch where there is one, which takes two seconds, for nothing that
    is used here.
    """
    torch_is_absent = 'torch' not in sys.modules
    if torch_is_absent:
        sys.modules['torch'] = None
    try:
        from tensorboardX import SummaryWriter
    finally:
        if torch_is_absent:
            del sys.modules['torch']
    return SummaryWriter
