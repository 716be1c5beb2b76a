"""95 % intervals: of a difference of means, and of a share of examples."""

import math
import warnings

import numpy as np

from jaxdl.metrics import Summary


def difference(first: Summary, second: Summary) -> Summary:
    """The difference of two means over seeds, first less second.

    Its interval is that of Welch's t-test: the variances of the two may differ.

    Args:
        first: With the scores of S seeds.
        second: With the scores of R seeds, other nets than those of `first`.

    Returns:
        A Summary without seeds. Its interval is None if one of the two is of a single seed.
    """
    first_seeds, second_seeds = np.asarray(first.seeds), np.asarray(second.seeds)
    mean = float(first_seeds.mean() - second_seeds.mean())
    if len(first_seeds) == 1 or len(second_seeds) == 1:
        return Summary(mean, None)
    return Summary(mean, welch_half_width(first_seeds, second_seeds, 0.95))


def welch_half_width(first: np.ndarray, second: np.ndarray, level: float) -> float:
    """Half the width of the interval of a difference of two means, by Welch's t-test.

    Args:
        first: (S,), S at least 2.
        second: (R,), R at least 2.
        level: Of the interval.
    """
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return 0.0  # the test is not defined for samples without any variance
    from scipy.stats import ttest_ind  # slow to import

    with warnings.catch_warnings():
        # scipy warns where one of the two samples has no variance, which is no trouble here.
        warnings.simplefilter('ignore', RuntimeWarning)
        low, high = ttest_ind(first, second, equal_var=False).confidence_interval(level)
    return float(high - low) / 2


def excludes_zero(summary: Summary) -> bool:
    """Whether the interval leaves out 0. A single seed has none, so it does not."""
    return summary.ci95 is not None and abs(summary.mean) > summary.ci95


def share_half_width(share: float, examples: int) -> float:
    """Half the width of the interval of a share that was measured on so many examples."""
    # A mean of shares may be above 1 by rounding.
    variance = max(share * (1 - share), 0)
    return 1.96 * math.sqrt(variance / examples)
