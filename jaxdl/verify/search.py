"""The search for an inductive invariant: gradient descent on bounds, in JAX.

Not trusted; check.py has the theorem and checks what is found. The invariant has one parallelotope
of net states for each node of a SetGraph. The sets move, grow and shear, and with fine-tuning the
weights move too, until bound propagation maps every set into the next ones with something to
spare. cover.py makes as many sets as a net needs instead.

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
from jaxdl.verify.inverse import inverse
from jaxdl.verify.set_graph import Parallelotopes, SetGraph

# What a search wants to spare, beyond what the theorem asks for.
CLOSURE_MARGIN = 0.02  # in lengths of the generators of a target
ANSWER_MARGIN = 0.1  # of the sums of logits
START_MARGIN = 0.01  # in lengths of the generators of set 0

STEPS = 2000  # of Adam, at most
LEARNING_RATE = 1e-2  # of Adam, at the beginning
# A search gives up if its loss does not fall to this share in so many steps.
PATIENCE = 400
NEEDED_FALL = 0.5


class Gaps(NamedTuple):
    """How much each condition of the theorem has to spare; negative where it fails.

    Attributes:
        closure: (L, X, n) from the image of a set to the facets of its target, in lengths of the
            target's generators.
        answer: (L, X, C) from 0 to the sums of logits that must be positive; infinite where any
            answer is allowed.
        start: (n,) from the zero state to the facets of set 0, in lengths of its generators.
    """

    closure: Array
    answer: Array
    start: Array


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
    inverses = jax.vmap(inverse)(sets.generators)
    sums = answer_sums(automaton, params)
    answers = automaton_arrays.answer_table(automaton)[graph.automaton_state]  # (L, X)

    def transition(centre, generators, vector, target, answer):
        states = AffineForm(centre, generators, jnp.zeros(len(centre)))
        image = step(cell, params, states, vector)
        target_inverse = inverses[target]
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
    start = 1 - jnp.abs(inverses[0] @ sets.centre[0])
    return Gaps(closure, answer_room, start)


class Variables(NamedTuple):
    """What the search changes.

    Attributes:
        params: Of the net; empty if the weights stay as they are.
        shift: (L, n) how far each centre has moved, in half-widths of the box where it began.
        log_growth: (L, n) the logs of the factors by which the sets have grown.
        shear: (L, n, n) how far each generator has left its axis, in half-widths.
    """

    params: Params
    shift: Array
    log_growth: Array
    shear: Array


class Progress(NamedTuple):
    """How far the search has come.

    Attributes:
        step: Of Adam.
        variables: After this step.
        opt_state: Of the optimizer.
        loss: Of the variables; 0 when all gaps are large enough.
        gradient: Of the loss.
        loss_before: The loss when PATIENCE began.
        is_stuck: Whether the loss has not fallen enough since.
    """

    step: Array
    variables: Variables
    opt_state: optax.OptState
    loss: Array
    gradient: Variables
    loss_before: Array
    is_stuck: Array


def search(
    cell: str,
    params: Params,
    boxes: Parallelotopes,
    graph: SetGraph,
    automaton: Automaton,
    fine_tune: bool,
    steps: int = STEPS,
) -> Candidate:
    """Looks for an inductive invariant: Adam minimizes by how much the gaps are too small.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        boxes: Where to begin, from `reached`.
        graph: Of the automaton.
        automaton: What the net must do.
        fine_tune: Whether the weights move together with the sets; else they stay as they are.
        steps: Of Adam, at most. The search ends when all gaps are large enough, or when it is
            stuck.

    Returns:
        The net and the sets after the last step, whether they prove it or not.
    """
    half_widths = jax.vmap(jnp.diag)(boxes.generators)  # (L, n)
    identity = jnp.eye(half_widths.shape[-1])

    def candidate_of(variables):
        centre = boxes.centre + variables.shift * half_widths
        widths_now = half_widths * jnp.exp(variables.log_growth)
        generators = widths_now[..., None] * (identity + variables.shear)
        weights = variables.params if fine_tune else params
        return Candidate(weights, Parallelotopes(centre, generators))

    def loss_of(variables):
        candidate = candidate_of(variables)
        spare = gaps(cell, candidate.params, candidate.sets, graph, automaton)
        return (
            jax.nn.relu(CLOSURE_MARGIN - spare.closure).sum()
            + jax.nn.relu(ANSWER_MARGIN - spare.answer).sum()
            + jax.nn.relu(START_MARGIN - spare.start).sum()
        )

    schedule = optax.cosine_decay_schedule(LEARNING_RATE, steps, alpha=0.05)
    optimizer = optax.adam(schedule)

    def is_unfinished(progress):
        return (progress.loss > 0) & (progress.step < steps) & ~progress.is_stuck

    def descend(progress):
        updates, opt_state = optimizer.update(progress.gradient, progress.opt_state)
        variables = optax.apply_updates(progress.variables, updates)
        loss, gradient = jax.value_and_grad(loss_of)(variables)
        step = progress.step + 1
        is_over = step % PATIENCE == 0
        return Progress(
            step=step,
            variables=variables,
            opt_state=opt_state,
            loss=loss,
            gradient=gradient,
            loss_before=jnp.where(is_over, loss, progress.loss_before),
            is_stuck=is_over & (loss > NEEDED_FALL * progress.loss_before),
        )

    no_change = jnp.zeros_like(half_widths)
    no_shear = jnp.zeros_like(boxes.generators)
    variables = Variables(params if fine_tune else {}, no_change, no_change, no_shear)
    # The first step has no gradient yet and only finds it, so that the bounds are compiled once.
    no_gradient = jax.tree.map(jnp.zeros_like, variables)
    no_loss = jnp.full((), jnp.inf, jax.eval_shape(loss_of, variables).dtype)
    start = Progress(
        step=jnp.int32(0),
        variables=variables,
        opt_state=optimizer.init(variables),
        loss=no_loss,
        gradient=no_gradient,
        loss_before=no_loss,
        is_stuck=jnp.bool_(False),
    )
    return candidate_of(lax.while_loop(is_unfinished, descend, start).variables)
