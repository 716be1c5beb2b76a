"""The TensorBoard events of a run: its settings, scores, histograms and figures."""

import functools
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.core.schemas.fields import Scores
from experiments.core.schemas.records import (
    EpochRecord,
    Record,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)

RGBA = 4  # the colour space of a TensorBoard image
WEIGHT_BINS = 30


class TensorBoardEvents:
    """A new file of events in a folder.

    It is written at once. SummaryWriter of tensorboardX would write in a thread, where an error
    ends nothing but the thread.
    """

    def __init__(self, folder: Path):
        """Begins the file."""
        name = f'events.out.tfevents.{int(time.time())}.{socket.gethostname()}'
        self._writer = _tensorboardx().record_writer.RecordWriter(str(folder / name))
        self._write(file_version='brain.Event:2')

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Writes settings as a table, for the tab 'Text'."""
        lines = ['| setting | value |', '|---|---|']
        for name, value in settings.items():
            shown = str(value).replace('|', r'\|')
            lines.append(f'| {name} | {shown} |')
        self._write(0, _tensorboardx().summary.text('config', '\n'.join(lines)))

    def write_record(self, record: Record) -> None:
        """Writes the scores of a record as scalars, or its layer statistics as histograms."""
        if isinstance(record, TenBatchesRecord):
            return  # the windows of an epoch's twentieths show the same
        if isinstance(record, StatisticsRecord):
            for layer, statistics in record.layers.items():
                counts = np.array(statistics.histogram)
                edges = np.linspace(*statistics.range, len(counts) + 1)
                histogram = _histogram(f'layers/{layer}', counts, edges, *statistics.range)
                self._write(record.step, histogram)
        elif isinstance(record, WindowRecord):
            self._write_scores('train', record.train, record.step, suffix='_by_step')
        elif isinstance(record, EpochRecord):
            for split in ('train', 'last_batch', 'validation', 'test'):
                self._write_scores(split, getattr(record, split) or {}, record.step)

    def write_weights(self, weights: Mapping[str, np.ndarray], step: int) -> None:
        """Writes a histogram of each array of weights."""
        for name, values in weights.items():
            counts, edges = np.histogram(values, WEIGHT_BINS)
            # Of a single value the bins are wider than it is.
            histogram = _histogram(f'weights/{name}', counts, edges, values.min(), values.max())
            self._write(step, histogram)

    def write_picture(self, name: str, png: bytes, step: int) -> None:
        """Writes a PNG as an image."""
        summary_pb2 = _tensorboardx().proto.summary_pb2
        image = summary_pb2.Summary.Image(encoded_image_string=png, colorspace=RGBA)
        value = summary_pb2.Summary.Value(tag=name, image=image)
        self._write(step, summary_pb2.Summary(value=[value]))

    def _write_scores(self, split: str, scores: Scores, step: int, suffix: str = ''):
        for name, summary in scores.items():
            tag = f'{split}/{name}{suffix}'
            self._write(step, _tensorboardx().summary.scalar(tag, summary.mean))
            if summary.ci95 is not None:
                half_width = _tensorboardx().summary.scalar(f'{tag}_ci95', summary.ci95)
                self._write(step, half_width)

    def _write(self, step: int | None = None, summary: Any = None, file_version: str | None = None):
        event = _tensorboardx().proto.event_pb2.Event(
            wall_time=time.time(), step=step, summary=summary, file_version=file_version
        )
        self._writer.write(event.SerializeToString())


def _histogram(
    tag: str, counts: np.ndarray, edges: np.ndarray, smallest: float, largest: float
) -> Any:
    """The summary of values that were counted in bins."""
    # TensorBoard wants moments, which the bins tell only roughly.
    centres = (edges[1:] + edges[:-1]) / 2
    return _tensorboardx().summary.histogram_raw(
        tag,
        min=float(smallest),
        max=float(largest),
        num=int(counts.sum()),
        sum=float(counts @ centres),
        sum_squares=float(counts @ centres**2),
        bucket_limits=edges[1:].tolist(),
        bucket_counts=counts.tolist(),
    )


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
