"""python -m experiments.visualize and experiments.transfer: what they write of small runs, and every error a user can make."""

import shutil

import numpy as np
import orbax.checkpoint as ocp
import pytest
from experiments import transfer, visualize
from experiments.core.command import command
from experiments.main import main as train
from jaxdl import checkpoint
from jaxdl.data import images
from jaxdl.data.sources import Images
from PIL import Image

GREY = [
    '--task=mnist_cnn',
    '--dataset=digits',
    '--hidden=8',
    '--epochs=3',
    '--train_size=320',
    '--seeds=2',
    '--statistics_every=0',
]
COLOUR = [
    '--task=cifar_cnn',
    '--colour',
    '--image_size=16',
    '--hidden=8',
    '--epochs=1',
    '--validation_size=20',
    '--statistics_every=0',
]
FIGURES = {
    'filters': ['conv1'],
    'activations': ['histograms', 'maps-conv1', 'maps-conv2'],
    'deconvnet': ['images', 'nine-maps-pool1', 'nine-maps-pool2'],
    'top9': ['conv1', 'conv2'],
    'maximize': ['conv1', 'conv2', 'head'],
    'occlusion': ['images'],
    'evolution': ['conv1', 'conv2'],
    'invariance': ['images'],
    'correspondence': ['parts'],
}


def code(main, *flags):
    with pytest.raises(SystemExit) as stopped:
        command(main, ['command', *flags])
    return stopped.value.code or 0


def refused(capsys, main, *flags):
    capsys.readouterr()
    assert code(main, *flags) == 2
    (error,) = (
        line for line in capsys.readouterr().err.splitlines() if line and '0/1 [' not in line
    )
    assert error.startswith('error: ')
    return error


def _photographs():
    """As small a data set as CIFAR-10 is large: crops of scikit-learn's two photographs, by place."""
    from sklearn.datasets import load_sample_images

    photographs = load_sample_images().images
    crops = [
        photo[row : row + 320 : 10, column : column + 320 : 10]
        for photo in photographs
        for row in range(0, 80, 4)
        for column in range(0, 300, 60)
    ]
    pixels, labels = np.stack(crops), np.tile(np.arange(10), len(crops) // 10).astype(np.uint8)
    return Images(pixels[:140], labels[:140], pixels[140:], labels[140:])


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Folders of a trained grey and a trained colour run."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ('grey', 'colour')}
    load = images.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            images,
            'load',
            lambda name, *args: _photographs() if name == 'cifar10' else load(name, *args),
        )
        assert code(train, *GREY, f'--workdir={folders["grey"]}') == 0
        assert code(train, *COLOUR, f'--workdir={folders["colour"]}') == 0
        yield folders


def test_every_pass_on_a_grey_net(runs, capsys):
    folder = runs['grey']
    before = {
        path: path.read_bytes() for path in (folder / 'checkpoints').rglob('*') if path.is_file()
    }
    assert code(visualize.main, f'--workdir={folder}', '--seed=1') == 0
    shown = capsys.readouterr().out
    written = {path.name for path in (folder / 'visualize').iterdir()}
    assert written == {f'{name}.npz' for name in FIGURES} | {
        f'{name}-{figure}.png' for name in FIGURES for figure in FIGURES[name]
    }
    assert all(name in shown for name in written)
    assert before == {
        path: path.read_bytes() for path in (folder / 'checkpoints').rglob('*') if path.is_file()
    }

    with (
        np.load(folder / 'visualize' / 'top9.npz') as top,
        np.load(folder / 'visualize' / 'evolution.npz') as evolution,
    ):
        assert top['conv2/projections'].shape == (64, 9, 14, 14, 1) and top[
            'conv1/patches'
        ].shape == (32, 9, 5, 5, 1)
        assert evolution['epochs'].tolist() == [0, 1, 2, 3] and evolution['conv2'].shape == (
            64,
            4,
            14,
            14,
            1,
        )
        np.testing.assert_allclose(
            evolution['conv2'][:, -1], top['conv2/projections'][:, 0], atol=1e-5
        )
        assert not np.allclose(evolution['conv1'][:, 0], evolution['conv1'][:, -1])
    with (
        np.load(folder / 'visualize' / 'filters.npz') as filters,
        checkpoint.open_manager(folder / 'checkpoints') as manager,
    ):
        state = manager.restore(3, args=ocp.args.Composite(state=ocp.args.StandardRestore())).state
        np.testing.assert_array_equal(
            filters['weights'], state['params']['params']['conv1_weight'][1]
        )


def test_every_pass_on_a_colour_net_and_own_images(runs, tmp_path):
    own = tmp_path / 'my $_$ own.png'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).save(own)
    assert (
        code(
            visualize.main,
            f'--workdir={runs["colour"]}',
            f'--images=3,{own}',
            '--unit=conv2:5,head:cat,dense:0',
            '--maps',
            '--rule=guided',
            '--parametrization=pixel',
            '--shared_scale',
            '--window=5',
            '--fill=0',
        )
        == 0
    )
    folder = runs['colour'] / 'visualize'
    with (
        np.load(folder / 'occlusion.npz') as occlusion,
        np.load(folder / 'deconvnet.npz') as deconvnet,
        np.load(folder / 'maximize.npz') as best,
    ):
        assert occlusion['probability'].shape == (2, 144) and deconvnet['conv2/no._5'].shape == (
            2,
            16,
            16,
            3,
        )
        assert (
            best['head/units'].tolist() == [3] and (best['head/after'] > best['head/before']).all()
        )


