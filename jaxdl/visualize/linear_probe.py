"""What can be read linearly from the states of a net: a probe by ridge regression.

Alain & Bengio (2016, arXiv 1610.01644) look into nets by such probes. A probe is fitted on some
examples and scored on others, so that more units do not read more by their number alone.

Letters in shapes: N examples, H units of a state, D numbers that are to be read from it.
"""

from typing import NamedTuple

import numpy as np


class LinearProbe(NamedTuple):
    """The affine map states @ weight + bias that reads targets.

    Attributes:
        weight: (H, D).
        bias: (D,).
    """

    weight: np.ndarray
    bias: np.ndarray


def fit(states: np.ndarray, targets: np.ndarray, penalty: float = 1.0) -> LinearProbe:
    """The probe with the smallest sum of squared errors plus penalty * sum(weight^2).

    Args:
        states: (N, H).
        targets: (N, D).
        penalty: Above 0, so that there is one solution even where units are constant. The bias has
            no penalty.
    """
    states, targets = np.asarray(states, float), np.asarray(targets, float)
    state_means, target_means = states.mean(0), targets.mean(0)
    centred = states - state_means
    gram = centred.T @ centred + penalty * np.eye(states.shape[1])
    weight = np.linalg.solve(gram, centred.T @ (targets - target_means))
    return LinearProbe(weight, target_means - state_means @ weight)


def explained_share(probe: LinearProbe, states: np.ndarray, targets: np.ndarray) -> float:
    """The share of the variance of targets that a probe explains, all D numbers together.

    It is 1 - (squared errors) / (squared distances from the mean), at most 1. It is below 0 where
    the mean would be a better guess.

    Args:
        probe: Fitted on other examples.
        states: (N, H).
        targets: (N, D), of which one at least differs among the examples.
    """
    targets = np.asarray(targets, float)
    errors = targets - (np.asarray(states, float) @ probe.weight + probe.bias)
    distances = targets - targets.mean(0)
    return float(1 - np.sum(errors**2) / np.sum(distances**2))
