"""The filters of a convolution as pictures, and which of them are dead or alike."""

from typing import NamedTuple

import numpy as np

DEAD_SHARE = 0.01
SIMILAR_COSINE = 0.95


class SimilarPair(NamedTuple):
    """Two filters that are alike or opposite.

    Attributes:
        first: The number of one filter.
        second: The number of the other, larger than `first`.
        cosine: Their cosine similarity, from -1 to 1.
    """

    first: int
    second: int
    cosine: float


def centred(images: np.ndarray, shared: bool = False) -> np.ndarray:
    """Signed images as pictures in [0, 1] in which 0 is mid-grey, 0.5.

    Args:
        images: (n, H, W, C).
        shared: Whether all images are scaled by the largest magnitude of them all. Otherwise each
            is scaled by its own.

    Returns:
        (n, H, W, C) float64.
    """
    images = np.asarray(images, float)
    magnitudes = np.abs(images)
    scale = magnitudes.max() if shared else magnitudes.max((1, 2, 3), keepdims=True)
    # An image of zeros stays mid-grey.
    scale = np.where(scale > 0, scale, 1)
    return 0.5 + 0.5 * images / scale


def pictures(weights: np.ndarray, shared: bool = False) -> np.ndarray:
    """Filters (K, C, k, k) of one or three channels as pictures (K, k, k, C), see `centred`."""
    return centred(np.asarray(weights).transpose(0, 2, 3, 1), shared)


def dead_filters(weights: np.ndarray) -> np.ndarray:
    """The numbers of the filters (K, C, k, k) with a norm below DEAD_SHARE of the largest norm."""
    flat = np.asarray(weights, float).reshape(len(weights), -1)
    norms = np.linalg.norm(flat, axis=1)
    return np.flatnonzero(norms < DEAD_SHARE * norms.max())


def similar_pairs(weights: np.ndarray) -> list[SimilarPair]:
    """The pairs of filters (K, C, k, k) with a cosine beyond SIMILAR_COSINE in magnitude."""
    flat = np.asarray(weights, float).reshape(len(weights), -1)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    directions = flat / np.maximum(norms, 1e-30)  # a filter of zeros is like no other
    similarity = directions @ directions.T
    # The upper triangle has each pair once, and no filter with itself.
    alike = np.triu(abs(similarity) > SIMILAR_COSINE, 1)
    pairs = []
    for first, second in np.argwhere(alike):
        pair = SimilarPair(
            first=int(first),
            second=int(second),
            cosine=float(similarity[first, second]),
        )
        pairs.append(pair)
    return pairs


def largest_responses(weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The largest value, without its bias, that each filter can have on any image: (K,).

    Pixels below a positive weight are then as light as can be, those below a negative one as dark.

    Args:
        weights: (K, C, k, k).
        low: (C,) the value of a black pixel, as the net takes it.
        high: (C,) that of a white one, above `low`.
    """
    weights = np.asarray(weights, float)
    positive = np.maximum(weights, 0).sum((2, 3))  # (K, C)
    negative = np.minimum(weights, 0).sum((2, 3))
    return positive @ high + negative @ low
