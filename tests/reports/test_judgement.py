"""The rule of the verdicts, by hand, and how often it is wrong about runs of ours."""

import math
from fractions import Fraction

import numpy as np
import pytest
from results_with_seeds import results_of, summary

from experiments.core.schemas.final_tests import RecallTest
from experiments.core.schemas.records import TenBatchesRecord
from experiments.core.schemas.rows import FailedRow
from experiments.reports.judgement import judge_all, wilson
from experiments.reports.one_more_run import Interval
from experiments.reports.our_values import OurValues
from experiments.reports.predictions import Case, predict
from experiments.reports.reported import ReportedRow
from experiments.reports.reported_numbers import ReportedNumber
from experiments.reports.reported_scores import ReportedScore
from experiments.reports.score_scales import Scale
from experiments.reports.verdict import DECIDED, OurScore, Verdict
from jaxdl.metrics import SummaryList

pytestmark = pytest.mark.quick
NUMBER = ReportedNumber('E', 'E-net', 'accuracy', 'test', '', 0.97, 'fraction', 10_000, 0.00005)
ROWS = {f'E-{name}': ReportedRow(f'E-{name}', 'E', 'mnist_rnn') for name in ('net', 'other')}


def judge(number, *seeds, **fields):
    """The verdict on one number, of a net whose seeds have these test accuracies."""
    (verdict,) = judge_all([number], {'E-net': results_of(*seeds, **fields)}, ROWS, {})
    return verdict


def test_a_number_in_the_middle_of_well_known_seeds_agrees():
    verdict = judge(NUMBER, 0.969, 0.97, 0.971)
    assert verdict.kind == 'agrees' and verdict.text() == 'agrees'
    assert verdict.below == pytest.approx(0.5, abs=0.02)
    assert verdict.ours.seeds == 3 and verdict.ours.mean == pytest.approx(0.97)
    low, high = verdict.ours.interval
    # t(2) s/sqrt(3) = 4.303 x .001/1.732
    assert low == pytest.approx(0.97 - 0.00248, abs=1e-4)
    assert high == pytest.approx(0.97 + 0.00248, abs=1e-4)


def test_a_number_far_from_our_seeds_differs():
    verdict = judge(NUMBER._replace(value=0.9), 0.969, 0.97, 0.971)
    assert verdict.kind == 'differs' and verdict.p == verdict.q < 0.001
    assert verdict.text() == 'differs by -7.0 points'


def test_a_number_that_wide_seeds_allow_is_undecided():
    """t(2) s sqrt(4/3) = 4.303 x .1 x 1.155 on either side, on the logit scale."""
    verdict = judge(NUMBER._replace(value=0.6), 0.4, 0.5, 0.6)
    assert verdict.kind == 'undecided'
    transformed = 4.303 * math.log(0.6 / 0.4) * math.sqrt(4 / 3)
    assert verdict.expected.high == pytest.approx(1 / (1 + math.exp(-transformed)), abs=1e-3)
    assert (
        verdict.text() == f'undecided: less than {100 * verdict.detectable:.1f} points would '
        'not be seen'
    )


def test_a_near_number_agrees_only_if_our_mean_is_known():
    assert judge(NUMBER._replace(value=0.5), 0.49, 0.5, 0.51).kind == 'undecided'
    assert judge(NUMBER._replace(value=0.5), 0.499, 0.5, 0.501).kind == 'agrees'


def test_the_reports_own_few_images_explain_much():
    fifteen = judge(NUMBER._replace(value=0.9375, n=16), 0.969, 0.97, 0.971)
    assert fifteen.kind == 'agrees'
    assert judge(NUMBER._replace(value=0.9375), 0.969, 0.97, 0.971).kind == 'differs'
    assert judge(NUMBER._replace(value=0.5, n=16), 0.969, 0.97, 0.971).kind == 'differs'


def test_a_rank_of_1_in_100_counts():
    seeds = [*np.linspace(0.2, 0.6, 99), 1.0]
    verdict = judge(NUMBER._replace(value=1.0), *seeds)
    assert verdict.p == pytest.approx(2 * 2 / 101) and verdict.kind == 'differs'
    assert judge(NUMBER._replace(value=1.0), *seeds[:-2], 1.0, 1.0).kind == 'undecided'


def test_a_hundred_perfect_nets_have_wilsons_interval():
    verdict = judge(NUMBER._replace(value=1.0), *[1.0] * 100)
    assert verdict.kind == 'agrees'
    # 1/(1 + z²/n)
    assert verdict.ours.interval.low == pytest.approx(1 / (1 + 1.96**2 / 10_000), abs=1e-6)


def test_wilson_in_exact_arithmetic():
    """The ends solve (p - p0)² n = z² p0 (1 - p0), here of 3 of 4 with z² = 3.8415."""
    z_squared = Fraction(38415, 10_000)
    for end in wilson(0.75, 4):
        p0 = Fraction(end)
        difference = 4 * (Fraction(3, 4) - p0) ** 2 - z_squared * p0 * (1 - p0)
        assert abs(float(difference)) < 1e-4


