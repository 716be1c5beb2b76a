"""What happens when a part of the image is covered: occlusion maps, and whether a net knows corresponding parts.

Zeiler & Fergus (2013), sections 4.2 and 4.3. `model` is as in deconvnet.py; images are as the model takes them, so
`fill` is in that scale too.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.visualize import deconvnet


def windows(side, size, stride=1):
    """Masks (P, side, side) bool of square windows of `size` pixels, row by row; P = ((side - size) // stride + 1) ** 2."""
    starts = np.arange(0, side - size + 1, stride)
    covered = (starts[:, None] <= np.arange(side)) & (np.arange(side) < starts[:, None] + size)
    return (covered[:, None, :, None] & covered[None, :, None, :]).reshape(-1, side, side)


def occlude(model, params, image, masks, label, fill=0.0, layer='conv2'):
    """The net's answers to image (H, W, C), covered by each of masks (P, H, W) with the value(s) `fill`.

    Returns {'activity' (P,): the sum over the map of `layer` whose norm is largest on the uncovered image,
    'probability' (P,) of class `label`, 'logit' (P,) of it, 'answer' (P,) the most likely class, 'map': that map,
    'projection' (H, W, C) of that map of the uncovered image through the deconvnet}.
    """
    strongest = deconvnet.map_norms(model.apply(params, image[None])[1][layer])[0].argmax()
    logits, out = model.apply(params, jnp.where(masks[..., None], fill, image))
    activity = out[layer][..., strongest].sum(axis=tuple(range(1, out[layer].ndim - 1)))
    projection = deconvnet.project(model, params, image[None], layer, deconvnet.one_map(strongest))[
        0
    ]
    return {
        'activity': activity,
        'probability': jax.nn.softmax(logits)[:, label],
        'logit': logits[:, label],
        'answer': logits.argmax(-1),
        'map': strongest,
        'projection': projection,
    }


def consistency(model, params, images, masks, fill=0.0, layers=('pool2', 'dense')):
    """{layer: ()}: how much the change of a layer's features differs from image to image when a part is covered.

    images (N, H, W, C), masks (N, H, W): the same part of each. The change of features e_i = x_i - x_i(covered); the
    measure is the mean over pairs i, j of the share of entries where sign(e_i) and sign(e_j) differ. Lower than for
    random parts: the net treats the part as one and the same thing in all images.
    """
    before = model.apply(params, images)[1]
    after = model.apply(params, jnp.where(masks[..., None], fill, images))[1]
    n = len(images)

    def difference(layer):
        signs = jnp.sign(before[layer] - after[layer]).reshape(n, -1)
        return jnp.mean(signs[:, None] != signs[None], axis=-1).sum() / (n * (n - 1))

    return {layer: difference(layer) for layer in layers}
