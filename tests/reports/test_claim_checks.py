"""The forms of measurements, against SciPy and against numbers made up by hand."""

from functools import partial

import msgspec
import numpy as np
import pytest
from made_up_results import adder_run, epoch, evidence, image_run
from scipy import stats

from experiments.core.schemas.fields import LayerStatistics
from experiments.core.schemas.rows import StatisticsCurve
from experiments.reports.claims import checks, curve_checks, measures, statistics
from experiments.reports.claims.answer import (
    LEVEL,
    Estimate,
    Finding,
    NotKept,
    Region,
    all_of,
    any_of,
    find_parts,
    judge,
    within,
)
from jaxdl.metrics import SummaryList, summarize

pytestmark = pytest.mark.quick
FIRST = np.array([0.91, 0.93, 0.92, 0.97])
SECOND = np.array([0.81, 0.88, 0.84])


def kind(check, **runs):
    return check.measure(evidence(**runs), LEVEL).kind


def number(check, **runs):
    return check.measure(evidence(**runs), LEVEL).number


@pytest.mark.parametrize(
    ('low', 'high', 'region', 'expected'),
    [
        (1, 2, Region(low=0), 'holds'),
        (-2, -1, Region(low=0), 'does not hold'),
        (-1, 1, Region(low=0), 'undecided'),
        (0, 0, Region(low=0), 'does not hold'),
        (-0.5, 0.5, within(1), 'holds'),
        (-0.5, 1.5, within(1), 'undecided'),
        (1, 2, within(1), 'does not hold'),
    ],
)
def test_an_interval_is_held_against_a_region(low, high, region, expected):
    assert judge(Estimate((low + high) / 2, low, high), region) == expected


def test_a_part_that_decides_alone_has_its_share_of_the_error():
    asked = []

    def measure(kind_at_95):
        def at(level):
            asked.append(round(level, 6))
            return Finding(kind_at_95 if level == 0.95 else 'undecided', '')

        return at

    parts = [measure('holds'), measure('does not hold'), measure('holds'), measure('holds')]
    assert all_of(find_parts(parts, 'all')) == 'undecided'
    assert asked == [0.95, 0.95, 0.9875, 0.95, 0.95]
    # That all of several parts hold needs each of them at 95 % only.
    assert all_of(find_parts([measure('holds')] * 4, 'all')) == 'holds'
    assert any_of(find_parts([measure('holds')] * 4, 'any')) == 'undecided'
    assert any_of(find_parts([measure('does not hold')] * 4, 'any')) == 'does not hold'


def test_a_claim_of_many_parts_is_seldom_refuted_by_chance():
    random = np.random.default_rng(7)
    claims, refuted = 150, 0
    for _ in range(claims):
        parts = []
        for values in random.normal(size=(10, 4)):
            parts.append(partial(part_above_zero, values))
        refuted += all_of(find_parts(parts, 'all')) == 'does not hold'
    # Each part at 97.5 % to the one side would refute 22 % of them.
    assert refuted / claims < 0.06


def part_above_zero(values, level):
    return Finding(judge(statistics.mean(values, level), Region(low=0)), '')


def test_a_mean_is_widened_by_student_to_another_level():
    values = np.array([0.1, 0.4, 0.3])
    at_95 = statistics.mean(values)
    widened = statistics.of_half_width(
        at_95.estimate, at_95.high - at_95.estimate, seeds=3, level=0.99
    )
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.99)
    np.testing.assert_allclose(widened[1:], (low, high))


def test_the_difference_is_that_of_welch():
    interval = statistics.difference(FIRST, SECOND)
    variances = FIRST.var(ddof=1) / 4, SECOND.var(ddof=1) / 3
    # The degrees of freedom of Welch and Satterthwaite.
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 3 + variances[1] ** 2 / 2)
    half_width = stats.t.ppf(0.975, freedom) * np.sqrt(sum(variances))
    estimate = FIRST.mean() - SECOND.mean()
    np.testing.assert_allclose(interval, (estimate, estimate - half_width, estimate + half_width))


