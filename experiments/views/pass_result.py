"""What all passes of experiments.visualize share.

A pass is a function from a finished run and a request to a PassResult. Shapes: N images, H height,
W width, C channels.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import numpy as np

from experiments.training.finished_run import FinishedRun
from jaxdl.figures.base import Figure

CONVOLUTIONS = ('conv1', 'conv2')


class PassResult(NamedTuple):
    """What a pass makes.

    Attributes:
        arrays: The content of <pass>.npz, by name.
        figures: The content of <pass>-<name>.png, by name.
        text: A line for the user, '' for none.
    """

    arrays: Mapping[str, np.ndarray]
    figures: Mapping[str, Figure]
    text: str


def title(run: FinishedRun, text: str) -> str:
    """The title of a figure: the text, and below it which net it is about."""
    config = run.config
    return f'{text}\n{config.dataset}, {config.net()}, epoch {run.epoch}'


def prepared_test_set(run: FinishedRun) -> np.ndarray:
    """The whole test set (N, H, W, C) as the net takes it."""
    return np.asarray(jax.jit(run.prepare)(run.inputs))


def prepared_grey(run: FinishedRun, level: float) -> jax.Array:
    """A grey (C,) as the net takes it; level: from 0, black, to 1, white."""
    channels = run.inputs.shape[-1]
    # prepare takes batches of images.
    pixel = np.full((1, 1, 1, channels), 255 * level)
    return run.prepare(pixel)[0, 0, 0]


def to_picture(pixels: np.ndarray) -> np.ndarray:
    """Pixels, from 0 to 255, as a picture in [0, 1]."""
    return np.asarray(pixels, float) / 255
