"""The scatter between subsets of the images: by hand, by SciPy, and in simulations."""

import math

import numpy as np
import pytest
from results_with_seeds import results_of
from scipy.stats import f_oneway, logistic, t

from experiments.reports.our_values import OurValues
from experiments.reports.pooled_scatter import Scatter
from experiments.reports.predictions import Case, predict
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.score_scales import Scale
from experiments.reports.subset_runs import SUBSETS_OF_ROWS, first_seeds
from experiments.reports.subset_scatter import (
    SubsetScatter,
    accuracies_by_subset,
    analyse,
    measured_scatter,
    with_subsets,
)

pytestmark = pytest.mark.quick
ROW, OTHER_ROW = SUBSETS_OF_ROWS
SUBSETS, NETS = 8, 2  # of the simulations
BETWEEN, WITHIN = 0.5, 1.0  # their variances, where no other ones are given


def simulated(rng, between=BETWEEN, rows=1):
    """Scores of nets with known variances, for each row (SUBSETS, NETS)."""
    tables = []
    for row in range(rows):
        means = 10 * row + rng.normal(0, math.sqrt(between), (SUBSETS, 1))
        tables.append(rng.normal(means, math.sqrt(WITHIN), (SUBSETS, NETS)))
    return tables


def test_three_subsets_by_hand():
    """The means are 1, 5, 9: 2 (16 + 0 + 16)/2 = 32 between, and 6 squares of .5 over 3 within."""
    scatter = analyse([np.array([[0.5, 1.5], [4.5, 5.5], [8.5, 9.5]])])
    assert scatter == SubsetScatter(32.0, 0.5, 2, 3, 2)
    assert scatter.variance == 15.75 and scatter.ratio == 31.5
    # From a table: F(.975; 2, 3) = 16.04, and F(.025; 2, 3) = 1/F(.975; 3, 2) = 1/39.17.
    low, high = scatter.ratio_interval()
    assert low == pytest.approx((64 / 16.04 - 1) / 2, rel=1e-3)
    assert high == pytest.approx((64 * 39.17 - 1) / 2, rel=1e-3)


def test_no_variance_is_below_0():
    scatter = analyse([np.array([[0.0, 9.0], [1.0, 8.0], [2.0, 7.0]])])
    assert scatter.variance == scatter.ratio == 0
    assert scatter.ratio_interval().low == 0


def test_the_f_test_is_that_of_scipy():
    (table,) = simulated(np.random.default_rng(0))
    scatter, expected = analyse([table]), f_oneway(*table)
    assert scatter.f_value == pytest.approx(expected.statistic)
    assert scatter.p_value == pytest.approx(expected.pvalue)


def test_two_rows_together_are_a_nested_model():
    """Between is what the means of subsets explain beyond those of rows, by least squares."""
    tables = simulated(np.random.default_rng(1), rows=2)
    scores = np.concatenate(tables).ravel()
    of_rows = np.kron(np.eye(2), np.ones((SUBSETS * NETS, 1)))
    of_subsets = np.kron(np.eye(2 * SUBSETS), np.ones((NETS, 1)))
    row_residual = np.linalg.lstsq(of_rows, scores)[1].item()
    subset_residual = np.linalg.lstsq(of_subsets, scores)[1].item()
    scatter = analyse(tables)
    assert (scatter.between_degrees, scatter.within_degrees) == (14, 16)
    assert scatter.between == pytest.approx((row_residual - subset_residual) / 14)
    assert scatter.within == pytest.approx(subset_residual / 16)


def test_known_variances_are_found():
    """The estimate is unbiased before it is cut off at 0, and the interval of the ratio exact."""
    rng = np.random.default_rng(2)
    estimates, covered = [], 0
    for _ in range(4000):
        scatter = analyse(simulated(rng))
        estimates.append((scatter.between - scatter.within) / scatter.nets)
        low, high = scatter.ratio_interval()
        covered += low <= BETWEEN / WITHIN <= high
    standard_error = np.std(estimates) / math.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(BETWEEN, abs=4 * standard_error)
    # 4 standard errors of a share of .95 are .0138.
    assert covered / 4000 == pytest.approx(0.95, abs=0.0138)


