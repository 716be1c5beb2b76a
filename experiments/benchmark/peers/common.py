"""What the peers share."""

import numpy as np


def supported(config):
    """Whether the peers have such a net."""
    return config.net() == 'cnn' or (config.layers == 1 and config.activation == 'tanh')


def shares_of(config, arrays):
    """What the steps count for in the mean loss of an adder: (N, T) float32, 0 behind a sequence's end. None of another task."""
    _, targets, lengths = arrays
    if config.task != 'binary_add':
        return None
    valid = np.arange(targets.shape[1]) < lengths[:, None]
    return (valid / lengths[:, None] / config.batch_size).astype(np.float32)


def sides(weights, suffix, gates=1):
    """Of a direction's W_x, W_h, b_x and b_h the blocks of each gate: four lists."""
    return [
        np.split(weights[f'{name}_{suffix}'], gates)
        for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
    ]
