"""What is judged at once: a reported number, or several that are one score of one net."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from experiments.core.final_test import SHORT_LENGTHS
from experiments.reports.reported_numbers import ReportedNumber

CURVES = ('loss_window', 'accuracy_window')
MEAN_OVER_LENGTHS = 'accuracy_mean_over_lengths'


class ReportedScore(NamedTuple):
    """What gets one verdict.

    Attributes:
        number: The number, or the score that the parts are together.
        parts: The reported numbers that the verdict is about. Empty for a score that the report
            does not state itself.
        lengths: Of a mean over lengths: those of the report that we test as well.
    """

    number: ReportedNumber
    parts: tuple[ReportedNumber, ...]
    lengths: tuple[int, ...] = ()


def reported_scores(numbers: Sequence[ReportedNumber]) -> list[ReportedScore]:
    """The scores of reported numbers, in the order in which they begin.

    - The windows of a log are one curve of their row, whose value is their mean.
    - Single predicted digits are one score of their row: the share that is right.
    - Accuracies at each length are judged one by one; their mean over the lengths that we test as
      well is a score besides, which stands for the row.
    - A number that does not count is a score of its own.
    """
    scores = []
    groups: dict[tuple[str, str, str], list[ReportedNumber]] = {}
    for number in numbers:
        joined = number.quantity in (*CURVES, 'prediction', 'accuracy_at_length')
        if joined and number.counted:
            key = (number.row_id, number.quantity, number.split)
            groups.setdefault(key, []).append(number)
        if number.quantity == 'accuracy_at_length' or not joined or not number.counted:
            scores.append(ReportedScore(number, (number,)))
    for group in groups.values():
        if group[0].quantity == 'accuracy_at_length':
            scores.append(_mean_over_lengths(group))
        else:
            scores.append(_joined(group))
    order = {number: position for position, number in enumerate(numbers)}
    # A score without parts, of lengths, comes last.
    return sorted(
        scores, key=lambda score: min([order[part] for part in score.parts], default=len(order))
    )


def is_right(prediction: ReportedNumber) -> bool:
    """Whether a predicted digit is the one that was asked for.

    The index is 'digit 7', the true class of an image, or 'k=3: 1 3 6', the place and the digits
    of a sequence.
    """
    return prediction.value == true_digit(prediction)


def true_digit(prediction: ReportedNumber) -> int:
    """The digit that was asked for, from the index of a prediction."""
    index = prediction.index
    if index.startswith('digit '):
        return int(index.removeprefix('digit '))
    place, _, digits = index.partition(': ')
    return int(digits.split()[int(place.removeprefix('k=')) - 1])


def _joined(group: list[ReportedNumber]) -> ReportedScore:
    """The score that counted numbers of one row, quantity and split are together."""
    first = group[0]
    if first.quantity == 'prediction':
        right = sum(is_right(number) for number in group)
        number = first._replace(
            index=f'{len(group)} examples',
            value=right / len(group),
            unit='fraction',
            n=len(group),
            rounding=0.0,
        )
        return ReportedScore(number, tuple(group))
    number = _mean(group)._replace(index=f'{len(group)} windows')
    return ReportedScore(number, tuple(group))


def _mean_over_lengths(group: list[ReportedNumber]) -> ReportedScore:
    """The mean of a row over the lengths that both the report and we have."""
    shared = []
    for number in group:
        if int(number.index) in SHORT_LENGTHS:
            shared.append(number)
    lengths = tuple(int(number.index) for number in shared)
    mean = _mean(shared)._replace(quantity=MEAN_OVER_LENGTHS, index=f'{len(shared)} lengths')
    return ReportedScore(mean, (), lengths)


def _mean(group: list[ReportedNumber]) -> ReportedNumber:
    """The mean of like numbers, of all their examples."""
    first = group[0]
    # Rounded once, since sum() rounds otherwise from Python 3.12 on.
    mean = statistics.fmean(number.value for number in group)
    examples = sum(number.n or 0 for number in group)
    # Errors of rounding that are independent nearly cancel in a mean.
    return first._replace(value=mean, n=examples, rounding=first.rounding / len(group) ** 0.5)