def test_a_choice_of_subsets_by_hand():
    """Of 2 choices: 3 + 2 (5 - 1)/2 = 7; 3²/10 + 5²/4 + 1²/6 = 7.3167; 7²/7.3167 = 6.697."""
    widened = with_subsets(Scatter(math.sqrt(3), 10), SubsetScatter(5.0, 1.0, 4, 6, 2), choices=2)
    assert widened.sd**2 == pytest.approx(7)
    assert widened.degrees == pytest.approx(6.697, abs=1e-3)


def test_what_is_estimated_as_0_still_makes_the_scatter_less_known():
    widened = with_subsets(Scatter(2.0, 10), SubsetScatter(1.0, 1.0, 4, 6, 2), choices=2)
    assert widened.sd == 2
    assert widened.degrees == pytest.approx(16 / (16 / 10 + 1 / 4 + 1 / 6))
    # A small scatter has no fewer degrees than the least known of the three.
    small = with_subsets(Scatter(0.1, 10), SubsetScatter(1.0, 1.0, 4, 6, 2), choices=2)
    assert (small.sd, small.degrees) == (0.1, 4)


def one_more_run(seeds, subsets, of_subset=True):
    """What is predicted of a net with these scores."""
    number = ReportedNumber('B', 'B-net', 'accuracy', 'test', '', 0.5, 'fraction', 1000, 0.0)
    ours = OurValues(seeds, 1000, 'same', of_subset=of_subset)
    case = Case(ReportedScore(number, (number,)), ours, Scale('plain'))
    (prediction,) = predict([case], {}, {}, subsets)
    return prediction


@pytest.mark.parametrize('between', [0.0, 0.1, 0.5, 2.0])
def test_one_more_run_on_another_subset_lies_in_its_interval(between):
    """Ours and the new run have a subset each, and the scatter of subsets is an estimate, too."""
    rng = np.random.default_rng(3)
    trials, inside, inside_without = 1500, 0, 0
    for _ in range(trials):
        ours, theirs = rng.normal(0, math.sqrt(between), 2)
        seeds = rng.normal(ours, math.sqrt(WITHIN), 10)
        new = rng.normal(theirs, math.sqrt(WITHIN))
        subsets = analyse(simulated(rng, between, rows=2))
        low, high = one_more_run(seeds, subsets).run.interval()
        inside += low <= new <= high
        low, high = one_more_run(seeds, None).run.interval()
        inside_without += low <= new <= high
    # The degrees are an approximation, and the estimate of a variance of 0 is above 0 on average.
    assert 0.93 < inside / trials < 0.99
    # Without the addition: the variance is 1.1 + 2 between, where 1.1 times that of the nets is
    # expected, which is known with 9 degrees of freedom.
    expected = 2 * t.cdf(t.ppf(0.975, 9) * math.sqrt(1.1 / (1.1 + 2 * between)), 9) - 1
    assert inside_without / trials == pytest.approx(expected, abs=0.04)
    assert inside >= inside_without


def test_our_mean_is_that_of_one_subset():
    seeds = np.array([0.0, 2.0, 4.0])
    known = SubsetScatter(6.0, 2.0, 10**9, 10**9, 2)  # 2 between subsets
    assert one_more_run(seeds, known).scatter_of_mean.sd ** 2 == pytest.approx(4 / 3 + 2)
    assert one_more_run(seeds, None).scatter_of_mean.sd ** 2 == pytest.approx(4 / 3)
    assert one_more_run(seeds, known, False).scatter_of_mean.sd ** 2 == pytest.approx(4 / 3)


def test_accuracies_are_taken_by_row_and_subset():
    first, second, third = list(first_seeds(ROW))[:3]
    outcomes = {
        first: results_of(0.5, 0.6),
        second: results_of(0.4, 0.5, 0.9),  # a seed too many
        third: results_of(0.7),  # and one too few
        list(first_seeds(OTHER_ROW))[0]: results_of(0.5, 0.6),  # its only subset
    }
    assert accuracies_by_subset({}) == {} and measured_scatter({}) is None
    rows = accuracies_by_subset(outcomes)
    assert rows.keys() == {ROW} and list(rows[ROW]) == [10, 20]
    expected = logistic.ppf((np.array([4000, 5000]) + 0.5) / 10_001)
    np.testing.assert_allclose(rows[ROW][20], expected)
    assert measured_scatter(outcomes) == analyse([np.array(list(rows[ROW].values()))])
