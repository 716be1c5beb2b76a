"""Every claim of the reports has a test, and its answer follows the numbers."""

import csv
from dataclasses import asdict
from pathlib import Path

import pytest
from made_up_results import adder_run, epoch, evidence, image_run, scores

from experiments.core.schemas.command_files import Predictions
from experiments.core.schemas.rows import FailedRow, PictureRow
from experiments.reports import catalogue
from experiments.reports.claims.answer import Finding, Region, all_of, any_of
from experiments.reports.claims.checks import difference
from experiments.reports.claims.claim_test import ClaimTest, waiting
from experiments.reports.claims.measures import TEST_ACCURACY
from experiments.reports.claims.table import ANSWERS, answer_all, claims_page
from experiments.reports.evidence import Evidence
from experiments.reports.reported_claims import TABLE, reported_claims

ROOT = Path(__file__).parents[2]
NOTHING = Evidence({}, [], {}, {}, {}, {})
HIGH, LOW = [0.91, 0.92, 0.93], [0.71, 0.72, 0.73]
HIGHER = ClaimTest('the first is above the second', [difference('a', 'b', TEST_ACCURACY)])


@pytest.mark.quick
def test_every_claim_of_the_table_has_a_test_and_no_other():
    with TABLE.open(newline='') as file:
        ids = [row['claim_id'] for row in csv.DictReader(file)]
    assert len(ids) == 131
    assert list(ANSWERS) == ids == list(reported_claims())


@pytest.mark.quick
def test_a_claim_is_read_with_its_rows():
    claim = reported_claims()['A-c15-lstm-55']
    assert claim.report == 'A'
    assert claim.rows == ('A-lstm128', 'A-rnn128')


@pytest.mark.quick
def test_claims_are_decided_by_runs_that_exist():
    known = catalogue.runs()
    for claim_id, test in ANSWERS.items():
        assert set(test.rows()) <= known.keys(), claim_id


@pytest.mark.quick
def test_most_claims_can_be_answered():
    answerable = [claim_id for claim_id, test in ANSWERS.items() if not test.missing]
    assert len(answerable) >= 90


def test_without_results_only_what_is_computed_is_answered():
    # These follow from shapes and built nets alone, or from one that does not depend on training.
    computed = {
        claim_id: answer.kind
        for claim_id, answer in answer_all(NOTHING).items()
        if answer.kind != 'waiting'
    }
    assert computed == {
        'A-c21-gru-cheaper': 'holds',
        'B-c32-lstm-complex': 'holds',
        'B-c37-cnn-bigger': 'holds',
        'C-c08-fewer-features': 'holds',
        'C-c09-any-length': 'holds',
        'D-c15-two-bits': 'does not hold',
        'E-c01-nll': 'does not hold',
    }


@pytest.mark.quick
@pytest.mark.parametrize(
    ('claim_id', 'runs', 'kind'),
    [
        ('E-c06-h128-h64', {'E-lstm128': HIGH, 'E-lstm64': LOW}, 'holds'),
        ('E-c06-h128-h64', {'E-lstm128': LOW, 'E-lstm64': HIGH}, 'does not hold'),
        ('E-c06-h128-h64', {'E-lstm128': HIGH, 'E-lstm64': HIGH}, 'undecided'),
        ('E-c03-gru-lstm', {'E-gru128': [0.98] * 3, 'E-lstm128': [0.981] * 3}, 'holds'),
        ('E-c03-gru-lstm', {'E-gru128': HIGH, 'E-lstm128': LOW}, 'does not hold'),
        ('E-c03-gru-lstm', {'E-gru128': HIGH, 'E-lstm128': [0.9, 0.92, 0.94]}, 'undecided'),
        ('A-c15-lstm-55', {'A-lstm128': HIGH, 'A-rnn128': [0.37, 0.38, 0.39]}, 'holds'),
        ('A-c15-lstm-55', {'A-lstm128': HIGH, 'A-rnn128': LOW}, 'does not hold'),
        ('D-c02-sgd-loss-zero', {'D-rnn256-sgd': [0.999, 0.998, 0.997]}, 'holds'),
        ('D-c02-sgd-loss-zero', {'D-rnn256-sgd': HIGH}, 'does not hold'),
        ('C-c05-lstm-gru', {'C-lstm': HIGH, 'C-gru': LOW}, 'holds'),
        ('C-c05-lstm-gru', {'C-lstm': LOW, 'C-gru': HIGH}, 'does not hold'),
    ],
)
def test_answers_follow_the_numbers(claim_id, runs, kind):
    results = {row: image_run(values) for row, values in runs.items()}
    assert ANSWERS[claim_id].answer(evidence(**results)).kind == kind


