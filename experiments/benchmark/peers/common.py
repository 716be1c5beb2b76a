"""What the peers share: which nets they have, the weights of a loss, the weights of each gate."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from experiments.core.config import Config
from jaxdl.train import Examples

TrainEpoch = Callable[[np.ndarray], np.ndarray]  # order (n,) -> losses (steps,)


class GateWeights(NamedTuple):
    """The parameters of one gate, H units with D inputs: W_x x + b_x + W_h h + b_h."""

    w_x: np.ndarray  # (H, D)
    w_h: np.ndarray  # (H, H)
    b_x: np.ndarray  # (H,)
    b_h: np.ndarray  # (H,)


def is_supported(config: Config) -> bool:
    """Whether the peers have such a net: a CNN, or one recurrent layer with tanh."""
    if config.net() == 'cnn':
        return True
    return config.layers == 1 and config.activation == 'tanh'


def loss_weights(config: Config, examples: Examples) -> np.ndarray | None:
    """What each step of an adder counts for in the mean loss of its batch.

    Returns:
        (N, T) float32, 0 after the end of a sequence. None for other tasks.
    """
    if config.task != 'binary_add':
        return None
    lengths = examples.lengths[:, None]
    is_valid = np.arange(examples.targets.shape[1]) < lengths
    return (is_valid / lengths / config.batch_size).astype(np.float32)


def split_gates(
    weights: Mapping[str, np.ndarray], suffix: str, gates: int = 1
) -> list[GateWeights]:
    """The parameters of each gate of a recurrent layer.

    Args:
        weights: Our parameters by name, with the gates below each other.
        suffix: Of the names: 'l0', or 'l0_reverse' for the backward direction.
        gates: How many there are.
    """
    w_x = np.split(weights[f'weight_ih_{suffix}'], gates)
    w_h = np.split(weights[f'weight_hh_{suffix}'], gates)
    b_x = np.split(weights[f'bias_ih_{suffix}'], gates)
    b_h = np.split(weights[f'bias_hh_{suffix}'], gates)
    return list(map(GateWeights, w_x, w_h, b_x, b_h))
