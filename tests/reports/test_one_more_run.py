"""One more run: ranks by enumeration, exact fractions, SciPy, and a simulation."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import stats

from experiments.reports.curve_band import student_run
from experiments.reports.one_more_run import (
    RankedRun,
    StudentRun,
    counts_of_examples,
    counts_of_shares,
)
from experiments.reports.score_scales import Scale

pytestmark = pytest.mark.quick


def test_a_plain_number_is_a_t_test():
    """One value against a sample is Student's test of two samples, one of which has one value."""
    seeds = np.array([0.3, 0.5, 0.9, 0.4])
    tails = student_run(seeds, Scale('plain')).tails(1.2, 1.2)
    two_sided = stats.ttest_ind([1.2], seeds)
    above = stats.ttest_ind([1.2], seeds, alternative='greater')
    assert tails.two_sided == pytest.approx(two_sided.pvalue)
    assert tails.at_least == pytest.approx(above.pvalue)
    assert tails.below == pytest.approx(1 - above.pvalue)


def test_the_interval_ends_where_p_is_5_percent():
    for scale in (Scale('logit', 1000), Scale('log'), Scale('plain')):
        run = student_run(np.array([0.3, 0.5, 0.7, 0.4]), scale)
        for end in run.interval():
            assert run.tails(end, end).two_sided == pytest.approx(0.05)


def test_shares_and_losses_are_t_tests_on_their_scales():
    """Logits of shares of 9 in steps of 1/10: (k + 1/2)/10 of k right."""
    right = np.array([3, 5, 7, 4])
    smoothed = (right + 0.5) / 10
    logits = np.log(smoothed / (1 - smoothed))
    reference = stats.ttest_ind([math.log(0.85 / 0.15)], logits)  # 8 of 9
    tails = student_run(right / 9, Scale('logit', 9)).tails(8 / 9, 8 / 9)
    assert tails.two_sided == pytest.approx(reference.pvalue)
    losses = np.array([0.3, 0.5, 0.9, 0.4])
    reference = stats.ttest_ind([math.log(0.1)], np.log(losses))
    tails = student_run(losses, Scale('log')).tails(0.1, 0.1)
    assert tails.two_sided == pytest.approx(reference.pvalue)


def test_rounding_favours_the_number():
    run = student_run(np.array([0.92, 0.93, 0.94]), Scale('logit', 10_000))
    assert run.tails(0.925, 0.975).two_sided == 1  # 95 %, in steps of five points
    exact = run.tails(0.95, 0.95).two_sided
    assert run.tails(0.945, 0.955).two_sided == pytest.approx(run.tails(0.945, 0.945).two_sided)
    assert exact < run.tails(0.945, 0.955).two_sided


def test_no_scatter_leaves_one_value():
    run = StudentRun(0.0, 0.0, 3, Scale('plain'))
    assert run.tails(0.0, 0.0) == (1, 1)
    assert run.tails(0.1, 0.1) == (0, 1)


def test_a_rank_is_counted():
    seeds = np.arange(100) / 100
    run = RankedRun(seeds)
    assert run.tails(2.0, 2.0).two_sided == pytest.approx(2 / 101)
    assert run.tails(0.99, 0.99).two_sided == pytest.approx(4 / 101)  # one of 100 is as high
    # The second lowest and the second highest: a score beyond them has p = 4/101 at most.
    assert run.interval() == (0.01, 0.98)


@pytest.mark.parametrize('level', [0.05, 0.025, 0.02, 0.01])
def test_the_interval_holds_the_scores_that_do_not_differ(level):
    """Enumerated over all shares of 40, and over ranks of seeds with ties."""
    seeds = np.concatenate([np.arange(100) / 100, [0.99]])
    shares = np.arange(41) / 40
    runs_and_scores = [
        (counts_of_shares(np.array([0.9, 0.8]), 1000, 40), shares),
        (counts_of_shares(np.array([0.9, 0.8]), 1000, 40, anywhere=1 / 401), shares),
        (RankedRun(seeds), seeds),
    ]
    for run, scores in runs_and_scores:
        inside = [score for score in scores if run.tails(score, score).two_sided > level]
        interval = run.interval(level)
        if len(inside) == len(scores):
            assert interval.low <= inside[0] and interval.high >= inside[-1]
        else:
            assert interval == (inside[0], inside[-1])


def test_where_no_score_can_differ_the_interval_has_no_ends():
    """The smallest p of 100 seeds is 2/101, above .05/3."""
    everywhere = (-math.inf, math.inf)
    assert RankedRun(np.arange(100) / 100).interval(0.05 / 3) == everywhere
    run = counts_of_shares(np.array([0.5]), 1000, 40, anywhere=1 / 101)
    assert run.interval(0.05 / 3) == everywhere
    assert run.interval(0.05 / 2) != everywhere


