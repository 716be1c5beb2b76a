"""Activation maximization: the input that most excites a unit, a map or a class (Erhan et al. 2009).

The image is a function of parameters that gradient ascent moves: pixels, or Fourier coefficients divided by their
frequency, of colours that are decorrelated (Olah et al. 2017, Feature Visualization); random small shifts, turns and
changes of scale at each step keep it from patterns that only one alignment of the pixels excites.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.visualize.invariance import warp


def units(layer, numbers, place=None):
    """Objective: the unit at `place` (row, column; the middle by default) of map numbers[i] of `layer`, for image i.

    Of a dense layer, unit numbers[i]. An objective maps {layer: values} to a score (N,) for each image.
    """

    def score(out):
        values = out[layer]
        if values.ndim == 4:
            row, column = place or (values.shape[1] // 2, values.shape[2] // 2)
            values = values[:, row, column]
        return jnp.take_along_axis(values, jnp.asarray(numbers)[:, None], 1)[:, 0]

    return score


def maps(layer, numbers):
    """Objective: the mean over map numbers[i] of `layer`, for image i."""
    return lambda out: jnp.take_along_axis(
        out[layer].mean((1, 2)), jnp.asarray(numbers)[:, None], 1
    )[:, 0]


def colour_matrix(images):
    """A matrix (C, C) that turns independent channels into ones correlated as those of images (N, H, W, C).

    The symmetric root of their covariance, scaled so that its longest row is 1.
    """
    flat = np.asarray(images, float).reshape(-1, np.shape(images)[-1])
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(flat.T)))
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    return root / np.linalg.norm(root, axis=1).max()


def pixel(key, shape, colour):
    """(parameters, to_image): one number for each pixel and channel, through the colour matrix and a sigmoid to [0, 1]."""
    return 0.01 * jax.random.normal(key, shape), lambda x: jax.nn.sigmoid(
        x @ jnp.asarray(colour, x.dtype).T
    )


def fourier(key, shape, colour):
    """As pixel, with Fourier coefficients divided by their frequency: an equal step moves all scales of the image alike."""
    n, height, width, channels = shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    weight = jnp.asarray(
        np.sqrt(height * width)
        / np.maximum(frequency, 1 / max(height, width))
        / max(height, width),
        float,
    )

    def to_image(x):
        waves = jnp.fft.irfft2((x[0] + 1j * x[1]) * weight[..., None], (height, width), axes=(1, 2))
        return jax.nn.sigmoid(waves @ jnp.asarray(colour, waves.dtype).T)

    return 0.01 * jax.random.normal(key, (2, n, height, width // 2 + 1, channels)), to_image


def sphere(key, shape, colour):
    """Images of norm 1, in the model's own scale: there a linear unit's best input is its weights over their norm."""

    def to_image(x):
        return x / jnp.linalg.norm(x.reshape(len(x), -1), axis=1).reshape(-1, 1, 1, 1)

    return jax.random.normal(key, shape), to_image


PARAMETRIZATIONS = {'fourier': fourier, 'pixel': pixel, 'sphere': sphere}


def maximize(
    model,
    params,
    objective,
    key,
    count,
    parametrization=fourier,
    to_input=lambda image: image,
    colour=None,
    steps=200,
    learning_rate=0.05,
    shift=1.5,
    angle=0.1,
    scale=0.1,
):
    """The images that `objective` asks for, by `steps` steps of Adam on sum(objective) under random transforms.

    to_input: from an image in [0, 1] to the model's scale; colour: see colour_matrix, None for independent channels;
    shift (pixels), angle (radians), scale: the largest change of a step, 0, 0, 0 for none. Returns {'image'
    (count, H, W, C), 'before', 'after' (count,) the objective at the first and last image, 'transformed' (count,) its mean
    over 16 random transforms of the last one}.
    """
    colour = np.eye(model.shape[-1]) if colour is None else colour
    start, to_image = parametrization(jax.random.fold_in(key, 0), (count, *model.shape), colour)
    optimizer = optax.adam(learning_rate)

    def score(images):
        return objective(model.apply(params, to_input(images))[1])

    def moved(images, key):
        if not (shift or angle or scale):
            return images
        turn, size, down_right = (
            jax.random.uniform(jax.random.fold_in(key, i), shape, images.dtype, -1, 1)
            for i, shape in enumerate(((count,), (count,), (count, 2)))
        )
        return warp(images, angle * turn, 1 + scale * size, shift * down_right, images.mean())

    def step(carry, i):
        x, opt_state = carry
        grads = jax.grad(
            lambda x: -score(moved(to_image(x), jax.random.fold_in(key, i + 1))).sum()
        )(x)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(x, updates), opt_state), None

    (last, _), _ = jax.lax.scan(step, (start, optimizer.init(start)), jnp.arange(steps))
    image = to_image(last)
    keys = jax.random.split(jax.random.fold_in(key, steps + 1), 16)
    return {
        'image': image,
        'before': score(to_image(start)),
        'after': score(image),
        'transformed': jax.lax.map(lambda key: score(moved(image, key)), keys).mean(0),
    }
