"""The table of the reports, and the Config of each of its rows."""

import math
from dataclasses import replace

import pytest

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.reports.presets import (
    CHOSEN,
    CONFIG_FIELDS,
    PICTURES,
    PROVENANCE_SETTINGS,
    preset,
    presets,
)
from experiments.reports.reported import REPORTS, reported_rows
from jaxdl import UserError

pytestmark = pytest.mark.quick


def test_every_row_is_of_a_report():
    for name, row in reported_rows().items():
        assert row.id == name
        assert row.report in REPORTS and name.startswith(f'{row.report}-')


def test_cells_are_read_by_their_type():
    row = reported_rows()['A-rnn256-sgd']
    assert (row.hidden, row.lr, row.epochs, row.bidirectional) == (256, 0.001, 12.0, False)
    assert row.momentum == 0 and row.dropout is None
    assert row.reported_test_acc == 0.824 and row.reported_val_acc is None
    assert row.provenance.startswith('stated: ')


def test_every_row_trains_a_net_or_is_a_picture():
    configs = presets()
    assert configs.keys() | PICTURES.keys() == reported_rows().keys()
    assert not configs.keys() & PICTURES.keys()
    for picture in PICTURES.values():
        assert picture.row in configs


def test_every_row_of_a_known_task_is_a_preset():
    names = {name for name, row in reported_rows().items() if row.task in TASK_DEFAULTS}
    configs = presets()
    assert configs.keys() == names
    assert len(configs) == 77 + len(CHOSEN)
    assert all(isinstance(config, Config) for config in configs.values())


def test_a_preset_says_what_its_row_says():
    for name, config in presets().items():
        if name in CHOSEN:
            continue
        row = reported_rows()[name]
        net = (config.task, config.net(), config.hidden)
        if row.model == 'lenet5':
            assert net == ('cifar_cnn', 'cnn', 1024), name
        else:
            assert net == (row.task, row.model, row.hidden), name
        assert config.learning_rate == row.lr, name
        assert config.batch_size == row.batch_size, name
        assert (config.loss == 'mse') == (row.loss == 'mse'), name
        if row.task == 'mnist_rnn' and row.steps is not None:
            steps_per_epoch = math.ceil(row.train_size / config.batch_size)
            assert (config.steps or config.epochs * steps_per_epoch) == row.steps, name


def test_presets_of_cnns():
    full = presets()['A-cifar-base']
    assert full.dense_activation == 'tanh'
    assert (full.batch_size, full.epochs) == (128, 10)
    assert (full.per_class, full.validation_size) == (0, 0)

    subset = presets()['B-cifar-relu-adam-reg']
    assert (subset.per_class, subset.test_per_class) == (1000, 100)
    assert (subset.batch_size, subset.steps, subset.shuffle) == (50, 5000, True)
    assert (subset.l2, subset.dropout) == (0.001, 0.5)
    assert (subset.init, subset.head_init) == ('truncated_normal', '')

    descent = presets()['C-cifar-gd-1e-3']
    assert (descent.optimizer, descent.activation, descent.steps) == ('sgd', 'tanh', 1000)


def test_presets_of_recurrent_nets():
    configs = presets()
    assert configs['D-rnn256-sgd'].optimizer == 'momentum'
    assert configs['D-rnn256-sgd'].validation_size == 10_000
    assert configs['A-rnn256-sgd'].optimizer == 'sgd'
    assert configs['A-rnn256-sgd'].pixels == 'standardized'
    assert configs['B-gru5'].activation == 'relu'
    assert not configs['B-gru5'].shuffle
    assert configs['E-bilstm128'].bidirectional
    assert (configs['E-lstm128-l2'].l2, configs['E-lstm128-l2'].l2_of) == (1e-3, 'norms')
    assert configs['E-lstm128'].l2_of == 'squares'
    for name in ('rnn128', 'lstm128', 'lstm64', 'gru128', 'bilstm128', 'lstm128-l2'):
        assert configs[f'E-{name}'].pixels == 'standardized'


@pytest.mark.parametrize('name', ['B-lstm5', 'B-gru20', 'C-lstm', 'C-gru'])
def test_cells_of_tensorflow_1(name):
    config = presets()[name]
    assert (config.init, config.gate_bias) == ('glorot_joint', 1)
    assert config.reset_after == (config.cell != 'gru')


def test_initializers_of_plain_cells():
    assert presets()['B-rnn5'].init == 'glorot_joint'
    assert presets()['C-rnn256'].init == 'glorot_joint'


def test_presets_of_sequence_tasks():
    configs = presets()
    short = configs['D-add-mse-h5-L5']
    assert (short.min_length, short.max_length) == (5, 5)
    assert not configs['D-add-mse-h5'].fresh
    assert configs['E-add-ce-h3-L3'].fresh
    second = configs['E-recall-gru10-k2']
    assert second == replace(configs['E-recall-gru10'], k=2)


def test_no_number_is_in_two_places():
    """What the table's columns say, PROVENANCE_SETTINGS and CHOSEN do not say again."""
    fields = set(CONFIG_FIELDS.values())
    for settings in PROVENANCE_SETTINGS.values():
        assert not fields & settings.keys()
    rows = reported_rows()
    for name, chosen in CHOSEN.items():
        row = rows[name]
        assert row.lr is None
        for column, field in CONFIG_FIELDS.items():
            if getattr(row, column) is not None:
                assert field not in chosen.settings, name


def test_errors_say_what_to_do():
    with pytest.raises(UserError, match=r'is unknown \(did you mean E-lstm128'):
        preset('E-lstm127')
    with pytest.raises(UserError) as error:
        preset('xyzzy')
    assert str(error.value) == (
        '--preset=xyzzy is unknown; all ids are those of experiments/reports/reported_results.csv'
    )
    with pytest.raises(UserError, match='is a picture of the net of A-cifar-base'):
        preset('A-actmax')
    with pytest.raises(UserError, match='is a mnist_rnn row; leave --task=recall out'):
        preset('E-lstm128', 'recall')
