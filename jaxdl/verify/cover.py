"""A second search for proofs of nets as they were trained: sets that cover all states they reach.

Not trusted; check.py has the theorem and checks what is found. The search begins with a small set
around the zero state. Bound propagation gives the image of a set after every word of k symbols. An
image that lies in no set so far gets a new set around it, and so on until every image lies in one.

The shape of a set. Let every step add noise with covariance N to the net state. The errors of a run
then have covariance C, and after the next step J C J' + N, with the Jacobian J of the step. A set
has the principal axes of C for generators, `size` standard deviations long. To first order a step
maps the ellipsoid of C into that of J C J' + N, and N is to spare. This is the room that takes in
images of other sets nearby, so that the sets come to an end. Where an image is longer than an axis,
the generator is as long as the image.

Shapes: L sets, W words of k symbols, n numbers of a net state (h, for LSTM followed by c), m
unknowns of an image.
"""

from typing import NamedTuple

import jax
import numpy as np

from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.set_graph import Parallelotopes, SetGraph
from jaxdl.verify.set_images import Images, SetImages

SETS_AT_ONCE = 32  # in one program
START_HALF_WIDTH = 1e-4  # of the set around the zero state
GROWTH = 1.02  # of a generator over the image that it must hold
ROUNDING = 1e-4  # of single precision, in lengths of the generators of a set


class Cover(NamedTuple):
    """Sets of net states and which of them each word leads to; set 0 is the start."""

    sets: Parallelotopes
    graph: SetGraph


class Attempt(NamedTuple):
    """How far a search came.

    Attributes:
        cover: If every image lies in a set and all answers are right.
        sets: How many were made.
        open_sets: How many of them have images that were not yet bounded.
        answer: The smallest sum of logits that must be positive; negative if a set was too large.
    """

    cover: Cover | None
    sets: int
    open_sets: int
    answer: float


class _Sets:
    """The sets that were made so far.

    Attributes:
        count: How many.
        automaton_state: (most,) of which the first `count` are in use; so with the others.
        centre: (most, n).
        generators: (most, n, n).
        inverse: (most, n, n) of the generators.
        covariance: (most, n, n) of the errors that a run carries along.
    """

    def __init__(self, most: int, size: int):
        self.count = 0
        self.automaton_state = np.zeros(most, int)
        self.centre = np.zeros((most, size))
        self.generators = np.zeros((most, size, size))
        self.inverse = np.zeros((most, size, size))
        self.covariance = np.zeros((most, size, size))

    def add(
        self,
        automaton_state: int,
        centre: np.ndarray,
        axes: np.ndarray,
        half_widths: np.ndarray,
        covariance: np.ndarray,
    ) -> int:
        """Adds a set with orthonormal axes (in columns) and returns its number."""
        number = self.count
        self.automaton_state[number] = automaton_state
        self.centre[number] = centre
        self.generators[number] = axes * half_widths
        self.inverse[number] = (axes / half_widths).T
        self.covariance[number] = covariance
        self.count += 1
        return number

    def holding(self, automaton_state: int, centre: np.ndarray, unknowns: np.ndarray) -> int | None:
        """The number of a set with this automaton state that holds the image, if there is one."""
        numbers = np.flatnonzero(self.automaton_state[: self.count] == automaton_state)
        from_centre = centre - self.centre[numbers]
        distance = np.abs(np.einsum('lij,lj->li', self.inverse[numbers], from_centre))
        # Most sets are too far away; of the others the exact condition is tried.
        is_near = (distance <= 1).all(1)
        near = numbers[is_near]
        reach = distance[is_near] + np.abs(self.inverse[near] @ unknowns).sum(2)
        holding = near[(reach <= 1 - ROUNDING).all(1)]
        return int(holding[0]) if len(holding) else None


def find_cover(
    set_images: SetImages,
    params: Params,
    size: float,
    most_sets: int,
) -> Attempt:
    """Looks for sets that cover all states that a net can reach.

    Args:
        set_images: Of the automaton that the net must follow.
        params: Of the net.
        size: Of a set, in standard deviations of the errors that a run carries along.
        most_sets: The search gives up when it needs more.
    """
    state_size = set_images.state_size
    identity = np.eye(state_size)
    sets = _Sets(most_sets, state_size)
    start_half_widths = np.full(state_size, START_HALF_WIDTH)
    sets.add(0, np.zeros(state_size), identity, start_half_widths, identity)
    next_sets = []
    answer = np.inf
    while len(next_sets) < sets.count:
        first = len(next_sets)
        batch = np.arange(first, min(first + SETS_AT_ONCE, sets.count))
        images = _images_of(set_images, params, sets, batch)
        answer = min(answer, images.answer[: len(batch)].min())
        # Also where it is no number.
        if not answer > 0:
            return Attempt(None, sets.count, sets.count - first, float(answer))
        for place, number in enumerate(batch):
            image = jax.tree.map(lambda leaf, place=place: leaf[place], images)
            next_states = set_images.next_state[sets.automaton_state[number]]
            targets = _targets(sets, image, next_states, size)
            if targets is None:
                return Attempt(None, sets.count, sets.count - len(next_sets), float(answer))
            next_sets.append(targets)
    return Attempt(_cover_of(sets, next_sets), sets.count, 0, float(answer))


def _images_of(set_images: SetImages, params: Params, sets: _Sets, numbers: np.ndarray) -> Images:
    """The Images of so many sets, with leaves (SETS_AT_ONCE, ...)."""
    # The last ones repeat the sets, so that all batches share one program.
    numbers = np.resize(numbers, SETS_AT_ONCE)
    return jax.device_get(
        set_images.find(
            params,
            sets.automaton_state[numbers],
            sets.centre[numbers],
            sets.generators[numbers],
            sets.covariance[numbers],
        )
    )


def _targets(sets: _Sets, image: Images, next_states: np.ndarray, size: float) -> list[int] | None:
    """The set that holds the image after each word; makes those that are missing.

    Returns:
        None if there is no room for another set.
    """
    targets = []
    for word, automaton_state in enumerate(next_states):
        centre, unknowns = image.centre[word], image.unknowns[word]
        target = sets.holding(automaton_state, centre, unknowns)
        if target is None:
            if sets.count == len(sets.automaton_state):
                return None
            variances, axes = np.linalg.eigh(image.covariance[word])
            image_half_widths = np.abs(axes.T @ unknowns).sum(1)
            half_widths = np.maximum(GROWTH * image_half_widths, size * np.sqrt(variances))
            target = sets.add(automaton_state, centre, axes, half_widths, image.covariance[word])
        targets.append(target)
    return targets


def _cover_of(sets: _Sets, next_sets: list[list[int]]) -> Cover:
    used = slice(0, sets.count)
    parallelotopes = Parallelotopes(sets.centre[used], sets.generators[used])
    return Cover(parallelotopes, SetGraph(sets.automaton_state[used], np.array(next_sets)))
