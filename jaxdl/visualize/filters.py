"""The filters of a convolution as pictures, and which of them are dead or the same."""

import numpy as np


def centred(images, shared=False):
    """Signed images (n, H, W, C) as pictures in [0, 1] whose mid-grey, .5, is zero.

    Each is scaled by its own largest magnitude, or, shared, all by the largest of all.
    """
    images = np.asarray(images, float)
    scale = np.abs(images).max() if shared else np.abs(images).max((1, 2, 3), keepdims=True)
    return 0.5 + 0.5 * images / np.where(scale > 0, scale, 1)


def pictures(weights, shared=False):
    """Filters (K, C, k, k) of one or three channels as pictures (K, k, k, C), see centred."""
    return centred(np.asarray(weights).transpose(0, 2, 3, 1), shared)


def dead(weights, share=0.01):
    """The filters (K, C, k, k) whose norm is less than `share` of the largest one's."""
    norms = np.linalg.norm(np.asarray(weights, float).reshape(len(weights), -1), axis=1)
    return np.flatnonzero(norms < share * norms.max())


def duplicates(weights, cosine=0.95):
    """Pairs (a, b, cosine similarity), a < b, of filters (K, C, k, k) that are alike or opposite: |similarity| > cosine."""
    flat = np.asarray(weights, float).reshape(len(weights), -1)
    unit = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-30)
    similarity = unit @ unit.T
    return [
        (int(a), int(b), float(similarity[a, b]))
        for a, b in zip(*np.nonzero(np.triu(abs(similarity) > cosine, 1)))
    ]