def test_transfer_goes_on_where_it_was(runs, capsys):
    flags = [f'--workdir={runs["colour"]}', '--dataset=digits', '--steps=20', '--seeds=2']
    assert code(transfer.main, *flags, '--per_class=2') == 0
    folder = runs['colour'] / 'transfer' / 'digits'
    first = (folder / 'results.json').read_text()
    assert code(transfer.main, *flags, '--per_class=2,9') == 0
    assert '8/8' not in capsys.readouterr().err  # four of the eight nets were there
    assert first.split('"accuracy"')[1].rstrip('\n} ') in (folder / 'results.json').read_text()
    assert (folder / 'accuracy.png').exists()


def test_transfer_forgets_another_nets_results(tmp_path, capsys):
    flags = ['--dataset=digits', '--steps=3', '--seeds=1', '--per_class=2', f'--workdir={tmp_path}']
    for seed in (0, 5):
        assert (
            code(
                train,
                *GREY,
                '--seeds=1',
                f'--seed={seed}',
                '--epochs=1',
                '--noresume',
                f'--workdir={tmp_path}',
            )
            == 0
        )
        assert not (tmp_path / 'transfer').exists()
        capsys.readouterr()
        assert code(transfer.main, *flags) == 0
        assert '2/2' in capsys.readouterr().err
    assert '300 images of each class' in refused(
        capsys, transfer.main, *flags[:-2], flags[-1], '--per_class=2,300'
    )


def test_few_test_images(runs, tmp_path, capsys):
    for count, says in ((3, None), (1, 'needs two test images of each class')):
        folder = tmp_path / str(count)
        assert (
            code(
                train,
                *GREY,
                '--seeds=1',
                '--epochs=1',
                f'--test_per_class={count}',
                f'--workdir={folder}',
            )
            == 0
        )
        if says:
            assert says in refused(
                capsys, visualize.main, f'--workdir={folder}', '--what=correspondence'
            )
        else:
            assert code(visualize.main, f'--workdir={folder}', '--what=correspondence') == 0
            with np.load(folder / 'visualize' / 'correspondence.npz') as found:
                assert (
                    found['same/dense'].shape == (10, 9)
                    and np.isfinite(found['random/pool2']).all()
                )


def test_errors(runs, tmp_path, capsys):
    grey, colour = (f'--workdir={runs[name]}' for name in ('grey', 'colour'))
    recurrent = tmp_path / 'recurrent'
    assert (
        code(
            train,
            '--task=recall',
            '--epochs=1',
            '--train_size=64',
            '--validation_size=10',
            f'--workdir={recurrent}',
        )
        == 0
    )
    large, broken = tmp_path / 'large.png', tmp_path / 'broken.png'
    Image.new('L', (9, 8)).save(large)
    broken.write_bytes(large.read_bytes()[:40])
    for flags, says in [
        ([], '--workdir=RUN is needed'),
        ([f'--workdir={tmp_path}/none'], 'is no folder'),
        ([f'--workdir={tmp_path}'], 'holds no run'),
        ([f'--workdir={recurrent}'], 'holds a recall run; name a run of mnist_cnn or cifar_cnn'),
        ([grey, '--what=filters,magic'], '--what=magic is unknown'),
        ([grey, f'--images={large}'], 'has 9 x 8 pixels; this net takes 8 x 8'),
        ([grey, f'--images={broken}'], 'can be read'),
        ([grey, '--images=nowhere.png'], 'can be read'),
        ([grey, '--images=360'], 'has 360 images'),
        ([grey, '--unit=conv2:64'], '--unit=conv2:64 is unknown'),
        ([grey, '--unit=conv3:1'], 'conv1:0..31'),
        ([grey, '--unit=conv1:²'], 'is unknown'),
        ([grey, '--images=²'], 'can be read'),
        ([grey, '--epoch=-3'], 'holds the epochs'),
        ([grey, '--seed=-7'], 'holds the seeds'),
        ([colour, '--unit=head:mouse'], '--unit=head:mouse is unknown'),
        ([grey, '--rule=magic'], '--rule=magic is unknown'),
        ([grey, '--window=9'], '--window=9 must be from 1 to 8'),
        ([grey, '--fill=2'], '--fill=2.0 must be'),
        ([grey, '--seed=2'], 'holds the seeds 0 to 1'),
        ([grey, '--epoch=7'], 'holds the epochs 0, 1, 2, 3'),
    ]:
        assert says in refused(capsys, visualize.main, *flags)
    assert 'holds a recall run' in refused(capsys, transfer.main, f'--workdir={recurrent}')
    assert '--per_class=1,x' in refused(capsys, transfer.main, grey, '--per_class=1,x')
    damaged = tmp_path / 'damaged'
    shutil.copytree(runs['grey'], damaged)
    for file in (damaged / 'checkpoints' / '3' / 'state').rglob('*'):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:8])
    assert 'is damaged' in refused(capsys, visualize.main, f'--workdir={damaged}')
    assert (damaged / 'checkpoints' / '3').exists()
    shutil.rmtree(damaged / 'checkpoints')
    assert 'has no checkpoints' in refused(capsys, visualize.main, f'--workdir={damaged}')
