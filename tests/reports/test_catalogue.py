"""What reproduce trains and draws: every id, groups of runs that train together, rough costs."""

from dataclasses import replace

import pytest

from experiments.core.defaults import base
from experiments.reports import catalogue
from experiments.reports.claim_runs import claim_runs
from experiments.reports.presets import presets
from experiments.reports.subset_runs import subset_runs
from jaxdl import UserError

pytestmark = pytest.mark.quick


def test_the_comparisons_are_beside_the_rows():
    configs = catalogue.runs()
    hidden, rates, batches, claims = 24, 18, 2, len(claim_runs(presets()))
    proofs = 9 + 16 * 3  # adders, and machines by cell
    beside = hidden + rates + batches + proofs + claims + len(subset_runs(presets()))
    assert len(configs) == len(presets()) + beside
    assert configs['rate-gru-0.01'].learning_rate == 0.01
    assert configs['hidden-rnn-256'].hidden == 256
    assert configs['batch-8'].batch_size == 8
    assert configs['proof-lstm3'].restarts == 8
    assert configs['proof-gru2'].state_noise == 0.05


def test_every_picture_is_of_a_run():
    for picture in catalogue.pictures().values():
        assert picture.row in catalogue.runs()
        assert bool(picture.command) != bool(picture.figures)


def test_equal_configs_have_one_run():
    configs = catalogue.runs()
    assert catalogue.first_id('D-add-mse-h5-cmp', configs) == 'D-add-mse-h5'
    assert catalogue.first_id('C-rnn64', configs) == 'C-rnn'
    assert catalogue.first_id('E-lstm128', configs) == 'E-lstm128'


def test_ids_are_selected_by_patterns():
    names = catalogue.select('B-deconv-all,proof-*5')
    assert names == ['proof-rnn5', 'proof-gru5', 'proof-lstm5', 'B-deconv-all']


def test_a_pattern_without_a_match_lists_near_ids():
    with pytest.raises(UserError) as error:
        catalogue.select('E-recall-gru3')
    assert str(error.value) == (
        '--rows=E-recall-gru3 matches no row (did you mean E-recall-gru5, E-recall-gru2 or '
        'E-recall-gru10?); docs/reports.md says which there are'
    )


def test_a_pattern_that_is_near_to_nothing_lists_no_ids():
    with pytest.raises(UserError) as error:
        catalogue.select('xyzzy*')
    expected = '--rows=xyzzy* matches no row; docs/reports.md says which there are'
    assert str(error.value) == expected


def test_recurrent_nets_that_differ_in_numbers_train_together():
    adder = base('binary_add')
    configs = {
        'one': replace(adder, workdir='runs/one'),
        'other rate': replace(adder, learning_rate=0.1),
        'with l2': replace(adder, l2=0.001),
        'other size': replace(adder, hidden=3),
        'momentum': replace(adder, optimizer='momentum', momentum=0.9),
        'other momentum': replace(adder, optimizer='momentum', momentum=0.8),
    }
    assert catalogue.groups(configs) == [
        ['one', 'other rate', 'with l2'],
        ['other size'],
        ['momentum', 'other momentum'],
    ]


def test_cnns_train_alone():
    cnn = base('mnist_cnn')
    configs = {'one': cnn, 'other rate': replace(cnn, learning_rate=0.1)}
    assert catalogue.groups(configs) == [['one'], ['other rate']]


def test_a_shorter_run_is_a_beginning():
    cnn = replace(base('mnist_cnn'), epochs=3)
    longer = replace(cnn, epochs=5, workdir='runs/longer')
    assert catalogue.is_beginning(cnn, longer)
    assert not catalogue.is_beginning(longer, cnn)
    assert not catalogue.is_beginning(cnn, replace(longer, learning_rate=0.1))
    assert not catalogue.is_beginning(replace(cnn, steps=10), longer)
    assert catalogue.is_beginning(replace(cnn, steps=10), replace(longer, steps=20))


def test_more_work_costs_more():
    adder = base('binary_add')
    cost = catalogue.cost(adder)
    assert cost > 0
    assert catalogue.cost(replace(adder, epochs=20)) == pytest.approx(2 * cost)
    assert catalogue.cost(replace(adder, seeds=3)) == pytest.approx(3 * cost)
    assert catalogue.cost(replace(adder, restarts=8)) > 3 * cost
    assert catalogue.cost(replace(adder, hidden=50)) > cost
    cnn = base('cifar_cnn')
    assert catalogue.cost(replace(cnn, epochs=20)) == pytest.approx(2 * catalogue.cost(cnn))


def test_runs_whose_seconds_are_compared_train_alone():
    adder = base('binary_add')
    configs = {'claim-time-one': adder, 'claim-time-other': replace(adder, learning_rate=0.1)}
    assert catalogue.groups(configs) == [['claim-time-one'], ['claim-time-other']]


def test_what_single_claims_need_is_cheap():
    seconds = 0
    for name, config in claim_runs(presets()).items():
        seeds = catalogue.usual_seeds(name, config)
        seconds += catalogue.cost(replace(config, seeds=seeds))
    assert seconds < 3600


def test_the_usual_number_of_seeds():
    configs = catalogue.runs()
    seeds = {name: catalogue.usual_seeds(name, config) for name, config in configs.items()}
    assert (seeds['D-add-mse-h5'], seeds['E-lstm128'], seeds['hidden-rnn-5']) == (100, 10, 4)
    assert (seeds['A-cifar-base'], seeds['D-birnn256x2-adam']) == (6, 4)
    assert seeds['subset-B-cifar-relu-adam-10'] == 2
    # Two devices take whole seeds each.
    assert not any(count % 2 for count in seeds.values())
