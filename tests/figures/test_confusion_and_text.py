"""Tables as figures: counts of a confusion matrix, and wrong rows of text in red."""

import numpy as np
import pytest

from jaxdl.figures.confusion_and_text import confusion_matrix, text_table


@pytest.mark.quick
def test_a_confusion_matrix_shows_images_per_seed():
    counts = [[6, 2], [0, 4]]
    axes = confusion_matrix('', counts, seeds=2).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): '3.0', (1, 0): '1.0', (1, 1): '2.0'}  # (column, row); no zeros
    shares = np.square(axes.images[0].get_array())
    np.testing.assert_allclose(shares, [[0.75, 0.25], [0, 1]])


def test_the_counts_of_one_seed_are_whole_numbers():
    axes = confusion_matrix('', [[6, 0], [0, 4]], seeds=1).axes[0]
    assert [text.get_text() for text in axes.texts] == ['6', '4']


def test_wrong_rows_are_red():
    rows = [('3 + 1 = 4', 4, 'right'), ('3 + 3 = 6', 2, 'wrong')]
    axes = text_table('', ('sum', 'answer', 'verdict'), rows).axes[0]
    (table,) = axes.tables
    assert table[0, 0].get_text().get_text() == 'sum'
    assert table[1, 1].get_text().get_text() == '4'
    assert table[1, 1].get_text().get_color() == 'black'
    assert table[2, 0].get_text().get_color() == 'red'
