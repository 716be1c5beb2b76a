"""The lines of metrics.jsonl: what a run measures while it trains."""

from typing import Annotated

import msgspec

from experiments.core.schemas.fields import Count, LayerStatistics, Scores, check_entries
from jaxdl.metrics import SummaryList


class WindowRecord(msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='steps'):
    """A line of metrics.jsonl: the training batches of a twentieth of an epoch.

    Attributes:
        epoch: Counted from 1.
        step: The last step of the window, counted from 1 over the whole run.
        train: The mean scores of these batches.
    """

    epoch: Count
    step: Count
    train: Scores


class TenBatchesRecord(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='ten_batches'
):
    """A line of metrics.jsonl: the training batches of an epoch, ten at a time.

    Report A prints such means, each at the last of its ten batches: it names batch 391 of the 391
    of an epoch of CIFAR-10, and gives it an accuracy that is a share of 9 * 128 + 80 images, of
    which the last batch has 80. The first batch is printed alone. So the windows end at the
    batches 1, 11, 21, ..., and the last one is shorter where the epoch goes on after that.

    Attributes:
        epoch: Counted from 1.
        batches: The last batch of each window, counted from 1 in the epoch.
        train: The means over the batches of each window, with the values of each seed.
    """

    epoch: Count
    batches: Annotated[list[Count], msgspec.Meta(min_length=1)]
    train: dict[str, SummaryList]

    def __post_init__(self) -> None:
        """Raises ValueError unless each score has an entry for each window."""
        for name, summary in self.train.items():
            check_entries(name, summary, len(self.batches))


class EpochRecord(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag_field='kind',
    tag='epoch',
):
    """A line of metrics.jsonl: a whole epoch.

    Attributes:
        epoch: Counted from 1.
        step: The last step of the epoch.
        seconds: Of training. Of several runs trained as one population, each one's equal share.
            None where an earlier version trained the epoch.
        train: The mean scores of all batches, each before its update.
        first_batch: The scores of the first batch of the run, before any update. Only the record
            of epoch 1 has them. None where an earlier version trained.
        last_batch: The scores of the last batch alone. None where an earlier version trained.
        test, validation: The scores on held-out examples after the epoch, where there are any.
    """

    epoch: Count
    step: Count
    seconds: float | None = None
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    test: Scores | None = None
    validation: Scores | None = None


class StatisticsRecord(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field='kind', tag='statistics'
):
    """A line of metrics.jsonl: the layers and their weights before one step.

    Attributes:
        epoch: Counted from 1.
        step: The number of steps done before.
        layers: By the name of a layer, or of a parameter.
    """

    epoch: Count
    step: Count
    layers: dict[str, LayerStatistics]


Record = WindowRecord | TenBatchesRecord | EpochRecord | StatisticsRecord
