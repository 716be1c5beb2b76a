"""Filters as pictures, and which are dead or alike."""

import itertools

import numpy as np
import pytest

from jaxdl.visualize import filters

pytestmark = pytest.mark.quick


def example_weights():
    """Six random filters: number 3 is opposite to number 1, number 4 nearly zero."""
    weights = np.random.default_rng(0).normal(size=(6, 3, 5, 5))
    weights[3] = -2 * weights[1]
    weights[4] *= 1e-4
    return weights


def test_dead_and_similar_filters():
    weights = example_weights()
    (pair,) = filters.similar_pairs(weights)
    assert (pair.first, pair.second) == (1, 3)
    np.testing.assert_allclose(pair.cosine, -1)
    assert filters.dead_filters(weights).tolist() == [4]


def test_pictures_have_their_own_scale_or_a_shared_one():
    weights = example_weights()
    pictures = filters.pictures(weights)
    assert pictures.shape == (6, 5, 5, 3)
    np.testing.assert_allclose(np.abs(pictures - 0.5).max((1, 2, 3)), 0.5)
    expected = 0.5 + 0.5 * weights[0, :, 2, 3] / np.abs(weights[0]).max()
    np.testing.assert_allclose(pictures[0, 2, 3], expected)

    shared = filters.pictures(weights, shared=True)
    expected = (weights / np.abs(weights).max() / 2).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(shared - 0.5, expected)


def test_the_largest_response_is_that_of_the_best_corner():
    """A linear function is largest at a corner: all black and white images are tried."""
    weights = np.random.default_rng(0).normal(size=(4, 2, 2, 2))
    low, high = np.array([-0.5, 0.2]), np.array([1.5, 3.0])
    corners = []
    for is_white in itertools.product([False, True], repeat=8):
        by_channel = np.reshape(is_white, (2, 4))
        corners.append(np.where(by_channel, high[:, None], low[:, None]).ravel())
    expected = (weights.reshape(4, -1) @ np.array(corners).T).max(1)
    np.testing.assert_allclose(filters.largest_responses(weights, low, high), expected)