def test_ties_are_no_evidence():
    run = RankedRun(np.array([1.0] * 90 + [0.5] * 10))
    tails = run.tails(1.0, 1.0)
    assert tails == (91 / 101, 1)
    assert tails.two_sided == 1
    assert tails.below == pytest.approx((10 + 91 / 2) / 101)


def test_ranks_of_a_new_seed_are_fair():
    """Each of six values takes the place of the report once: p <= x in at most a share x."""
    values = [1, 2, 2, 3, 5, 8]
    p_values = []
    for i, value in enumerate(values):
        others = np.array(values[:i] + values[i + 1 :], float)
        p_values.append(RankedRun(others).tails(value, value).two_sided)
    for level in p_values:
        assert np.mean(np.array(p_values) <= level) <= level + 1e-12


def test_examples_with_chances_of_their_own():
    """All 16 outcomes of four examples, in fractions."""
    chances = [Fraction(1, 2), Fraction(9, 10), Fraction(3, 4), Fraction(1)]
    exact = [Fraction(0)] * 5
    for outcome in product([False, True], repeat=4):
        probability = Fraction(1)
        for right, chance in zip(outcome, chances, strict=True):
            probability *= chance if right else 1 - chance
        exact[sum(outcome)] += probability
    run = counts_of_examples([float(chance) for chance in chances])
    np.testing.assert_allclose(run.probabilities, [float(p) for p in exact], atol=1e-15)
    at_least_3 = float(exact[3] + exact[4])
    assert run.tails(0.75, 0.75) == pytest.approx((at_least_3, float(1 - exact[4])))


def beta_binomial(k, n, right, examples):
    """Of k of n, after `right` of `examples` and half an example of each kind, in fractions."""
    a, b = right + Fraction(1, 2), examples - right + Fraction(1, 2)
    rising = Fraction(1)
    for i in range(k):
        rising *= a + i
    for i in range(n - k):
        rising *= b + i
    for i in range(n):
        rising /= a + b + i
    return math.comb(n, k) * rising


def test_another_draw_is_beta_binomial():
    run = counts_of_shares(np.array([0.9, 0.9, 0.6]), 10, 4)
    exact = []
    for k in range(5):
        mixed = (2 * beta_binomial(k, 4, 9, 10) + beta_binomial(k, 4, 6, 10)) / 3
        exact.append(float(mixed))
    np.testing.assert_allclose(run.probabilities, exact)
    assert run.tails(0.75, 1.0).at_least == pytest.approx(exact[3] + exact[4])


def test_sixteen_of_sixteen_is_no_surprise():
    """A net of 97 % on 10,000 images has 16 of 16 right with .97^16 = .614, and as many or less."""
    run = counts_of_shares(np.array([0.97] * 4), 10_000, 16)
    tails = run.tails(0.995, 1.0)
    assert tails.at_least == pytest.approx(0.97**16, abs=1e-3)
    assert tails.at_most == pytest.approx(1) and tails.two_sided == 1


def test_a_large_draw_of_many_seeds_is_a_rank():
    seeds = np.linspace(0.1, 0.9, 81)
    run = counts_of_shares(seeds, 10**6, 5000, anywhere=1 / 82)
    rank = RankedRun(seeds).tails(0.875, 0.875)
    assert run.tails(0.875, 0.875) == pytest.approx(rank, abs=1e-3)
    low, high = run.interval()
    assert low == pytest.approx(0.1, abs=0.02) and high == pytest.approx(0.9, abs=0.02)


def test_a_share_that_no_count_gives_is_the_nearest():
    run = counts_of_shares(np.array([0.9]), 1000, 16)
    assert run.tails(0.9349, 0.9351) == run.tails(15 / 16, 15 / 16)


@pytest.mark.parametrize('n', [16, 50])
def test_false_alarms_are_as_rare_as_p_says(n):
    """Seeds and report from one source: p <= .05 in 5 % at most, but for its standard error."""
    rng = np.random.default_rng(1)
    scale = Scale('logit', 10_000)
    alarms = 0
    trials = 300
    for _ in range(trials):
        accuracies = 1 / (1 + np.exp(-rng.normal(1.5, 0.2, 6)))
        seeds = rng.binomial(10_000, accuracies[:5]) / 10_000
        reported = rng.binomial(n, accuracies[5]) / n
        run = counts_of_shares(student_run(seeds, scale).nodes(), 10_000, n)
        alarms += run.tails(reported, reported).two_sided <= 0.05
    assert alarms / trials <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / trials)
