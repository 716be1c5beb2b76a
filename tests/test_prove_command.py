"""python -m experiments.prove: proofs of a small trained population, and every error a user can make."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from experiments import prove
from experiments.training import finished_run as trained
from experiments.core.command import command
from experiments.core.config import Config
from experiments.main import main as train
from jaxdl.verify import check, automaton as machine, falsify as refute, search
from test_verify import by_hand, params_of

FLAGS = [
    '--task=binary_add',
    '--cell=rnn',
    '--hidden=4',
    '--seeds=3',
    '--epochs=5',
    '--state_noise=.1',
]


def code(main, *flags):
    with pytest.raises(SystemExit) as stopped:
        command(main, ['command', *flags])
    return stopped.value.code or 0


def refused(capsys, *flags):
    capsys.readouterr()
    assert code(prove.main, *flags) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    return error


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp('adders')
    assert code(train, *FLAGS, f'--workdir={folder}') == 0
    return folder


def test_proofs_hold_alone_and_no_proved_net_has_a_wrong_sum(run, capsys):
    assert code(prove.main, f'--workdir={run}', '--history=1') == 0
    shown = capsys.readouterr().out
    found = json.loads((run / 'proofs' / 'proofs.json').read_text())
    proved = {seed: row for seed, row in found['seeds'].items() if 'slack' in row}
    assert (
        len(found['seeds']) == 3
        and proved
        and f'{len(proved)} of 3 nets' in shown
        and (run / 'proofs' / 'sets.png').exists()
    )
    assert {path.stem for path in (run / 'proofs').glob('seed*.json')} == {
        f'seed{seed}' for seed in proved
    }
    nets = []
    for seed, row in proved.items():
        file = run / 'proofs' / f'seed{seed}.json'
        assert code(prove.main, f'--check={file}') == 0
        assert 'adds rightly at every length' in capsys.readouterr().out
        slack, margin, rounding, _ = check.check_file(file)
        assert (slack, margin, rounding) == (
            row['slack'],
            row['margin'],
            row['float32_error'],
        ) and slack > 0
        read = np.vectorize(float.fromhex)
        nets.append(
            {
                name: jnp.array(read(value), jnp.float32)
                for name, value in json.loads(file.read_text())['weights'].items()
            }
        )
    assert refute.refute(
        'rnn', machine.ADDER, jax.tree.map(lambda *x: jnp.stack(x), *nets), jax.random.key(9)
    ) == [None] * len(nets)
    assert code(train, *FLAGS, f'--workdir={run}') == 0
    assert f'proved after fine-tuning: {len(proved)} of 3' in capsys.readouterr().out

    content = file.read_text()
    file.write_text(content.replace('"memory": 1', '"memory": 0', 1))
    assert 'is refused: set' in refused(capsys, f'--check={file}')


def test_as_trained_weights_stay(run, monkeypatch):
    """Of a run whose weights are those of a right net built by hand."""
    weights = params_of(by_hand())
    config, task, epochs, _ = trained.population(run, ('binary_add',))
    params = jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), weights)
    monkeypatch.setattr(
        trained,
        'population',
        lambda *args: (config, task, epochs, lambda epoch: {'params': params}),
    )
    assert code(prove.main, f'--workdir={run}', '--as_trained', '--history=1') == 0
    found = json.loads((run / 'proofs' / 'proofs.json').read_text())['seeds']
    files = sorted((run / 'proofs').glob('seed*.json'))
    verdicts = [row['verdict'] for row in found.values()]
    assert (
        len(files) == verdicts.count('proved') > 0
    )  # the tests of the run's own nets may have refuted some
    for file in files:
        for name, value in json.loads(file.read_text())['weights'].items():
            np.testing.assert_array_equal(np.vectorize(float.fromhex)(value), weights[name])


def test_proofs_of_an_older_epoch_are_not_the_finished_nets(run, capsys):
    file = run / 'proofs' / 'proofs.json'
    found = json.loads(file.read_text())
    for epoch, shown in ((found['epoch'], True), (1, False)):
        file.write_text(json.dumps(found | {'epoch': epoch}))
        capsys.readouterr()
        assert code(train, *FLAGS, f'--workdir={run}') == 0
        assert (
            'proved'
            in capsys.readouterr()
            .out.replace('experiments.prove', '')
            .replace('looks for proofs', '')
        ) == shown


def test_recall_nets_are_tried_too(tmp_path, capsys):
    flags = [
        '--task=recall',
        '--cell=gru',
        '--hidden=4',
        '--epochs=1',
        '--train_size=64',
        '--validation_size=10',
        f'--workdir={tmp_path}/recall',
    ]
    assert code(train, *flags) == 0
    assert 'right at every length' not in capsys.readouterr().out
    assert code(prove.main, f'--workdir={tmp_path}/recall', '--steps=5') == 0
    assert ': digit 3 is ' in capsys.readouterr().out
    (found,) = json.loads((tmp_path / 'recall' / 'proofs' / 'proofs.json').read_text())[
        'seeds'
    ].values()
    assert found['verdict'] == 'refuted' and 'slack' not in found
    assert code(train, *flags) == 0
    assert 'right at every length: refuted 1' in capsys.readouterr().out


def test_a_net_of_no_numbers_is_not_proved():
    config, labels = Config(cell='rnn', hidden=4), search.labels(machine.ADDER)
    params = {name: np.full_like(value, np.nan) for name, value in params_of(by_hand()).items()}
    assert (
        prove._certified(
            config, 0, params, search.Sets(np.zeros((2, 4)), np.zeros((2, 4, 4))), labels
        )
        is None
    )


def test_errors(run, tmp_path, capsys):
    images, wide = tmp_path / 'images', tmp_path / 'wide'
    small = ['--epochs=1', '--train_size=64', '--validation_size=10']
    assert code(train, '--task=mnist_rnn', '--dataset=digits', *small, f'--workdir={images}') == 0
    assert code(train, '--task=binary_add', '--layers=2', *small, f'--workdir={wide}') == 0
    for flags, says in [
        ([], '--workdir=RUN'),
        ([f'--workdir={tmp_path}/none'], 'is no folder'),
        ([f'--workdir={images}'], 'holds a mnist_rnn run'),
        ([f'--workdir={wide}'], 'proofs are for one layer'),
        ([f'--workdir={run}', '--history=5'], '--history=5'),
        ([f'--workdir={run}', '--steps=0'], '--steps=0'),
        ([f'--check={tmp_path}/none.json'], 'No such file'),
        ([f'--check={run}/config.json'], 'is refused'),
    ]:
        assert says in refused(capsys, *flags)
