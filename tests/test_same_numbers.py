"""The same numbers: bit for bit in every repeat and process, and to rounding without YNNPACK.

Each column of the comparison is a process of its own, since XLA reads its flags once.
"""

import numpy as np
import pytest
from computations import compute_in_process, differing

from jaxdl import backend

# Float32 rounds by 6e-8 of a number. A few steps of sums over hundreds of products stay below this
# share of an array's largest number; the programs that YNNPACK gets wrong are far above it.
TOLERANCE = 1e-4
# A measure of the pass `correspondence` counts signs, a few of which rounding changes.
TOLERANCE_OF_COUNTS = 1e-2
# The others are slow.
IN_THE_SUITE = ('binary_add',)


def is_left_to_its_scores(name):
    """Whether rounding alone may move an array far.

    Adam moves a weight whose gradient is 0 but for rounding by a whole step in either direction. So
    weights are compared by their scores, and gradients by Adam's means of them.
    """
    return 'params' in name


def size_of_numbers(arrays, name):
    """The largest number of an array; of a mean, which may be near 0, that of what it is of."""
    if name.endswith("['mean']"):
        name = name.replace("['mean']", "['std']")
    values = arrays[name]
    return np.abs(values[np.isfinite(values)]).max()


def assert_close(arrays, others):
    """No float differs by more than its tolerance times the largest number of its array.

    Integers are counts, ranks and choices, which rounding may change where two numbers are equal.
    """
    assert arrays.keys() == others.keys()
    wrong = []
    for name, array in arrays.items():
        if array.dtype.kind != 'f' or is_left_to_its_scores(name):
            continue
        finite = np.isfinite(array)
        np.testing.assert_array_equal(finite, np.isfinite(others[name]), name)
        if not finite.any():
            continue
        tolerance = TOLERANCE_OF_COUNTS if 'correspondence' in name else TOLERANCE
        difference = np.abs(array - others[name])[finite].max()
        if difference > tolerance * size_of_numbers(others, name):
            wrong.append((name, difference))
    assert wrong == []


def check(tmp_path, size, repeats, names=()):
    """Three processes: two that are equal, and one without YNNPACK."""
    first = compute_in_process(tmp_path / 'first.npz', size, repeats, names)
    second = compute_in_process(tmp_path / 'second.npz', size, 1, names)
    assert differing(first, second) == []
    without_ynnpack = ''
    if backend.knows_ynnpack():
        without_ynnpack = f'{backend.YNNPACK_FLAG}='
    others = compute_in_process(tmp_path / 'others.npz', size, 1, names, without_ynnpack)
    assert_close(first, others)


def test_the_same_numbers(tmp_path):
    check(tmp_path, 'small', 2, IN_THE_SUITE)


@pytest.mark.slow
def test_the_same_numbers_a_hundred_times(tmp_path):
    check(tmp_path, 'small', 100)


@pytest.mark.slow
def test_the_same_numbers_in_the_sizes_of_users(tmp_path):
    check(tmp_path, 'large', 2)
