import pytest
from experiments.reports import presets
from experiments.core.config import Config
from jaxdl import UserError


def test_every_row_of_a_known_task_is_a_preset():
    known = presets.presets()
    assert known.keys() == {row['id'] for row in presets.rows() if row['task'] in presets.TASKS}
    assert len(known) == 76 + len(presets.CHOSEN)
    assert all(isinstance(config, Config) for config in known.values())


def test_presets_say_what_their_rows_say():
    known = presets.presets()
    rows = {row['id']: row for row in presets.rows()}
    for name, config in known.items():
        row = rows[name]
        if name in presets.CHOSEN:
            continue
        net = (
            ('cifar_cnn', 'cnn', 1024)
            if row['model'] == 'lenet5'
            else (row['task'], row['model'], int(row['hidden']))
        )
        assert (config.task, config.net(), config.hidden) == net
        assert config.learning_rate == float(row['lr']) and config.batch_size == int(
            row['batch_size']
        )
        assert (config.loss == 'mse') == (row['loss'] == 'mse')
        if row['steps'] and row['task'] == 'mnist_rnn':
            per_epoch = -(-int(row['train_size']) // config.batch_size)
            assert (config.steps or config.epochs * per_epoch) == int(row['steps'])
    base, small = known['A-cifar-base'], known['B-cifar-relu-adam-reg']
    assert (
        base.dense_activation,
        base.batch_size,
        base.epochs,
        base.per_class,
        base.validation_size,
    ) == ('tanh', 128, 10, 0, 0)
    assert (small.per_class, small.test_per_class, small.steps, small.l2, small.dropout) == (
        1000,
        100,
        5000,
        0.001,
        0.5,
    )
    assert (small.init, small.head_init, small.batch_size, small.shuffle) == (
        'truncated_normal',
        '',
        50,
        True,
    )
    assert (
        known['C-cifar-gd-1e-3'].optimizer,
        known['C-cifar-gd-1e-3'].activation,
        known['C-cifar-gd-1e-3'].steps,
    ) == ('sgd', 'tanh', 1000)
    assert (
        known['D-rnn256-sgd'].optimizer == 'momentum'
        and known['D-rnn256-sgd'].validation_size == 10_000
    )
    assert known['A-rnn256-sgd'].optimizer == 'sgd' and known['A-rnn256-sgd'].standardize
    assert not known['B-gru5'].shuffle and known['B-gru5'].activation == 'relu'
    assert known['C-lstm'].forget_bias == 1 and known['C-gru'].forget_bias == 0
    assert (known['D-add-mse-h5-L5'].min_length, known['D-add-mse-h5-L5'].max_length) == (5, 5)
    assert not known['D-add-mse-h5'].fresh and known['E-add-ce-h3-L3'].fresh
    assert known['E-bilstm128'].bidirectional and known['E-lstm128-l2'].l2 == 1e-3


def test_unknown_names_list_the_near_ones():
    with pytest.raises(UserError, match='E-lstm128'):
        presets.base(preset='E-lstm127')
    with pytest.raises(UserError, match='binary_add, recall, mnist_rnn'):
        presets.base(task='mnist')