def test_losses_are_near_within_10_percent():
    loss = NUMBER._replace(quantity='loss', unit='nat', value=1.05)
    test = {'loss': summary(0.99, 1.0, 1.01, 0.98, 1.02)}
    assert judge(loss, *[0.9] * 5, test=test).kind == 'differs'
    wide = {'loss': summary(0.95, 1.0, 1.05, 0.96, 1.04)}
    assert judge(loss, *[0.9] * 5, test=wide).kind == 'agrees'


def test_a_loss_that_goes_to_0_is_a_limit():
    limit = NUMBER._replace(quantity='loss_limit', split='train', unit='nat', value=0, n=None)
    assert judge(limit._replace(rounding=0.05), 0.9, 0.9, 0.9).kind == 'undecided'  # .1 to .3
    assert judge(limit._replace(rounding=1.0), 0.9, 0.9, 0.9).p == 1


def test_scatter_is_pooled_over_like_rows_but_a_run_counts_once():
    other = NUMBER._replace(row_id='E-other')
    outcomes = {'E-net': results_of(0.95, 0.96, 0.97), 'E-other': results_of(0.951, 0.96, 0.969)}
    pooled, _ = judge_all([NUMBER, other], outcomes, ROWS, {})
    alone = judge(NUMBER, 0.95, 0.96, 0.97)
    # t(4) = 2.776 takes the place of t(2) = 4.303
    assert pooled.detectable < 0.75 * alone.detectable
    same = {'E-net': results_of(0.95, 0.96, 0.97), 'E-other': results_of(0.95, 0.96, 0.97)}
    twice, _ = judge_all([NUMBER, other], same, ROWS, {'E-other': 'E-net'})
    assert twice.detectable == alone.detectable
    # Two runs that happen to have equal scores are two runs.
    two_runs, _ = judge_all([NUMBER, other], same, ROWS, {})
    assert two_runs.detectable < 0.75 * alone.detectable


def test_numbers_of_a_net_are_adjusted_together():
    """p of .01 and .04 make q of .02 and .04 (Benjamini and Hochberg), and a lone p its own."""
    seeds = np.arange(199) / 1000
    numbers = []
    for value, index in ((0.1985, 'a'), (0.1955, 'b')):
        numbers.append(NUMBER._replace(value=value, index=index, rounding=0.0))
    first, second = judge_all(numbers, {'E-net': results_of(*seeds)}, ROWS, {})
    assert (first.p, second.p) == (2 * 1 / 200, 2 * 4 / 200)
    assert (first.q, second.q) == (pytest.approx(2 * first.p), pytest.approx(second.p))


def test_a_rank_of_1_in_100_is_lost_among_three_numbers():
    """3 x 2/101 = .059, where the other two are in the middle; alone it is 2/101."""
    seeds = np.arange(100) / 1000
    numbers = [NUMBER._replace(value=0.2, rounding=0.0)]
    for index in ('a', 'b'):
        numbers.append(NUMBER._replace(value=0.0495, index=index, rounding=0.0))
    outcomes = {'E-net': results_of(*seeds)}
    (alone,) = judge_all(numbers[:1], outcomes, ROWS, {})
    among_three, *_ = judge_all(numbers, outcomes, ROWS, {})
    assert (alone.kind, alone.q) == ('differs', 2 / 101)
    assert (among_three.kind, among_three.q) == ('undecided', pytest.approx(6 / 101))
    expected = 'undecided: no difference of one among 3 numbers would be seen'
    assert among_three.text() == expected


def test_what_stays_unseen_of_a_bound_is_on_its_side():
    """The bound "at most" differs where 4 of 99 seeds are as low, (4 + 1)/100 = .05."""
    seeds = np.arange(99) / 1000
    bound = NUMBER._replace(quantity='accuracy_bound', index='highest of all', rounding=0.0)
    ours = OurValues(seeds, 10_000, 'same')
    case = Case(ReportedScore(bound, ()), ours, Scale('logit', 10_000))
    (prediction,) = predict([case], ROWS, {})
    unseen = prediction.unseen(0.05)
    assert unseen.low == seeds[4]
    mean = OurScore(float(seeds.mean()), None, 99)
    verdict = Verdict(case.score, 'undecided', ours=mean, unseen=Interval(unseen.low, math.inf))
    assert verdict.detectable == pytest.approx(0.049 - 0.004)


def test_what_stays_unseen_is_of_a_number_of_its_family():
    """Of two numbers one alone differs from p = .025 down: t(2) is then 6.205, not 4.303."""
    loss = NUMBER._replace(quantity='loss', unit='nat', value=1.0)
    test = {'loss': summary(0.99, 1.0, 1.01)}
    outcomes = {'E-net': results_of(0.4, 0.5, 0.6, test=test)}
    verdict, _ = judge_all([NUMBER._replace(value=0.6), loss], outcomes, ROWS, {})
    transformed = 6.205 * math.log(0.6 / 0.4) * math.sqrt(4 / 3)
    detectable = 1 / (1 + math.exp(-transformed)) - 0.5
    assert verdict.family_size == 2
    assert verdict.detectable == pytest.approx(detectable, abs=2e-4)
    assert verdict.text() == f'undecided: less than {100 * detectable:.1f} points would not be seen'
    # The column of one more run is about this number alone.
    assert verdict.expected.high < verdict.unseen.high


