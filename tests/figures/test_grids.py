"""Figures of many small images: the pixels where they belong, the words under them."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from jaxdl.figures.grids import (
    Cell,
    MapRow,
    block_mosaics,
    classified_images,
    handwriting_predictions,
    image_table,
    mosaic,
    numbered_grid,
    strips,
    value_maps,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def texts_and_colours(figure):
    return [(text.get_text(), text.get_color()) for text in figure.axes[0].texts]


def shown_pixels(axes, row, column):
    """Eight by eight pixels of the panel's only image, in [0, 1]."""
    return axes.images[0].get_array()[row : row + 8, column : column + 8]


@pytest.mark.quick
def test_a_mosaic_has_white_gaps_and_is_filled_up_with_white():
    black = np.zeros((3, 2, 2, 1))
    expected = [
        [0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0],
        [1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
    ]
    np.testing.assert_array_equal(mosaic(black, columns=2)[..., 0], expected)


def test_images_are_numbered():
    figure = numbered_grid('', IMAGES[..., None] / 255, columns=2)
    assert texts(figure.axes[0]) == ['0', '1', '2']


def test_classified_images_say_both_classes():
    figure = classified_images('', IMAGES, np.array([1, 2, 3]), np.array([1, 7, 3]))
    assert texts_and_colours(figure) == [
        ('is 1\nread as 1', 'black'),
        ('is 2\nread as 7', 'red'),
        ('is 3\nread as 3', 'black'),
    ]
    second_image = shown_pixels(figure.axes[0], 0, 9)
    np.testing.assert_allclose(second_image, 1 - IMAGES[1] / 255)  # black on white


def test_classified_photographs_name_their_classes():
    colour = np.stack([IMAGES] * 3, axis=-1)
    labels = np.array([1, 0, 0])
    predictions = np.array([0, 0, 0])
    figure = classified_images('', colour, labels, predictions, ['cat', 'dog'])
    assert texts_and_colours(figure)[0] == ('is dog\nread as cat', 'red')
    third_image = shown_pixels(figure.axes[0], 0, 18)
    np.testing.assert_allclose(third_image, colour[2] / 255)


def test_handwriting_that_is_read_wrong_is_red():
    probabilities = np.array([[0, 0.2, 0.8], [0, 0, 1], [0, 1, 0]])
    figure = handwriting_predictions('', IMAGES, ['4', '2', '5'], probabilities, [4, 2, 5])
    assert texts_and_colours(figure) == [
        ('4\nread as 2 (80%)', 'red'),
        ('2\nread as 2 (100%)', 'black'),
        ('5\nread as 1 (100%)', 'red'),
    ]
    first_image = shown_pixels(figure.axes[0], 0, 0)
    np.testing.assert_allclose(first_image, 1 - IMAGES[0] / 255)


def test_photographs_without_a_known_digit_are_not_wrong():
    probabilities = np.array([[0, 0.2, 0.8], [0, 0, 1], [0, 1, 0]])
    names = ['a.png', 'b.png', 'c.png']
    figure = handwriting_predictions('', IMAGES, names, probabilities)
    assert texts_and_colours(figure) == [
        ('a.png\nread as 2 (80%)', 'black'),
        ('b.png\nread as 2 (100%)', 'black'),
        ('c.png\nread as 1 (100%)', 'black'),
    ]


def test_an_image_table_has_a_row_of_images_for_each_name():
    images = np.stack([IMAGES, IMAGES[::-1]])[..., None] / 255
    figure = image_table('', images, ['one', 'two'], ['a', 'b', 'c'])
    (axes,) = figure.axes
    assert texts(axes) == ['a', 'b', 'c', 'one', 'two']
    last_image = shown_pixels(axes, 10, 20)
    np.testing.assert_allclose(last_image, IMAGES[0] / 255)


def test_blocks_are_square_mosaics_with_numbers():
    """Three blocks of four images: two of them in the first row, one in the second."""
    blocks = np.stack([IMAGES, IMAGES, IMAGES, IMAGES], axis=1)[..., None] / 255
    figure = block_mosaics('', {'projections': blocks, 'patches': blocks}, columns=2)
    left, right = figure.axes
    assert left.get_title() == 'projections'
    assert right.get_title() == 'patches'
    assert texts(left) == ['0', '1', '2']
    np.testing.assert_allclose(shown_pixels(left, 8, 8), IMAGES[0] / 255)
    np.testing.assert_allclose(shown_pixels(left, 0, 16 + 2), IMAGES[1] / 255)
    np.testing.assert_allclose(shown_pixels(left, 16 + 2, 0), IMAGES[2] / 255)


def test_strips_are_numbered_across_panels():
    images = np.stack([IMAGES, IMAGES[::-1]], axis=1)[..., None] / 255  # three strips of two
    figure = strips('', images, ['1', '50'], columns=2)
    left, right = figure.axes
    assert texts(left) == ['0', '1', '1', '50']
    assert texts(right) == ['2', '1', '50']
    np.testing.assert_allclose(shown_pixels(left, 9, 0), IMAGES[1] / 255)
    np.testing.assert_allclose(shown_pixels(right, 0, 9), IMAGES[0] / 255)


def test_value_maps_have_a_colour_bar_but_for_images():
    image = IMAGES[0][..., None] / 255
    values = np.arange(4.0).reshape(2, 2)
    classes = np.array([[0, 1], [1, 0]])
    cells = [Cell(image, 'image'), Cell(values, 'values'), Cell(classes, 'classes')]
    row = MapRow('a cat', cells)
    figure = value_maps('', [row], ['image', 'activity', 'class'], ['cat', 'dog'])
    image_axes, values_axes, classes_axes, values_bar, classes_bar = figure.axes
    assert image_axes.get_title() == 'image'
    assert texts(image_axes) == ['a cat']
    np.testing.assert_allclose(shown_pixels(image_axes, 0, 0), IMAGES[0] / 255)
    np.testing.assert_array_equal(values_axes.images[0].get_array(), values)
    assert values_bar.get_ylim() == (0, 3)
    names = [label.get_text() for label in classes_bar.get_yticklabels()]
    assert names == ['cat', 'dog']
    np.testing.assert_array_equal(classes_axes.images[0].get_array(), classes)


def test_long_names_of_rows_stay_within_the_figure():
    cells = [Cell(np.ones((28, 28, 1)), 'image')]
    cells += [Cell(np.eye(20), 'values')] * 3 + [Cell(np.ones((20, 20), int), 'classes')]
    rows = [MapRow('automobile, no. 21', cells)] * 10
    figure = value_maps('A title\nof two lines', rows, list('abcde'), list('0123456789'))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for row in range(10):
        (name,) = figure.axes[5 * row].texts
        assert name.get_window_extent(canvas.get_renderer()).x0 >= 1
