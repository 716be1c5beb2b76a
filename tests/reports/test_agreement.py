"""The rule of the verdicts, by hand."""

import math

import numpy as np
import pytest

from experiments.core.file_schema import FailedRow, ImageTest, RowResults
from experiments.reports.agreement import judge, reported_score, score_name
from experiments.reports.reported import ReportedRow
from jaxdl.metrics import Summary

pytestmark = pytest.mark.quick
ROW = ReportedRow(
    id='E-net',
    report='E',
    task='mnist_rnn',
    test_size=10_000,
    batch_size=64,
    reported_test_acc=0.97,
)


def results_of(*seeds, last_batch=None):
    """Results of a run whose seeds have these test accuracies."""
    return RowResults(
        version='',
        versions={},
        device='',
        parameters=0,
        epoch=1,
        step=1,
        seconds={},
        train={},
        last_batch=last_batch,
        final_test=ImageTest(Summary(float(np.mean(seeds)), 0.0, list(seeds))),
        layer_statistics=[],
        curve=[],
        config={},
    )


def test_seeds_and_the_test_set_widen_the_interval():
    """t(2) = 4.303 and s = .01 give 4.303 x .01 x sqrt(4/3) = .04968.

    The test set adds 1.96 sqrt(.97 x .03 / 10000) = .00334.
    """
    verdict = judge(ROW, results_of(0.96, 0.97, 0.98))
    assert verdict.kind == 'stands' and verdict.text() == 'stands'
    assert verdict.half_width == pytest.approx(math.hypot(0.04968, 0.00334), abs=1e-4)


def test_a_number_further_out_differs():
    verdict = judge(ROW._replace(reported_test_acc=0.9), results_of(0.96, 0.97, 0.98))
    assert verdict.kind == 'differs'
    assert verdict.difference == pytest.approx(-0.07)
    assert verdict.text() == 'differs by -7.0'


def test_a_small_test_set_allows_more():
    seeds = results_of(1.0, 1.0, 1.0)
    small = ROW._replace(reported_test_acc=0.999, test_size=500)
    assert judge(small, seeds).kind == 'stands'
    assert judge(ROW._replace(reported_test_acc=0.99), seeds).kind == 'differs'


def test_a_part_of_the_test_set_is_another_draw():
    """Two draws of 1,000: 1.96 sqrt(2 x .25 / 1000)."""
    row = ROW._replace(reported_test_acc=0.5, test_size=1000)
    assert judge(row, results_of(0.5, 0.5)).half_width == pytest.approx(0.04383, abs=1e-5)


def test_rough_numbers_are_known_to_half_a_step():
    """sqrt(.025^2 + 1.96^2 x .94 x .06 / 10000)."""
    row = ROW._replace(reported_test_acc=0.95, provenance="'~' values")
    verdict = judge(row, results_of(0.93, 0.93))
    assert verdict.kind == 'stands'
    assert verdict.half_width == pytest.approx(0.02543, abs=1e-5)


def test_what_cannot_be_judged():
    assert judge(ROW, None).kind == 'not run'
    assert judge(ROW, results_of(0.5)).kind == 'one seed'
    without_number = ROW._replace(reported_test_acc=None)
    assert judge(without_number, results_of(1.0, 1.0)).kind == 'no number'
    failure = FailedRow(version='', versions={}, device='', config={}, failed='x')
    assert judge(ROW, failure).kind == 'diverged'


def test_training_accuracy_is_that_of_the_last_batch():
    row = ROW._replace(reported_test_acc=None, reported_train_acc=1.0)
    assert reported_score(row) == ('last_batch', 1.0)
    last_batch = {'accuracy': Summary(1.0, 0.0, [1.0, 1.0])}
    verdict = judge(row, results_of(0.5, 0.5, last_batch=last_batch))
    assert verdict.kind == 'stands' and verdict.ours.mean == 1


def test_adders_are_judged_by_what_their_report_counts():
    adder = ROW._replace(task='binary_add')
    assert score_name(adder._replace(report='D')) == 'bit_accuracy'
    assert score_name(adder._replace(report='E')) == 'exact_match'
    assert score_name(ROW) == 'accuracy'
