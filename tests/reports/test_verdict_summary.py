"""Counts of verdicts, and the tests of a whole report, by hand."""

import math
from fractions import Fraction

import pytest
from scipy.stats import norm

from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.verdict import Verdict
from experiments.reports.verdict_summary import (
    compare_report,
    headline_verdicts,
    summarize_verdicts,
)

pytestmark = pytest.mark.quick
NUMBER = ReportedNumber('E', 'E-net', 'accuracy', 'test', '', 0.97, 'fraction', 10_000, 0.00005)


def verdict(kind='agrees', below=0.5, parts=1, **fields):
    number = NUMBER._replace(**fields)
    return Verdict(ReportedScore(number, (number,) * parts), kind, below=below)


def test_verdicts_and_scores_without_one_are_counted():
    summary = summarize_verdicts(
        [
            verdict(),
            verdict('differs', report='A', row_id='A-net'),
            verdict('undecided', parts=40, quantity='loss_window'),
            verdict('not recorded', parts=40, quantity='loss_window'),
            verdict('not counted'),
            verdict('agrees', parts=0, quantity='accuracy_mean_over_lengths'),
        ]
    )
    assert summary.overall == (1, 1, 1, {'not recorded': 1, 'not counted': 1})
    assert summary.overall.decided == 3
    assert summary.by_report['A'] == (0, 1, 0, {})
    assert summary.by_quantity['loss_window'] == (0, 0, 1, {'not recorded': 1})
    assert 'accuracy_mean_over_lengths' not in summary.by_quantity


def test_one_number_stands_for_a_row():
    test = verdict(split='test')
    batch = verdict(split='train_batch')
    mean = verdict(quantity='accuracy_mean_over_lengths', row_id='E-adder', parts=0)
    other = verdict(split='train_batch', row_id='E-other')
    loss = verdict(quantity='loss', row_id='E-loss')
    repeated = verdict(index='restated', row_id='E-loss')
    chosen = headline_verdicts([batch, test, mean, other, loss, repeated])
    assert chosen == {'E-net': test, 'E-adder': mean, 'E-other': other}


def test_a_report_that_is_always_better():
    """Eight of eight above: p = 2/2^8. Each is at the quantile .9 of ours: Z = sqrt(8) z(.9)."""
    verdicts = [verdict(below=0.9, row_id=f'E-{i}', value=i / 10) for i in range(8)]
    test = compare_report('E', verdicts, {})
    assert (test.above, test.below) == (8, 0)
    assert test.sign_p == pytest.approx(float(2 * Fraction(1, 2) ** 8))
    assert test.z == pytest.approx(math.sqrt(8) * 1.2815516)
    assert test.z_p == pytest.approx(2 * norm.sf(math.sqrt(8) * 1.2815516))


def test_one_run_under_two_names_counts_once():
    verdicts = [verdict(below=0.9, row_id='E-a'), verdict(below=0.9, row_id='E-b')]
    test = compare_report('E', verdicts, {'E-a': 'E-a', 'E-b': 'E-a'})
    assert (test.above, test.below, test.sign_p) == (1, 0, 1)
    assert compare_report('D', verdicts, {}) is None
    nowhere = compare_report('E', [verdict(below=0.5)], {})
    assert (nowhere.above, nowhere.below, nowhere.z) == (0, 0, pytest.approx(0))
