"""The fine-tuning search for an inductive invariant: gradient descent on bounds, in JAX.

Not trusted; check.py has the theorem and checks what is found. The invariant has one box of net
states for each node of a SetGraph. Weights and boxes move together until bound propagation maps
every box into the next ones with something to spare. For nets as they were trained see cover.py.

Shapes: L sets, X symbols, n numbers of a net state (h, for LSTM followed by c), C constraints on
the logits of an answer.
"""

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

# What a search wants to spare, beyond what the theorem asks for.
SLACK = 0.01  # the error of each number of the net state that is not to leave a set
ANSWER_MARGIN = 0.1  # of the sums of logits
START_MARGIN = 0.01  # in lengths of the generators of set 0

LEARNING_RATE = 3e-3  # of Adam, at the beginning


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
        params: Of the net.
        shift: (L, n) how far the centre of each box has moved.
        log_growth: (L, n) the logs of the factors by which the boxes have grown.
    """

    params: Params
    shift: Array
    log_growth: Array


def search(
    cell: str,
    params: Params,
    boxes: Parallelotopes,
    graph: SetGraph,
    automaton: Automaton,
    steps: int = 6000,
) -> Candidate:
    """Looks for an inductive invariant: Adam minimizes by how much the gaps are too small.

    Weights and boxes move together.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        boxes: Where to begin, from `reached`.
        graph: Of the automaton.
        automaton: What the net must do.
        steps: Of Adam.

    Returns:
        The net and the sets after the last step, whether they prove it or not.
    """
    half_widths = jax.vmap(jnp.diag)(boxes.generators)  # (L, n)
    identity = jnp.eye(half_widths.shape[-1])

    def candidate_of(variables):
        centre = boxes.centre + variables.shift
        widths_now = half_widths * jnp.exp(variables.log_growth)
        generators = widths_now[..., None] * identity
        return Candidate(variables.params, Parallelotopes(centre, generators))

    def loss(variables):
        candidate = candidate_of(variables)
        spare = gaps(cell, candidate.params, candidate.sets, graph, automaton)
        slack = spare.closure / spare.sensitivity[graph.next_set]
        return (
            jax.nn.relu(SLACK - slack).sum()
            + jax.nn.relu(ANSWER_MARGIN - spare.answer).sum()
            + jax.nn.relu(START_MARGIN - spare.start).sum()
        )

    schedule = optax.cosine_decay_schedule(LEARNING_RATE, steps, alpha=0.05)
    optimizer = optax.adam(schedule)

    def descend(carry, _):
        variables, opt_state = carry
        gradient = jax.grad(loss)(variables)
        updates, opt_state = optimizer.update(gradient, opt_state)
        variables = optax.apply_updates(variables, updates)
        return (variables, opt_state), None

    no_change = jnp.zeros_like(half_widths)
    variables = Variables(params, no_change, no_change)
    carry = (variables, optimizer.init(variables))
    (variables, _), _ = lax.scan(descend, carry, length=steps)
    return candidate_of(variables)
