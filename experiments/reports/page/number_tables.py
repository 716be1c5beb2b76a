"""All numbers of a report: a table for each quantity, shown on demand."""

from collections.abc import Sequence

from experiments.reports.page.blocks import (
    Block,
    Details,
    MarkCell,
    NumberCell,
    Row,
    Table,
    Text,
    TextCell,
)
from experiments.reports.page.number_text import (
    VERDICT_HEADER,
    reported_text,
    value_text,
    verdict_cells,
)
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.verdict import Verdict

# The quantities in the order of their tables, with what they are.
TITLES = {
    'accuracy': 'Accuracies',
    'loss': 'Losses',
    'loss_limit': 'Losses that are said to stay below',
    'accuracy_mean_over_epochs': 'Accuracies as means over the epochs',
    'accuracy_window': 'Training accuracy in windows of ten batches',
    'loss_window': 'Training loss in windows of ten batches',
    'accuracy_at_length': 'Accuracies by length',
    'accuracy_mean_over_lengths': 'Means over the lengths, which the report does not state itself',
    'accuracy_bound': 'Bounds of accuracies',
    'accuracy_on_samples': 'Accuracy on samples',
    'precision': 'Precision by class',
    'recall': 'Recall by class',
    'f1': 'F1 by class',
    'prediction': 'Single predictions',
    'activation_mean': 'Means of activations',
    'activation_variance': 'Variances of activations',
    'activation_minimum': 'Smallest activations',
    'iterations': 'Iterations',
    'difference': 'Differences',
    'ratio': 'Ratios',
    'seconds_total': 'Seconds, which are shown and not judged',
}
WIDE = ('precision', 'recall', 'f1', 'accuracy_at_length')  # a line a row, a column an index
SPLIT_NAMES = {'train_batch': 'one training batch', 'train': 'training', '': 'not said'}
SECONDS_NOTE = (
    'Nets that trained together as one population have no seconds of their own, and seconds depend '
    'on the machine.'
)
WIDE_NOTE = (
    'Reported, then ours, in percent. ✓ agrees, ✗ differs, ? is undecided; a number without a sign '
    'has no verdict.'
)


def number_tables(verdicts: Sequence[Verdict]) -> list[Block]:
    """A table for each quantity of one report, each within Details.

    Args:
        verdicts: Of the report.
    """
    by_quantity: dict[str, list[Verdict]] = {name: [] for name in TITLES}
    for verdict in verdicts:
        by_quantity[verdict.number.quantity].append(verdict)
    blocks: list[Block] = []
    for quantity, group in by_quantity.items():
        if group:
            count = sum(len(verdict.score.parts) for verdict in group)
            summary = f'{TITLES[quantity]}: {count} numbers' if count else TITLES[quantity]
            blocks.append(Details(summary, _tables_of_quantity(quantity, group)))
    return blocks


def _tables_of_quantity(quantity: str, verdicts: Sequence[Verdict]) -> list[Block]:
    blocks: list[Block] = []
    if quantity == 'seconds_total':
        blocks.append(Text(SECONDS_NOTE))
    single, joined, wide = [], [], []
    for verdict in verdicts:
        if len(verdict.score.parts) > 1:
            joined.append(verdict)
        elif quantity in WIDE and verdict.number.counted:
            wide.append(verdict)
        else:
            single.append(verdict)
    if wide:
        blocks.extend([Text(WIDE_NOTE), *_wide_tables(wide)])
    if joined:
        blocks.append(_joined_table(joined))
    if single:
        blocks.append(_single_table(single))
    return blocks


def split_name(number: ReportedNumber) -> str:
    """The examples that a number was measured on, in words."""
    return SPLIT_NAMES.get(number.split, number.split)


def _single_table(verdicts: Sequence[Verdict]) -> Table:
    rows = []
    for verdict in verdicts:
        number = verdict.number
        mark, *numbers = verdict_cells(verdict)
        place = [TextCell(split_name(number)), TextCell(number.index)]
        rows.append(Row([_name(number), mark, *place, *numbers]))
    verdict_name, *number_names = VERDICT_HEADER
    return Table(('row', verdict_name, 'examples', 'which', *number_names), rows)


def _joined_table(verdicts: Sequence[Verdict]) -> Table:
    """Scores of several numbers: a line each, with all numbers in it."""
    rows = []
    for verdict in verdicts:
        parts = TextCell(_parts_text(verdict.score.parts))
        rows.append(Row([_name(verdict.number), *verdict_cells(verdict), parts]))
    return Table(('row', *VERDICT_HEADER, 'the numbers'), rows)


def _parts_text(parts: Sequence[ReportedNumber]) -> str:
    """The numbers of a score, each behind what it is of; a run of windows is named once."""
    if parts[0].quantity != 'prediction':
        values = ', '.join(reported_text(part, with_unit=False) for part in parts)
        return f'{parts[0].index} to {parts[-1].index}: {values}'
    return ', '.join(f'{part.index} read as {part.value:.0f}' for part in parts)


def _wide_tables(verdicts: Sequence[Verdict]) -> list[Table]:
    """A table of all verdicts that have the same indices, with a column for each index."""
    by_row: dict[str, dict[str, Verdict]] = {}
    for verdict in verdicts:
        by_row.setdefault(verdict.number.row_id, {})[verdict.number.index] = verdict
    rows_by_indices: dict[tuple[str, ...], list[Row]] = {}
    for row_id, by_index in by_row.items():
        cells = [_wide_cell(verdict) for verdict in by_index.values()]
        row = Row([TextCell(f'`{row_id}`'), *cells])
        rows_by_indices.setdefault(tuple(by_index), []).append(row)
    return [Table(('row', *indices), rows) for indices, rows in rows_by_indices.items()]


def _wide_cell(verdict: Verdict) -> MarkCell | NumberCell:
    reported = reported_text(verdict.number, with_unit=False)
    if verdict.ours is None:
        return NumberCell(reported)
    ours = value_text(verdict.ours.mean, verdict.number.unit)
    return MarkCell(verdict.kind, f'{reported} / {ours}')


def _name(number: ReportedNumber) -> TextCell:
    return TextCell(f'`{number.row_id}`')
