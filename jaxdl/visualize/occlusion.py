"""What happens when a part of the image is covered.

Occlusion maps, and whether a net knows that parts of different images correspond: Zeiler & Fergus
(2013), sections 4.2 and 4.3. See model.py for the model and the shapes. Images are as the model
takes them, so the value `fill` of the cover is in that scale too.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.arguments import require_shape
from jaxdl.names import look_up
from jaxdl.visualize import deconvnet
from jaxdl.visualize.model_interface import Model, Params

WATCHED_LAYER = 'conv2'  # its strongest map is watched in `occlude`
COMPARED_LAYERS = ('pool2', 'dense')  # by `inconsistency`


class Occlusion(NamedTuple):
    """What a net makes of one image under P covers.

    Attributes:
        activity: (P,) the sum over the strongest map of a layer.
        probability: (P,) of the image's class.
        logit: (P,) of the image's class.
        answer: (P,) int, the most likely class.
        map: () int, the number of the strongest map: the one whose norm is largest on the
            uncovered image.
        projection: (H, W, C) of that map of the uncovered image, by the deconvnet.
    """

    activity: jax.Array
    probability: jax.Array
    logit: jax.Array
    answer: jax.Array
    map: jax.Array
    projection: jax.Array


def windows(side: int, size: int, stride: int = 1) -> np.ndarray:
    """Masks of square windows in a square image, row by row.

    Args:
        side: The side of the image in pixels.
        size: The side of a window.
        stride: The pixels from one window to the next.

    Returns:
        (P, side, side) bool, P = ((side - size) // stride + 1) ** 2.
    """
    pixels = np.arange(side)
    firsts = np.arange(0, side - size + 1, stride)[:, None]
    # The pixels of each window along one side of the image: (windows along a side, side).
    covered = (firsts <= pixels) & (pixels < firsts + size)
    rows = covered[:, None, :, None]
    columns = covered[None, :, None, :]
    return (rows & columns).reshape(-1, side, side)


def occlude(
    model: Model,
    params: Params,
    image: jax.Array,
    masks: jax.Array,
    label: int | jax.Array,
    fill: jax.Array | float = 0.0,
) -> Occlusion:
    """Covers an image by each of several masks and looks at the net's answers.

    Args:
        model: The net.
        params: Its parameters.
        image: (H, W, C).
        masks: (P, H, W) bool, True where the image is covered.
        label: The image's class.
        fill: () or (C,), the value of the cover.
    """
    require_shape('image', image, 'H', 'W', 'C')
    require_shape('masks', masks, 'P', *image.shape[:2])
    # A batch of one, because the model takes batches.
    batch = image[None]
    _, uncovered_layers = model.apply(params, batch)
    (norms,) = deconvnet.map_norms(look_up('layer', WATCHED_LAYER, uncovered_layers))
    strongest = norms.argmax()
    signal = deconvnet.one_map(strongest)
    (projection,) = deconvnet.project(model, params, batch, WATCHED_LAYER, signal)

    covered_images = jnp.where(masks[..., None], fill, image)
    logits, layers = model.apply(params, covered_images)
    watched_map = layers[WATCHED_LAYER][..., strongest]
    height_and_width = tuple(range(1, watched_map.ndim))
    return Occlusion(
        activity=watched_map.sum(axis=height_and_width),
        probability=jax.nn.softmax(logits)[:, label],
        logit=logits[:, label],
        answer=logits.argmax(-1),
        map=strongest,
        projection=projection,
    )


def inconsistency(
    model: Model,
    params: Params,
    images: jax.Array,
    masks: jax.Array,
    fill: jax.Array | float = 0.0,
) -> dict[str, jax.Array]:
    """How much the change of features differs from image to image when a part is covered.

    The change of image i is e_i = x_i - x_i(covered), of features x. The measure is the mean over
    pairs i, j of the share of entries where sign(e_i) and sign(e_j) differ. A measure lower than
    that of random parts says that the net treats the part as the same thing in all images.

    Args:
        model: The net.
        params: Its parameters.
        images: (N, H, W, C).
        masks: (N, H, W) bool, the same part of each image.
        fill: () or (C,), the value of the cover.

    Returns:
        {layer: ()}.
    """
    n = len(images)
    covered_images = jnp.where(masks[..., None], fill, images)
    _, before = model.apply(params, images)
    _, after = model.apply(params, covered_images)
    measures = {}
    for layer in COMPARED_LAYERS:
        changes = before[layer] - after[layer]
        signs = jnp.sign(changes).reshape(n, -1)
        share_differing = jnp.mean(signs[:, None] != signs[None], axis=-1)  # (N, N)
        # An image does not differ from itself, so the sum is that over the n * (n - 1) pairs.
        measures[layer] = share_differing.sum() / (n * (n - 1))
    return measures
