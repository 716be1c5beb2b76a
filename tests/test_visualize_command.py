"""python -m experiments.visualize: what it writes of small runs, and every error of a user."""

import json
import shutil

import numpy as np
import orbax.checkpoint as ocp
import pytest
from cnn_runs import COLOUR_RUN, GREY_RUN, error_line, exit_code, small_cifar, train_run
from PIL import Image

from experiments import visualize
from experiments.core import defaults
from experiments.training import workdir
from jaxdl import checkpoint

FIGURES = {
    'filters': ['conv1'],
    'activations': ['histograms', 'maps-conv1', 'maps-conv2'],
    'deconvnet': ['images', 'nine-maps-pool1', 'nine-maps-pool2'],
    'transposed': ['pool1', 'pool2'],
    'top9': ['conv1', 'conv2'],
    'maximize': ['conv1', 'conv2', 'head'],
    'occlusion': ['images'],
    'evolution': ['conv1', 'conv2'],
    'invariance': ['images'],
    'correspondence': ['parts'],
}
SOME = ('filters', 'deconvnet', 'top9')


@pytest.fixture(scope='module')
def grey_run(tmp_path_factory):
    """The folder of a run on grey images with two seeds and three epochs."""
    folder = tmp_path_factory.mktemp('grey')
    train_run(folder, *GREY_RUN)
    return folder


@pytest.fixture(scope='module')
def colour_run(tmp_path_factory):
    """The folder of a run on colour images."""
    folder = tmp_path_factory.mktemp('colour')
    with small_cifar():
        train_run(folder, *COLOUR_RUN)
        yield folder


def expected_files(passes):
    names = set()
    for name in passes:
        names.add(f'{name}.npz')
        for figure in FIGURES[name]:
            names.add(f'{name}-{figure}.png')
    return names


def content_of(folder):
    """{path: bytes} of all files in a folder."""
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.fixture(scope='module')
def some_passes(grey_run):
    """The folder that passes of a few seconds have written of the second seed of the grey run."""
    flags = [f'--workdir={grey_run}', '--seed=1', f'--what={",".join(SOME)}']
    assert exit_code(visualize.main, *flags) == 0
    return grey_run / 'visualize'


@pytest.fixture(scope='module')
def all_passes(grey_run):
    """The folder that all passes have written of the second seed of the grey run."""
    checkpoints = content_of(grey_run / 'checkpoints')
    assert exit_code(visualize.main, f'--workdir={grey_run}', '--seed=1') == 0
    assert content_of(grey_run / 'checkpoints') == checkpoints
    return grey_run / 'visualize'


def test_passes_write_their_files(some_passes):
    written = {path.name for path in some_passes.iterdir()}
    assert written >= expected_files(SOME)


@pytest.mark.slow
def test_every_pass_writes_its_files(all_passes):
    written = {path.name for path in all_passes.iterdir()}
    assert written == expected_files(FIGURES)


def test_the_files_are_named(grey_run, capsys):
    assert exit_code(visualize.main, f'--workdir={grey_run}', '--seed=1', '--what=filters') == 0
    shown = capsys.readouterr().out
    for name in expected_files(['filters']):
        assert name in shown


def test_shapes_of_top9(some_passes):
    with np.load(some_passes / 'top9.npz') as top:
        assert top['conv2/projections'].shape == (64, 9, 14, 14, 1)
        assert top['conv1/patches'].shape == (32, 9, 5, 5, 1)


@pytest.mark.slow
def test_evolution_ends_with_the_top_of_the_newest_epoch(all_passes):
    with (
        np.load(all_passes / 'top9.npz') as top,
        np.load(all_passes / 'evolution.npz') as evolution,
    ):
        assert evolution['epochs'].tolist() == [0, 1, 2, 3]
        assert evolution['conv2'].shape == (64, 4, 14, 14, 1)
        newest = evolution['conv2'][:, -1]
        np.testing.assert_allclose(newest, top['conv2/projections'][:, 0], atol=1e-5)
        first = evolution['conv1'][:, 0]
        last = evolution['conv1'][:, -1]
        assert not np.allclose(first, last)


def test_filters_are_those_of_the_seed(some_passes, grey_run):
    restore = ocp.args.Composite(state=ocp.args.StandardRestore())
    with checkpoint.open_manager(grey_run / 'checkpoints') as manager:
        state = manager.restore(3, args=restore).state
    weights_of_seeds = state['params']['params']['conv1_weight']
    with np.load(some_passes / 'filters.npz') as filters:
        np.testing.assert_array_equal(filters['weights'], weights_of_seeds[1])


@pytest.mark.slow
def test_every_pass_on_a_colour_net_and_a_users_image(colour_run, tmp_path):
    file = tmp_path / 'my $_$ own.png'
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(file)
    flags = [
        f'--workdir={colour_run}',
        f'--images=3,{file}',
        '--unit=conv2:5,head:cat,dense:0',
        '--maps',
        '--rule=guided',
        '--parametrization=pixel',
        '--shared_scale',
        '--window=5',
        '--fill=0',
    ]
    assert exit_code(visualize.main, *flags) == 0
    folder = colour_run / 'visualize'
    with np.load(folder / 'occlusion.npz') as occlusion:
        assert occlusion['probability'].shape == (2, 144)
    with np.load(folder / 'deconvnet.npz') as deconvnet:
        assert deconvnet['conv2/no._5'].shape == (2, 16, 16, 3)
    with np.load(folder / 'maximize.npz') as maximize:
        assert maximize['head/units'].tolist() == [3]
        assert (maximize['head/after'] > maximize['head/before']).all()


