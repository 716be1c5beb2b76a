"""What the filters and maps of a CNN answer to, in numbers.

Shapes: N images, H height, W width, C channels, K maps.
"""

from collections.abc import Callable

import jax
import numpy as np
from scipy.ndimage import gaussian_filter

from experiments.reports.measurements.net import Net
from jaxdl.visualize import (
    deconvnet,
    filters,
    maximize,
    top_units,
    written_out_deconvnet,
)
from jaxdl.visualize.filter_fits import edge_shares, plane_shares
from jaxdl.visualize.written_out_deconvnet import correlations

CONVOLUTIONS = ('conv1', 'conv2')
GOOD_FIT = 0.5  # of the variance of a filter
STRONGEST = 9  # images of a map
UNITS_ASCENDED = 8  # of each convolution
STARTS = 2  # of the ascent, for each unit
PROJECTED_IMAGES = 200
PROJECTED_LAYER = 'pool2'
BLUR = 1.0  # standard deviation of the Gaussian, in pixels
TURNS = {
    'turned': written_out_deconvnet.turned_by_180,
    'unturned': written_out_deconvnet.unturned,
    'upside down': written_out_deconvnet.upside_down,
    'mirrored': written_out_deconvnet.mirrored,
}


def filter_fits(net: Net) -> dict[str, float]:
    """The share of conv1's filters that one plane, or one straight edge, fits well.

    Returns:
        {'<shape>, <net>': share} of plane and edge, of the trained and of the untrained net.
    """
    shapes = {'plane': plane_shares, 'edge': edge_shares}
    values = {}
    for name, params in (('trained', net.params), ('untrained', net.untrained)):
        weights = np.asarray(params['params']['conv1_weight'])
        for shape, shares in shapes.items():
            values[f'{shape}, {name}'] = float(np.mean(shares(weights) >= GOOD_FIT))
    return values


def class_purities(net: Net) -> dict[str, float]:
    """How far the images that excite a map most are of one class.

    Returns:
        {layer: the share of the commonest class among the STRONGEST test images of a map}, the mean
        over the maps that are active on all of these.
    """
    test = net.task.held_out['test']
    images = _prepared(net, test.inputs)
    values = {}
    for layer in CONVOLUTIONS:
        top = top_units.strongest_units(net.task.model, net.params, images, layer, STRONGEST)
        is_active = top.values.min(1) > 0
        classes = np.asarray(test.targets)[top.images[is_active]]
        values[layer] = float(top_units.class_purity(classes).mean())
    return values


def ascended_units(net: Net) -> dict[str, float]:
    """How gradient ascent on an image compares with the strongest test image.

    The units are UNITS_ASCENDED of each convolution, ahead of the activation. Each is ascended from
    STARTS random images. A unit may be at any place of the test images, but for the ascent it is
    the one in the middle.

    Returns:
        {'<layer>, beyond test images': the share of ascents that end above all test images,
        'conv1, of the possible': the mean of the values that they end with, as shares of the
        largest values that any image gives}.
    """
    images = _prepared(net, net.task.held_out['test'].inputs)
    values = {}
    for layer in CONVOLUTIONS:
        biases = np.asarray(net.params['params'][f'{layer}_bias'])
        numbers = np.linspace(0, len(biases) - 1, UNITS_ASCENDED).astype(int)
        pre_activation = f'{layer}_pre'
        top = top_units.strongest_units(net.task.model, net.params, images, pre_activation, 1)
        ascended = _ascend(net, pre_activation, numbers)  # (STARTS, units)
        values[f'{layer}, beyond test images'] = float(np.mean(ascended > top.values[numbers, 0]))
        if layer == 'conv1':
            possible = _largest_values(net)[numbers]
            values['conv1, of the possible'] = float(np.mean(ascended / possible))
    return values


def _ascend(net: Net, layer: str, numbers: np.ndarray) -> np.ndarray:
    """The values (STARTS, units) of units of a layer at the end of gradient ascent."""
    objective = maximize.units(layer, np.tile(numbers, STARTS))

    @jax.jit
    def ascended(params):
        result = maximize.maximize(
            net.task.model,
            params,
            objective,
            jax.random.key(0),
            count=STARTS * len(numbers),
            # Plain pixels, always the same: the reports' ascent had no other means.
            parametrization=maximize.pixel,
            jitter=None,
            to_input=lambda pictures: net.task.prepare(255 * pictures),
        )
        return result.after

    return np.asarray(ascended(net.params)).reshape(STARTS, -1)


def _largest_values(net: Net) -> np.ndarray:
    """The largest value (K,) of each unit of conv1 ahead of the activation, on any image."""
    channels = net.task.model.shape[-1]
    black = np.zeros((1, 1, 1, channels))
    low, high = net.task.prepare(black), net.task.prepare(black + 255)
    layer = net.params['params']
    weights = np.asarray(layer['conv1_weight'])
    largest = filters.largest_responses(weights, np.ravel(low), np.ravel(high))
    return largest + np.asarray(layer['conv1_bias'])


def projection_likenesses(net: Net) -> dict[str, float]:
    """What projections of PROJECTED_LAYER look like, as mean correlations of pixels over images.

    Returns:
        {'gradient, <turn>': with the gradient, of projections with filters turned in some way;
        'image, <turn>, <sharp or blurred>': with the image, as it is and blurred;
        'image, <switches>': with the sharp image, of projections with turned filters and with
        switches other than the recorded ones}.
    """
    pixels = np.asarray(net.task.held_out['test'].inputs[:PROJECTED_IMAGES], np.float32)
    images = {
        'sharp': _prepared(net, pixels),
        'blurred': _prepared(net, gaussian_filter(pixels, (0, BLUR, BLUR, 0))),
    }
    values = {}
    gradient = deconvnet.project(
        net.task.model, net.params, images['sharp'], PROJECTED_LAYER, rule='gradient'
    )
    for name, turn in TURNS.items():
        projection = _project(net, images['sharp'], turn=turn)
        values[f'gradient, {name}'] = _likeness(projection, gradient)
    for name, seen in images.items():
        values[f'image, turned, {name}'] = _likeness(_project(net, seen), seen)
        transposed = _project(net, seen, turn=written_out_deconvnet.transposed)
        values[f'image, transposed, {name}'] = _likeness(transposed, seen)
    unpools = {
        'random': written_out_deconvnet.to_random_places(jax.random.key(0)),
        'centred': written_out_deconvnet.to_centres,
    }
    for name, unpool in unpools.items():
        projection = _project(net, images['sharp'], unpool=unpool)
        values[f'image, {name}'] = _likeness(projection, images['sharp'])
    return values


def _project(net: Net, images: np.ndarray, **how: Callable) -> jax.Array:
    """The projections (N, H, W, C) of all maps; `how` as of written_out_deconvnet.project."""
    _, layers = jax.jit(net.task.model.apply)(net.params, images)
    return written_out_deconvnet.project(net.params, layers, PROJECTED_LAYER, **how)


def _likeness(first: jax.Array, second: jax.Array) -> float:
    return float(correlations(first, second).mean())


def _prepared(net: Net, pixels: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) as the net takes them."""
    return np.asarray(jax.jit(net.task.prepare)(pixels))
