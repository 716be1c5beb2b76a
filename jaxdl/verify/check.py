"""The theorem that a recurrent net gives the right answers at every length, and its check.

Theorem. Let a finite automaton (automaton.py) say what the net must answer. Let F(s, x) be the net
state after a step from net state s on symbol x. Let there be finitely many sets of net states, each
with a state of the automaton, such that

1. Start: the zero net state lies in set 0, whose automaton state is 0, the start.
2. Closure: for every set S with automaton state q and every symbol x there is a set with automaton
   state next_state(q, x) that contains F(S, x).
3. Answers: on every net state in F(S, x) the net gives the answer that the automaton asks for, if
   any: all sums of logits that automaton.answer_constraints names are greater than 0.

Then the net answers as the automaton asks at every step of every sequence of symbols, however long.

Proof. By induction over the steps, after each step the net state lies in a set whose automaton
state is the one that the automaton is in: by 1 before the first step, by 2 afterwards. So 3 applies
at every step. In other words, the sets are an inductive invariant of net and automaton.

How it is checked. Each set is a parallelotope {centre + generators y : every |y_j| <= 1}, of the
states h, for LSTM of h followed by c. F(S, x) is bounded in affine arithmetic (affine.py,
exact_step.py). Weights and sets are the rational numbers that their floats are. All arithmetic is
in Arb balls, each of which contains the exact real number, and a condition holds only if it does
for all numbers of the balls.

What it does not cover. The theorem is about the function F of real numbers. A computer rounds at
each step. It follows F with some error of each number of the state, and the theorem still holds if
that error is at most `slack`: then conditions 2 and 3 hold with half of the margin of the logits to
spare. `float32_error` (rounding.py) bounds the error in IEEE single precision, if tanh and sigmoid
err by 16 * 2**-24 at most. Nor does the theorem cover how this check is run: Python, python-flint
and Arb are trusted.

All that is trusted: automaton.py, cell_sizes.py, affine.py, exact_step.py, certificate.py,
rounding.py and this file. They import the standard library and flint alone.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flint import arb, arb_mat, ctx

from jaxdl.verify import affine
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.automaton import answer_constraints
from jaxdl.verify.cell_sizes import STATE_ARRAYS
from jaxdl.verify.certificate import Claim, Refused, StateSet, column, parse
from jaxdl.verify.exact_step import step
from jaxdl.verify.rounding import float32_error

PRECISION = 128  # bits
# Of two balls: minutes of work at least. The largest proofs of `prove` need a hundredth of it.
MOST_PRODUCTS = 10**10


class CheckResult(NamedTuple):
    """What an accepted certificate proves.

    Attributes:
        statement: What the net does at every length, in words: 'adds correctly'.
        slack: If every step errs by at most this much in each number of the net state, the proof
            still holds. Rounded down.
        margin: A lower bound on the sums of logits that must be positive. Rounded down.
        float32_error: A bound on the error of a step in single precision; may be infinite.
    """

    statement: str
    slack: float
    margin: float
    float32_error: float


class ExactSet(NamedTuple):
    """A parallelotope of n dimensions, in balls.

    Attributes:
        centre: (n, 1).
        generators: (n, n), in columns.
        inverse: Of the generators.
    """

    centre: arb_mat
    generators: arb_mat
    inverse: arb_mat


class Transition(NamedTuple):
    """A set of net states, and what a symbol makes of it.

    Attributes:
        where: Which set and symbol, in words.
        automaton_state: Of the set.
        symbol: That the net and the automaton read.
        target: The number of the set that must contain the image.
        image: Bounds the next net states.
    """

    where: str
    automaton_state: int
    symbol: int
    target: int
    image: AffineForm


class AnswerSpare(NamedTuple):
    """How far an answer is from being wrong.

    Attributes:
        slack: The error of each number of the net state that still leaves half of the margin.
        margin: A lower bound on the sums of logits that must be positive.
    """

    slack: arb
    margin: arb


def check_file(path: str | Path) -> CheckResult:
    """Checks a certificate file.

    Raises:
        Refused: It proves nothing, or is no certificate.
        OSError: It cannot be read.
    """
    path = Path(path)
    # To open a pipe would wait for ever.
    if path.exists() and not path.is_file():
        raise Refused('it is not a file')
    try:
        certificate = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise Refused(f'it is not JSON ({error})') from None
    return check(certificate)


def check(certificate: Mapping[str, Any]) -> CheckResult:
    """Checks the three conditions of the theorem, for a certificate (certificate.py).

    Raises:
        Refused: A condition fails, or the certificate is malformed.
    """
    ctx.prec = PRECISION  # of every ball from here on
    claim = parse(certificate)
    _check_work(claim)
    weights = {name: exact_matrix(matrix) for name, matrix in claim.weights.items()}
    sets = []
    for index, state_set in enumerate(claim.sets):
        sets.append(_exact_set(index, state_set))

    _check_start(claim, sets)
    # Slack and margin are those of the worst transition.
    slack = arb('inf')
    margin = arb('inf')
    for index in range(len(sets)):
        for symbol in range(len(claim.automaton.symbols)):
            transition = _transition(claim, weights, sets, index, symbol)
            slack = slack.min(_check_closure(claim, sets, transition))
            answer_spare = _check_answer(claim, weights, transition)
            slack = slack.min(answer_spare.slack)
            margin = margin.min(answer_spare.margin)

    # Last, so that changed numbers are refused for what they break, if they break something.
    if claim.sha256 != claim.digest:
        raise Refused('sets or weights were changed after the proof was written (SHA-256 differs)')
    margin_below = _float_below(margin)
    return CheckResult(
        statement=_statement(claim),
        slack=_float_below(slack),
        margin=margin_below,
        float32_error=float32_error(claim, margin_below),
    )


def _check_work(claim: Claim) -> None:
    """Refuses a certificate whose check would take very long, which may be what it is made for."""
    size = len(claim.sets[0].centre)
    rows = len(claim.weights['weight_hh_l0'])
    # Each step multiplies the weights with the generators of a set.
    products = len(claim.sets) * len(claim.automaton.symbols) * rows * size * size
    if products > MOST_PRODUCTS:
        raise Refused(
            f'{len(claim.sets)} sets of {size} numbers are too many to be checked in '
            'reasonable time'
        )


def exact_matrix(matrix: Sequence[Sequence[float]]) -> arb_mat:
    """The matrix of the exact numbers that these floats are."""
    rows = []
    for row in matrix:
        rows.append(list(map(arb, row)))
    return arb_mat(rows)


def _exact_set(index: int, state_set: StateSet) -> ExactSet:
    centre = exact_matrix(column(state_set.centre))
    generators = exact_matrix(state_set.generators)
    # The inverse gives the coordinates of a state along the generators.
    try:
        inverse = generators.inv()
    except ZeroDivisionError:
        raise Refused(f'the generators of set {index} are not independent') from None
    return ExactSet(centre, generators, inverse)


def _check_start(claim: Claim, sets: list[ExactSet]) -> None:
    """Condition 1: the zero state lies in set 0, whose automaton state is the start."""
    automaton_state = claim.sets[0].automaton_state
    if automaton_state != 0:
        raise Refused(f'set 0 has automaton state {automaton_state}, it must be 0, the start')
    size = sets[0].centre.nrows()
    zero_state = AffineForm(arb_mat(size, 1), arb_mat(size, size), arb_mat(size, 1))
    # Balls compare as true only if all their numbers do. So `not >=` also refuses what is unsure.
    if not _room(sets[0], zero_state) >= 0:
        raise Refused('the zero state, the start, is not in set 0')


def _transition(
    claim: Claim,
    weights: Mapping[str, arb_mat],
    sets: list[ExactSet],
    index: int,
    symbol: int,
) -> Transition:
    automaton_state = claim.sets[index].automaton_state
    vector = claim.automaton.symbols[symbol]
    no_error = arb_mat(sets[index].centre.nrows(), 1)
    states = AffineForm(sets[index].centre, sets[index].generators, no_error)
    return Transition(
        where=f'set {index} (automaton state {automaton_state}) on symbol {vector}',
        automaton_state=automaton_state,
        symbol=symbol,
        target=claim.sets[index].next_sets[symbol],
        image=step(claim.cell, weights, states, vector),
    )


def _check_closure(claim: Claim, sets: list[ExactSet], transition: Transition) -> arb:
    """Condition 2: the image lies in a set with the next automaton state.

    Returns:
        The error of each number of the net state that still leaves it there; a lower bound.
    """
    where, target = transition.where, transition.target
    target_state = claim.sets[target].automaton_state
    next_state = claim.automaton.next_state[transition.automaton_state][transition.symbol]
    if target_state != next_state:
        raise Refused(
            f'{where}: set {target} has automaton state {target_state}, it must be {next_state}'
        )
    room = _room(sets[target], transition.image)
    if not room > 0:
        raise Refused(f'{where}: the next net state may leave set {target}')
    return room


def _check_answer(
    claim: Claim, weights: Mapping[str, arb_mat], transition: Transition
) -> AnswerSpare:
    """Condition 3: the net gives the answer that the automaton asks for, if any."""
    automaton = claim.automaton
    answer = automaton.answer[transition.automaton_state][transition.symbol]
    if answer is None:
        return AnswerSpare(slack=arb('inf'), margin=arb('inf'))
    # The sums of logits that must be positive are linear in h, as the logits are.
    coefficients = exact_matrix(answer_constraints(automaton.outputs, answer))
    sum_weight = coefficients * weights['head_weight']
    sum_bias = coefficients * weights['head_bias']
    hidden = affine.split(transition.image, STATE_ARRAYS[claim.cell])[0]
    lowest_sums, _ = affine.bounds(affine.linear(sum_weight, sum_bias, hidden))
    margin = _smallest(lowest_sums)
    if not margin > 0:
        raise Refused(f'{transition.where}: the answer may not be {answer}')
    # An error e of each number of h changes a sum by at most e times its sensitivity.
    sensitivity = _largest(affine.absolute_row_sums(sum_weight))
    # Half of the margin is left for the rounding of the logits themselves.
    return AnswerSpare(slack=margin / (2 * sensitivity), margin=margin)


def _room(target: ExactSet, states: AffineForm) -> arb:
    """How large an error in each number of the states still leaves them in the target.

    The states lie in the target if y = inverse (states - centre) has no number beyond 1 or -1. An
    error e in each number of the states changes y_i by at most e times the sum of the magnitudes in
    row i of the inverse.

    Returns:
        A lower bound; negative where the states may not lie in the target.
    """
    no_bias = arb_mat(states.centre.nrows(), 1)
    from_centre = affine.shift(states, -target.centre)
    coordinates = affine.linear(target.inverse, no_bias, from_centre)
    room = affine.map_entries(
        _room_of_coordinate,
        coordinates.centre,
        affine.radius(coordinates),
        affine.absolute_row_sums(target.inverse),
    )
    return _smallest(room)


def _room_of_coordinate(centre: arb, radius: arb, sensitivity: arb) -> arb:
    return (1 - abs(centre) - radius) / sensitivity


def _smallest(matrix: arb_mat) -> arb:
    return functools.reduce(arb.min, matrix.entries())


def _largest(matrix: arb_mat) -> arb:
    return functools.reduce(arb.max, matrix.entries())


def _float_below(number: arb) -> float:
    """A float that is not greater than any number of the ball."""
    value = float(number.lower().mid())
    # The conversion to float rounds to nearest, by at most 2**-53 of the value.
    return value - abs(value) * 2**-50


def _statement(claim: Claim) -> str:
    if claim.task == 'binary_add':
        return 'adds correctly'
    return f'recalls digit {claim.k} correctly'