@pytest.mark.quick
@pytest.mark.parametrize(
    ('falsified', 'kind'), [(0, 'holds'), (10, 'undecided'), (20, 'does not hold')]
)
def test_an_adder_of_any_length_has_few_counterexamples(falsified, kind):
    results = {'D-add-mse-h5': adder_run([1.0] * 20, falsified=falsified)}
    assert ANSWERS['D-c23-adder-any-length'].answer(evidence(**results)).kind == kind


@pytest.mark.quick
def test_a_gain_of_tuning_needs_fresh_weights_that_learn_in_an_epoch():
    base = image_run(LOW, curve=[epoch(1, [0.39, 0.4, 0.41])])
    runs = {'A-cifar-base': base, 'A-cifar-tuned-ep1': image_run(HIGH)}
    answer = ANSWERS['A-c01-tuning'].answer(evidence(**runs))
    assert answer.kind == 'does not hold'
    assert 'test accuracy after 20 more epochs: 20.0 points' in answer.reason
    runs['A-cifar-base'] = image_run(LOW, curve=[epoch(1, [0.9998, 1.0, 1.0])])
    assert ANSWERS['A-c01-tuning'].answer(evidence(**runs)).kind == 'holds'


@pytest.mark.quick
def test_each_of_four_settings_is_changed_alone():
    configs = catalogue.runs()
    changed = []
    for check in ANSWERS['A-c14-four-settings'].checks:
        first, second = (asdict(configs[row]) for row in check.rows)
        changed.append([name for name in first if first[name] != second[name]])
    assert changed == [['learning_rate'], ['optimizer'], ['epochs'], ['hidden']]


def handwriting(raw, prepared):
    """Evidence of a net whose accuracy on MNIST is about .9, and on other digits these."""
    accuracy = scores(**{'enlarged only': raw, 'as MNIST': prepared})
    row = PictureRow('1', {}, [Predictions([], [], [], accuracy)])
    return evidence(pictures={'D-handwriting': row}, **{'D-rnn256-adam': image_run(HIGH)})


@pytest.mark.quick
def test_handwriting_is_mended_by_preparation():
    test = ANSWERS['D-c13-handwriting-why']
    assert test.answer(handwriting([0.1, 0.11, 0.12], [0.8, 0.81, 0.83])).kind == 'holds'
    assert test.answer(handwriting([0.1, 0.11, 0.12], [0.2, 0.21, 0.22])).kind == 'does not hold'
    assert test.answer(evidence(**{'D-rnn256-adam': image_run(HIGH)})).kind == 'waiting'


@pytest.mark.quick
def test_a_missing_row_is_waited_for_with_its_cost():
    answer = ANSWERS['E-c06-h128-h64'].answer(evidence(**{'E-lstm128': image_run(HIGH)}))
    assert answer.kind == 'waiting'
    config = catalogue.runs()['E-lstm64']
    seconds = catalogue.usual_seeds('E-lstm64', config) * catalogue.cost(config)
    assert answer.reason == f'not run yet: E-lstm64 (about {seconds / 60:.1f} minutes)'


@pytest.mark.quick
def test_a_single_seed_decides_nothing():
    answer = HIGHER.answer(evidence(a=image_run([0.9]), b=image_run(LOW)))
    assert answer.kind == 'waiting'
    assert answer.reason == 'a has a single seed, hence no interval'


