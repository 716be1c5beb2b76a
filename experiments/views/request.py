"""What the user of experiments.visualize asks for: images, units, and how to look at them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.training.finished_run import FinishedRun
from jaxdl import UserError
from jaxdl.data.image_files import read_image
from jaxdl.data.images import CLASSES

LONGEST_NUMBER = 20  # digits
LAYERS_WITH_UNITS = ('conv1', 'conv2', 'dense', 'head')


class ViewRequest(NamedTuple):
    """What the user asks for.

    Attributes:
        pixels: (N, H, W, C) uint8, the images to look at.
        labels: (N,) int, their classes; of a user's own image, the net's answer.
        names: (N,), what figures call the images.
        class_names: By class.
        units: {layer: numbers of units or maps}; empty if the user names none.
        rule: How signals pass back through rectifiers: 'deconvnet', 'guided' or 'gradient'.
        parametrization: Of the images of maximize, by its name.
        whole_maps: Whether maximize takes the mean of a map, and not its middle unit.
        shared_scale: Whether all filters are drawn in one scale.
        window: The side of the occluding square in pixels.
        fill: The grey of the square, from 0 (black) to 1 (white).
    """

    pixels: np.ndarray
    labels: np.ndarray
    names: Sequence[str]
    class_names: Sequence[str]
    units: Mapping[str, Sequence[int]]
    rule: str
    parametrization: str
    whole_maps: bool
    shared_scale: bool
    window: int
    fill: float


class RequestedImage(NamedTuple):
    """One image to look at: pixels (H, W, C) uint8, its class, and what figures call it."""

    pixels: np.ndarray
    label: int
    name: str


def make_request(flags: Mapping[str, Any], run: FinishedRun) -> ViewRequest:
    """The request that the flags of the command describe.

    Args:
        flags: The values of the flags of experiments.visualize.
        run: The net that is looked at.

    Raises:
        UserError: There is no such image or unit, or the window does not fit into the images.
    """
    class_names = CLASSES.get(run.config.dataset)
    if class_names is None:
        class_names = [str(digit) for digit in range(10)]
    images = parse_images(flags['images'], run, class_names)
    side = run.inputs.shape[1]
    window = flags['window'] or side // 4
    if not 0 < window <= side:
        raise UserError(f'--window={window} must be from 1 to {side}, the side of the images')
    return ViewRequest(
        pixels=np.stack([image.pixels for image in images]),
        labels=np.array([image.label for image in images]),
        names=[image.name for image in images],
        class_names=class_names,
        units=parse_units(flags['unit'], run, class_names),
        rule=flags['rule'],
        parametrization=flags['parametrization'],
        whole_maps=flags['maps'],
        shared_scale=flags['shared_scale'],
        window=window,
        fill=flags['fill'],
    )


def parse_images(text: str, run: FinishedRun, class_names: Sequence[str]) -> list[RequestedImage]:
    """The images that --images names.

    Args:
        text: Numbers of test images and image files, separated by commas. Empty for the first
            test image of each class.
        run: The net, with its test set.
        class_names: By class.

    Raises:
        UserError: There is no such test image, or a file that cannot be read or has another size.
    """
    if not text:
        _, first_of_class = np.unique(run.labels, return_index=True)
        return [_test_image(int(number), run, class_names) for number in first_of_class]
    images = []
    for word in text.split(','):
        if _is_number(word):
            images.append(_test_image(int(word), run, class_names))
        else:
            images.append(_image_of_user(word, run, class_names))
    return images


def _is_number(word: str) -> bool:
    """Whether int reads a word. Python reads no more than 4,300 digits."""
    return word.isdecimal() and len(word) < LONGEST_NUMBER


def _test_image(number, run, class_names):
    count = len(run.inputs)
    if number >= count:
        raise UserError(f'--images={number}: the test set has {count:,} images, numbered from 0')
    label = int(run.labels[number])
    return RequestedImage(
        pixels=np.asarray(run.inputs[number]),
        label=label,
        name=f'{class_names[label]}, no. {number}',
    )


def _image_of_user(file, run, class_names):
    pixels = read_pixels(file, run.inputs.shape[1:])
    # The true class of a user's own image is not known, so the net's answer stands in for it.
    logits, _ = run.model.apply(run.params, run.prepare(pixels[None]))
    answer = int(logits.argmax())
    # A dollar sign would begin a formula in a figure.
    file_name = Path(file).name.replace('$', r'\$')
    return RequestedImage(pixels, answer, f'{file_name}:\n{class_names[answer]}?')


def read_pixels(file: str, shape: tuple[int, int, int]) -> np.ndarray:
    """The pixels of a user's image file, uint8 of the shape (H, W, C).

    Raises:
        UserError: The file cannot be read, or the image has another size.
    """
    height, width, channels = shape
    mode = 'RGB' if channels == 3 else 'L'
    path = os.path.expanduser(file)
    if not os.path.isfile(path):
        raise UserError(f'--images={file} is neither the number of a test image nor an image file')
    pixels = read_image(path, lambda image: np.asarray(image.convert(mode)))
    if pixels.shape[:2] != (height, width):
        image_height, image_width = pixels.shape[:2]
        raise UserError(
            f'--images={file} has {image_width} x {image_height} pixels; '
            f'this net takes {width} x {height}'
        )
    return pixels.reshape(shape)


def parse_units(text: str, run: FinishedRun, class_names: Sequence[str]) -> dict[str, list[int]]:
    """The units that --unit names, {layer: numbers}.

    Args:
        text: Units separated by commas, such as 'conv2:5,head:cat'. May be empty.
        run: The net.
        class_names: By class; units of the head may be called by these.

    Raises:
        UserError: There is no such unit.
    """
    sizes = {}
    for layer in LAYERS_WITH_UNITS:
        sizes[layer] = len(run.params['params'][f'{layer}_bias'])
    units = {}
    for word in text.split(','):
        if not word:
            continue
        layer, _, number = word.partition(':')
        # A class is easier to remember than its number.
        if layer == 'head' and number in class_names:
            number = str(class_names.index(number))
        is_unit = layer in sizes and _is_number(number) and int(number) < sizes[layer]
        if not is_unit:
            known = ', '.join(f'{layer}:0..{size - 1}' for layer, size in sizes.items())
            raise UserError(f'--unit={word} is unknown; units are {known}')
        units.setdefault(layer, []).append(int(number))
    return units