def test_a_share_of_an_unknown_number_of_sequences_is_undecided():
    """A third right may be 1 of 3, or 3,333 of 10,000."""
    sequences = RecallTest(summary(0.9, 0.91, 0.92), by_length={}, samples=[])
    third = NUMBER._replace(value=0.3333, n=None)
    verdict = judge(third, 0.9, 0.91, 0.92, task='recall', final_test=sequences)
    assert (verdict.kind, verdict.p) == ('undecided', None)
    assert verdict.reason == 'the report does not say how many examples it tested'
    known = judge(third._replace(n=3000), 0.9, 0.91, 0.92, task='recall', final_test=sequences)
    assert known.kind == 'differs'


@pytest.mark.parametrize(('index', 'agreeing'), [('highest of all', 4), ('lowest of all', 95)])
def test_a_bound_is_contradicted_on_one_side_only(index, agreeing):
    """Of 99 ranked seeds 4 are below .05, as "at most .05" has it, and 95 are above it."""
    seeds = np.concatenate([np.full(4, 0.04), np.linspace(0.06, 0.5, 95)])
    case = Case(
        ReportedScore(
            NUMBER._replace(quantity='accuracy_bound', index=index, value=0.05, rounding=0.0), ()
        ),
        OurValues(seeds, 10_000, 'same'),
        Scale('logit', 10_000),
    )
    (prediction,) = predict([case], ROWS, {})
    assert prediction.p_value() == (agreeing + 1) / 100


def test_a_curve_of_equal_seeds_has_the_band_of_a_window():
    """All seeds have 63 of 64 right in each window, known to one example (Sheppard's 1/12).

    63 right are p = 63.5/65, one example is 1/(65 p (1 - p)) = .682 on the logit scale, and
    t(2) = 4.303. The lower end, logit p - 4.303 x .682 sqrt(4/3/12) = 2.766, is that of 60.65
    right. The examples of all windows together would make it 62.6.
    """
    numbers = []
    for i, right in enumerate([63, 62, 61, 60]):
        window = NUMBER._replace(quantity='accuracy_window', split='train', n=64, rounding=0.0)
        index = f'epoch 1 batch {10 * i + 1}'
        numbers.append(window._replace(index=index, value=right / 64))
    table = SummaryList([0.0] * 4, None, np.full((3, 4), 63 / 64).tolist())
    record = TenBatchesRecord(1, [1, 11, 21, 31], {'accuracy': table})
    outcomes = {'E-net': results_of(0.9, 0.9, 0.9, ten_batches=[record])}
    (verdict,) = judge_all(numbers, outcomes, ROWS, {})
    assert (verdict.band.inside, verdict.band.windows) == (3, 4)


def test_a_single_seed_is_undecided():
    verdict = judge(NUMBER, 0.97)
    assert verdict.kind == 'undecided' and verdict.text() == 'undecided'
    assert verdict.ours.interval is None and verdict.p is None


def test_what_has_no_verdict():
    repeated = NUMBER._replace(index='restated')
    seconds = NUMBER._replace(quantity='seconds_total', unit='s', index='')
    window = NUMBER._replace(quantity='loss_window', unit='nat')
    failed = NUMBER._replace(row_id='E-other')
    absent = NUMBER._replace(row_id='E-absent')
    failure = FailedRow(version='', versions={}, device='', config={}, failed='the loss')
    outcomes = {'E-net': results_of(0.9, 0.9), 'E-other': failure}
    verdicts = judge_all([repeated, seconds, window, failed, absent], outcomes, ROWS, {})
    kinds = {verdict.number.quantity + verdict.number.row_id: verdict.kind for verdict in verdicts}
    assert kinds == {
        'accuracyE-net': 'not counted',
        'seconds_totalE-net': 'not judged',
        'loss_windowE-net': 'not recorded',
        'accuracyE-other': 'diverged',
        'accuracyE-absent': 'no run',
    }
    assert not {verdict.kind for verdict in verdicts} & set(DECIDED)


def test_runs_of_ours_rarely_differ():
    """Ten nets of like scatter, whose report is one more seed: 5 % differ, but for chance."""
    rng = np.random.default_rng(3)
    rows, differing, trials = {}, 0, 40
    for i in range(10):
        rows[f'E-{i}'] = ReportedRow(f'E-{i}', 'E', 'mnist_rnn')
    for _ in range(trials):
        numbers, outcomes = [], {}
        for row_id in rows:
            accuracies = 1 / (1 + np.exp(-rng.normal(3, 0.1, 5)))
            numbers.append(NUMBER._replace(row_id=row_id, value=accuracies[4]))
            outcomes[row_id] = results_of(*accuracies[:4])
        for verdict in judge_all(numbers, outcomes, rows, {}):
            differing += verdict.kind == 'differs'
    standard_error = math.sqrt(0.05 * 0.95 / (10 * trials))
    assert differing / (10 * trials) <= 0.05 + 2 * standard_error
