"""What one more run of ours would give: the distributions that reported numbers are held against.

Each says how likely one more run is to give at least, or at most, so much. A reported value is any
value within its rounding, so it is an interval from `low` to `high`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import stdtr, stdtrit
from scipy.stats import betabinom

from experiments.reports.score_scales import Scale

NODES = 200  # by which a Student distribution is represented where it is mixed with a binomial
ROUNDING_ERROR = 1e-9  # of floats, where whole examples are compared with a share


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


EVERYWHERE = Interval(-math.inf, math.inf)


class Tails(NamedTuple):
    """How likely one more run is to be at or beyond a reported value.

    Attributes:
        at_least: The probability of this value or more.
        at_most: The probability of this value or less.
    """

    at_least: float
    at_most: float

    @property
    def two_sided(self) -> float:
        """The p value: how likely one more run is to lie so far out, on either side."""
        return min(1.0, 2 * min(self.at_least, self.at_most))

    @property
    def below(self) -> float:
        """The share of further runs below the value, of which equal ones count half."""
        return (self.at_most + 1 - self.at_least) / 2


class OneMoreRun(Protocol):
    """A distribution of the score of one more run."""

    def tails(self, low: float, high: float) -> Tails:
        """Of a value that is known to lie between `low` and `high`."""

    def interval(self, level: float = 0.05) -> Interval:
        """The scores whose two-sided p is above a level; by default one more run's, 19 in 20.

        Where no score has a p as small as that, the interval has no ends.
        """


class StudentRun(NamedTuple):
    """Student's t about the mean of our seeds, on a scale.

    Attributes:
        center: The mean of the seeds, on the scale.
        width: The standard deviation times sqrt(1 + 1/n), on the scale.
        degrees: Of freedom.
        scale: The scale.
    """

    center: float
    width: float
    degrees: float
    scale: Scale

    def tails(self, low: float, high: float) -> Tails:
        """See OneMoreRun. Without any scatter, a value is either ours or impossible."""
        from_center = self.scale.lower_end(low) - self.center
        to_center = self.scale.upper_end(high) - self.center
        if self.width == 0:
            return Tails(float(from_center <= 0), float(to_center >= 0))
        return Tails(
            at_least=float(stdtr(self.degrees, -from_center / self.width)),
            at_most=float(stdtr(self.degrees, to_center / self.width)),
        )

    def interval(self, level: float = 0.05) -> Interval:
        """See OneMoreRun."""
        half_width = stdtrit(self.degrees, 1 - level / 2) * self.width
        ends = self.scale.restore(np.array([self.center - half_width, self.center + half_width]))
        return Interval(float(ends[0]), float(ends[1]))

    def nodes(self) -> np.ndarray:
        """(NODES,) scores that are equally likely to be near the next one."""
        quantiles = (np.arange(NODES) + 0.5) / NODES
        transformed = self.center + self.width * stdtrit(self.degrees, quantiles)
        return self.scale.restore(transformed)


class RankedRun(NamedTuple):
    """The seeds themselves: where they are many, a rank needs no form of distribution.

    Attributes:
        seeds: (S,) scores.
    """

    seeds: np.ndarray

    def tails(self, low: float, high: float) -> Tails:
        """(r + 1)/(S + 1) of r seeds at or beyond the value; ties count on both sides."""
        above = np.count_nonzero(self.seeds >= low - ROUNDING_ERROR)
        below = np.count_nonzero(self.seeds <= high + ROUNDING_ERROR)
        total = len(self.seeds) + 1
        return Tails((above + 1) / total, (below + 1) / total)

    def interval(self, level: float = 0.05) -> Interval:
        """See OneMoreRun."""
        # As many seeds may lie at or beyond a score whose p, 2 (r + 1)/(S + 1), is at the level.
        beyond = math.floor(level / 2 * (len(self.seeds) + 1) + ROUNDING_ERROR) - 1
        if beyond < 0:
            return EVERYWHERE
        in_order = np.sort(self.seeds)
        return Interval(float(in_order[beyond]), float(in_order[-1 - beyond]))


class CountRun(NamedTuple):
    """The number right of n examples.

    Attributes:
        probabilities: (n + 1,) of 0 ... n right.
        anywhere: The probability that is left, which may lie at any count. With it, n beyond all
            limits gives the rank of RankedRun.
    """

    probabilities: np.ndarray
    anywhere: float = 0.0

    def tails(self, low: float, high: float) -> Tails:
        """See OneMoreRun; `low` and `high` are shares."""
        n = len(self.probabilities) - 1
        low, high = max(low, 0.0), min(high, 1.0)
        fewest = math.ceil(n * low - ROUNDING_ERROR)
        most = math.floor(n * high + ROUNDING_ERROR)
        if fewest > most:
            # A share that no count gives is read as the nearest one that is possible.
            fewest = most = round(n * (low + high) / 2)
        return Tails(
            at_least=float(self.probabilities[fewest:].sum()) + self.anywhere,
            at_most=float(self.probabilities[: most + 1].sum()) + self.anywhere,
        )

    def interval(self, level: float = 0.05) -> Interval:
        """See OneMoreRun."""
        if self.anywhere > level / 2:
            return EVERYWHERE
        n = len(self.probabilities) - 1
        at_most = np.cumsum(self.probabilities) + self.anywhere
        at_least = np.cumsum(self.probabilities[::-1])[::-1] + self.anywhere
        low = np.argmax(at_most > level / 2)
        high = n - np.argmax(at_least[::-1] > level / 2)
        return Interval(float(low / n), float(high / n))


def counts_of_shares(shares: np.ndarray, examples: int, n: int, anywhere: float = 0.0) -> CountRun:
    """How many of another draw of n examples a net has right.

    A share k of N is itself known from N examples. The number right of n others is then
    beta-binomial, with the parameters k + 1/2 and N - k + 1/2 (Jeffreys' prior).

    Args:
        shares: (M,), equally likely, each of `examples`.
        examples: N.
        n: Of the other draw.
        anywhere: See CountRun.
    """
    right = examples * np.clip(shares, 0, 1)
    # Many seeds have the same share.
    right, times = np.unique(right, return_counts=True)
    counts = np.arange(n + 1)
    by_share = betabinom.pmf(counts, n, right[:, None] + 0.5, examples - right[:, None] + 0.5)
    probabilities = np.average(by_share, axis=0, weights=times)
    return CountRun((1 - anywhere) * probabilities, anywhere)


def counts_of_examples(chances: Sequence[float]) -> CountRun:
    """How many of n examples are right, of which each has a chance of its own (Poisson binomial).

    Args:
        chances: (n,).
    """
    probabilities = np.ones(1)
    for chance in chances:
        probabilities = np.convolve(probabilities, [1 - chance, chance])
    return CountRun(probabilities)