def test_pairs_are_compared_as_far_as_both_have_them():
    interval = statistics.paired_difference(FIRST, SECOND)
    low, high = stats.ttest_rel(FIRST[:3], SECOND).confidence_interval(0.95)
    np.testing.assert_allclose(interval[1:], (low, high))


def test_the_share_is_that_of_clopper_and_pearson():
    interval = statistics.share(7, 10)
    assert interval.estimate == 0.7
    assert interval.low == pytest.approx(stats.beta.ppf(0.025, 7, 4))
    assert interval.high == pytest.approx(stats.beta.ppf(0.975, 8, 3))


def test_a_ratio_is_one_of_geometric_means():
    interval = statistics.ratio(np.array([2.0, 8.0]), np.array([1.0, 4.0]))
    assert interval.estimate == pytest.approx(2)
    assert interval.low * interval.high == pytest.approx(4)


def test_rank_correlations_are_those_of_scipy():
    random = np.random.default_rng(3)
    scores = random.integers(0, 5, (20, 12)).astype(float)  # with ties
    places = np.repeat([0, 1, 2], 4)
    expected = [stats.spearmanr(row, places).statistic for row in scores]
    np.testing.assert_allclose(statistics.rank_correlations(scores, places), expected)


def test_a_trend_has_the_sign_of_its_groups():
    groups = [np.array([0.1, 0.2]), np.array([0.3, 0.4]), np.array([0.5, 0.6])]
    # Six values come into three groups of two in 90 ways, of which one rises and one falls so far.
    assert statistics.rank_trend(groups).p_value == pytest.approx(2 / 90)
    assert statistics.rank_trend(groups).correlation > 0.9
    assert statistics.rank_trend(groups[::-1]).correlation < -0.9
    flat = [np.array([0.5, 0.5])] * 3
    assert statistics.rank_trend(flat) == (0, 1)


def test_a_trend_of_four_seeds_is_never_found():
    # Four values come into two groups of two in six ways: the p value is 2 / 6 at least.
    runs = {'a': image_run([0.1, 0.2]), 'b': image_run([0.8, 0.9])}
    assert kind(checks.trend('ab', measures.TEST_ACCURACY), **runs) == 'undecided'


def test_a_trend_rises_or_falls():
    runs = {'a': image_run([0.1, 0.2]), 'b': image_run([0.4, 0.5]), 'c': image_run([0.8, 0.9])}
    assert kind(checks.trend('abc', measures.TEST_ACCURACY), **runs) == 'holds'
    assert kind(checks.trend('abc', measures.TEST_ACCURACY, 'falls'), **runs) == 'does not hold'
    assert kind(checks.trend('cba', measures.TEST_ACCURACY, 'falls'), **runs) == 'holds'
    # It is found at 95 %, with p = 2 / 90, but not at 99 %.
    strict = checks.trend('abc', measures.TEST_ACCURACY).measure(evidence(**runs), 0.99)
    assert strict.kind == 'undecided'


def test_a_trend_is_seldom_found_where_there_is_none():
    random = np.random.default_rng(5)
    found = 0
    for _ in range(400):
        found += statistics.rank_trend(random.normal(size=(3, 2))).p_value <= 0.05
    # Twice the standard error of a share of 5 % among 400 is 2.2 %.
    assert found / 400 < 0.072


@pytest.mark.slow
def test_a_trend_is_seldom_found_among_more_seeds_than_can_be_permuted():
    random = np.random.default_rng(6)
    found = 0
    for _ in range(400):
        found += statistics.rank_trend(random.normal(size=(3, 5))).p_value <= 0.05
    assert 0.02 < found / 400 < 0.072


