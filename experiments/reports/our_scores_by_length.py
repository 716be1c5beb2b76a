"""Our values of scores of sequences by their length."""

import math
from collections.abc import Sequence

import numpy as np

from experiments.core.final_test import SHORT_LENGTHS, STRINGS_PER_LENGTH
from experiments.core.schemas.rows import RowResults
from experiments.reports.our_values import Missing, OurValues, score_name
from experiments.reports.reported_scores import ReportedScore

# "Almost every length" is four of five.
ALMOST_EVERY = 0.8
# Report D pads all strings to the longest sum, of 20 bits and a carry, and counts the padding.
PADDED_STEPS = 21
PADDING_COUNTS = (
    'D-add-mse-h1',
    'D-add-mse-h3',
    'D-add-mse-h5',
    'D-add-mse-h5-cmp',
    'D-add-mse-h5-L5',
)


def scoring(row_id: str) -> str:
    """How a row's answers are scored where that is not plain, in words; '' where it is."""
    if row_id in PADDING_COUNTS:
        return f'the padding to {PADDED_STEPS} steps counts as right'
    return ''


def with_padding(accuracies: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Bit accuracies of whole padded strings, in which all of the padding is right.

    Args:
        accuracies: (L, S), of the L + 1 bits of sums of strings of each length, and of seeds.
        lengths: (L,) bits of a summand.

    Returns:
        (S,) means over the lengths.
    """
    answered = np.asarray(lengths)[:, None] + 1
    right = accuracies * answered + (PADDED_STEPS - answered)
    return (right / PADDED_STEPS).mean(0)


def by_length(results: RowResults, name: str) -> np.ndarray | Missing:
    """A score of random strings of each of SHORT_LENGTHS: (L, S)."""
    table = results.final_test.by_length['random']
    summary = table.scores.get(name)
    if summary is None or summary.seeds is None:
        return Missing('not recorded', 'the accuracy of each seed at each length')
    columns = [table.lengths.index(length) for length in SHORT_LENGTHS]
    return np.array(summary.seeds)[:, columns].T


def at_length(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """The score at one length."""
    number = score.number
    table = by_length(results, score_name(number.row_id, results.config['task']))
    if isinstance(table, Missing):
        return table
    length = int(number.index)
    if length not in SHORT_LENGTHS:
        return Missing('not recorded', f'the accuracy at length {length}')
    return OurValues(table[SHORT_LENGTHS.index(length)], STRINGS_PER_LENGTH, 'other')


def mean_over_lengths(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """The mean over the lengths of the score."""
    table = by_length(results, score_name(score.number.row_id, results.config['task']))
    if isinstance(table, Missing):
        return table
    columns = [SHORT_LENGTHS.index(length) for length in score.lengths]
    return OurValues(table[columns].mean(0), STRINGS_PER_LENGTH * len(columns), 'other')


def bound_over_lengths(score: ReportedScore, results: RowResults) -> OurValues | Missing:
    """What the score reaches at every length, or at almost every one."""
    number = score.number
    table = by_length(results, score_name(number.row_id, results.config['task']))
    if isinstance(table, Missing):
        return table
    seeds = table.min(0)
    if number.index == 'almost every length':
        lengths = len(table)
        # So many lengths, the best ones, have at least this score.
        reached = math.ceil(ALMOST_EVERY * lengths)
        seeds = np.sort(table, axis=0)[lengths - reached]
    return OurValues(seeds, STRINGS_PER_LENGTH, 'same')