@pytest.mark.slow
def test_correspondence_of_three_images_of_a_class(tmp_path):
    train_run(tmp_path, *GREY_RUN, '--seeds=1', '--epochs=1', '--test_per_class=3')
    assert exit_code(visualize.main, f'--workdir={tmp_path}', '--what=correspondence') == 0
    with np.load(tmp_path / 'visualize' / 'correspondence.npz') as measures:
        assert measures['same/dense'].shape == (10, 9)
        assert np.isfinite(measures['random/pool2']).all()


def test_correspondence_needs_two_images_of_a_class(grey_run, tmp_path, capsys):
    folder = shutil.copytree(grey_run, tmp_path / 'run')
    settings = json.loads((folder / 'config.json').read_text())
    (folder / 'config.json').write_text(json.dumps(settings | {'test_per_class': 1}))
    error = error_line(capsys, visualize.main, f'--workdir={folder}', '--what=correspondence')
    assert 'needs two test images of each class' in error


@pytest.mark.quick
@pytest.mark.parametrize(
    'flags, message',
    [
        ([], '--workdir=RUN is needed'),
        (['--workdir=nowhere'], 'is no folder'),
        (['--workdir=x', '--what=filters,magic'], '--what=magic is unknown'),
        (['--workdir=x', '--rule=magic'], '--rule=magic is unknown'),
        (['--workdir=x', '--parametrization=magic'], '--parametrization=magic is unknown'),
        (['--workdir=x', '--fill=2'], '--fill=2.0 must be'),
    ],
)
def test_flags_that_need_no_run(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in error_line(capsys, visualize.main, *flags)


@pytest.mark.parametrize(
    'flag, message',
    [
        ('--images=nowhere.png', 'nor an image file'),
        ('--images=360', 'has 360 images'),
        ('--images=²', 'nor an image file'),
        ('--unit=conv2:64', '--unit=conv2:64 is unknown'),
        ('--unit=conv3:1', 'conv1:0..31'),
        ('--unit=conv1:²', 'is unknown'),
        ('--epoch=-3', 'holds the epochs'),
        ('--epoch=7', 'holds the epochs 0, 1, 2, 3'),
        ('--epoch=1' + 100 * '0', 'holds the epochs 0, 1, 2, 3'),
        ('--seed=1' + 100 * '0', 'holds the seeds 0 to 1'),
        ('--window=1000000000000', 'must be from 1 to 8'),
        ('--images=' + 200 * '9', 'nor an image file'),
        ('--seed=-7', 'holds the seeds'),
        ('--seed=2', 'holds the seeds 0 to 1'),
        ('--window=9', '--window=9 must be from 1 to 8'),
    ],
)
def test_flags_that_the_run_refuses(flag, message, grey_run, capsys):
    assert message in error_line(capsys, visualize.main, f'--workdir={grey_run}', flag)


@pytest.mark.slow
def test_units_may_be_called_by_their_class(colour_run, capsys):
    error = error_line(capsys, visualize.main, f'--workdir={colour_run}', '--unit=head:mouse')
    assert '--unit=head:mouse is unknown' in error


def test_image_files_that_cannot_be_used(grey_run, tmp_path, capsys):
    large = tmp_path / 'large.png'
    broken = tmp_path / 'broken.png'
    Image.new('L', (9, 8)).save(large)
    broken.write_bytes(large.read_bytes()[:40])
    workdir = f'--workdir={grey_run}'
    error = error_line(capsys, visualize.main, workdir, f'--images={large}')
    assert 'has 9 x 8 pixels; this net takes 8 x 8' in error
    error = error_line(capsys, visualize.main, workdir, f'--images={broken}')
    assert 'can be read' in error


def test_folders_without_a_cnn(tmp_path, capsys):
    error = error_line(capsys, visualize.main, f'--workdir={tmp_path}')
    assert 'holds no run' in error

    recurrent = tmp_path / 'recurrent'
    recurrent.mkdir()
    workdir.write_settings(recurrent, defaults.TASK_DEFAULTS['recall'])
    error = error_line(capsys, visualize.main, f'--workdir={recurrent}')
    assert 'holds a recall run; name a run of mnist_cnn or cifar_cnn' in error


def test_damaged_and_missing_checkpoints(grey_run, tmp_path, capsys):
    damaged = tmp_path / 'damaged'
    shutil.copytree(grey_run, damaged)
    for path in (damaged / 'checkpoints' / '3' / 'state').rglob('*'):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:8])
    error = error_line(capsys, visualize.main, f'--workdir={damaged}')
    assert 'is damaged' in error
    assert (damaged / 'checkpoints' / '3').exists()

    shutil.rmtree(damaged / 'checkpoints')
    error = error_line(capsys, visualize.main, f'--workdir={damaged}')
    assert 'has no checkpoints' in error
