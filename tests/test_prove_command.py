"""python -m experiments.prove: proofs of a small trained population, and every error of a user."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from command_line import start
from hand_built import adder_certificate, check_content, params_of

from experiments import prove
from experiments.core.command import run_command
from experiments.proofs import certify_covered
from experiments.training import finished_run, workdir
from experiments.training.held_proofs import read_held_proofs
from jaxdl.verify import check, search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certify import certify
from jaxdl.verify.falsify import falsify
from jaxdl.verify.set_graph import Parallelotopes, set_graph

ADDERS = [
    '--task=binary_add',
    '--cell=rnn',
    '--hidden=4',
    '--seeds=3',
    '--epochs=5',
    '--state_noise=.1',
]
SMALL = ['--epochs=1', '--train_size=64', '--validation_size=10']


def start_prove(*flags):
    """Runs the command with these flags, and returns its exit code."""
    with pytest.raises(SystemExit) as stopped:
        run_command(prove.main, ['prove', *flags])
    return stopped.value.code or 0


def error_line(capsys, *flags):
    capsys.readouterr()
    assert start_prove(*flags) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    return error


def read_proofs(folder):
    return json.loads((folder / 'proofs' / 'proofs.json').read_text())


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The folder of three trained adders; the tests below look at it in turn."""
    folder = tmp_path_factory.mktemp('adders')
    assert start(*ADDERS, f'--workdir={folder}') == 0
    return folder


def test_proofs_hold_alone_and_no_proved_net_has_a_wrong_sum(run, capsys):
    assert start_prove(f'--workdir={run}', '--history=1') == 0
    output = capsys.readouterr().out
    verdicts = read_proofs(run)['seeds']
    proved = {seed: row for seed, row in verdicts.items() if 'slack' in row}
    assert len(verdicts) == 3
    assert proved
    as_trained = [row for row in proved.values() if row['change'] == 0]
    assert f'{len(as_trained)} of 3 nets' in output
    assert (run / 'proofs' / 'sets.png').exists()
    assert (run / 'proofs' / 'accuracy.png').exists()
    certificates = {path.stem for path in (run / 'proofs').glob('seed*.json')}
    assert certificates == {f'seed{seed}' for seed in proved}
    # Of the others the best search is kept.
    assert {seed for seed, row in verdicts.items() if 'closure_gap' in row} == (
        verdicts.keys() - proved.keys()
    )

    nets = []
    for seed, row in proved.items():
        file = run / 'proofs' / f'seed{seed}.json'
        assert start_prove(f'--check={file}') == 0
        assert 'adds correctly at every length' in capsys.readouterr().out
        result = check.check_file(file)
        assert check_content(json.loads(file.read_text())) == result
        assert result.slack == row['slack'] > 0
        assert result.margin == row['margin']
        assert result.covers_float32 == row['covers_float32']
        nets.append(params_of(json.loads(file.read_text())))
    stacked_nets = jax.tree.map(lambda *leaves: jnp.stack(leaves), *nets)
    assert falsify('rnn', ADDER, stacked_nets, jax.random.key(9)) == [None] * len(nets)

    assert start(*ADDERS, f'--workdir={run}') == 0
    output = capsys.readouterr().out
    assert f'proved after fine-tuning: {len(proved) - len(as_trained)} of 3' in output


def test_a_proof_is_bound_to_its_net(run, capsys):
    """The proved nets are a run of their own, whose nets the proofs are about."""
    proved_nets = run / 'proofs' / 'fine_tuned'
    for seed, row in read_proofs(run)['seeds'].items():
        if 'slack' not in row:
            continue
        file = run / 'proofs' / f'seed{seed}.json'
        assert start_prove(f'--check={file}', f'--workdir={proved_nets}') == 0
        assert f'its weights are those of seed {seed} of' in capsys.readouterr().out
        flags = (f'--check={file}', f'--workdir={run}')
        if row['change'] == 0:
            assert start_prove(*flags) == 0
        else:
            assert 'a net that is not in' in error_line(capsys, *flags)


