"""How well simple shapes fit the filters of a convolution: planes, and straight edges.

Shapes: K filters, C channels, S the side of a filter. The channels of a filter share the shape but
not its contrast: each has its own slope, or its own two levels.
"""

import numpy as np

EDGE_DIRECTIONS = 16  # over half a turn


def plane_shares(weights: np.ndarray) -> np.ndarray:
    """The share of the variance of each filter that a plane explains, from 0 to 1.

    A plane is a gradient from light to dark in one direction. In each channel it is the best one in
    least squares. Of random weights it explains 2 / (S^2 - 1) on average.

    Args:
        weights: (K, C, S, S).

    Returns:
        (K,); 0 for a filter of constant channels.
    """
    side = weights.shape[-1]
    steps = np.arange(side) - (side - 1) / 2
    rows, columns = np.meshgrid(steps, steps, indexing='ij')
    # Both have mean 0 and are orthogonal, so that what they explain adds up.
    slopes = np.stack([rows.ravel(), columns.ravel()])
    slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
    deviations = _deviations(weights)
    explained = np.sum((deviations @ slopes.T) ** 2, axis=(1, 2))
    return _share(explained, deviations)


def edge_shares(weights: np.ndarray) -> np.ndarray:
    """The share of the variance of each filter that one straight edge explains, from 0 to 1.

    An edge has one level on either side of a straight line. The line is the best one of those in
    EDGE_DIRECTIONS directions, at every place. Since the best of many is taken, an edge explains a
    good part of random weights too.

    Args:
        weights: (K, C, S, S).

    Returns:
        (K,); 0 for a filter of constant channels.
    """
    steps = _edges(weights.shape[-1])
    deviations = _deviations(weights)
    by_edge = np.sum((deviations @ steps.T) ** 2, axis=1)  # (K, edges)
    return _share(by_edge.max(1), deviations)


def _deviations(weights: np.ndarray) -> np.ndarray:
    """The weights (K, C, S * S) less the mean of their channel."""
    flat = np.asarray(weights, float).reshape(*weights.shape[:2], -1)
    return flat - flat.mean(-1, keepdims=True)


def _share(explained: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Sums of squares (K,) as shares of all squared deviations."""
    total = np.sum(deviations**2, axis=(1, 2))
    return explained / np.where(total > 0, total, 1)


def _edges(side: int) -> np.ndarray:
    """All edges in a square, each a vector (side * side) of mean 0 and norm 1: (edges, side^2)."""
    rows, columns = np.divmod(np.arange(side**2), side)
    lit_sides = set()
    for direction in np.pi * np.arange(EDGE_DIRECTIONS) / EDGE_DIRECTIONS:
        distances = np.cos(direction) * rows + np.sin(direction) * columns
        distances = distances.round(9)  # pixels on one line are equally far
        for threshold in np.unique(distances)[1:]:
            lit_sides.add(tuple(distances >= threshold))
    edges = np.array(sorted(lit_sides), float)
    edges -= edges.mean(1, keepdims=True)
    return edges / np.linalg.norm(edges, axis=1, keepdims=True)
