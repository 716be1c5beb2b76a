"""The curves of a report: accuracy and loss over training, and the windows that report A prints."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from experiments.core.schemas.rows import RowResults
from experiments.reports.evidence import Evidence, epoch_records, window_records
from experiments.reports.our_records import ten_batches
from experiments.reports.our_values import score_name
from experiments.reports.page.blocks import Block, Picture, Text
from experiments.reports.reported import ReportedRow
from experiments.reports.verdict import Verdict
from jaxdl.figures.curve_grids import CurvePanel, WindowPanel, curve_grid, window_grid
from jaxdl.figures.curves import Curve, score_curve

Score = Literal['accuracy', 'loss']
SCORES: tuple[Score, ...] = ('accuracy', 'loss')


def curve_pictures(
    report: str,
    rows: Sequence[ReportedRow],
    evidence: Evidence,
    verdicts: Sequence[Verdict],
) -> list[Block]:
    """Accuracy and loss of every row over training, with the reported number as a line.

    Args:
        report: 'A' to 'E'.
        rows: Of the report.
        evidence: With the results.
        verdicts: Of the report.
    """
    pictures: list[Block] = []
    for score in SCORES:
        panels = {}
        for row in rows:
            if row.id in evidence.results:
                name = score_name(row.id, row.task) if score == 'accuracy' else 'loss'
                curves = _curves(evidence.results[row.id], name)
                panels[row.id] = CurvePanel(curves, _reported(row.id, score, verdicts))
        if panels:
            pictures.append(_curve_picture(report, score, panels))
    return pictures


def _curve_picture(report: str, score: Score, panels: Mapping[str, CurvePanel]) -> Picture:
    return Picture(
        name=curves_anchor(report, score),
        image=curve_grid(
            f'Report {report}: {score} by training step, mean and 95 % interval',
            panels,
            score=score,
        ),
        caption=f'Report {report}, {score} of every row by training step: our mean over seeds '
        'with its 95 % interval. A dashed line is the number that the report gives.',
        alt=f'Curves of {score} of {len(panels)} rows of report {report}',
    )


def curves_anchor(report: str, score: Score = 'accuracy') -> str:
    """The anchor of the curves of a report."""
    return f'curves-{report}' if score == 'accuracy' else f'curves-{report}-{score}'


def _reported(row_id: str, quantity: str, verdicts: Sequence[Verdict]) -> float | None:
    """The number that a row reports; None if there is none.

    It is of the test set. An accuracy may be another one where the row has none of that set, but a
    loss may not: those of a training batch are of a moment in training.
    """
    reported = None
    for verdict in verdicts:
        number = verdict.number
        if number.row_id == row_id and number.quantity == quantity and number.counted:
            if number.split == 'test':
                return number.value
            if quantity == 'accuracy':
                reported = number.value
    return reported


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


def window_pictures(evidence: Evidence, verdicts: Sequence[Verdict]) -> list[Block]:
    """The windows of ten batches that a report prints, over the band of our seeds.

    Args:
        evidence: With the results.
        verdicts: Of the report.
    """
    blocks: list[Block] = []
    for score in SCORES:
        panels: dict[str, WindowPanel] = {}
        not_recorded = []
        for verdict in verdicts:
            if verdict.number.quantity == f'{score}_window' and len(verdict.score.parts) > 1:
                panel = _window_panel(verdict, score, evidence)
                if panel is None:
                    not_recorded.append(verdict.number.row_id)
                else:
                    panels[verdict.number.row_id] = panel
        left_out = ''
        if not_recorded:
            left_out = f'The windows of our seeds were not recorded: {", ".join(not_recorded)}.'
        if panels:
            blocks.append(_window_picture(score, panels, left_out))
        elif left_out:
            blocks.append(Text(f'Training {score} of ten batches each. {left_out}'))
    return blocks


def _window_picture(score: Score, panels: Mapping[str, WindowPanel], left_out: str) -> Picture:
    """The picture; its caption ends with what `left_out` says about rows without a panel."""
    caption = (
        f'Training {score} in windows of ten batches, in the epoch that the report prints: what it '
        'prints (dashed), and the band from the lowest to the highest of our seeds. With S seeds, '
        'one more run of ours leaves it in 2/(S + 1) of the windows on average. A curve that stays '
        'outside is no run of ours.'
    )
    return Picture(
        name=f'windows-{score}',
        image=window_grid(
            f'Training {score} of ten batches each',
            panels,
            score=score,
        ),
        caption=f'{caption} {left_out}'.strip(),
        alt=f'Reported windows of {score} of {len(panels)} nets over the band of our seeds',
    )


def _window_panel(verdict: Verdict, score: Score, evidence: Evidence) -> WindowPanel | None:
    """The reported windows of a row over ours; None if ours were not recorded."""
    row_id = verdict.number.row_id
    results = evidence.results.get(row_id)
    record = None if results is None else ten_batches(row_id, results)
    if record is None:
        return None
    parts = verdict.score.parts
    # The index of a window is 'epoch 10 batch 61'.
    batches = [int(part.index.split()[3]) for part in parts]
    reported = [part.value for part in parts]
    return WindowPanel(batches, reported, np.array(record.train[score].seeds), record.batches)
