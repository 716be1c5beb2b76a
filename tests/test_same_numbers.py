"""The same numbers: bit for bit in every repeat and process, and to rounding without YNNPACK.

Each column of the comparison is a process of its own, since XLA reads its flags once.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from computations import differing

from jaxdl import backend

ROOT = Path(__file__).parents[1]
# Float32 rounds by 6e-8 of a number. A few steps of sums over hundreds of products stay below this
# share of an array's largest number; the programs that YNNPACK gets wrong are far above it.
TOLERANCE = 1e-4
# Computed of each task in the suite; the others are slow.
IN_THE_SUITE = ('binary_add', 'mnist_rnn', 'mnist_cnn', 'search', 'visualize')


def compute(out, size, repeats, names=(), flags=''):
    """The arrays of the computations in a process of its own, by name."""
    script = ROOT / 'tests' / 'computations.py'
    environment = {
        **os.environ,
        'XLA_FLAGS': flags,
        'JAX_PLATFORMS': 'cpu',
        'PYTHONPATH': str(ROOT),
    }
    process = subprocess.run(
        [sys.executable, script, size, str(repeats), out, *names],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    with np.load(out) as file:
        return dict(file)


def is_left_to_its_scores(name):
    """Whether rounding alone may move an array far.

    Adam moves a weight whose gradient is 0 but for rounding by a whole step in either direction. So
    weights are compared by their scores, and gradients by Adam's means of them.
    """
    return 'params' in name


def assert_close(arrays, others):
    """No float differs by more than TOLERANCE times the largest number of its array.

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
        difference = np.abs(array - others[name])[finite].max()
        if difference > TOLERANCE * np.abs(others[name][finite]).max():
            wrong.append((name, difference))
    assert wrong == []


def check(tmp_path, size, repeats, names=()):
    """Three processes: two that are equal, and one without YNNPACK."""
    first = compute(tmp_path / 'first.npz', size, repeats, names)
    second = compute(tmp_path / 'second.npz', size, 1, names)
    assert differing(first, second) == []
    without_ynnpack = ''
    if backend.knows_ynnpack():
        without_ynnpack = f'{backend.YNNPACK_FLAG}='
    others = compute(tmp_path / 'others.npz', size, 1, names, without_ynnpack)
    assert_close(first, others)


def test_the_same_numbers(tmp_path):
    check(tmp_path, 'small', 10, IN_THE_SUITE)


@pytest.mark.slow
def test_the_same_numbers_a_hundred_times(tmp_path):
    check(tmp_path, 'small', 100)


@pytest.mark.slow
def test_the_same_numbers_in_the_sizes_of_users(tmp_path):
    check(tmp_path, 'large', 2)
