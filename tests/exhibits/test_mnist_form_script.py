"""The playground's form of drawings against jax.image, Pillow and jaxdl.data."""

import jax
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from scripts import array_of, call, engine, shaped

from jaxdl.data import handwriting_photos

SIDE = 280
DIGITS = {
    'a one, off-centre': [(60, 40), (52, 130)],
    'a seven': [(70, 60), (190, 66), (120, 230)],
    'a wide stroke': [(20, 200), (250, 190)],
    'a dot': [(200, 70), (201, 70)],
}
POINTS = pytest.mark.parametrize('points', DIGITS.values(), ids=DIGITS)


@pytest.fixture(scope='module')
def script():
    return engine()


def drawing(points):
    """Grey levels (280, 280) uint8 of a line drawn with a thick round pen, light on black."""
    image = Image.new('L', (4 * SIDE, 4 * SIDE))
    draw = ImageDraw.Draw(image)
    radius = 48
    large_points = [(4 * x, 4 * y) for x, y in points]
    draw.line(large_points, fill=255, width=2 * radius)
    for x, y in large_points:
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    # Smaller, its edges are soft as those of a canvas are.
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


@pytest.mark.parametrize('new_shape', [(28, 28), (20, 7), (13, 20), (1, 20), (45, 60)])
def test_resampling_is_that_of_jax(new_shape, script, x64):
    # The kernel is negative in parts: of these numbers it makes none that would be clipped.
    image = np.random.default_rng(0).uniform(0.3, 0.7, size=(37, 24))
    expected = jax.image.resize(image, new_shape, 'lanczos3', antialias=True)
    resized = array_of(call(script, 'resizeImage', shaped(image), *new_shape))
    np.testing.assert_allclose(resized, expected, rtol=0, atol=1e-6)
    assert 0 < resized.min() < resized.max() < 1


@pytest.mark.quick
@POINTS
def test_the_form_is_that_of_photos(points, script):
    grey = drawing(points)
    expected = handwriting_photos.to_mnist(grey)
    form = array_of(call(script, 'bringIntoMnistForm', shaped(grey / 255)))
    # Pillow rounds after each pass, and newer versions may begin with the height.
    np.testing.assert_allclose(255 * form, expected, rtol=0, atol=12)
    assert np.abs(255 * form - expected).mean() < 0.3


@POINTS
def test_the_form_step_by_step_in_double_precision(points, script, x64):
    """The digit cut out, resized along one axis after the other by JAX, and placed by SciPy."""
    ink = drawing(points) / 255
    ink[ink < 0.25] = 0
    rows, columns = np.nonzero(ink)
    digit = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = (max(1, round(20 / max(digit.shape) * side)) for side in digit.shape)
    narrow = jax.image.resize(digit, (len(digit), width), 'lanczos3').clip(0, 1)
    small = np.asarray(jax.image.resize(narrow, (height, width), 'lanczos3').clip(0, 1))
    row, column = ndimage.center_of_mass(small)
    top = int(np.clip(round(13.5 - row), 0, 28 - height))
    left = int(np.clip(round(13.5 - column), 0, 28 - width))
    expected = np.zeros((28, 28))
    expected[top : top + height, left : left + width] = small

    form = array_of(call(script, 'bringIntoMnistForm', shaped(drawing(points) / 255)))
    np.testing.assert_allclose(form, expected, rtol=0, atol=1e-6)


@POINTS
def test_merely_shrunk_is_what_pillow_makes(points, script):
    grey = drawing(points)
    narrow = Image.fromarray(grey).resize((28, SIDE), Image.Resampling.LANCZOS)
    expected = np.asarray(narrow.resize((28, 28), Image.Resampling.LANCZOS))
    shrunk = array_of(call(script, 'merelyShrink', shaped(grey / 255)))
    np.testing.assert_allclose(255 * shrunk, expected, rtol=0, atol=1.5)


@pytest.mark.quick
def test_a_box_around_ink_by_hand(script):
    image = np.zeros((5, 7))
    image[1, 4] = 1
    image[3, 2] = 0.5
    box = call(script, 'boxAroundInk', shaped(image))
    assert box == {'top': 1, 'bottom': 4, 'left': 2, 'right': 5}


@pytest.mark.quick
def test_faint_ink_does_not_count(script):
    grey = drawing(DIGITS['a seven'])
    smeared = np.maximum(grey, np.uint8(50))
    expected = call(script, 'bringIntoMnistForm', shaped(grey / 255))
    form = call(script, 'bringIntoMnistForm', shaped(smeared / 255))
    np.testing.assert_allclose(array_of(form), array_of(expected), rtol=0, atol=0.02)


@pytest.mark.quick
@pytest.mark.parametrize('function', ['bringIntoMnistForm', 'merelyShrink'])
def test_nothing_is_made_of_no_ink(function, script):
    assert call(script, function, shaped(np.zeros((40, 40)))) is None


def test_a_sample_is_enlarged_and_its_contrast_raised(script, x64):
    levels = np.random.default_rng(0).integers(0, 256, (8, 8))
    # One axis after the other, as what is less than 0 or more than 1 is clipped in between.
    wide = jax.image.resize(np.pad(levels / 255, 1), (10, SIDE), 'lanczos3').clip(0, 1)
    large = jax.image.resize(wide, (SIDE, SIDE), 'lanczos3').clip(0, 1)
    # Ink from 0.2 to 0.8 is spread from 0 to 1.
    expected = np.clip((large - 0.2) / 0.6, 0, 1)
    sample = array_of(call(script, 'enlargeSample', levels.ravel().tolist()))
    np.testing.assert_allclose(sample, expected, rtol=0, atol=1e-6)


@pytest.mark.quick
def test_halves_are_rounded_as_python_rounds(script):
    for x in (-1.5, -0.5, 0, 0.5, 1.5, 2.5, 2.4999, 2.6, 7):
        assert call(script, 'roundHalfToEven', x) == round(x)
