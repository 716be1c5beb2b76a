"""results/<id>.json of the report: what is kept of the run, or of the pictures, of a row."""

from typing import Any

import msgspec

from experiments.core.schemas.command_files import Predictions
from experiments.core.schemas.fields import Count, LayerStatistics, Scores, check_entries
from experiments.core.schemas.proofs import ProofResults
from experiments.core.schemas.records import EpochRecord, TenBatchesRecord, WindowRecord
from experiments.core.schemas.settings import Settings
from jaxdl.metrics import SummaryList


class StepStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """Layer statistics before one step, in the file of a row."""

    step: Count
    layers: dict[str, LayerStatistics]


class StatisticsCurve(msgspec.Struct, frozen=True, omit_defaults=True):
    """Layer statistics over the steps of training, in the file of a row.

    Attributes:
        steps: (n,) the numbers of steps done before.
        layers: {layer: {'mean', 'std', 'min', 'max', 'dead'}}, each of n entries.
    """

    steps: list[Count]
    layers: dict[str, dict[str, SummaryList]]

    def __post_init__(self) -> None:
        """Raises ValueError unless each statistic has an entry for each step."""
        for statistics in self.layers.values():
            for name, summary in statistics.items():
                check_entries(name, summary, len(self.steps))


class RowResults(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """results/<id>.json of the report: what is kept of a finished run.

    Attributes:
        seconds: Of the whole run, by what they were spent on. None where they are not known.
        layer_statistics: The last ones taken; an empty list if none were.
        statistics_curve: Of a CNN, those of the convolutions over the steps, thinned out.
        ten_batches: The last two epochs, ten batches at a time. Only of images, and of few seeds.
        curve: The records of training, thinned out.
        proofs: Of the rows that are proved.
        Others: As in RunResults.
    """

    version: str
    versions: dict[str, str]
    device: str
    parameters: Count
    epoch: Count
    step: Count
    seconds: dict[str, float | None]
    train: Scores
    first_batch: Scores | None = None
    last_batch: Scores | None = None
    validation: Scores | None = None
    test: Scores | None = None
    final_test: Any
    activations: dict[str, LayerStatistics] | None = None
    layer_statistics: list[StepStatistics]
    statistics_curve: StatisticsCurve | None = None
    ten_batches: list[TenBatchesRecord] | None = None
    curve: list[WindowRecord | EpochRecord]
    proofs: ProofResults | None = None
    config: Settings


class FailedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a run that came to no end, and why."""

    version: str
    versions: dict[str, str]
    device: str
    config: Settings
    failed: str


class PictureRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of a row that is pictures.

    Attributes:
        found: The contents of the JSON files that the command wrote beside its pictures. None for
            a file that could not be read.
    """

    version: str
    config: Settings
    found: list[Predictions | None]


class MeasurementRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """results/<id>.json of what was measured of the nets of a run.

    Attributes:
        config: The settings of the run, which may have more seeds.
        measured: By name, with the values of each seed that was measured.
    """

    version: str
    config: Settings
    measured: Scores

    def __post_init__(self) -> None:
        """Raises ValueError unless all values are of the same seeds."""
        counts = {len(summary.seeds or []) for summary in self.measured.values()}
        if len(counts) != 1 or 0 in counts:
            raise ValueError('all that is measured must have the values of the same seeds')
