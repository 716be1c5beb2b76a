"""Floating-point operations of a training step, counted by hand from the shapes of the weights."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.core.config import Config

FIRST_LAYER_WEIGHTS = ('conv1_weight', 'weight_ih_l0', 'weight_ih_l0_reverse')


def training_step_flops(
    config: Config, weights: Mapping[str, np.ndarray], input_shape: Sequence[int]
) -> int:
    """Multiplications and additions in the matrix products and convolutions of a step.

    Args:
        config: The net's settings.
        weights: The parameters of one model, by name.
        input_shape: The shape of one example: (T, D) or (H, W, C).

    Returns:
        The operations of one model's forward and backward pass on a batch.
    """
    multiply_adds = 0
    for name, weight in weights.items():
        if weight.ndim == 1:
            continue  # a bias takes part in no product
        # Forward, the gradient of the weight, and the gradient of the input. The first layer
        # does not need the last one.
        products = 2 if name in FIRST_LAYER_WEIGHTS else 3
        multiply_adds += products * weight.size * _uses(config, name, input_shape)
    return 2 * config.batch_size * multiply_adds


def _uses(config: Config, name: str, input_shape: Sequence[int]) -> int:
    """How often the forward pass of one example multiplies by each entry of a weight."""
    if config.net() == 'cnn':
        pixels = math.prod(input_shape[:2])
        # conv2 works on maps that a pool has halved in height and width.
        return {'conv1_weight': pixels, 'conv2_weight': pixels // 4}.get(name, 1)
    steps = input_shape[0]
    answers_once = config.task != 'binary_add'
    if name == 'head_weight' and answers_once:
        return 1
    return steps
