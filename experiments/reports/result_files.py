"""experiments/results/<id>.json: what is kept of a row's run, small enough for the repository."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.schemas.fields import LayerStatistics, Scores
from experiments.core.schemas.records import (
    EpochRecord,
    Record,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from experiments.core.schemas.rows import (
    FailedRow,
    MeasurementRow,
    PictureRow,
    RowResults,
    StatisticsCurve,
    StepStatistics,
)
from experiments.core.schemas.settings import to_config
from experiments.core.tasks import Notify
from experiments.training import workdir
from experiments.training.held_proofs import read_held_proofs
from experiments.training.metrics_log import read_records
from jaxdl import UserError
from jaxdl.metrics import Summary, SummaryList

CURVE_POINTS = 25
CURVE_EPOCHS = 30  # report E gives means over all epochs of a run, and none of its runs has more
STATISTICS_STEPS = 50
STATISTICS = ('mean', 'std', 'min', 'max', 'dead')
STATISTICS_LAYERS = ('conv1_pre', 'conv1', 'conv2_pre', 'conv2')
MOST_SEEDS_IN_CURVE = 10  # with more, the curve has means and intervals, but not single seeds
SIGNIFICANT_DIGITS = 5
MOST_IGNORED_SHOWN = 5

Row = RowResults | FailedRow | PictureRow | MeasurementRow


def records_of(kind: type[Record], records: Sequence[Record]) -> list[Record]:
    """The records of one kind, in order."""
    return [record for record in records if isinstance(record, kind)]


def row_of_run(folder: Path) -> RowResults:
    """The results of a row, from the folder of its finished run.

    Raises:
        UserError: metrics.jsonl does not hold all epochs.
    """
    results = workdir.read_results(folder)
    file = folder / 'metrics.jsonl'
    records = read_records(file, results.epoch)
    epochs = len(records_of(EpochRecord, records))
    if epochs != results.epoch:
        raise UserError(
            f'{file} is damaged: it holds {epochs} of {results.epoch} epochs; delete {folder}, and '
            'the same command trains it again'
        )
    return RowResults(
        version=results.version,
        versions=results.versions,
        device=results.device,
        parameters=results.parameters,
        epoch=results.epoch,
        step=results.step,
        seconds=_seconds(results.seconds, records),
        train=results.train,
        first_batch=results.first_batch,
        last_batch=results.last_batch,
        validation=results.validation,
        test=results.test,
        final_test=results.final_test,
        activations=results.activations,
        layer_statistics=_last_statistics(records),
        statistics_curve=_statistics_curve(records),
        ten_batches=records_of(TenBatchesRecord, records) or None,
        curve=_curve(records, keep_seeds=results.config['seeds'] <= MOST_SEEDS_IN_CURVE),
        proofs=read_held_proofs(folder, to_config(results.config)),
        config=results.config,
    )


def _seconds(
    seconds_of_session: dict[str, float], records: Sequence[Record]
) -> dict[str, float | None]:
    """The seconds of the whole run, as far as they are known."""
    # results.json has those of the last session only. Training may have taken several.
    seconds = {'train': _training_seconds(records)}
    for name, value in seconds_of_session.items():
        if name in ('compile', 'data'):
            seconds[name] = value
    return seconds


def _training_seconds(records: Sequence[Record]) -> float | None:
    """The sum over all epochs, or None if that of one of them is not known."""
    seconds = 0.0
    for record in records_of(EpochRecord, records):
        if record.seconds is None:
            return None
        seconds += record.seconds
    return seconds


def _last_statistics(records: Sequence[Record]) -> list[StepStatistics]:
    """The last layer statistics, without their histograms."""
    all_statistics = records_of(StatisticsRecord, records)
    if not all_statistics:
        return []
    last = all_statistics[-1]  # the page shows no others
    layers = {}
    for name, layer in last.layers.items():
        layers[name] = LayerStatistics(layer.mean, layer.std, layer.min, layer.max, layer.dead)
    return [StepStatistics(last.step, layers)]


def _statistics_curve(records: Sequence[Record]) -> StatisticsCurve | None:
    """The layer statistics of the convolutions; None if the records have none."""
    with_convolutions = list(filter(_has_convolutions, records_of(StatisticsRecord, records)))
    if not with_convolutions:
        return None
    thinned = _thinned(with_convolutions, STATISTICS_STEPS)
    layers = {}
    for layer in STATISTICS_LAYERS:
        layers[layer] = _over_steps([record.layers[layer] for record in thinned])
    return StatisticsCurve([record.step for record in thinned], layers)


def _has_convolutions(record: StatisticsRecord) -> bool:
    for name in STATISTICS_LAYERS:
        layer = record.layers.get(name)
        if layer is None or layer.dead is None:
            return False
    return True


def _over_steps(statistics: Sequence[LayerStatistics]) -> dict[str, SummaryList]:
    """The statistics of a layer at n steps, each as a list of n entries."""
    lists = {}
    for name in STATISTICS:
        means, half_widths = [], []
        for statistics_of_step in statistics:
            summary = getattr(statistics_of_step, name)
            means.append(summary.mean)
            half_widths.append(summary.ci95)
        lists[name] = SummaryList(means, None if None in half_widths else half_widths)
    return lists


def _curve(records: Sequence[Record], keep_seeds: bool) -> list[WindowRecord | EpochRecord]:
    windows = _thinned(records_of(WindowRecord, records), CURVE_POINTS)
    epochs = _thinned(records_of(EpochRecord, records), CURVE_EPOCHS)
    # Windows never hold single seeds.
    if not keep_seeds:
        epochs = list(map(_without_seeds, epochs))
    return windows + epochs


def _thinned(records: list[Record], most: int) -> list[Record]:
    """At most so many of the records, evenly spaced, the last one among them."""
    stride = math.ceil(len(records) / most)
    # Counted from the end, so that the last record is kept.
    last = len(records) - 1
    thinned = []
    for i, record in enumerate(records):
        if (last - i) % stride == 0:
            thinned.append(record)
    return thinned


def _without_seeds(record: EpochRecord) -> EpochRecord:
    return EpochRecord(
        epoch=record.epoch,
        step=record.step,
        seconds=record.seconds,
        train=_means(record.train),
        first_batch=_means(record.first_batch),
        last_batch=_means(record.last_batch),
        test=_means(record.test),
        validation=_means(record.validation),
    )


def _means(scores: Scores | None) -> Scores | None:
    """The scores without those of single seeds."""
    if scores is None:
        return None
    means = {}
    for name, summary in scores.items():
        means[name] = Summary(summary.mean, summary.ci95)
    return means


def write(file: Path, row: Row) -> None:
    """Writes the file of a row. Floats of what was found of a run are rounded."""
    content = file_schema.to_json(row)
    if isinstance(row, RowResults | MeasurementRow):
        for name, value in content.items():
            # The config stays as it is, since it is compared with other Configs.
            if name != 'config':
                content[name] = _rounded(value)
    file_schema.write_json(file, content)


def _rounded(content: Any) -> Any:
    """JSON content with its floats rounded."""
    if isinstance(content, dict):
        return {name: _rounded(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    if isinstance(content, float):
        return float(f'{content:.{SIGNIFICANT_DIGITS}g}')
    return content


def read(name: str, config: Config, folder: Path, notify: Notify) -> Row | None:
    """The results of a row, if its file holds them for this Config and at least as many seeds.

    Args:
        name: The row's id.
        config: The settings that the row has today.
        folder: Of the files.
        notify: Takes a few words on a file that is ignored: the row's id, and why.
    """
    file = folder / f'{name}.json'
    if not file.exists():
        return None
    row = _read_any_row(file)
    if row is None:
        notify(f'{name} (cannot be read)')
        return None
    # More seeds than are needed are welcome, so their number is compared apart.
    differing = workdir.differences(config, row.config, aside=('seeds',))
    if differing:
        notify(f'{name} (other settings: {", ".join(differing)})')
        return None
    seeds = row.config['seeds']
    if seeds < config.seeds:
        notify(f'{name} ({seeds} seeds, fewer than {config.seeds})')
        return None
    return row


def ignored_text(ignored: Sequence[str], folder: Path) -> str:
    """A line about files that are ignored.

    Args:
        ignored: What `read` says of each.
        folder: Of the files.
    """
    shown = list(ignored[:MOST_IGNORED_SHOWN])
    if len(ignored) > MOST_IGNORED_SHOWN:
        shown.append(f'and {len(ignored) - MOST_IGNORED_SHOWN} more')
    return f'files ignored in {folder} ({len(ignored)}): {", ".join(shown)}'


def _read_any_row(file: Path) -> Row | None:
    # No file of one kind can be read as one of another kind: each has a field of its own.
    for kind in (RowResults, FailedRow, PictureRow, MeasurementRow):
        row = file_schema.read_json(file, kind)
        if row is not None:
            return row
    return None
