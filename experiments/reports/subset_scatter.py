"""What the choice of the training images adds to the scatter of a net's test accuracy.

Nets of one row are trained on several subsets of the images, a few on each. The scatter of the nets
of a subset is that of the seeds, and what the means of the subsets scatter beyond it is that of the
choice: a one-way analysis of variance with random effects (Searle, Casella and McCulloch 1992,
Variance Components, chapter 3).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import fdtrc, fdtri

from experiments.core.schemas.rows import RowResults
from experiments.reports.one_more_run import Interval
from experiments.reports.our_values import Outcomes, examples_of_test
from experiments.reports.pooled_scatter import Scatter
from experiments.reports.score_scales import Scale
from experiments.reports.subset_runs import SEEDS_OF_A_SUBSET, SUBSETS_OF_ROWS, first_seeds


class SubsetScatter(NamedTuple):
    """The scatter between subsets and within them.

    Attributes:
        between: The mean square between subsets; its expectation is the variance within, plus
            `nets` times the variance between.
        within: The mean square within subsets, an estimate of the variance within.
        between_degrees: Of freedom.
        within_degrees: Of freedom.
        nets: Of each subset.
    """

    between: float
    within: float
    between_degrees: int
    within_degrees: int
    nets: int

    @property
    def variance(self) -> float:
        """The variance between subsets. An estimate below 0 is 0."""
        return max((self.between - self.within) / self.nets, 0.0)

    @property
    def ratio(self) -> float:
        """The variance between subsets, over that within them."""
        return self.variance / self.within

    @property
    def f_value(self) -> float:
        """The mean square between subsets, over that within them."""
        return self.between / self.within

    @property
    def p_value(self) -> float:
        """Of the F test: how likely so much scatter is if the subset does not matter."""
        return float(fdtrc(self.between_degrees, self.within_degrees, self.f_value))

    def ratio_interval(self) -> Interval:
        """The exact 95 % interval of the ratio of variances, for normal scores."""
        quantiles = fdtri(self.between_degrees, self.within_degrees, [0.975, 0.025])
        low, high = (self.f_value / quantiles - 1) / self.nets
        return Interval(max(float(low), 0.0), max(float(high), 0.0))


def analyse(tables: Sequence[np.ndarray]) -> SubsetScatter:
    """The scatter of rows whose means may differ, but whose two variances are the same.

    Args:
        tables: For each row the scores (A, n) of n nets, at least 2, on each of A subsets, at least
            2, on a scale on which they are nearly normal.
    """
    between, within = 0.0, 0.0
    between_degrees, within_degrees = 0, 0
    nets = tables[0].shape[1]
    for scores in tables:
        subsets = len(scores)
        means = scores.mean(axis=1)
        between += nets * float(np.sum((means - means.mean()) ** 2))
        within += float(np.sum((scores - means[:, None]) ** 2))
        between_degrees += subsets - 1
        within_degrees += subsets * (nets - 1)
    return SubsetScatter(
        between / between_degrees, within / within_degrees, between_degrees, within_degrees, nets
    )


def with_subsets(scatter: Scatter, subsets: SubsetScatter, choices: int) -> Scatter:
    """A scatter to which that of a choice of images is added.

    The degrees of freedom are those of a sum of mean squares (Satterthwaite 1946, Biometrics
    Bulletin 2, p. 110): if few subsets were tried, what they add is hardly known. In such a sum
    they are never below the fewest of its terms. In a difference of two mean squares they may be,
    where it is near 0, and would make intervals far too wide, so that bound is kept.

    Args:
        scatter: Of nets that were trained on one subset.
        subsets: What the choice adds to it, on the same scale.
        choices: How many choices it is added for.
    """
    own = scatter.sd**2
    total = own + choices * subsets.variance
    weight = choices / subsets.nets
    # The variance of each term of the sum, times the degrees of freedom of the sum, over 2 total².
    uncertainty = own**2 / scatter.degrees
    uncertainty += (weight * subsets.between) ** 2 / subsets.between_degrees
    uncertainty += (weight * subsets.within) ** 2 / subsets.within_degrees
    fewest = min(scatter.degrees, subsets.between_degrees, subsets.within_degrees)
    return Scatter(math.sqrt(total), max(total**2 / uncertainty, fewest))


def accuracies_by_subset(outcomes: Outcomes) -> dict[str, dict[int, np.ndarray]]:
    """The test accuracies of nets by subset, on the logit scale.

    Args:
        outcomes: Of our runs.

    Returns:
        {row: {seed of the subset: (n,)}} for each row that was trained on at least two subsets.
    """
    rows = {}
    for row in SUBSETS_OF_ROWS:
        subsets = {}
        for name, first_seed in first_seeds(row).items():
            results = outcomes.get(name)
            if isinstance(results, RowResults) and results.config['seeds'] >= SEEDS_OF_A_SUBSET:
                # Runs may have more seeds; the analysis has equally many of each subset.
                accuracies = results.final_test.accuracy.seeds[:SEEDS_OF_A_SUBSET]
                scale = Scale('logit', examples_of_test(results))
                subsets[first_seed] = scale.transform(np.array(accuracies))
        if len(subsets) >= 2:
            rows[row] = subsets
    return rows


def measured_scatter(outcomes: Outcomes) -> SubsetScatter | None:
    """The scatter of all rows that were trained on several subsets; None if there are none."""
    tables = []
    for subsets in accuracies_by_subset(outcomes).values():
        tables.append(np.array(list(subsets.values())))
    return analyse(tables) if tables else None
