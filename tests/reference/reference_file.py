"""Writes a file of reference arrays, or compares new arrays with it."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

ROUNDING = 1e-12  # of float64


def write_or_check(
    file: Path,
    arrays: Mapping[str, np.ndarray],
    made_by: str,
    tolerance_of: Callable[[str], float] = lambda name: ROUNDING,
) -> None:
    """Writes the arrays, or with --check compares them with those of the file.

    Args:
        file: An .npz file.
        arrays: By name.
        made_by: The libraries that made them, with their versions.
        tolerance_of: From the name of an array to the largest difference.
    """
    if '--check' not in sys.argv:
        np.savez_compressed(file, **arrays)
        print(f'{file}: {len(arrays)} arrays, {file.stat().st_size:,} bytes')
        return
    with np.load(file) as expected:
        assert set(expected) == set(arrays)
        for name in expected:
            np.testing.assert_allclose(
                arrays[name], expected[name], rtol=0, atol=tolerance_of(name), err_msg=name
            )
    print(f'{file.name}: {len(arrays)} arrays agree with {made_by}')