def test_the_fine_tuned_nets_can_be_tested(run, tmp_path, capsys):
    proved = {path.stem for path in (run / 'proofs').glob('seed*.json')}
    folder = tmp_path / 'fine_tuned'
    shutil.copytree(run / 'proofs' / 'fine_tuned', folder)
    assert start(*ADDERS, f'--workdir={folder}') == 0
    results = json.loads((folder / 'results.json').read_text())
    exact = results['final_test']['by_length']['random']['exact_match']['seeds']
    for seed in proved:
        assert set(exact[int(seed.removeprefix('seed'))]) == {1.0}


@pytest.mark.parametrize('has_flint', [True, False])
def test_main_checks_the_certificates_again(run, monkeypatch, has_flint):
    """proofs.json alone proves nothing, and a certificate only a net of its task and cell."""
    if not has_flint:
        monkeypatch.setitem(sys.modules, 'jaxdl.verify.check', None)
    config = finished_run.read_config(run)
    recorded = workdir.read_proofs(run)
    assert read_held_proofs(run, config) == recorded
    of_another_cell = read_held_proofs(run, dataclasses.replace(config, cell='gru'))
    assert all(verdict.slack is None for verdict in of_another_cell.seeds.values())

    file = sorted((run / 'proofs').glob('seed*.json'))[0]
    content = file.read_text()
    for text in (content.replace('"steps": 1', '"steps": 2'), '', None):
        file.unlink() if text is None else file.write_text(text)
        held = read_held_proofs(run, config)
        assert held.seeds[file.stem.removeprefix('seed')].slack is None
        proved = [verdict for verdict in held.seeds.values() if verdict.slack is not None]
        recorded_as_proved = [row for row in recorded.seeds.values() if row.slack is not None]
        assert len(proved) == len(recorded_as_proved) - 1
    file.write_text(content)


def test_a_changed_certificate_is_refused(run, capsys):
    file = sorted((run / 'proofs').glob('seed*.json'))[0]
    content = file.read_text()
    file.write_text(content.replace('"state": 1', '"state": 0', 1))
    assert 'is refused: set' in error_line(capsys, f'--check={file}')
    file.write_text(content)


@pytest.mark.slow
def test_weights_as_trained_stay(run, monkeypatch):
    """Of a run whose nets are a correct one that was built by hand."""
    weights = params_of(adder_certificate())
    params = jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), weights)
    population = finished_run.load_population(run, ('binary_add',))
    trained = population.state_at(population.epochs[-1])
    hand_built = population._replace(
        state_at=lambda epoch: trained._replace(params={'params': params})
    )
    monkeypatch.setattr(finished_run, 'load_population', lambda *args: hand_built)

    # So that all is left to the search for covers.
    def find_nothing(cell, params, boxes, *others):
        no_room = Parallelotopes(boxes.centre, jnp.zeros_like(boxes.generators))
        return search.Candidate(params, no_room)

    monkeypatch.setattr(search, 'search', find_nothing)
    assert start_prove(f'--workdir={run}', '--as_trained') == 0

    results = read_proofs(run)
    assert results['weights'] == 'as trained'
    verdicts = [row['verdict'] for row in results['seeds'].values()]
    files = sorted((run / 'proofs').glob('seed*.json'))
    # The run's own final test may have falsified some of its nets.
    assert len(files) == verdicts.count('proved') > 0
    for file in files:
        certificate = json.loads(file.read_text())
        assert certificate['steps'] > 1  # as only covers have
        for name, value in params_of(certificate).items():
            np.testing.assert_array_equal(value, weights[name])

    # The proofs are kept as they are found, so a second search has nothing to do.
    def search_again(*args):
        raise AssertionError('a net that is proved is searched again')

    monkeypatch.setattr(search, 'search', search_again)
    monkeypatch.setattr(certify_covered, 'find_cover', search_again)
    certificates = {file: file.read_text() for file in files}
    assert start_prove(f'--workdir={run}', '--as_trained') == 0
    assert read_proofs(run) == results
    for file, text in certificates.items():
        assert file.read_text() == text


def test_proofs_of_an_older_epoch_are_not_the_finished_nets(run, capsys):
    file = run / 'proofs' / 'proofs.json'
    content = read_proofs(run)
    for epoch, is_shown in ((content['epoch'], True), (1, False)):
        file.write_text(json.dumps(content | {'epoch': epoch}))
        capsys.readouterr()
        assert start(*ADDERS, f'--workdir={run}') == 0
        output = capsys.readouterr().out
        # The hint at the command prove says the word too.
        output = output.replace('experiments.prove', '').replace('looks for proofs', '')
        assert ('proved' in output) == is_shown


