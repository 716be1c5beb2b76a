"""Which numbers are judged together, by hand and on the whole table."""

import pytest

from experiments.reports.reported_numbers import ReportedNumber, reported_numbers
from experiments.reports.reported_scores import is_right, reported_scores, true_digit

pytestmark = pytest.mark.quick


def number(quantity, index, value, **fields):
    row = ReportedNumber('E', 'E-net', quantity, 'test', index, value, 'fraction', 100, 0.005)
    return row._replace(**fields)


def test_single_digits_are_one_score():
    right = number('prediction', 'digit 7', 7, unit='digit', n=1)
    wrong = number('prediction', 'k=3: 1 3 6 2', 3, unit='digit', n=1)
    assert true_digit(right) == 7 and true_digit(wrong) == 6
    assert is_right(right) and not is_right(wrong)
    (score,) = reported_scores([right, wrong])
    assert score.parts == (right, wrong)
    assert score.number.value == 0.5 and score.number.n == 2


def test_the_windows_of_a_log_are_one_curve():
    windows = [number('loss_window', f'epoch 1 batch {i}', i / 10, n=640) for i in (1, 2, 6)]
    doubtful = number('loss_window', 'epoch 1 batch 9 ?', 9.0)
    curve, apart = reported_scores([windows[0], doubtful, *windows[1:]])
    assert curve.parts == tuple(windows)
    assert curve.number.value == pytest.approx(0.3) and curve.number.n == 1920
    assert apart.number == doubtful and not apart.number.counted


def test_lengths_are_judged_one_by_one_and_have_a_mean():
    lengths = [number('accuracy_at_length', '1', 1.0), number('accuracy_at_length', '2', 0.5)]
    first, second, mean = reported_scores(lengths)
    assert (first.number, second.number) == tuple(lengths)
    assert mean.number.value == 0.75 and mean.number.n == 200 and mean.parts == ()
    # We do not test length 21.
    *_, shared = reported_scores([*lengths, number('accuracy_at_length', '21', 0.0)])
    assert shared == mean and shared.lengths == (1, 2)


def test_every_number_is_in_one_score():
    numbers = reported_numbers()
    parts = []
    for score in reported_scores(numbers):
        parts += score.parts
    assert sorted(parts, key=str) == sorted(numbers, key=str)
