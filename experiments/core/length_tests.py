"""Tests of nets that answer at every step, on strings of many kinds and lengths."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from experiments.core.schemas.final_tests import LengthTable
from jaxdl.metrics import SummaryList, summarize_each
from jaxdl.train import Evaluation, Examples, Params

SHORT_LENGTHS = tuple(range(1, 21))
LONG_LENGTHS = (50, 100, 500, 1000)
LENGTHS = SHORT_LENGTHS + LONG_LENGTHS
STRINGS_PER_LENGTH = 100  # of the random ones

Evaluate = Callable[[Params, Examples], Evaluation]


class LengthStrings(NamedTuple):
    """Strings on which a net is tested.

    Attributes:
        examples: All of them, padded to the longest.
        kinds: (N,) str; 'random' or a kind of structured strings.
        lengths: (N,) int, as tables count it: an adder reads a step more.
    """

    examples: Examples
    kinds: np.ndarray
    lengths: np.ndarray

    def of_lengths(self, lengths: Sequence[int]) -> 'LengthStrings':
        """Those of these lengths, padded to the longest of them."""
        rows = np.flatnonzero(np.isin(self.lengths, lengths))
        inputs, targets, steps = self.examples
        longest = steps[rows].max()
        examples = Examples(inputs[rows, :longest], targets[rows, :longest], steps[rows])
        return LengthStrings(examples, self.kinds[rows], self.lengths[rows])


class ScoredStrings(NamedTuple):
    """How S nets did on strings."""

    strings: LengthStrings
    evaluation: Evaluation


class WrongString(NamedTuple):
    """The beginning of a string up to a net's first wrong answer.

    Attributes:
        inputs: (t, D) int.
        answer: What the net answers after the last one.
    """

    inputs: np.ndarray
    answer: int


class LengthTest(NamedTuple):
    """A test of S nets, short and long strings apart."""

    short: ScoredStrings
    long: ScoredStrings

    def by_length(self) -> dict[str, LengthTable]:
        """Scores by length, for each kind of string; of random ones with those of each seed."""
        tables = {}
        # dict.fromkeys: each kind once, in the order in which they come
        for kind in dict.fromkeys(self.short.strings.kinds):
            keep_seeds = kind == 'random'
            tables[str(kind)] = _join_tables(
                _table_of_kind(self.short, SHORT_LENGTHS, kind, keep_seeds),
                _table_of_kind(self.long, LONG_LENGTHS, kind, keep_seeds),
            )
        return tables

    def short_random_scores(self, score: str) -> np.ndarray:
        """The mean score (S,) on random strings of the short lengths."""
        is_random = self.short.strings.kinds == 'random'
        return self.short.evaluation.scores[score][:, is_random].mean(1)

    def shortest_wrong_string(self, net: int) -> WrongString | None:
        """The shortest beginning of a string that a net has wrong, the easiest to check by hand."""
        wrong_strings = []
        for strings, evaluation in (self.short, self.long):
            wrong_strings += _wrong_strings(strings.examples, evaluation.outputs[net])
        return min(wrong_strings, key=lambda wrong: len(wrong.inputs), default=None)


def score_strings(strings: LengthStrings, evaluate: Evaluate, params: Params) -> LengthTest:
    """Evaluates nets on strings of LENGTHS.

    Short and long strings are evaluated apart, each padded to their own longest: 20 steps, not
    1,000, for most.
    """
    parts = []
    for lengths in (SHORT_LENGTHS, LONG_LENGTHS):
        chosen = strings.of_lengths(lengths)
        parts.append(ScoredStrings(chosen, evaluate(params, chosen.examples)))
    return LengthTest(*parts)


def scores_by_length(
    evaluation: Evaluation,
    lengths_of_examples: np.ndarray,
    lengths: Sequence[int],
    chosen: np.ndarray,
    keep_seeds: bool,
) -> LengthTable:
    """The LengthTable of an Evaluation's scores but the loss.

    Args:
        evaluation: Of N examples.
        lengths_of_examples: (N,).
        lengths: Of the table.
        chosen: (N,) bool, which examples count.
        keep_seeds: Whether the table has the values of each seed.
    """
    summaries = {}
    for name, values in evaluation.scores.items():
        if name == 'loss':
            continue
        means = []
        for length in lengths:
            means.append(values[:, chosen & (lengths_of_examples == length)].mean(1))
        summaries[name] = summarize_each(np.stack(means, axis=1), keep_seeds)
    return LengthTable(list(lengths), **summaries)


def _table_of_kind(scored, lengths, kind, keep_seeds):
    strings = scored.strings
    is_of_kind = strings.kinds == kind
    return scores_by_length(scored.evaluation, strings.lengths, lengths, is_of_kind, keep_seeds)


def _join_tables(short, long):
    """One LengthTable of two, one behind the other."""
    summaries = {}
    for name, summary in short.scores.items():
        other = long.scores[name]
        ci95 = None if summary.ci95 is None else summary.ci95 + other.ci95
        seeds = None
        if summary.seeds is not None:
            seeds = np.concatenate([summary.seeds, other.seeds], axis=1).tolist()
        summaries[name] = SummaryList(summary.mean + other.mean, ci95, seeds)
    return LengthTable(short.lengths + long.lengths, **summaries)


def _wrong_strings(examples, outputs):
    """The WrongString of each string that the outputs (N, T) of a net have wrong."""
    inputs, targets, steps = examples
    # A negative target asks for no answer.
    counts = (np.arange(targets.shape[1]) < steps[:, None]) & (targets >= 0)
    errors = (outputs != targets) & counts
    wrong = []
    for row in np.flatnonzero(errors.any(1)):
        first_error = errors[row].argmax()
        beginning = inputs[row, : first_error + 1].astype(int)
        wrong.append(WrongString(beginning, int(outputs[row, first_error])))
    return wrong
