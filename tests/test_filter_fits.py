"""Fits of planes and edges against least squares by NumPy, and on filters made by hand."""

import numpy as np
import pytest

from jaxdl.visualize.filter_fits import EDGE_DIRECTIONS, edge_shares, plane_shares

pytestmark = pytest.mark.quick
WEIGHTS = np.random.default_rng(0).normal(size=(7, 2, 5, 5))


def explained_by(design, channels):
    """The share of the variance of channels (C, 25) that the columns of a matrix explain."""
    left, total = 0, 0
    for channel in channels:
        coefficients = np.linalg.lstsq(design, channel, rcond=None)[0]
        left += np.sum((channel - design @ coefficients) ** 2)
        total += 25 * channel.var()
    return 1 - left / total


def test_a_plane_is_the_least_squares_one():
    rows, columns = np.mgrid[:5, :5]
    design = np.stack([rows.ravel(), columns.ravel(), np.ones(25)], axis=1)
    expected = [explained_by(design, weight.reshape(2, 25)) for weight in WEIGHTS]
    np.testing.assert_allclose(plane_shares(WEIGHTS), expected)


def test_an_edge_is_the_best_of_all_lines():
    """Lines that are cut at many more places than there are, with two free levels."""
    rows, columns = np.mgrid[:5, :5]
    expected = np.zeros(len(WEIGHTS))
    for number in range(EDGE_DIRECTIONS):
        angle = np.pi * number / EDGE_DIRECTIONS
        distances = (np.cos(angle) * rows + np.sin(angle) * columns).ravel()
        before = np.ones(25, bool)
        for cut in np.arange(-4.003, 8, 0.01):
            lit = distances > cut
            if (lit == before).all() or not lit.any():
                continue
            before = lit
            design = np.stack([lit, ~lit], axis=1).astype(float)
            for i, weight in enumerate(WEIGHTS):
                share = explained_by(design, weight.reshape(2, 25))
                expected[i] = max(expected[i], share)
    np.testing.assert_allclose(edge_shares(WEIGHTS), expected)


def test_filters_made_by_hand():
    rows, columns = np.mgrid[:5, :5]
    slope = 2 * rows - 3 * columns + 7
    edge = np.where(rows + columns > 4, 5, -1)
    ridge = (columns - 2) ** 2  # light on both sides, dark in the middle: no gradient
    flat = np.full((5, 5), 0.3)
    filters = np.stack([slope, edge, ridge, flat])[:, None].astype(float)
    planes, edges = plane_shares(filters), edge_shares(filters)
    np.testing.assert_allclose(planes[[0, 2, 3]], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(edges[[1, 3]], [1, 0], atol=1e-12)
    assert planes[1] < 0.8
    assert edges[2] < 0.5


def test_a_plane_explains_little_of_random_weights():
    random = np.random.default_rng(1).normal(size=(4000, 1, 5, 5))
    assert plane_shares(random).mean() == pytest.approx(2 / 24, abs=0.003)
