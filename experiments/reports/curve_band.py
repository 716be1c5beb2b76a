"""How much of a reported curve lies in the band of our seeds."""

import math
from typing import NamedTuple

import numpy as np

from experiments.reports.one_more_run import StudentRun
from experiments.reports.score_scales import Scale, variance_of_seeds


class CurveBand(NamedTuple):
    """The windows of a curve that lie in the band of our seeds.

    Attributes:
        inside: The number of reported windows in the band into which one more run falls 19 times
            in 20, window by window.
        windows: W, of all reported windows.
        expected: The mean number for a seed of ours, held against the band of the others.
    """

    inside: int
    windows: int
    expected: float


def curve_band(
    low: np.ndarray, high: np.ndarray, ours: np.ndarray, scale: Scale
) -> CurveBand | None:
    """Holds a reported curve against the curves of our seeds.

    Args:
        low: (W,) the smallest values that the report would have rounded to its numbers.
        high: (W,) the largest ones.
        ours: (S, W) values of our seeds.
        scale: On which the seeds are normally distributed, with the examples of one window.

    Returns:
        None for less than three seeds, since a seed cannot be held against a single other one.
    """
    if len(ours) < 3:
        return None
    of_seeds = []
    for seed, curve in enumerate(ours):
        others = np.delete(ours, seed, axis=0)
        of_seeds.append(_inside(curve, curve, others, scale))
    return CurveBand(_inside(low, high, ours, scale), ours.shape[1], float(np.mean(of_seeds)))


def _inside(low: np.ndarray, high: np.ndarray, ours: np.ndarray, scale: Scale) -> int:
    """The number of windows W of a curve in the band of `ours` (S, W)."""
    inside = 0
    for window in range(ours.shape[1]):
        run = student_run(ours[:, window], scale)
        band = run.interval()
        if low[window] <= band.high and high[window] >= band.low:
            inside += 1
    return inside


def student_run(seeds: np.ndarray, scale: Scale) -> StudentRun:
    """One more run, from the scatter of these seeds (S,) alone, S at least 2."""
    count = len(seeds)
    width = math.sqrt(variance_of_seeds(seeds, scale) * (1 + 1 / count))
    return StudentRun(float(scale.transform(seeds).mean()), width, count - 1, scale)
