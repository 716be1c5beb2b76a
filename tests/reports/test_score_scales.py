"""The scales, by hand."""

import math

import numpy as np
import pytest

from experiments.reports.score_scales import Scale

pytestmark = pytest.mark.quick


def test_a_share_is_never_0_or_1():
    """(0 + 1/2)/17 and (16 + 1/2)/17 have odds of 1/33 and 33."""
    scale = Scale('logit', 16)
    np.testing.assert_allclose(scale.transform(np.array([0, 1])), [-math.log(33), math.log(33)])


@pytest.mark.parametrize('scale', [Scale('logit', 100), Scale('log'), Scale('plain')])
def test_scores_come_back(scale):
    scores = np.array([0.01, 0.5, 0.99])
    np.testing.assert_allclose(scale.restore(scale.transform(scores)), scores)


def test_ends_that_nothing_can_pass_are_open():
    share = Scale('logit', 100)
    assert share.lower_end(0.0) == -math.inf and share.upper_end(1.0) == math.inf
    assert share.upper_end(0.5) == pytest.approx(0.0)
    assert Scale('log').lower_end(-0.05) == -math.inf
    assert Scale('log').upper_end(0.05) == pytest.approx(math.log(0.05))
    assert Scale('plain').lower_end(-2.0) == -2


def test_the_resolution_is_that_of_one_example():
    """One of 99 more, about 1/2 of 99: logits differ by 1/(100 x 1/4) = .04."""
    variance = Scale('logit', 99).resolution_variance(np.array([0.5, 0.5]))
    assert variance == pytest.approx(0.04**2 / 12)
    assert Scale('log').resolution_variance(np.array([0.5, 0.5])) == 0
