"""What the fields of a run's results must have in common, beyond the type of each.

Each function raises ValueError where that is not so.
"""

from collections.abc import Iterable, Mapping

from experiments.core.schemas.fields import Scores
from experiments.core.schemas.final_tests import (
    AdderTest,
    AutomatonTest,
    FinalTest,
    ImageTest,
    LengthTable,
)
from experiments.core.schemas.records import EpochRecord
from experiments.core.schemas.results import RunResults
from experiments.core.schemas.rows import RowResults
from jaxdl.metrics import Summary, SummaryList

PACKAGES = {'python', 'jax', 'flax', 'optax'}  # whose versions the report names


def check_results(results: RunResults | RowResults) -> None:
    """Checks that results have the scores of their task, each of as many seeds as the run.

    Args:
        results: Their config has a task and seeds, and their final test is that of the task.

    Raises:
        ValueError: A score of the task is missing, or that of a seed.
    """
    task, seeds = results.config['task'], results.config['seeds']
    splits = (results.first_batch, results.last_batch, results.validation, results.test)
    for scores in (results.train, *splits):
        if scores is not None:
            _check_scores(scores, task)
            _check_seeds(scores.values(), seeds)
    for layer in (results.activations or {}).values():
        _check_seeds(layer.summaries().values(), seeds)
    _check_final_test(results.final_test, seeds)
    if isinstance(results, RowResults):
        _check_row(results)


def _check_final_test(test: FinalTest, seeds: int) -> None:
    if isinstance(test, AdderTest):
        headline = [test.bit_accuracy, test.exact_match]
    elif isinstance(test, AutomatonTest):
        headline = [test.accuracy, test.exact_match]
    else:
        headline = [test.accuracy]
    _check_each_seed(headline, seeds)
    if isinstance(test, ImageTest):
        for scores in (test.report or {}).values():
            _check_seeds(scores.values(), seeds)
    else:
        _check_tables(test.by_length, seeds)


def _check_tables(by_length: Mapping[str, LengthTable], seeds: int) -> None:
    lengths, names = set(), set()
    for table in by_length.values():
        lengths.add(tuple(table.lengths))
        names.add(tuple(table.scores))
        _check_seeds(table.scores.values(), seeds)
    if len(lengths) != 1 or len(names) != 1 or () in names:
        raise ValueError('the tables by length must have the same lengths and scores')


def _check_row(row: RowResults) -> None:
    if not row.versions.keys() >= PACKAGES or 'train' not in row.seconds:
        raise ValueError('a version, or the seconds of training, are missing')
    task, seeds = row.config['task'], row.config['seeds']
    for record in row.curve:
        _check_scores(record.train, task)
        if isinstance(record, EpochRecord) and record.test is not None:
            _check_scores(record.test, task)
    for record in row.ten_batches or []:
        _check_scores(record.train, task)
        _check_each_seed(record.train.values(), seeds)


def _check_scores(scores: Scores | Mapping[str, SummaryList], task: str) -> None:
    names = {'loss', 'accuracy'}
    if task == 'binary_add':
        names = {'loss', 'bit_accuracy', 'exact_match'}
    elif task == 'automaton':
        names = {'loss', 'accuracy', 'exact_match'}
    if scores.keys() != names:
        raise ValueError(f'the scores of {task} are {", ".join(sorted(names))}')


def _check_seeds(summaries: Iterable[Summary | SummaryList], seeds: int) -> None:
    """Checks the values of single seeds in those summaries that have them."""
    for summary in summaries:
        if summary.seeds is not None:
            _check_each_seed([summary], seeds)


def _check_each_seed(summaries: Iterable[Summary | SummaryList], seeds: int) -> None:
    """Checks that each summary has the value of every seed."""
    for summary in summaries:
        if summary.seeds is None or len(summary.seeds) != seeds:
            raise ValueError(f'a score must have the values of {seeds} seeds')
        # One seed has no interval, several have one.
        if (summary.ci95 is None) != (seeds == 1):
            raise ValueError('a score of several seeds must have an interval')