@pytest.mark.slow
def test_recall_nets_are_tried_too(tmp_path, capsys):
    folder = tmp_path / 'recall'
    flags = ['--task=recall', '--cell=gru', '--hidden=4', *SMALL, f'--workdir={folder}']
    assert start(*flags) == 0
    assert 'right at every length' not in capsys.readouterr().out
    assert start_prove(f'--workdir={folder}', '--steps=5') == 0
    assert ': digit 3 is ' in capsys.readouterr().out
    (row,) = read_proofs(folder)['seeds'].values()
    assert row['verdict'] == 'falsified'
    assert 'slack' not in row
    assert start(*flags) == 0
    assert 'right at every length: falsified 1' in capsys.readouterr().out


@pytest.mark.quick
def test_the_steps_of_the_flag_are_those_of_the_search():
    assert prove.STEPS == search.STEPS


@pytest.mark.quick
def test_a_net_of_nans_is_not_proved():
    params = {}
    for name, value in params_of(adder_certificate()).items():
        params[name] = np.full_like(value, np.nan)
    sets = Parallelotopes(np.zeros((2, 4)), np.zeros((2, 4, 4)))
    candidate = search.Candidate(params, sets)
    assert certify(ADDER, 'rnn', candidate, set_graph(ADDER)) is None


@pytest.mark.quick
def test_a_check_imports_no_jax(tmp_path):
    file = tmp_path / 'proof.json'
    file.write_text(json.dumps(adder_certificate()))
    program = (
        'import sys\n'
        'from experiments import prove\n'
        f'prove.main(["prove", "--check={file}"])\n'
        'assert "jax" not in sys.modules\n'
    )
    command = [sys.executable, '-c', program]
    root = Path(__file__).parents[1]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert 'adds correctly at every length' in result.stdout


def test_too_many_words(run, capsys):
    flags = (f'--workdir={run}', '--as_trained', '--word_steps=6')
    assert '4,096 words of 4 symbols: 1,024 at most' in error_line(capsys, *flags)


@pytest.mark.quick
def test_errors_of_flags_and_files(tmp_path, capsys):
    (tmp_path / 'other.json').write_text('{}')
    for flags, message in [
        ([], '--workdir=RUN'),
        ([f'--workdir={tmp_path}/none'], 'is no folder'),
        ([f'--workdir={tmp_path}', '--history=5'], '--history=5'),
        ([f'--workdir={tmp_path}', '--steps=0'], '--steps=0'),
        ([f'--workdir={tmp_path}', '--word_steps=0'], 'must be from 1 to 8'),
        ([f'--workdir={tmp_path}', '--steps=1000000000000'], 'must be from 1 to 1,000,000'),
        ([f'--workdir={tmp_path}', '--history=1' + 100 * '0'], 'must be from 0 to 4'),
        ([f'--workdir={tmp_path}', '--steps=' + 5000 * '9'], '--help lists the flags'),
        ([f'--check={tmp_path}/none.json'], 'No such file'),
        ([f'--check={tmp_path}/other.json'], 'is refused'),
    ]:
        assert message in error_line(capsys, *flags)


@pytest.mark.slow
def test_runs_that_cannot_be_proved(tmp_path, capsys):
    images = tmp_path / 'images'
    assert start('--task=mnist_rnn', '--dataset=digits', *SMALL, f'--workdir={images}') == 0
    assert 'holds a mnist_rnn run' in error_line(capsys, f'--workdir={images}')
    reset_before = tmp_path / 'reset_before'
    flags = ('--task=recall', '--cell=gru', '--noreset_after', *SMALL)
    assert start(*flags, f'--workdir={reset_before}') == 0
    assert 'holds a GRU of --noreset_after' in error_line(capsys, f'--workdir={reset_before}')
    two_layers = tmp_path / 'two_layers'
    assert start('--task=binary_add', '--layers=2', *SMALL, f'--workdir={two_layers}') == 0
    assert 'proofs are for one layer' in error_line(capsys, f'--workdir={two_layers}')
