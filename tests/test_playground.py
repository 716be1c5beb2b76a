"""python -m experiments.playground: the page, nets of one's own, and what it refuses."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cnn_runs import error_line, exit_code, train_run
from hand_built import adder_certificate
from small_mnist import small_mnist

from experiments import playground
from experiments.core import file_schema
from experiments.core.schemas.exhibits import Exhibits, unpack
from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.exhibits import shipped
from experiments.proofs.claimed_net import claimed_weights
from experiments.training import finished_run
from jaxdl.data import images
from jaxdl.models.rnn import RNN
from jaxdl.verify.certificate import parse

LOAD = images.load
COMMITTED = Path(__file__).parents[1] / 'docs' / 'playground.html'
SVG_NAMES = 'http://www.w3.org/2000/svg'  # names a vocabulary; nothing is fetched


def exhibits_of(page):
    """The data within a page."""
    text = page.read_text(encoding='utf-8')
    data = re.search(r'<script type="application/json" id="exhibits">(.*?)</script>', text, re.S)
    return msgspec.json.decode(data[1], type=Exhibits)


@pytest.fixture(scope='module')
def adder_run(tmp_path_factory):
    """Two GRUs that were trained for a moment."""
    folder = tmp_path_factory.mktemp('adder')
    train_run(
        folder, '--task=binary_add', '--cell=gru', '--hidden=3', '--epochs=1', '--seeds=2',
        '--train_size=640',
    )  # fmt: skip
    return folder


@pytest.mark.quick
def test_the_page_is_one_file_of_the_shipped_nets(tmp_path, capsys):
    page = tmp_path / 'page.html'
    page.write_text('what stood there')
    assert exit_code(playground.main, f'--out={page}') == 0
    assert f'wrote {page}' in capsys.readouterr().out
    text = page.read_text(encoding='utf-8')
    assert 'what stood there' not in text
    assert re.findall(r'<(?:link|img|iframe)|src=|@import|url\(', text) == []
    assert set(re.findall(r'https?://[^\s\'"<]*', text)) == {SVG_NAMES}
    exhibits = exhibits_of(page)
    for exhibit in shipped.TYPES:
        assert getattr(exhibits, exhibit) == shipped.read_net(exhibit)
    assert [len(sample) for sample in exhibits.samples] == [64] * 10
    assert list(tmp_path.iterdir()) == [page]
    # The page that visitors find is this one.
    assert text == COMMITTED.read_text(encoding='utf-8')


def test_nets_of_ones_own(tmp_path, adder_run):
    """The weights are those of the checkpoint, and their counterexample is one by flax."""
    page = tmp_path / 'page.html'
    assert exit_code(playground.main, f'--adder={adder_run}', f'--out={page}') == 0
    exhibits = exhibits_of(page)
    assert exhibits.recall == shipped.read_net('recall')
    (net,) = exhibits.adders
    assert net.verdict == 'falsified'  # a moment's training is too short
    seed = int(re.search(r'GRU of 3 units, seed (\d), as trained', net.name)[1])
    weights = checkpoint_weights(adder_run, 'binary_add', seed)
    assert_packed(net.weights, weights)

    pairs = np.array(net.counterexample)
    logits, _ = RNN(1, hidden=3, cell='gru', every_step=True).apply(
        {'params': weights}, pairs[None].astype(np.float32)
    )
    first, second = (integer_of(pairs[:, number]) for number in (0, 1))
    right = (first + second) >> (len(pairs) - 1) & 1
    assert (logits[0, -1, 0] > 0) != right


def integer_of(bits):
    """The integer of bits, lowest first."""
    return sum(int(bit) << place for place, bit in enumerate(bits))


def checkpoint_weights(folder, task, seed=0):
    """The weights of one seed of a run after its newest epoch, as commands that look into it."""
    population = finished_run.load_population(folder, (task,), with_images=False)
    params = population.params_at(population.epochs[-1])['params']
    return {name: np.asarray(array[seed]) for name, array in params.items()}


def assert_packed(packed, weights):
    assert packed.keys() == weights.keys()
    for name, array in packed.items():
        np.testing.assert_array_equal(unpack(array), weights[name])


@pytest.mark.slow
def test_a_recall_net_of_ones_own(tmp_path):
    folder, page = tmp_path / 'run', tmp_path / 'page.html'
    train_run(folder, '--task=recall', '--k=2', '--hidden=3', '--cell=rnn', '--steps=2')
    assert exit_code(playground.main, f'--recall={folder}', f'--out={page}') == 0
    net = exhibits_of(page).recall
    assert (net.cell, net.k, net.name) == ('rnn', 2, 'RNN of 3 units, seed 0')
    assert_packed(net.weights, checkpoint_weights(folder, 'recall'))


@pytest.mark.slow
@pytest.mark.parametrize('pixels', ['unit', 'signed', 'standardized'])
def test_nets_of_ones_own_that_read_digits(pixels, tmp_path, monkeypatch):
    """Their weights are those of the checkpoints, their pixels as their runs scale them."""
    data = small_mnist()
    monkeypatch.setattr(
        images, 'load', lambda name, *_: data if name == 'mnist' else LOAD(name, '')
    )
    small = (
        '--steps=1',
        '--hidden=4',
        '--batch_size=8',
        f'--pixels={pixels}',
        '--validation_size=1000',
    )
    train_run(tmp_path / 'rows', '--task=mnist_rnn', '--cell=gru', f'--pixels={pixels}', *small)
    flags = [f'--digits={tmp_path / "rows"}']
    if pixels == 'unit':
        train_run(tmp_path / 'cnn', '--task=mnist_cnn', *small, '--statistics_every=0')
        flags.append(f'--cnn={tmp_path / "cnn"}')
    page = tmp_path / 'page.html'
    assert exit_code(playground.main, *flags, f'--out={page}') == 0
    exhibits = exhibits_of(page)
    assert_packed(exhibits.rows.weights, checkpoint_weights(tmp_path / 'rows', 'mnist_rnn'))
    levels = data.train_images[: 4000 - 1000] / 255
    scales = {'unit': (0, 1), 'signed': (0.5, 0.5), 'standardized': (levels.mean(), levels.std())}
    scale = exhibits.rows.pixels
    assert (scale.mean, scale.deviation) == pytest.approx(scales[pixels], rel=1e-5)
    if pixels == 'unit':
        assert_packed(exhibits.cnn.weights, checkpoint_weights(tmp_path / 'cnn', 'mnist_cnn'))


@pytest.mark.slow
def test_a_proved_net_of_ones_own(tmp_path):
    """An adder built by hand has the place of the trained one, with its certificate."""
    folder, page = tmp_path / 'run', tmp_path / 'page.html'
    train_run(folder, '--task=binary_add', '--cell=rnn', '--hidden=4', '--steps=1')
    certificate = adder_certificate()
    proofs = folder / 'proofs'
    proofs.mkdir()
    (proofs / 'seed0.json').write_text(json.dumps(certificate))
    verdict = SeedVerdict('unknown', None, slack=0.0, covers_float32=True, sets=3, steps=1)
    file_schema.write_json(proofs / 'proofs.json', ProofResults('by hand', 1, {'0': verdict}))
    assert exit_code(playground.main, f'--adder={folder}', f'--out={page}') == 0
    net = exhibits_of(page).adders[0]
    assert net.verdict == 'proved'
    assert net.certificate == certificate
    assert [shown.carry for shown in net.sets] == [0, 0, 1]
    assert_packed(net.weights, claimed_weights(parse(certificate)))


@pytest.mark.slow
def test_shipped_nets_can_be_replaced(tmp_path, adder_run, monkeypatch):
    nets = tmp_path / 'nets'
    shutil.copytree(shipped.FOLDER, nets)
    monkeypatch.setattr(shipped, 'FOLDER', nets)
    page = tmp_path / 'page.html'
    before = shipped.read_net('adders')
    assert exit_code(playground.main, f'--adder={adder_run}', f'--out={page}') == 0
    assert shipped.read_net('adders') == before
    assert exit_code(playground.main, f'--adder={adder_run}', '--ship', f'--out={page}') == 0
    after = shipped.read_net('adders')
    assert after == exhibits_of(page).adders
    assert after != before


@pytest.mark.slow
@pytest.mark.parametrize(
    'flags', [('--layers=2',), ('--bidirectional',), ('--cell=rnn', '--activation=relu')]
)
def test_nets_that_the_page_cannot_compute(flags, tmp_path, capsys):
    folder = tmp_path / 'run'
    train_run(folder, '--task=binary_add', '--hidden=2', '--steps=1', *flags)
    line = error_line(capsys, playground.main, f'--adder={folder}', f'--out={tmp_path / "page"}')
    assert 'holds a net that the page cannot compute' in line


@pytest.mark.quick
def test_shipping_needs_a_run_and_a_clone(tmp_path, capsys, monkeypatch):
    page = tmp_path / 'page.html'
    line = error_line(capsys, playground.main, '--ship', f'--out={page}')
    assert 'name a run by --adder, --recall, --digits, --cnn' in line
    monkeypatch.setattr(playground, 'is_in_a_clone', lambda: False)
    assert 'for a clone' in error_line(capsys, playground.main, '--ship', f'--out={page}')
    assert not page.exists()


@pytest.mark.parametrize('flag', ['adder', 'recall', 'digits', 'cnn'])
def test_a_folder_without_a_run(flag, tmp_path, capsys):
    missing = tmp_path / 'missing'
    page = tmp_path / 'page.html'
    line = error_line(capsys, playground.main, f'--{flag}={missing}', f'--out={page}')
    assert str(missing) in line
    assert not page.exists()


@pytest.mark.parametrize('flag', ['recall', 'digits', 'cnn'])
def test_a_run_of_another_task(flag, adder_run, tmp_path, capsys):
    page = tmp_path / 'page.html'
    line = error_line(capsys, playground.main, f'--{flag}={adder_run}', f'--out={page}')
    assert 'holds a binary_add run' in line
    assert not page.exists()
