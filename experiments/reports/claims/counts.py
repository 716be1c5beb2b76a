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
    return _ratio(parameters, first, second)


def operations_ratio(first: str, second: str) -> Callable[[], float]:
    """The multiplications for one image of one net, as a multiple of another one's, when called."""
    return _ratio(multiplications, first, second)


def last_layer_ratio(first: str, second: str) -> Callable[[], float]:
    """The units of the last hidden layer, as a multiple of another net's, when called."""
    return _ratio(lambda config: config.hidden, first, second)


def _ratio(count: Callable[[Config], int], first: str, second: str) -> Callable[[], float]:
    """A function that counts something of the nets of two runs, and divides the counts."""

    def ratio():
        return count(runs()[first]) / count(runs()[second])

    return ratio


def multiplications(config: Config) -> int:
    """The multiplications of all matrix products and convolutions for one image.

    Args:
        config: Of a recurrent net of one layer in one direction, or of a CNN on grey images.
    """
    head = config.hidden * CLASSES
    if config.net() == 'cnn':
        return _below_head_of_cnn(config) + head
    return _below_head_of_rnn(config) + head


def _below_head_of_rnn(config: Config) -> int:
    # A step reads a row of the image, and the state.
    inputs = IMAGE_SIDE + config.hidden
    outputs = CELLS[config.cell].gates * config.hidden
    steps = IMAGE_SIDE
    return steps * inputs * outputs


def _below_head_of_cnn(config: Config) -> int:
    maps1, maps2 = CNN.maps
    # Each convolution is followed by a pooling that halves both sides.
    side1 = config.image_size
    side2 = side1 // 2
    side3 = side2 // 2
    conv1 = side1**2 * KERNEL_SIZE**2 * maps1
    conv2 = side2**2 * KERNEL_SIZE**2 * maps1 * maps2
    dense = side3**2 * maps2 * config.hidden
    return conv1 + conv2 + dense
