"""python -m experiments.playground: the page, nets of one's own, and what it refuses."""

import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cnn_runs import error_line, exit_code, train_run

from experiments import playground
from experiments.core.schemas.exhibits import Exhibits, unpack
from experiments.exhibits import shipped
from experiments.training import finished_run

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
    population = finished_run.load_population(adder_run, ('binary_add',))
    weights = {}
    for name, array in population.params_at(1)['params'].items():
        weights[name] = array[seed]
    assert weights.keys() == net.weights.keys()
    for name, packed in net.weights.items():
        np.testing.assert_array_equal(unpack(packed), weights[name])

    pairs = np.array(net.counterexample)
    logits, _ = population.task.model.apply({'params': weights}, pairs[None].astype(np.float32))
    first, second = (integer_of(pairs[:, number]) for number in (0, 1))
    right = (first + second) >> (len(pairs) - 1) & 1
    assert (logits[0, -1, 0] > 0) != right


def integer_of(bits):
    """The integer of bits, lowest first."""
    return sum(int(bit) << place for place, bit in enumerate(bits))


def test_shipped_nets_can_be_replaced(tmp_path, adder_run, monkeypatch):
    nets = tmp_path / 'nets'
    shutil.copytree(shipped.FOLDER, nets)
    monkeypatch.setattr(shipped, 'FOLDER', nets)
    page = tmp_path / 'page.html'
    before = shipped.read_net('adders')
    assert exit_code(playground.main, f'--adder={adder_run}', f'--out={page}') == 0
    assert shipped.read_net('adders') == before
    assert exit_code(playground.main, f'--adder={adder_run}', '--ship', f'--out={page}') == 0
    assert shipped.read_net('adders') == exhibits_of(page).adders != before


@pytest.mark.parametrize(
    'flags', [('--layers=2',), ('--bidirectional',), ('--cell=rnn', '--activation=relu')]
)
def test_nets_that_the_page_cannot_compute(flags, tmp_path, capsys):
    folder = tmp_path / 'run'
    train_run(folder, '--task=binary_add', '--hidden=2', '--steps=1', *flags)
    line = error_line(capsys, playground.main, f'--adder={folder}', f'--out={tmp_path / "page"}')
    assert 'holds a net that the page cannot compute' in line


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
