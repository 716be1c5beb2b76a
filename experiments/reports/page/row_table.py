"""The table of a report's rows: one number each, the verdict on it, seconds and settings."""

from collections.abc import Mapping, Sequence

from experiments.core.schemas.rows import RowResults
from experiments.reports import catalogue
from experiments.reports.evidence import Evidence, seconds_per_seed
from experiments.reports.our_values import score_name
from experiments.reports.page.blocks import (
    Block,
    LinkCell,
    MarkCell,
    NumberCell,
    Row,
    Table,
    Text,
    TextCell,
)
from experiments.reports.page.curve_figures import curves_anchor
from experiments.reports.page.number_text import VERDICT_HEADER, verdict_cells
from experiments.reports.page.settings_text import LEGEND, settings_text
from experiments.reports.presets import PICTURES
from experiments.reports.reported import ReportedRow
from experiments.reports.verdict import Verdict

HEADER = (
    'row',
    *VERDICT_HEADER,
    'score',
    'curve',
    'seeds',
    'reported seconds',
    'our seconds',
    'settings',
)
TOGETHER = '*'  # behind the seconds of nets that trained together
SECONDS_LEGEND = (
    f'Our seconds are those of training, for one seed. {TOGETHER} marks nets that trained together '
    'with others as one population: an equal share each, not seconds of their own.'
)


def row_anchor(row_id: str) -> str:
    """The anchor of a row."""
    return f'row-{row_id}'


def row_table(
    rows: Sequence[ReportedRow], evidence: Evidence, verdicts: Mapping[str, Verdict]
) -> list[Block]:
    """The table, and what its marks mean.

    Args:
        rows: Of a report.
        evidence: With the results.
        verdicts: By id, on the number that stands for a row.
    """
    together = _trained_together()
    lines = []
    for row in rows:
        if row.id not in PICTURES:
            lines.append(_line(row, verdicts.get(row.id), evidence, together))
    return [Table(HEADER, lines), Text(LEGEND), Text(SECONDS_LEGEND)]


def _trained_together() -> set[str]:
    """The ids of the runs that train as one population with other ones."""
    configs = catalogue.runs()
    # Two names of one run are no population.
    runs = {}
    for name, config in configs.items():
        if catalogue.first_id(name, configs) == name:
            runs[name] = config
    together = set()
    for group in catalogue.groups(runs):
        if len(group) > 1:
            together.update(group)
    return together


def _line(row: ReportedRow, verdict: Verdict | None, evidence: Evidence, together: set[str]) -> Row:
    configs = catalogue.runs()
    run = catalogue.first_id(row.id, configs)
    name = f'`{row.id}`'
    if run != row.id:
        name += f' (the same run as `{run}`)'
    outcome = evidence.outcome(row.id)
    has_results = isinstance(outcome, RowResults)
    cells = [TextCell(name), *_verdict_cells(verdict), TextCell(_score_text(row, verdict))]
    if has_results:
        cells.append(LinkCell('curve', curves_anchor(row.report)))
        cells.append(NumberCell(str(outcome.config['seeds'])))
    else:
        cells.extend([TextCell(''), NumberCell('')])
    reported_seconds = '' if row.reported_seconds is None else f'{row.reported_seconds:.0f}'
    seconds = _seconds_text(outcome, run in together) if has_results else ''
    cells.extend([NumberCell(reported_seconds), NumberCell(seconds)])
    cells.append(TextCell(settings_text(row.id, configs[row.id])))
    return Row(cells, row_anchor(row.id))


def _verdict_cells(verdict: Verdict | None) -> list[NumberCell | MarkCell]:
    if verdict is None:
        return [MarkCell('', 'no number reported'), NumberCell(''), NumberCell(''), NumberCell('')]
    return verdict_cells(verdict)


def _score_text(row: ReportedRow, verdict: Verdict | None) -> str:
    text = score_name(row.id, row.task).replace('_', ' ')
    if verdict is not None and verdict.number.split == 'train_batch':
        text += ' of a training batch'
    return text


def _seconds_text(results: RowResults, together: bool) -> str:
    seconds = seconds_per_seed(results)
    if seconds is None:
        return ''
    # Small nets take less than a second.
    text = f'{seconds:.0f}' if seconds >= 10 else f'{seconds:.2g}'
    return text + TOGETHER if together else text
