"""The picture of an inductive invariant: outlines around the sets, arrows for transitions."""

import numpy as np
import pytest

from jaxdl.figures.state_space import (
    Parallelotopes,
    Projection,
    Trajectories,
    Transition,
    _projected_outline,
    invariant_sets,
)


@pytest.mark.quick
def test_the_outline_of_a_square_is_its_corners():
    plane = Projection(origin=np.zeros(2), directions=np.eye(2))
    square = np.array([[0.5, 0.0], [0.0, -0.25]])
    corners = _projected_outline(np.array([1.0, 2.0]), square, plane)
    expected = {(0.5, 1.75), (1.5, 1.75), (1.5, 2.25), (0.5, 2.25)}
    assert set(map(tuple, corners)) == expected


def test_the_outline_holds_every_projected_corner():
    """Beside the corners of a cube, all of them within the hull of its outline."""
    rng = np.random.default_rng(0)
    generators = rng.normal(size=(3, 4))
    plane = Projection(rng.normal(size=3), np.linalg.qr(rng.normal(size=(3, 2)))[0])
    centre = rng.normal(size=3)
    outline = _projected_outline(centre, generators, plane)
    signs = np.stack(np.meshgrid(*[[-1, 1]] * 4), axis=-1).reshape(-1, 4)
    points = (centre + signs @ generators.T - plane.origin) @ plane.directions
    # The outline is convex: every point lies on the same side of all its edges.
    edges = np.roll(outline, -1, axis=0) - outline
    offsets = points[:, None] - outline
    sides = edges[:, 0] * offsets[..., 1] - edges[:, 1] * offsets[..., 0]
    assert sides.min() > -1e-9 or sides.max() < 1e-9


def test_an_arrow_is_the_mean_of_its_steps():
    """Two automaton states, far apart along the first axis; the input 1 leads from 0 to 1."""
    states = np.array([[[0.0, 0.1], [4.0, -0.1], [0.0, 0.1], [4.0, -0.1]]])
    trajectories = Trajectories(states, np.array([[0, 1, 0, 1]]), np.array([[0, 1, 0, 1]]))
    invariant = Parallelotopes(
        centres=np.array([[0.0, 0.0], [4.0, 0.0]]),
        generators=np.stack([np.eye(2), np.eye(2)]),
        automaton_states=np.array([0, 1]),
    )
    transitions = [Transition(automaton_state=0, input=1, label='0+1')]
    figure = invariant_sets('', trajectories, invariant, ['carry 0', 'carry 1'], transitions)
    (axes,) = figure.axes
    assert len(axes.patches) == 2  # the outlines
    arrow, label = axes.texts
    assert label.get_text() == '0+1'
    assert np.hypot(*np.subtract(arrow.xy, arrow.xyann)) == pytest.approx(np.hypot(4, 0.2))
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ['carry 0', 'carry 1']
