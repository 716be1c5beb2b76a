"""Activation maximization: the input that most excites a unit, a map or a class.

Erhan et al. (2009). The image is a function of parameters that gradient ascent moves. These are
pixels, or Fourier coefficients divided by their frequency, of colours that are decorrelated (Olah
et al. 2017, Feature Visualization). Random small shifts, turns and changes of scale at each step
keep the image from patterns that only one alignment of the pixels excites.

An objective is a function from {layer: values} to a score (N,), one for each image. See model.py
for the model and the shapes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.arguments import require_range, require_shape
from jaxdl.names import look_up
from jaxdl.visualize.invariance import warp
from jaxdl.visualize.model_interface import Model, Params

Objective = Callable[[dict[str, jax.Array]], jax.Array]
ImageShape = tuple[int, int, int, int]  # (N, H, W, C)

INITIAL_SCALE = 0.01  # standard deviation of the parameters of the first image
FINAL_TRANSFORMS = 16  # random transforms that the last image is scored under


class Parametrization(NamedTuple):
    """How parameters make images.

    Attributes:
        initial: An array, the parameters of the first images.
        to_images: From parameters to images (N, H, W, C).
    """

    initial: jax.Array
    to_images: Callable[[jax.Array], jax.Array]


class Jitter(NamedTuple):
    """The largest random change of the image at each step.

    Attributes:
        shift: In pixels, down or up and right or left.
        angle: In radians, either way.
        scale: As a share of the size, larger or smaller.
    """

    shift: float = 1.5
    angle: float = 0.1
    scale: float = 0.1


DEFAULT_JITTER = Jitter()


class Maximized(NamedTuple):
    """The images that maximize an objective, and its values on the way.

    Attributes:
        image: (N, H, W, C) in [0, 1], or as the parametrization makes them.
        before: (N,) the objective of the first image.
        after: (N,) the objective of the last image.
        transformed: (N,) the mean objective over random transforms of the last image.
    """

    image: jax.Array
    before: jax.Array
    after: jax.Array
    transformed: jax.Array


def units(layer: str, numbers: Sequence[int], place: tuple[int, int] | None = None) -> Objective:
    """Makes the objective of one unit: of map numbers[i] of `layer`, for image i.

    Args:
        layer: The layer.
        numbers: The map for each image. In a dense layer, the unit for each image.
        place: (row, column) of the unit in its map; None for the middle. Unused for a dense layer.
    """

    def score(layers):
        values = look_up('layer', layer, layers)
        is_dense = values.ndim == 2
        if not is_dense:
            _, height, width, _ = values.shape
            row, column = place or (height // 2, width // 2)
            values = values[:, row, column]
        return _pick(values, numbers)

    return score


def maps(layer: str, numbers: Sequence[int]) -> Objective:
    """Makes the objective of a whole map: the mean of map numbers[i] of `layer`, for image i."""

    def score(layers):
        values = look_up('layer', layer, layers)
        require_shape(f'the values of the layer {layer!r}', values, 'N', 'h', 'w', 'K')
        means = values.mean((1, 2))
        return _pick(means, numbers)

    return score


def _pick(values, numbers):
    """The value numbers[i] of each row i of values (N, K): (N,)."""
    n, count = values.shape
    require_shape('the numbers of the units', numbers, n)
    require_range('the number of a unit', numbers, 0, count - 1)
    columns = jnp.asarray(numbers)[:, None]
    return jnp.take_along_axis(values, columns, 1)[:, 0]


def colour_matrix(images: np.ndarray) -> np.ndarray:
    """A matrix (C, C) that gives independent channels the correlation of those of images.

    It is the symmetric root of the channels' covariance, scaled so that its longest row is 1.

    Args:
        images: (N, H, W, C).
    """
    channels = np.shape(images)[-1]
    flat = np.asarray(images, float).reshape(-1, channels)
    covariance = np.atleast_2d(np.cov(flat.T))
    values, vectors = np.linalg.eigh(covariance)
    # Rounding can make an eigenvalue that is 0 slightly negative.
    deviations = np.sqrt(np.maximum(values, 0))
    root = vectors * deviations @ vectors.T
    longest = np.linalg.norm(root, axis=1).max()
    return root / longest


def pixel(key: jax.Array, shape: ImageShape, colour: np.ndarray) -> Parametrization:
    """One number for each pixel and channel, through a colour matrix and a sigmoid to [0, 1].

    Args:
        key: A random key for the first images.
        shape: (N, H, W, C) of the images.
        colour: (C, C), see `colour_matrix`.
    """

    def to_images(params):
        matrix = jnp.asarray(colour, params.dtype)
        return jax.nn.sigmoid(params @ matrix.T)

    initial = INITIAL_SCALE * jax.random.normal(key, shape)
    return Parametrization(initial, to_images)


def fourier(key: jax.Array, shape: ImageShape, colour: np.ndarray) -> Parametrization:
    """As `pixel`, with Fourier coefficients that are divided by their frequency.

    So an equal step of the parameters moves all scales of the image alike.
    """
    n, height, width, channels = shape
    vertical = np.fft.fftfreq(height)[:, None]
    horizontal = np.fft.rfftfreq(width)[None]
    frequency = np.hypot(vertical, horizontal)
    side = max(height, width)
    # The constant part has frequency 0. It is weighted as the lowest frequency above that.
    divisor = np.maximum(frequency, 1 / side)
    weight = np.sqrt(height * width) / divisor / side
    weight = jnp.asarray(weight, float)[..., None]

    def to_images(params):
        real, imaginary = params
        coefficients = (real + 1j * imaginary) * weight
        waves = jnp.fft.irfft2(coefficients, (height, width), axes=(1, 2))
        matrix = jnp.asarray(colour, waves.dtype)
        return jax.nn.sigmoid(waves @ matrix.T)

    # Half the frequencies of the last axis are enough for a real image.
    real_and_imaginary = (2, n, height, width // 2 + 1, channels)
    initial = INITIAL_SCALE * jax.random.normal(key, real_and_imaginary)
    return Parametrization(initial, to_images)


def sphere(key: jax.Array, shape: ImageShape, colour: np.ndarray) -> Parametrization:
    """Images of norm 1 in the model's own scale, without a colour matrix (`colour` is unused).

    There the best input of a linear unit is its weights over their norm.
    """

    def to_images(params):
        flat = params.reshape(len(params), -1)
        norms = jnp.linalg.norm(flat, axis=1)
        return params / norms.reshape(-1, 1, 1, 1)

    initial = jax.random.normal(key, shape)
    return Parametrization(initial, to_images)


PARAMETRIZATIONS: dict[str, Callable[..., Parametrization]] = {
    'fourier': fourier,
    'pixel': pixel,
    'sphere': sphere,
}


def _identity(images):
    return images


def maximize(
    model: Model,
    params: Params,
    objective: Objective,
    key: jax.Array,
    count: int,
    parametrization: Callable[..., Parametrization] = fourier,
    to_input: Callable[[jax.Array], jax.Array] = _identity,
    colour: np.ndarray | None = None,
    steps: int = 200,
    learning_rate: float = 0.05,
    jitter: Jitter | None = DEFAULT_JITTER,
) -> Maximized:
    """Makes images that score high, by Adam on the sum of the objective.

    Args:
        model: The net.
        params: Its parameters.
        objective: See `units` and `maps`.
        key: A random key.
        count: The number of images, N.
        parametrization: One of PARAMETRIZATIONS.
        to_input: From the parametrization's images to the model's scale.
        colour: (C, C), see `colour_matrix`; None for independent channels.
        steps: The number of steps.
        learning_rate: Adam's step size.
        jitter: The random transforms of each step; None for none.
    """
    if colour is None:
        colour = np.eye(model.shape[-1])
    image_shape = (count, *model.shape)
    initial, to_images = parametrization(jax.random.fold_in(key, 0), image_shape, colour)
    optimizer = optax.adam(learning_rate)

    def score(images):
        _, layers = model.apply(params, to_input(images))
        return objective(layers)

    def step(carry, i):
        image_params, opt_state = carry

        def loss(image_params):
            images = to_images(image_params)
            # The keys 0 and steps + 1 are for the first and the last image.
            step_key = jax.random.fold_in(key, i + 1)
            return -score(_transform(images, step_key, jitter)).sum()

        grads = jax.grad(loss)(image_params)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(image_params, updates), opt_state), None

    start = initial, optimizer.init(initial)
    (final, _), _ = jax.lax.scan(step, start, jnp.arange(steps))
    images = to_images(final)

    def score_transformed(key):
        return score(_transform(images, key, jitter))

    final_key = jax.random.fold_in(key, steps + 1)
    transform_keys = jax.random.split(final_key, FINAL_TRANSFORMS)
    transformed = jax.lax.map(score_transformed, transform_keys)
    return Maximized(
        image=images,
        before=score(to_images(initial)),
        after=score(images),
        transformed=transformed.mean(0),
    )


def _transform(images, key, jitter):
    """A random turn, change of scale and shift of each image, none larger than `jitter` says."""
    if jitter is None:
        return images
    n = len(images)

    def uniform(number, shape):
        number_key = jax.random.fold_in(key, number)
        return jax.random.uniform(number_key, shape, images.dtype, minval=-1, maxval=1)

    angle = jitter.angle * uniform(0, (n,))
    scale = 1 + jitter.scale * uniform(1, (n,))
    shift = jitter.shift * uniform(2, (n, 2))
    return warp(images, angle, scale, shift, fill=images.mean())
