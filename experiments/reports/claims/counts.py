"""Counts that follow from the shapes of the nets."""

from collections.abc import Callable

from experiments.core.config import Config
from experiments.reports.catalogue import runs
from experiments.training.cost_estimate import parameters
from jaxdl.data.images import IMAGE_SIZES
from jaxdl.models.cnn import CNN, KERNEL_SIZE
from jaxdl.models.rnn import CELLS

CLASSES = 10
IMAGE_SIDE = IMAGE_SIZES['mnist'].side


def parameter_ratio(first: str, second: str) -> Callable[[], float]:
    """The parameters of the net of one run, as a multiple of another one's, when called."""
    return lambda: parameters(runs()[first]) / parameters(runs()[second])


def operations_ratio(first: str, second: str) -> Callable[[], float]:
    """The multiplications for one image of one net, as a multiple of another one's, when called."""
    return lambda: multiplications(runs()[first]) / multiplications(runs()[second])


def last_layer_ratio(first: str, second: str) -> Callable[[], float]:
    """The units of the last hidden layer, as a multiple of another net's, when called."""
    return lambda: runs()[first].hidden / runs()[second].hidden


def multiplications(config: Config) -> int:
    """The multiplications of all matrix products and convolutions for one image.

    Args:
        config: Of a recurrent net of one layer in one direction, or of a CNN on grey images.
    """
    if config.net() == 'cnn':
        return _of_cnn(config)
    weights = CELLS[config.cell].gates * config.hidden * (IMAGE_SIDE + config.hidden)
    return IMAGE_SIDE * weights + CLASSES * config.hidden


def _of_cnn(config):
    maps1, maps2 = CNN.maps
    pixels = config.image_size**2
    conv1 = pixels * KERNEL_SIZE**2 * maps1
    # Each convolution is followed by a pooling that halves both sides.
    conv2 = pixels // 4 * KERNEL_SIZE**2 * maps1 * maps2
    dense = maps2 * (config.image_size // 4) ** 2 * config.hidden
    return conv1 + conv2 + dense + CLASSES * config.hidden
