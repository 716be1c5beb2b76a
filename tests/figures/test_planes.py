"""Projections to a plane: outlines of projected sets, and the plane in which states vary most."""

import numpy as np
import pytest

from jaxdl.figures.planes import Projection, principal_directions, projected_outline


@pytest.mark.quick
def test_the_outline_of_a_square_is_its_corners():
    plane = Projection(origin=np.zeros(2), directions=np.eye(2))
    square = np.array([[0.5, 0.0], [0.0, -0.25]])
    corners = projected_outline(np.array([1.0, 2.0]), square, plane)
    expected = {(0.5, 1.75), (1.5, 1.75), (1.5, 2.25), (0.5, 2.25)}
    assert set(map(tuple, corners)) == expected


def test_the_outline_holds_every_projected_corner():
    """Beside the corners of a cube, all of them within the hull of its outline."""
    rng = np.random.default_rng(0)
    generators = rng.normal(size=(3, 4))
    plane = Projection(rng.normal(size=3), np.linalg.qr(rng.normal(size=(3, 2)))[0])
    centre = rng.normal(size=3)
    outline = projected_outline(centre, generators, plane)
    signs = np.stack(np.meshgrid(*[[-1, 1]] * 4), axis=-1).reshape(-1, 4)
    points = (centre + signs @ generators.T - plane.origin) @ plane.directions
    # The outline is convex: every point lies on the same side of all its edges.
    edges = np.roll(outline, -1, axis=0) - outline
    offsets = points[:, None] - outline
    sides = edges[:, 0] * offsets[..., 1] - edges[:, 1] * offsets[..., 0]
    assert sides.min() > -1e-9 or sides.max() < 1e-9


@pytest.mark.quick
def test_the_plane_is_the_one_in_which_points_vary():
    """Points of a plane in three dimensions: their distances stay, and their mean is the origin."""
    rng = np.random.default_rng(1)
    directions = np.linalg.qr(rng.normal(size=(3, 2)))[0]
    points = rng.normal(size=(50, 2)) @ directions.T + [1.0, 2.0, 3.0]
    projection = principal_directions(points)
    places = projection.project(points)
    np.testing.assert_allclose(places.mean(0), 0, atol=1e-12)
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    projected_distances = np.linalg.norm(places[:, None] - places, axis=-1)
    np.testing.assert_allclose(projected_distances, distances, atol=1e-12)
