"""The rows of one report on the page: a table of verdicts, the curves, and the pictures."""

from collections.abc import Mapping
from pathlib import Path

from experiments.core import file_schema
from experiments.core.file_schema import PictureRow, Predictions, RowResults
from experiments.reports.agreement import Verdict, is_rough, reported_score, score_name
from experiments.reports.evidence import (
    Evidence,
    epoch_records,
    percent,
    seconds_per_seed,
    window_records,
)
from experiments.reports.page.document import Page
from experiments.reports.presets import CHOSEN, PICTURES
from experiments.reports.reported import REPORTS, ReportedRow
from jaxdl.figures import curves
from jaxdl.figures.curves import Curve, CurvePanel, score_curve

HEADER = (
    'row',
    'score',
    'reported, %',
    'ours, mean and 95 % interval',
    'allowed difference',
    'verdict',
    'seeds',
    'reported seconds',
    'our seconds',
    'device',
)


def write(
    page: Page,
    report: str,
    evidence: Evidence,
    verdicts: Mapping[str, Verdict],
    results_folder: Path,
) -> None:
    """Writes the chapter of one report.

    Args:
        page: Where to write.
        report: 'A' to 'E'.
        evidence: Rows and results.
        verdicts: By id, of the rows that are trained.
        results_folder: Of the pictures.
    """
    page.text(f'## Report {REPORTS[report].title}')
    rows = [row for row in evidence.reported.values() if row.report == report]
    _write_table(page, rows, evidence, verdicts)
    _write_curves(page, report, rows, evidence)
    for row in rows:
        write_pictures(page, row.id, results_folder)


def _write_table(
    page: Page, rows: list[ReportedRow], evidence: Evidence, verdicts: Mapping[str, Verdict]
) -> None:
    lines = []
    for row in rows:
        if row.id in PICTURES:
            empty_cells = [''] * (len(HEADER) - 2)
            lines.append([f'`{row.id}`', 'a picture, below', *empty_cells])
        else:
            lines.append(_table_line(row, verdicts[row.id], evidence))
    page.table(HEADER, lines)


def _table_line(row: ReportedRow, verdict: Verdict, evidence: Evidence) -> list[str]:
    label = f'`{row.id}`'
    if row.id in CHOSEN:
        label += ' (settings chosen here)'
    score = score_name(row).replace('_', ' ')
    if reported_score(row).split == 'last_batch':
        score += ' of a training batch'
    reported = ''
    if verdict.reported is not None:
        reported = f'{100 * verdict.reported:.2f}'
        if is_rough(row):
            reported = f'≈ {reported}'
    half_width = '' if verdict.half_width is None else f'± {100 * verdict.half_width:.2f}'
    reported_seconds = '' if row.reported_seconds is None else f'{int(row.reported_seconds)}'
    outcome = evidence.outcome(row.id)
    ours, seeds, seconds = '', '', ''
    if isinstance(outcome, RowResults):
        ours = percent(verdict.ours, 2)
        seeds = f'{outcome.config["seeds"]}'
        seconds = _format_seconds(seconds_per_seed(outcome))
    return [
        label,
        score,
        reported,
        ours,
        half_width,
        verdict.text(),
        seeds,
        reported_seconds,
        seconds,
        outcome.device if outcome else '',
    ]


def _format_seconds(seconds: float | None) -> str:
    if seconds is None:
        return ''
    # Small nets take less than a second.
    return f'{seconds:.0f}' if seconds >= 10 else f'{seconds:.2g}'


def _write_curves(page: Page, report: str, rows: list[ReportedRow], evidence: Evidence) -> None:
    panels = {}
    for row in rows:
        if row.id in evidence.results:
            score = score_name(row)
            panels[row.id] = CurvePanel(
                _curves(evidence.results[row.id], score), reported_score(row).accuracy
            )
    if not panels:
        return
    page.figure(
        f'curves-{report}',
        curves.curve_grid(
            f'Report {report}: accuracy by training step, mean and 95 % interval', panels
        ),
        f'Report {report}: the curves of every row',
    )


def _curves(results: RowResults, score: str) -> dict[str, Curve]:
    """A score of training batches, and on the test set or else the validation set."""
    epochs = epoch_records(results)
    all_curves = {
        'train': score_curve(window_records(results), 'train', score),
        'test': score_curve(epochs, 'test', score),
        'validation': score_curve(epochs, 'validation', score),
    }
    # Two held-out sets would be one curve too many.
    if all_curves['test'].steps:
        del all_curves['validation']
    return {split: curve for split, curve in all_curves.items() if curve.steps}


def write_pictures(page: Page, name: str, results_folder: Path) -> None:
    """Writes the pictures of a row, if it has any, with the scores that came with them.

    Args:
        page: Where to write.
        name: The row's id.
        results_folder: Of <id>.json and <id>-*.jpg.
    """
    row = file_schema.read_json(results_folder / f'{name}.json', PictureRow)
    if row is not None:
        for predictions in row.found:
            if predictions is not None:
                _write_handwriting(page, name, predictions)
    for file in sorted(results_folder.glob(f'{name}-*.jpg')):
        page.picture(file, f'{name}: {file.stem.removeprefix(f"{name}-")}')


def _write_handwriting(page: Page, name: str, predictions: Predictions) -> None:
    """The accuracy on other people's digits, by how their images are prepared."""
    parts = []
    for preparation, accuracy in predictions.accuracy.items():
        parts.append(f'{preparation} {percent(accuracy)} %')
    page.text(
        f"`{name}`: accuracy on scikit-learn's digits, which other people wrote, by how the images "
        f'are prepared: {", ".join(parts)}.'
    )
