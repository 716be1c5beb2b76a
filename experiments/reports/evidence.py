"""What is known: the rows of the reports, and the results of our runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from experiments.core.config import Config
from experiments.core.formatting import format_summary
from experiments.core.schemas.records import EpochRecord, WindowRecord
from experiments.core.schemas.rows import FailedRow, MeasurementRow, PictureRow, RowResults
from experiments.core.tasks import Notify
from experiments.reports import catalogue, result_files
from experiments.reports.measurements.rows import measurements
from experiments.reports.reported import ReportedRow, reported_rows
from experiments.reports.result_files import records_of
from jaxdl.figures.comparisons import SummaryLine
from jaxdl.metrics import Summary


class Evidence(NamedTuple):
    """The rows and the results, all by id. Rows of the same Config share their results.

    Attributes:
        reported: The rows of the reports.
        ids: Of all that is trained, in the order of the catalogue.
        results: Of the runs that are finished.
        failures: The runs that diverged.
        pictures: The rows of pictures that are drawn.
        measured: The measurements that are taken.
    """

    reported: Mapping[str, ReportedRow]
    ids: list[str]
    results: Mapping[str, RowResults]
    failures: Mapping[str, FailedRow]
    pictures: Mapping[str, PictureRow]
    measured: Mapping[str, MeasurementRow]

    def finished(self, names: Iterable[str]) -> list[str]:
        """Those of the ids whose runs are finished."""
        return [name for name in names if name in self.results]

    def missing(self, names: Iterable[str]) -> list[str]:
        """Lines that say which of the ids have no results, and why."""
        not_run, diverged = [], []
        for name in names:
            if name in self.failures:
                diverged.append(name)
            elif name not in self.results:
                not_run.append(name)
        lines = []
        if not_run:
            lines.append(f'Not run yet: {", ".join(not_run)}.')
        if diverged:
            lines.append(f'Diverged: {", ".join(diverged)}.')
        return lines

    def outcomes(self) -> dict[str, RowResults | FailedRow]:
        """The results and the failures of all runs, by id."""
        return {**self.results, **self.failures}

    def outcome(self, name: str) -> RowResults | FailedRow | None:
        """The results or the failure of a run; None if it was not run."""
        return self.results.get(name) or self.failures.get(name)


def gather_evidence(folder: Path) -> Evidence:
    """Reads the results of all runs from a folder. Files that do not fit are ignored, and named."""
    configs = catalogue.runs()
    ignored: list[str] = []
    rows, results, failures = {}, {}, {}
    for name, config in configs.items():
        first_id = catalogue.first_id(name, configs)
        if first_id == name:
            # Any number of seeds will do.
            rows[name] = result_files.read(name, replace(config, seeds=1), folder, ignored.append)
        row = rows[first_id]
        if isinstance(row, RowResults):
            results[name] = row
        elif isinstance(row, FailedRow):
            failures[name] = row
    pictures = _drawn_pictures(configs, folder, ignored.append)
    measured = _taken_measurements(configs, folder, ignored.append)
    if ignored:
        print(result_files.ignored_text(ignored, folder))
    return Evidence(
        reported=reported_rows(),
        ids=list(configs),
        results=results,
        failures=failures,
        pictures=pictures,
        measured=measured,
    )


def _drawn_pictures(
    configs: Mapping[str, Config], folder: Path, notify: Notify
) -> dict[str, PictureRow]:
    """The rows of pictures that fit to the settings of today."""
    pictures = {}
    for name, picture in catalogue.pictures().items():
        row = result_files.read(name, replace(configs[picture.row], seeds=1), folder, notify)
        if isinstance(row, PictureRow):
            pictures[name] = row
    return pictures


def _taken_measurements(
    configs: Mapping[str, Config], folder: Path, notify: Notify
) -> dict[str, MeasurementRow]:
    """The measurements that fit to the settings of today."""
    taken = {}
    for name, measurement in measurements().items():
        row = result_files.read(name, replace(configs[measurement.row], seeds=1), folder, notify)
        if isinstance(row, MeasurementRow):
            taken[name] = row
    return taken


def epoch_records(results: RowResults) -> list[EpochRecord]:
    """The epochs of a run's curve."""
    return records_of(EpochRecord, results.curve)


def window_records(results: RowResults) -> list[WindowRecord]:
    """The windows of training batches of a run's curve."""
    return records_of(WindowRecord, results.curve)


def seconds_per_seed(results: RowResults) -> float | None:
    """The seconds of training of one seed, or None if an earlier version did not take them."""
    # Seeds train together, so that there is no time of a single one.
    seconds = results.seconds['train']
    if not seconds:
        return None
    return seconds / results.config['seeds']


def falsified_seeds(results: RowResults) -> int:
    """The number of seeds of an adder that were falsified as they were trained."""
    falsified = 0
    for seed in results.final_test.verdicts.values():
        if seed.verdict == 'falsified':
            falsified += 1
    return falsified


def by_cell(
    evidence: Evidence,
    values: Sequence[float],
    id_of: Callable[[str, float], str],
    measure: Callable[[RowResults], Summary | None],
) -> dict[str, dict[float, Summary]]:
    """A measure of runs that differ in their cell and in one number.

    Args:
        evidence: With their results. Runs that are missing are left out.
        values: Of the number, such as hidden sizes or learning rates.
        id_of: From a cell and a value to the id of the run.
        measure: From the results of a run to a summary, or to None if it has none.

    Returns:
        {cell: {value: summary}}.
    """
    tables = {}
    for cell in catalogue.CELLS:
        table = {}
        for value in values:
            results = evidence.results.get(id_of(cell, value))
            summary = measure(results) if results else None
            if summary is not None:
                table[value] = summary
        # A cell without runs would be an empty line of a chart.
        if table:
            tables[cell] = table
    return tables


def summary_lines(tables: Mapping[str, Mapping[float, Summary]]) -> dict[str, SummaryLine]:
    """The tables of by_cell as lines of a chart."""
    lines = {}
    for cell, table in tables.items():
        lines[cell] = SummaryLine(list(table), list(table.values()))
    return lines


def final_accuracy(results: RowResults) -> Summary:
    """The accuracy on the whole test set, of a task that has one."""
    return results.final_test.accuracy


def percent(summary: Summary, digits: int = 1) -> str:
    """A score in percent, with its interval."""
    return format_summary(summary, 100, digits)