@pytest.mark.quick
def test_a_run_that_diverged_decides_nothing():
    failure = FailedRow('1', {}, 'cpu', {}, 'not finite')
    answer = HIGHER.answer(evidence(failures={'b': failure}, a=image_run(HIGH)))
    assert (answer.kind, answer.number) == ('undecided', 'diverged: b')


@pytest.mark.quick
def test_what_no_run_can_give_is_named_with_its_hours():
    answer = waiting('a probe', 'a probe of states', 0.25).answer(NOTHING)
    assert answer == ('waiting', '', 'it needs a probe of states (about 0.25 hours)')


@pytest.mark.quick
def test_an_answer_says_its_number_and_how_it_was_decided():
    answer = HIGHER.answer(evidence(a=image_run([0.9, 0.9]), b=image_run([0.7, 0.7])))
    assert answer.number == 'a less b, test accuracy: 20.0 points'
    assert answer.reason == 'Decided by: the first is above the second.'


@pytest.mark.quick
def test_an_answer_says_how_many_parts_decide_it():
    test = HIGHER._replace(checks=[difference('a', row, TEST_ACCURACY) for row in ('b', 'c')])
    narrow, wide = image_run([0.9, 0.9]), image_run([0.8, 0.9, 1.0])
    lower = image_run([0.7, 0.7])
    reasons = {}
    for name, others in {
        'hold': (lower, lower),
        'do not hold': (lower, image_run([0.95, 0.95])),
        'are undecided': (wide, wide),
    }.items():
        answer = test.answer(evidence(a=narrow, b=others[0], c=others[1]))
        reasons[name] = answer.reason
    beginning = 'Decided by: the first is above the second. Parts that'
    assert reasons == {
        'hold': f'{beginning} hold: 2 of 2.',
        'do not hold': f'{beginning} do not hold: 1 of 2.',
        'are undecided': f'{beginning} are undecided: 2 of 2.',
    }


@pytest.mark.quick
def test_measurements_beside_a_claim_do_not_decide_it():
    beside = difference('a', 'c', TEST_ACCURACY, Region(high=0))
    test = HIGHER._replace(beside=[beside])
    runs = {'a': image_run([0.9, 0.9]), 'b': image_run([0.7, 0.7])}
    assert 'Beside it' not in test.answer(evidence(**runs)).reason
    answer = test.answer(evidence(**runs, c=image_run([0.6, 0.6])))
    assert answer.kind == 'holds'
    assert answer.reason.endswith('Beside it: a less c, test accuracy: 30.0 points.')


YES, NO, OPEN, LATER = (
    Finding(kind, '') for kind in ('holds', 'does not hold', 'undecided', 'waiting')
)


@pytest.mark.quick
@pytest.mark.parametrize(
    ('findings', 'if_all', 'if_any'),
    [
        ([YES, YES], 'holds', 'holds'),
        ([YES, NO], 'does not hold', 'holds'),
        ([YES, OPEN], 'undecided', 'holds'),
        ([NO, OPEN], 'does not hold', 'undecided'),
        ([OPEN, LATER], 'waiting', 'waiting'),
        ([NO, LATER], 'does not hold', 'waiting'),
        ([YES, LATER], 'waiting', 'holds'),
    ],
)
def test_parts_are_put_together(findings, if_all, if_any):
    assert all_of(findings) == if_all
    assert any_of(findings) == if_any


@pytest.mark.quick
def test_the_page_has_a_line_for_every_claim():
    lines = (ROOT / 'docs' / 'claims.md').read_text().splitlines()
    for claim_id, test in ANSWERS.items():
        (line,) = [line for line in lines if line.startswith(f'| {claim_id} |')]
        assert f'| {test.decided_by} |' in line


@pytest.mark.quick
def test_the_page_is_made_from_the_answers():
    page = claims_page(NOTHING, answer_all(NOTHING))
    expected = 'Of 131 claims 5 hold, 2 do not hold, 0 are undecided, and 124 are waiting.'
    assert expected in page