def test_a_trend_of_a_curve_knows_its_band():
    narrow = [Estimate(mean, mean - 0.01, mean + 0.01) for mean in (0.9, 0.7, 0.5, 0.3)]
    assert statistics.curve_trend(narrow) == (-1, -1, -1)
    wide = [Estimate(mean, mean - 1, mean + 1) for mean in (0.9, 0.7, 0.5, 0.3)]
    assert statistics.curve_trend(wide).high > 0


def test_half_widths_of_independent_estimates_add_in_quadrature():
    interval = statistics.of_independent(Estimate(5, 2, 8), Estimate(1, -3, 5))
    np.testing.assert_allclose(interval, (4, -1, 9))


def test_a_share_of_seeds_is_counted():
    check = checks.share_at_least('a', measures.WHOLE_SUMS, 1.0)
    assert kind(check, a=adder_run([1.0] * 9 + [0.5])) == 'holds'
    assert kind(check, a=adder_run([0.9] * 9 + [1.0])) == 'does not hold'
    assert number(check, a=adder_run([1.0] * 10)).startswith(
        'a, seeds with whole sums right of 100 % or more: 100.0 (69.2 to 100.0) %'
    )


def test_a_negated_check_turns_the_answer_over():
    check = checks.difference('a', 'b', measures.TEST_ACCURACY, within(0.01))
    alike = {'a': image_run([0.9, 0.9]), 'b': image_run([0.9, 0.9])}
    assert kind(check, **alike) == 'holds'
    assert kind(checks.negated(check), **alike) == 'does not hold'


def test_one_run_leads_all_others():
    found = []
    runs = {'a': image_run([0.9, 0.91]), 'b': image_run([0.8, 0.81]), 'c': image_run([0.95, 0.96])}
    for check in checks.leads('a', ('a', 'b', 'c'), measures.TEST_ACCURACY):
        found.append(kind(check, **runs))
    assert found == ['holds', 'does not hold']


def timed(*seconds):
    records = []
    for i, second in enumerate(seconds):
        records.append(epoch(i + 1, [0.5, 0.5], seconds=second))
    return image_run([0.5, 0.5], curve=records)


def test_seconds_leave_the_first_epoch_out():
    check = checks.seconds_ratio('a', 'b')
    runs = {'a': timed(50, 2.0, 2.0, 2.0), 'b': timed(1, 1.0, 1.0, 1.0)}
    assert number(check, **runs).startswith('a against b, seconds an epoch: 2.00 times')
    # The epochs of one run of each say nothing about how far two runs drift apart.
    assert kind(check, **runs) == 'undecided'
    with pytest.raises(NotKept):
        kind(check, a=timed(2, 1.0), b=timed(1, 1.0, 1.0))


def test_a_curve_reaches_a_level_when_its_mean_does():
    means = (0.2, 0.5, 0.89, 0.95)
    records = [epoch(2 * i, mean, half_width=0.06) for i, mean in enumerate(means, 1)]
    run = image_run([0.9, 0.9], curve=records)
    # The upper side passes .9 at epoch 6, after 4; the mean at 8; the lower side never.
    assert curve_checks.crossing(run, 'accuracy', 0.9) == (8, 4, 9)
    assert curve_checks.crossing(run, 'accuracy', 0.4) == (4, 2, 4)


def curve(*means):
    records = [epoch(i, mean, half_width=0.01) for i, mean in enumerate(means, 1)]
    return image_run([0.9, 0.9], curve=records)


def test_the_earlier_of_two_curves():
    check = curve_checks.earlier('a', 'b', 'accuracy', 0.9)
    fast, slow, never = curve(0.95, 0.96, 0.97, 0.97), curve(0.1, 0.2, 0.3, 0.95), curve(0.1, 0.2)
    assert kind(check, a=fast, b=slow) == 'holds'
    assert kind(check, a=slow, b=fast) == 'does not hold'
    assert kind(check, a=fast, b=fast) == 'undecided'
    assert kind(check, a=never, b=never) == 'undecided'


