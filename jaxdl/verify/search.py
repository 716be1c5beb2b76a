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
import numpy as np
import optax
from jax import Array, lax

from jaxdl.verify import automaton_arrays
from jaxdl.verify.automaton import Automaton, answer_constraints
from jaxdl.verify.bound_propagation import (
    AffineForm,
    Params,
    linear,
    radius,
    step,
)
from jaxdl.verify.certificate import StateSet
from jaxdl.verify.simulation import simulate

LEAST_HALF_WIDTH = 0.02  # added to the boxes around the states that were reached
# Of the random sequences: as many again are runs of one symbol.
SEQUENCES = 256
STEPS = 40


class SetGraph(NamedTuple):
    """Which sets there are, and which set each symbol leads to. Set 0 is the start.

    Attributes:
        automaton_state: (L,) the automaton state of each set.
        next_set: (L, X) the set after each symbol.
    """

    automaton_state: np.ndarray
    next_set: np.ndarray


class Parallelotopes(NamedTuple):
    """The sets of net states {centre + generators y : every |y_j| <= 1}, one for each node.

    Attributes:
        centre: (L, n).
        generators: (L, n, n), in columns; diagonal for a box.
    """

    centre: Array
    generators: Array


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


def set_graph(automaton: Automaton, history: int = 0) -> SetGraph:
    """One set for each automaton state and each sequence of the last `history` symbols.

    In the first steps fewer symbols have been read, so there is also a set for each automaton state
    and each shorter sequence from the start.
    """
    start = (0, ())
    nodes = [start]
    index_of = {start: 0}
    automaton_states = []
    next_sets = []
    # The nodes are numbered, and visited, in the order in which they are first reached.
    while len(next_sets) < len(nodes):
        state, last_symbols = nodes[len(next_sets)]
        targets = []
        for symbol, next_state in enumerate(automaton.next_state[state]):
            next_symbols = (*last_symbols, symbol)
            if len(next_symbols) > history:
                next_symbols = next_symbols[1:]
            target = (next_state, next_symbols)
            if target not in index_of:
                index_of[target] = len(nodes)
                nodes.append(target)
            targets.append(index_of[target])
        automaton_states.append(state)
        next_sets.append(targets)
    return SetGraph(np.array(automaton_states), np.array(next_sets))


def to_state_sets(sets: Parallelotopes, graph: SetGraph) -> list[StateSet]:
    """The sets in the form that a certificate is made of."""
    state_sets = []
    for index, automaton_state in enumerate(graph.automaton_state.tolist()):
        state_set = StateSet(
            automaton_state,
            graph.next_set[index].tolist(),
            sets.centre[index].tolist(),
            sets.generators[index].tolist(),
        )
        state_sets.append(state_set)
    return state_sets


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
    # The sums of logits that must be positive are linear in h, as the logits are.
    coefficients = _constraint_table(automaton)  # (answers, C, logits)
    sum_weight = coefficients @ params['head_weight']  # (answers, C, units)
    sum_bias = coefficients @ params['head_bias']  # (answers, C)
    units = sum_weight.shape[-1]
    answers = automaton_arrays.answer_table(automaton)[graph.automaton_state]  # (L, X)

    def transition(centre, generators, vector, target, answer):
        states = AffineForm(centre, generators, jnp.zeros(len(centre)))
        image = step(cell, params, states, vector)
        target_inverse = inverse[target]
        from_centre = image._replace(centre=image.centre - sets.centre[target])
        coordinates = linear(target_inverse, 0.0, from_centre)
        weight = sum_weight[answer]
        bias = sum_bias[answer]
        # The logits see h alone, of an LSTM too.
        hidden = AffineForm(
            image.centre[:units],
            image.coefficients[:units],
            image.error[:units],
        )
        sums = linear(weight, bias, hidden)
        closure = 1 - jnp.abs(coordinates.centre) - radius(coordinates)
        is_free = answer < 0  # ANY_ANSWER
        return closure, jnp.where(is_free, jnp.inf, sums.centre - radius(sums))

    over_symbols = jax.vmap(transition, (None, None, 0, 0, 0))
    over_sets = jax.vmap(over_symbols, (0, 0, None, 0, 0))
    closure, answer_gaps = over_sets(
        sets.centre,
        sets.generators,
        jnp.array(automaton.symbols, float),
        graph.next_set,
        answers,
    )
    start = 1 - jnp.abs(inverse[0] @ sets.centre[0])
    return Gaps(closure, answer_gaps, start, sensitivity)


def _constraint_table(automaton):
    """The coefficients (answers, C, logits) of the sums that are positive for each answer."""
    constraints = []
    for answer in range(max(automaton.outputs, 2)):
        constraints.append(answer_constraints(automaton.outputs, answer))
    return jnp.array(constraints, float)


def reached(
    cell: str,
    params: Params,
    graph: SetGraph,
    automaton: Automaton,
    key: Array,
) -> Parallelotopes:
    """Boxes around the net states that a net reaches on random sequences.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: Of the net.
        graph: Of the automaton.
        automaton: What the net must do.
        key: Of the sequences.
    """
    symbols = _random_symbols(key, len(automaton.symbols))
    vectors = jnp.array(automaton.symbols)[symbols]
    states = simulate(cell, params, vectors).states  # (N, T, n)
    set_at_step = _sets_visited(graph, symbols)  # (N, T)

    def extremes(set_index):
        # Over all steps of all sequences, (n,) each.
        in_set = (set_at_step == set_index)[..., None]
        low = jnp.where(in_set, states, jnp.inf).min((0, 1))
        high = jnp.where(in_set, states, -jnp.inf).max((0, 1))
        return low, high

    low, high = lax.map(extremes, jnp.arange(len(graph.automaton_state)))
    # Some sets may never be reached, such as the start if no symbol leads back to it.
    was_reached = low <= high
    low = jnp.where(was_reached, low, 0.0)
    high = jnp.where(was_reached, high, 0.0)
    # Set 0 holds the zero state too.
    low = low.at[0].min(0.0)
    high = high.at[0].max(0.0)
    half_widths = (high - low) / 2 + LEAST_HALF_WIDTH
    return Parallelotopes((low + high) / 2, jax.vmap(jnp.diag)(half_widths))


def _random_symbols(key, symbol_count):
    """Sequences (2 * SEQUENCES, STEPS) of random symbols, and of runs of ten of one symbol."""
    groups = []
    for run_length in (1, 10):
        runs = -(-STEPS // run_length)  # rounded up
        run_key = jax.random.fold_in(key, run_length)
        symbols = jax.random.randint(run_key, (SEQUENCES, runs), 0, symbol_count)
        groups.append(symbols.repeat(run_length, axis=1)[:, :STEPS])
    return jnp.concatenate(groups)


def _sets_visited(graph, symbols):
    """The set (N, T) after each of the symbols (N, T)."""

    def advance(sets, symbols):
        sets = jnp.asarray(graph.next_set)[sets, symbols]
        return sets, sets

    start = jnp.zeros(len(symbols), int)
    _, sets_by_step = lax.scan(advance, start, symbols.T)
    return sets_by_step.T


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
