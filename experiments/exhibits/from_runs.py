"""Takes nets out of the folders of runs, for the playground."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.core.config import Config
from experiments.core.schemas.exhibits import (
    ConvolutionalNet,
    PixelScale,
    RecallNet,
    RowNet,
    Weights,
    pack,
)
from experiments.training import finished_run
from experiments.training.finished_run import FinishedPopulation
from jaxdl import UserError

IMAGE_SIDE = 28  # pixels, of the images that are drawn


class Net(NamedTuple):
    """One net of a run.

    Attributes:
        config: Of the run.
        weights: By name.
        population: All nets of the run.
    """

    config: Config
    weights: dict[str, np.ndarray]
    population: FinishedPopulation


def recall_net(folder: Path) -> RecallNet:
    """The first seed of a recall run.

    Raises:
        UserError: The folder holds no such run, or a net that the page cannot compute.
    """
    net = first_net(folder, 'recall')
    require_plain_recurrence(folder, net.config)
    return RecallNet(
        name_of(net.config, net.config.seed), net.config.cell, net.config.k, pack_all(net.weights)
    )


def row_net(folder: Path, data_dir: str) -> RowNet:
    """The first seed of a run of mnist_rnn on MNIST.

    Args:
        folder: Of the run.
        data_dir: Folder of the image data, which gives the scale of standardized pixels.

    Raises:
        UserError: The folder holds no such run, or a net that the page cannot compute.
    """
    net = first_net(folder, 'mnist_rnn', data_dir)
    require_plain_recurrence(folder, net.config)
    _require_mnist(folder, net.config)
    name = name_of(net.config, net.config.seed)
    return RowNet(name, net.config.cell, _pixel_scale(net.population), pack_all(net.weights))


def convolutional_net(folder: Path, data_dir: str) -> ConvolutionalNet:
    """The first seed of a run of mnist_cnn on MNIST.

    Args:
        folder: Of the run.
        data_dir: Folder of the image data, which gives the scale of standardized pixels.

    Raises:
        UserError: The folder holds no such run, or a net that the page cannot compute.
    """
    net = first_net(folder, 'mnist_cnn', data_dir)
    _require_mnist(folder, net.config)
    config = net.config
    has_relu = config.activation == 'relu' and config.dense_activation in ('', 'relu')
    if not has_relu or config.image_size != IMAGE_SIDE or config.colour:
        raise UserError(
            f'{folder} holds a CNN that the page cannot compute: name one for grey images of '
            f'{IMAGE_SIDE} x {IMAGE_SIDE} pixels, with --activation=relu'
        )
    name = name_of(config, config.seed)
    return ConvolutionalNet(name, _pixel_scale(net.population), pack_all(net.weights))


def first_net(folder: Path, task: str, data_dir: str = Config.data_dir) -> Net:
    """The first seed of a run, after its newest epoch.

    Args:
        folder: Of the run.
        task: That the run must have.
        data_dir: Folder of the image data. They are loaded only where pixels are standardized.

    Raises:
        UserError: The folder holds no such run.
    """
    # Only their mean and deviation are needed, and these for one form of pixels.
    needs_images = finished_run.read_config(folder).pixels == 'standardized'
    population = finished_run.load_population(folder, (task,), data_dir, with_images=needs_images)
    params = population.params_at(population.epochs[-1])['params']
    weights = {name: np.asarray(array[0]) for name, array in params.items()}
    return Net(population.config, weights, population)


def require_plain_recurrence(folder: Path, config: Config) -> None:
    """Raises UserError unless the page's arithmetic has the recurrent net of a run."""
    is_plain = config.layers == 1 and not config.bidirectional and config.activation == 'tanh'
    # --noreset_after is refused for other cells than the GRU.
    if not is_plain or not config.reset_after:
        raise UserError(
            f'{folder} holds a net that the page cannot compute: name one of one layer in one '
            'direction, with tanh, and without --noreset_after'
        )


def _require_mnist(folder: Path, config: Config) -> None:
    if config.dataset != 'mnist':
        raise UserError(f'{folder} holds a net for {config.dataset}; name a run on mnist')


def name_of(config: Config, seed: int) -> str:
    """What the page calls a net."""
    if config.net() == 'cnn':
        return f'CNN with a dense layer of {config.hidden} units, seed {seed}'
    return f'{config.cell.upper()} of {config.hidden} units, seed {seed}'


def pack_all(weights: Mapping[str, np.ndarray]) -> Weights:
    """All arrays of a net, packed."""
    return {name: pack(array) for name, array in weights.items()}


def _pixel_scale(population: FinishedPopulation) -> PixelScale:
    """How the run scales pixels, read off at black and white: (level / 255 - mean) / deviation."""
    shape = (1, IMAGE_SIDE, IMAGE_SIDE)
    black = jnp.zeros(shape, jnp.uint8)
    white = jnp.full(shape, 255, jnp.uint8)
    at_black = float(jnp.ravel(population.task.prepare(black))[0])
    at_white = float(jnp.ravel(population.task.prepare(white))[0])
    deviation = 1 / (at_white - at_black)
    # Not -0, which would stand in the file.
    return PixelScale(mean=0 - at_black * deviation, deviation=deviation)