def test_the_gap_of_two_curves_is_the_widest():
    check = curve_checks.curve_gap('a', 'b', 'accuracy', 0.05)
    assert kind(check, a=curve(0.5, 0.9), b=curve(0.51, 0.91)) == 'holds'
    assert kind(check, a=curve(0.5, 0.9), b=curve(0.7, 0.91)) == 'does not hold'
    assert number(check, a=curve(0.5, 0.9), b=curve(0.7, 0.91)) == (
        # At 97.5 %, as one of two epochs decides: by Student's t of one degree of freedom, whose
        # quantiles are tan(pi (q - 1/2)), the half-width is 2.0023 times that at 95 %.
        'a less b, accuracy in training, epoch 1: -20.0 (-22.8 to -17.2) points'
    )


def test_each_epoch_must_be_within_the_margin():
    check = curve_checks.curve_gap('a', 'b', 'accuracy', 0.05)
    # The gap of the second epoch is narrower, but its band is so wide that it may be beyond 5.
    wide = [epoch(1, 0.53, half_width=0.001), epoch(2, 0.9, half_width=0.06)]
    assert kind(check, a=image_run([0.9, 0.9], curve=wide), b=curve(0.5, 0.9)) == 'undecided'
    with pytest.raises(NotKept, match='same epochs'):
        kind(check, a=curve(0.5, 0.9), b=curve(0.5))


def test_seconds_of_all_seeds_bound_those_of_one():
    check = checks.seconds_of_all_seeds_below('a', 60)
    assert kind(check, a=image_run([0.5, 0.5], seconds=59.0)) == 'holds'
    assert kind(check, a=image_run([0.5, 0.5], seconds=60.0)) == 'undecided'
    with pytest.raises(NotKept):
        kind(check, a=image_run([0.5, 0.5], seconds=None))


def with_deviations(*means, half_width=0.001):
    std = SummaryList(list(means), [half_width] * len(means))
    statistics_curve = StatisticsCurve(list(range(0, 50 * len(means), 50)), {'conv1': {'std': std}})
    return msgspec.structs.replace(image_run([0.5, 0.5]), statistics_curve=statistics_curve)


def test_a_deviation_falls_and_rises():
    fell = curve_checks.above_any('a', 'conv1', 'first')
    rose = curve_checks.above_any('a', 'conv1', 'last')
    valley, falling = with_deviations(1.0, 0.3, 0.4, 0.6), with_deviations(1.0, 0.8, 0.6, 0.3)
    assert (kind(fell, a=valley), kind(rose, a=valley)) == ('holds', 'holds')
    assert (kind(fell, a=falling), kind(rose, a=falling)) == ('holds', 'does not hold')
    # The place of the lowest one is named. Three steps are tried: the interval is at 98.33 %, and
    # Student's t of one degree of freedom has the quantiles tan(pi (q - 1/2)).
    wider = np.tan(np.pi * (0.5 - 0.05 / 6)) / np.tan(np.pi * 0.475)
    half_width = np.sqrt(2) * 0.001 * wider
    assert number(rose, a=valley) == (
        'a, deviation of conv1 at step 150 less step 50: '
        f'0.300 ({0.3 - half_width:.3f} to {0.3 + half_width:.3f})'
    )
    wide = with_deviations(1.0, 0.3, 0.4, 0.6, half_width=0.5)
    assert kind(fell, a=wide) == kind(rose, a=wide) == 'undecided'
    with pytest.raises(NotKept):
        kind(fell, a=image_run([0.5, 0.5]))


