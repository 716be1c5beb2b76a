"""The scales on which scores of several seeds are nearly normally distributed.

A share is taken on the logit scale, a loss on the log scale, and anything else as it is.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, logit

SMALLEST_LOSS = 1e-9  # a loss of 0 has no logarithm


class Scale(NamedTuple):
    """A scale.

    Attributes:
        kind: 'logit' of shares, 'log' of losses, 'plain' of anything else.
        examples: N, of which a score of the kind 'logit' is a share.
    """

    kind: Literal['logit', 'log', 'plain']
    examples: int = 1

    def transform(self, scores: np.ndarray) -> np.ndarray:
        """Scores (S,) on this scale. k of N is taken as (k + 1/2)/(N + 1), which is never 0 or 1.

        k need not be whole: a mean of shares will do.
        """
        if self.kind == 'logit':
            return logit(self.smoothed(scores))
        if self.kind == 'log':
            return np.log(np.maximum(scores, SMALLEST_LOSS))
        return np.asarray(scores, float)

    def restore(self, transformed: np.ndarray) -> np.ndarray:
        """The scores (S,) of what `transform` gives."""
        if self.kind == 'logit':
            scores = ((self.examples + 1) * expit(transformed) - 0.5) / self.examples
            return np.clip(scores, 0, 1)
        if self.kind == 'log':
            return np.exp(transformed)
        return np.asarray(transformed, float)

    def smoothed(self, shares: np.ndarray) -> np.ndarray:
        """(k + 1/2)/(N + 1) of the shares k/N, (S,)."""
        return (self.examples * np.asarray(shares, float) + 0.5) / (self.examples + 1)

    def lower_end(self, score: float) -> float:
        """A score on this scale; minus infinity if no score is smaller."""
        if self.kind != 'plain' and score <= 0:
            return -math.inf
        return float(self.transform(np.array(score)))

    def upper_end(self, score: float) -> float:
        """A score on this scale; infinity if no score is larger."""
        if self.kind == 'logit' and score >= 1:
            return math.inf
        return float(self.transform(np.array(score)))

    def resolution_variance(self, scores: np.ndarray) -> float:
        """The variance of the error with which scores (S,) in whole examples are known.

        It is that of a uniform error of one example, 1/12, at the mean of the scores (Sheppard's
        correction). Seeds that all have the same share still have it.
        """
        if self.kind != 'logit':
            return 0.0
        share = float(np.mean(self.smoothed(scores)))
        # d logit(p)/dp = 1/(p (1 - p)), and one example is a step of 1/(N + 1).
        step = 1 / ((self.examples + 1) * share * (1 - share))
        return step**2 / 12


def variance_of_seeds(seeds: np.ndarray, scale: Scale) -> float:
    """The variance of seeds (S,) on a scale, no less than their resolution; S is at least 2."""
    variance = float(np.var(scale.transform(seeds), ddof=1))
    return max(variance, scale.resolution_variance(seeds))
