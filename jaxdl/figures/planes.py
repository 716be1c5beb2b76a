"""Points and sets of many dimensions, seen in a plane."""

from typing import NamedTuple

import numpy as np


class Projection(NamedTuple):
    """A projection of points of D dimensions to a plane."""

    origin: np.ndarray  # (D,)
    directions: np.ndarray  # (D, 2), orthonormal

    def project(self, points: np.ndarray) -> np.ndarray:
        """The places (..., 2) of points (..., D) in the plane."""
        return (points - self.origin) @ self.directions


def principal_directions(states: np.ndarray) -> Projection:
    """The projection to the plane in which states (N, D) vary most."""
    origin = states.mean(0)
    _, _, directions = np.linalg.svd(states - origin, full_matrices=False)
    return Projection(origin, directions[:2].T)


def projected_outline(
    centre: np.ndarray, generators: np.ndarray, projection: Projection
) -> np.ndarray:
    """The outline of a projected parallelotope.

    A projection of a parallelotope is a zonotope: the sum of the segments [-g, g] of its
    projected generators g. Its outline runs through the segments in the order of their angles,
    up one side and down the other.

    Args:
        centre: (D,).
        generators: (D, E).
        projection: To the plane.

    Returns:
        The corners (2E, 2) in order.
    """
    segments = generators.T @ projection.directions  # (E, 2)
    segments = np.where(segments[:, 1:] < 0, -segments, segments)  # all point upwards
    angles = np.arctan2(segments[:, 1], segments[:, 0])
    segments = segments[np.argsort(angles)]
    total = segments.sum(0)
    partial_sums = np.cumsum(segments, 0)
    # The lowest corner is -total; adding 2g for one segment after the other leads to the highest.
    corners = 2 * np.concatenate([partial_sums, total - partial_sums]) - total
    return projection.project(centre) + corners
