"""The progress bar of a run that trains, and how a signal stops it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tqdm import tqdm

from experiments.core.command import STOP_REQUESTED
from experiments.core.formatting import format_summary
from experiments.core.schemas.records import EpochRecord
from experiments.training.epoch_lengths import EpochLengths
from experiments.training.epoch_metrics import judging_scores
from jaxdl import parallel


@contextmanager
def training_progress(lengths: EpochLengths, epochs_done: int) -> Iterator[tqdm]:
    """A progress bar over all steps of a run, while a signal stops it at the end of an epoch."""
    bar = tqdm(
        total=lengths.total,
        initial=lengths.steps_before(epochs_done),
        unit='step',
        disable=not parallel.is_first_process(),
    )
    with bar, _stop_at_epoch_end(bar):
        yield bar


@contextmanager
def _stop_at_epoch_end(bar: tqdm) -> Iterator[None]:
    """Lets the first Ctrl-C or SIGTERM only set STOP_REQUESTED; the second one stops at once.

    So no file is left half-written.
    """

    def request_stop(signum: int, frame: FrameType | None) -> None:
        if STOP_REQUESTED.is_set():
            raise KeyboardInterrupt
        STOP_REQUESTED.set()
        bar.set_description('stopping after this epoch')

    previous = {}
    for signum in (signal.SIGINT, signal.SIGTERM):
        previous[signum] = signal.signal(signum, request_stop)
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)


def show_progress(bar: tqdm, record: EpochRecord, steps: int) -> None:
    """Moves the progress bar on by an epoch, and stops here if any host was asked to.

    Raises:
        KeyboardInterrupt: A signal came.
    """
    scores = judging_scores(record)
    bar.set_postfix({name: format_summary(summary) for name, summary in scores.items()})
    bar.update(steps)
    # All hosts must stop after the same epoch, or a collective would wait for ever.
    if parallel.on_any_host(STOP_REQUESTED.is_set()):
        raise KeyboardInterrupt
