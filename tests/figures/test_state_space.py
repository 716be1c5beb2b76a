"""The picture of an inductive invariant: outlines around the sets, arrows for transitions."""

import numpy as np
import pytest

from jaxdl.figures.state_space import (
    Parallelotopes,
    Trajectories,
    Transition,
    invariant_sets,
)


@pytest.mark.quick
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