def test_the_lowest_score_over_lengths():
    run = adder_run([0.9, 0.9], {1: (1.0, 0.0), 2: (0.97, 0.01), 50: (0.2, 0.1)})
    check = curve_checks.at_length('a', 'random', (1, 2), 'exact_match', Region(low=0.95))
    assert kind(check, a=run) == 'holds'
    check = curve_checks.at_length('a', 'random', (1, 2, 50), 'exact_match', Region(low=0.95))
    assert kind(check, a=run) == 'does not hold'
    # The lowest mean is above .95, but the band of another length is not.
    wide = adder_run([0.9, 0.9], {1: (0.97, 0.001), 2: (0.98, 0.04)})
    check = curve_checks.at_length('a', 'random', (1, 2), 'exact_match', Region(low=0.95))
    assert kind(check, a=wide) == 'undecided'
    assert 'length 2,' in number(check, a=wide)


@pytest.mark.parametrize('lengths', [(3,), (1, 3)])
def test_a_length_that_is_not_kept_is_waited_for(lengths):
    run = adder_run([0.9, 0.9], {1: (1.0, 0.0), 2: (0.97, 0.01)})
    check = curve_checks.at_length('a', 'random', lengths, 'exact_match', Region(low=0.95))
    with pytest.raises(NotKept, match='no random sequences of length 3'):
        kind(check, a=run)


def test_scores_fall_with_length():
    check = curve_checks.length_trend('a', range(1, 5), 'exact_match', Region(high=-0.8))
    falling = {length: (1 - length / 10, 0.01) for length in range(1, 5)}
    rising = {length: (length / 10, 0.01) for length in range(1, 5)}
    assert kind(check, a=adder_run([0.5, 0.5], falling)) == 'holds'
    assert kind(check, a=adder_run([0.5, 0.5], rising)) == 'does not hold'


def with_activations(minima, keep_seeds=True):
    layer = LayerStatistics(
        mean=summarize([-0.4, -0.5], keep_seeds),
        std=summarize([0.5, 2.0], keep_seeds),
        min=summarize(minima, keep_seeds),
        max=summarize([1.0, 1.0], keep_seeds),
    )
    return msgspec.structs.replace(image_run([0.5, 0.5]), activations={'conv1': layer})


def test_activations_on_the_test_set():
    lowest = checks.minimum_is_zero('a', 'conv1')
    assert kind(lowest, a=with_activations([0.0, 0.0])) == 'holds'
    # Their mean is 0, but they are not.
    assert kind(lowest, a=with_activations([-0.1, 0.1])) == 'does not hold'
    run = with_activations([0.0, 0.0])
    np.testing.assert_allclose(measures.activation('conv1', 'mean').values(run), [-0.4, -0.5])
    np.testing.assert_allclose(measures.activation('conv1', 'variance').values(run), [0.25, 4])
    without = image_run([0.5, 0.5]), with_activations([0.0, 0.0], keep_seeds=False)
    for run in without:
        with pytest.raises(NotKept, match='activations of conv1'):
            kind(lowest, a=run)


def test_measures_by_epoch():
    records = [
        epoch(1, [0.2, 0.3], test=[0.5, 0.6]),
        epoch(2, [0.4, 0.5], test=[0.7, 0.8]),
        epoch(3, [0.6, 0.7], test=[0.6, 0.7]),
    ]
    run = image_run([0.6, 0.7], curve=records)
    np.testing.assert_allclose(measures.TEST_LESS_TRAIN_OVER_EPOCHS.values(run), [0.2, 0.2])
    np.testing.assert_allclose(measures.FIRST_EPOCH_TRAIN.values(run), [0.2, 0.3])
    np.testing.assert_allclose(measures.drop_after(2).values(run), [0.1, 0.1])
    # Epochs have 100 steps each.
    np.testing.assert_allclose(measures.rise_after(150).values(run), [0.1, 0.1])
    np.testing.assert_allclose(measures.share_of_rise_by(150, 0.1).values(run), [0.8, 5 / 6])
    with pytest.raises(NotKept):
        measures.test_accuracy_after(4).values(run)


def test_the_chance_that_all_are_right():
    run = image_run([0.9, 0.5])
    np.testing.assert_allclose(measures.chance_of_all(2).values(run), [0.81, 0.25])
