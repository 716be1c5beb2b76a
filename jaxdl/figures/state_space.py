"""The state space of a proved net: the states that it reaches and its inductive invariant."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxdl.figures.base import new_figure
from jaxdl.figures.planes import principal_directions, projected_outline


class Trajectories(NamedTuple):
    """N runs of a net over T steps, beside the automaton that it computes."""

    states: np.ndarray  # (N, T, D), hidden states after each step
    automaton_states: np.ndarray  # (N, T) int, after each step
    inputs: np.ndarray  # (N, T) int, the input read in each step


class Parallelotopes(NamedTuple):
    """L sets centre + generators @ [-1, 1]^E that together are an inductive invariant."""

    centres: np.ndarray  # (L, D)
    generators: np.ndarray  # (L, D, E)
    automaton_states: np.ndarray  # (L,) int, the state of the automaton within each set


class Transition(NamedTuple):
    """Steps of a net in one automaton state on one input, drawn as an arrow."""

    automaton_state: int  # before the step
    input: int
    label: str


def invariant_sets(
    title: str,
    trajectories: Trajectories,
    invariant: Parallelotopes,
    state_names: Sequence[str],
    transitions: Sequence[Transition] = (),
) -> Figure:
    """States that a net reaches, and the sets around them, in two principal directions.

    Args:
        title: The figure's title.
        trajectories: Hidden states, drawn as dots.
        invariant: Sets of hidden states, drawn as outlines.
        state_names: The names of the automaton states, each with a colour of its own.
        transitions: Each is drawn as an arrow, the mean of its steps in the trajectories.

    Returns:
        A Figure with one panel.
    """
    figure = new_figure(7.5, 6.2, title)
    axes = figure.subplots()
    colours = [f'C{number % 10}' for number in range(len(state_names))]
    states = trajectories.states.reshape(-1, trajectories.states.shape[-1])
    projection = principal_directions(states)
    points = projection.project(states)
    point_colours = np.array(colours)[trajectories.automaton_states.ravel()]
    axes.scatter(points[:, 0], points[:, 1], s=4, c=point_colours, alpha=0.5)
    for centre, generators, state in zip(*invariant, strict=True):
        outline = projected_outline(centre, generators, projection)
        axes.fill(outline[:, 0], outline[:, 1], facecolor='none', edgecolor=colours[state])
    paths = points.reshape(*trajectories.states.shape[:2], 2)
    for transition in transitions:
        _draw_transition(axes, transition, trajectories, paths)
    for name, colour in zip(state_names, colours, strict=True):
        axes.scatter([], [], c=colour, label=name)  # an entry of the legend
    axes.set(xlabel='first principal direction', ylabel='second principal direction')
    axes.legend(fontsize=8)
    return figure


def _draw_transition(
    axes: Axes, transition: Transition, trajectories: Trajectories, paths: np.ndarray
) -> None:
    """Draws an arrow for a transition along paths (N, T, 2) in the plane."""
    is_in_state = trajectories.automaton_states[:, :-1] == transition.automaton_state
    reads_input = trajectories.inputs[:, 1:] == transition.input
    steps = is_in_state & reads_input
    if not steps.any():
        return  # the trajectories never came there
    start = paths[:, :-1][steps].mean(0)
    end = paths[:, 1:][steps].mean(0)
    style = {'arrowstyle': '->', 'color': 'black', 'alpha': 0.7}
    axes.annotate('', end, start, arrowprops=style)
    text_x, text_y = 0.35 * start + 0.65 * end
    axes.text(text_x, text_y, transition.label, fontsize=8)
