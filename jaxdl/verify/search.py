"""The search for an inductive invariant: gradient descent on bounds, in JAX.

Not trusted; check.py has the theorem and checks what is found. The invariant has one parallelotope
of net states for each node of a SetGraph. The sets, and unless they are frozen the weights, move
together until bound propagation maps every set into the next ones with something to spare.

Shapes: L sets, X symbols, n numbers of a net state (h, for LSTM followed by c), C constraints on
the logits of an answer.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from jaxdl.verify import automaton_arrays
from jaxdl.verify.answer_gaps import answer_gaps, answer_sums
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import AffineForm, Params, linear, radius, step
from jaxdl.verify.set_graph import Parallelotopes, SetGraph


class Gaps(NamedTuple):
    """How much each condition of the theorem has to spare; negative where it fails.

    Attributes:
        closure: (L, X, n) from the image of a set to the facets of its target, in lengths of the
            target's generators.
        answer: (L, X, C) from 0 to the sums of logits that must be positive; infinite where any
            answer is allowed.
        start: (n,) from the zero state to the facets of set 0, in lengths of its generators.
        sensitivity: (L, n) how far a net state moves, in lengths of a set's generators, if each of
            its numbers changes by at most 1.
    """

    closure: Array
    answer: Array
    start: Array
    sensitivity: Array


class Candidate(NamedTuple):
    """A net and sets that may prove it.

    Attributes:
        params: Of the net.
        sets: One for each node of the graph.
    """

    params: Params
    sets: Parallelotopes


def gaps(
    cell: str,
    params: Params,
    sets: Parallelotopes,
    graph: SetGraph,
    automaton: Automaton,
) -> Gaps:
    """Bounds what the conditions of the theorem have to spare.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        sets: One for each node of the graph.
        graph: Of the automaton.
        automaton: What the net must do.
    """
    inverse = jnp.linalg.inv(sets.generators)
    sensitivity = jnp.abs(inverse).sum(-1)
    sums = answer_sums(automaton, params)
    answers = automaton_arrays.answer_table(automaton)[graph.automaton_state]  # (L, X)

    def transition(centre, generators, vector, target, answer):
        states = AffineForm(centre, generators, jnp.zeros(len(centre)))
        image = step(cell, params, states, vector)
        target_inverse = inverse[target]
        from_centre = image._replace(centre=image.centre - sets.centre[target])
        coordinates = linear(target_inverse, 0.0, from_centre)
        closure = 1 - jnp.abs(coordinates.centre) - radius(coordinates)
        return closure, answer_gaps(sums, answer, image)

    over_symbols = jax.vmap(transition, (None, None, 0, 0, 0))
    over_sets = jax.vmap(over_symbols, (0, 0, None, 0, 0))
    closure, answer_room = over_sets(
        sets.centre,
        sets.generators,
        jnp.array(automaton.symbols, float),
        graph.next_set,
        answers,
    )
    start = 1 - jnp.abs(inverse[0] @ sets.centre[0])
    return Gaps(closure, answer_room, start, sensitivity)


class Variables(NamedTuple):
    """What the search changes.

    Attributes:
        params: Of the net; {} where the weights are frozen.
        centre: (L, n) how far each centre has moved.
        generators: How the generators have changed; see the two kinds of Problem.
    """

    params: Params
    centre: Array
    generators: Array


class Problem(NamedTuple):
    """What the search minimizes, over which variables.

    Attributes:
        start: The variables at the beginning.
        candidate: The net and sets of given variables.
        closure_shortfall: From a closure gap (L, X, n) and the sensitivity of its target to how
            much the gap is too small; negative where it is large enough.
        answer_margin: What a sum of logits must reach.
        learning_rate: Of Adam, at the beginning.
    """

    start: Variables
    candidate: Callable[[Variables], Candidate]
    closure_shortfall: Callable[[Array, Array], Array]
    answer_margin: float
    learning_rate: float


def search(
    cell: str,
    params: Params,
    boxes: Parallelotopes,
    graph: SetGraph,
    automaton: Automaton,
    tune: bool = True,
    steps: int = 6000,
) -> Candidate:
    """Looks for an inductive invariant: Adam minimizes by how much the gaps are too small.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        boxes: Where to begin, from `reached`.
        graph: Of the automaton.
        automaton: What the net must do.
        tune: Weights and boxes move together, which is quick. Else the weights stay as they are,
            and the boxes may become any parallelotopes, with smaller margins.
        steps: Of Adam.

    Returns:
        The net and the sets after the last step, whether they prove it or not.
    """
    make_problem = _tuning_problem if tune else _fitting_problem
    problem = make_problem(params, boxes)

    def loss(variables):
        candidate = problem.candidate(variables)
        spare = gaps(cell, candidate.params, candidate.sets, graph, automaton)
        target_sensitivity = spare.sensitivity[graph.next_set]
        closure_shortfall = problem.closure_shortfall(spare.closure, target_sensitivity)
        return (
            jax.nn.relu(closure_shortfall).sum()
            + jax.nn.relu(problem.answer_margin - spare.answer).sum()
            + jax.nn.relu(0.01 - spare.start).sum()
        )

    schedule = optax.cosine_decay_schedule(problem.learning_rate, steps, alpha=0.05)
    optimizer = optax.adam(schedule)

    def descend(carry, _):
        variables, opt_state = carry
        gradient = jax.grad(loss)(variables)
        updates, opt_state = optimizer.update(gradient, opt_state)
        variables = optax.apply_updates(variables, updates)
        return (variables, opt_state), None

    carry = (problem.start, optimizer.init(problem.start))
    (variables, _), _ = lax.scan(descend, carry, length=steps)
    return problem.candidate(variables)


def _tuning_problem(params: Params, boxes: Parallelotopes) -> Problem:
    """Weights and boxes move; the variables of a box are its shift and the logs of its widths."""
    half_widths = jax.vmap(jnp.diag)(boxes.generators)  # (L, n)
    identity = jnp.eye(half_widths.shape[-1])

    def candidate(variables):
        centre = boxes.centre + variables.centre
        widths_now = half_widths * jnp.exp(variables.generators)
        generators = widths_now[..., None] * identity
        return Candidate(variables.params, Parallelotopes(centre, generators))

    def closure_shortfall(closure, target_sensitivity):
        # An error of .01 in each number of the net state is to leave it in the target.
        return 0.01 - closure / target_sensitivity

    no_change = jnp.zeros_like(half_widths)
    return Problem(
        Variables(params, no_change, no_change),
        candidate,
        closure_shortfall,
        answer_margin=0.1,
        learning_rate=3e-3,
    )


def _fitting_problem(params: Params, boxes: Parallelotopes) -> Problem:
    """The weights are frozen; the boxes turn and shear, in units of their widths at the start."""
    half_widths = jax.vmap(jnp.diag)(boxes.generators)  # (L, n)
    identity = jnp.eye(half_widths.shape[-1])

    def candidate(variables):
        centre = boxes.centre + half_widths * variables.centre
        generators = half_widths[..., None] * (identity + variables.generators)
        return Candidate(params, Parallelotopes(centre, generators))

    def closure_shortfall(closure, target_sensitivity):
        # An error of 2e-4 in each number is to leave it in the target, and .003 of its width.
        return 0.003 + 2e-4 * target_sensitivity - closure

    no_shift = jnp.zeros_like(half_widths)
    no_change = jnp.zeros_like(boxes.generators)
    return Problem(
        Variables({}, no_shift, no_change),
        candidate,
        closure_shortfall,
        answer_margin=0.01,
        learning_rate=1e-2,
    )
