"""How much of a curve is in the band, by hand and on curves that are alike."""

import numpy as np
import pytest

from experiments.reports.curve_band import curve_band
from experiments.reports.score_scales import Scale

pytestmark = pytest.mark.quick


def test_windows_are_counted_one_by_one():
    """t(2) = 4.303 and s = 1 give a band of 4.303 sqrt(4/3) = 4.97 about 0."""
    ours = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    reported = np.array([0.0, 4.9, 5.1])
    band = curve_band(reported, reported, ours, Scale('plain'))
    assert (band.inside, band.windows) == (2, 3)
    rounded = curve_band(reported - 0.2, reported + 0.2, ours, Scale('plain'))
    assert rounded.inside == 3


def test_our_own_curves_are_expected_in_19_of_20():
    ours = np.random.default_rng(0).normal(size=(8, 400))
    band = curve_band(ours[0], ours[0], ours, Scale('plain'))
    # 8 x 400 windows: a standard error of .4 %
    assert band.expected / 400 == pytest.approx(0.95, abs=0.012)


def test_two_seeds_are_too_few():
    assert curve_band(np.zeros(3), np.zeros(3), np.zeros((2, 3)), Scale('plain')) is None
