"""Figures of many small images: the pixels where they belong, the words under them."""

import numpy as np
from jaxdl.figures import grids as pictures

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)


def words(figure):
    return [(text.get_text(), text.get_color()) for text in figure.axes[0].texts]


def drawn(figure, row, column):
    """Eight by eight pixels of the figure's one image, in [0, 1]."""
    return figure.axes[0].images[0].get_array()[row : row + 8, column : column + 8]


def test_samples_say_what_they_are_and_are_read_as():
    figure = pictures.image_grid('', IMAGES, np.array([1, 2, 3]), np.array([1, 7, 3]))
    assert words(figure) == [
        ('is 1\nread as 1', 'black'),
        ('is 2\nread as 7', 'red'),
        ('is 3\nread as 3', 'black'),
    ]
    np.testing.assert_allclose(drawn(figure, 0, 9), 1 - IMAGES[1] / 255)  # black ink
    colour = np.stack([IMAGES] * 3, axis=-1)
    figure = pictures.image_grid(
        '', colour, np.array([1, 0, 0]), np.array([0, 0, 0]), ['cat', 'dog']
    )
    assert words(figure)[0] == ('is dog\nread as cat', 'red')
    np.testing.assert_allclose(drawn(figure, 0, 18), colour[2] / 255)


def test_photos_without_a_known_class_are_not_wrong():
    figure = pictures.read_as(
        '', IMAGES, [4, 'my.png', 5], np.array([[0, 0.2, 0.8], [0, 0, 1], [0, 1, 0]])
    )
    assert words(figure) == [
        ('4\nread as 2 (80%)', 'red'),
        ('my.png\nread as 2 (100%)', 'black'),
        ('5\nread as 1 (100%)', 'red'),
    ]
    np.testing.assert_allclose(drawn(figure, 0, 0), 1 - IMAGES[0] / 255)


def test_a_table_has_a_row_of_images_for_each_name():
    images = np.stack([IMAGES, IMAGES[::-1]])[..., None] / 255
    figure = pictures.table('', images, ['one', 'two'], ['a', 'b', 'c'])
    assert [text for text, _ in words(figure)] == ['a', 'b', 'c', 'one', 'two']
    np.testing.assert_allclose(drawn(figure, 10, 20), IMAGES[0] / 255)
