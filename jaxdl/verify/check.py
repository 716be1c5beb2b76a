"""The theorem that a recurrent net gives the right answers at every length, and its check.

Theorem. Let a finite automaton (automaton.py) say what the net must answer. Let F(s, x) be the net
state after a step from net state s on symbol x. A run with slack e >= 0 is any sequence of net
states that starts at zero and goes from s, on symbol x, to a state that differs from F(s, x) by at
most e in each number. Let k >= 1, and let there be finitely many sets of net states, each with a
state of the automaton, such that

1. Start: the zero net state lies in set 0, whose automaton state is 0, the start.
2. Closure: for every set S, with automaton state q, and every word w of k symbols there is a set
   that contains all states in which runs with slack e from S are after w. Its automaton state is
   the one that the automaton reaches from q on w.
3. Answers: in all states that runs with slack e from S reach after the first 1, 2, ..., k symbols
   of w, the net gives the answer that the automaton asks for, if any: all sums of logits that
   automaton.answer_constraints names are greater than 0.

Then every run with slack e answers as the automaton asks at every step of every sequence of
symbols, however long. With e = 0 that is the net itself.

Proof. By induction, after 0, k, 2k, ... symbols the net state lies in a set whose automaton state
is the one that the automaton is in: by 1 before the first symbol, by 2 afterwards. So 3 applies at
every step, since each step is one of the first k after such a moment. In other words, the sets are
an inductive invariant of net and automaton, over k steps.

How it is checked. Each set is a parallelotope {centre + generators y : every |y_j| <= 1}, of the
states h, for LSTM of h followed by c. What a symbol makes of a set is bounded in affine arithmetic
(affine.py, exact_step.py). Weights, sets and slack are the rational numbers that their floats are.
All arithmetic is in Arb balls, each of which contains the exact real number, and a condition holds
only if it does for all numbers of the balls.

Single precision. The theorem is about the function F of real numbers. A computer rounds in each
operation. So conditions 2 and 3 are checked once more, without slack, but with a bound on the
rounding of every operation and of the logits (rounding.py). If they hold too, and the weights are
numbers of single precision, the proof covers the net as IEEE single precision computes it.

Not covered is how this check is run: Python, python-flint and Arb are trusted.

All that is trusted: automaton.py, machine.py, machines.py, cell_sizes.py, affine.py, exact_step.py,
certificate.py, rounding.py and this file. They import the standard library and flint alone.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flint import arb, arb_mat, ctx

from jaxdl.verify import affine, rounding
from jaxdl.verify.affine import AffineForm
from jaxdl.verify.automaton import answer_constraints
from jaxdl.verify.cell_sizes import STATE_ARRAYS
from jaxdl.verify.certificate import Claim, Refused, StateSet, column, read
from jaxdl.verify.exact_step import step
from jaxdl.verify.machines import statement_of
from jaxdl.verify.rounding import Arithmetic

PRECISION = 128  # bits
# Of two balls: minutes of work at least. The largest proofs of `prove` need a hundredth of it.
MOST_PRODUCTS = 10**10


class CheckResult(NamedTuple):
    """What an accepted certificate proves.

    Attributes:
        statement: What the net does at every length, in words: 'adds correctly'.
        slack: If every step errs by at most this much in each number of the net state, the answers
            are still right.
        margin: A lower bound on the sums of logits that must be positive, with this slack.
        covers_float32: Whether the net as IEEE single precision computes it is proved too.
    """

    statement: str
    slack: float
    margin: float
    covers_float32: bool


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


class Proof(NamedTuple):
    """A claim in balls, and the errors that its steps may have.

    Attributes:
        claim: What is to be proved.
        weights: By name.
        sets: As those of the claim.
        arithmetic: In which the net is computed.
        slack: The further error of each number of the net state in each step.
    """

    claim: Claim
    weights: Mapping[str, arb_mat]
    sets: Sequence[ExactSet]
    arithmetic: Arithmetic
    slack: arb


class Place(NamedTuple):
    """Where a run is that began in a set.

    Attributes:
        first_set: The number of the set.
        word: The symbols read since.
        automaton_state: Of the automaton after them.
    """

    first_set: int
    word: tuple[int, ...]
    automaton_state: int


def check_file(path: str | Path) -> CheckResult:
    """Checks a certificate file.

    Raises:
        Refused: It proves nothing, or is no certificate.
        OSError: It cannot be read.
    """
    return check(read(path))


def check(claim: Claim) -> CheckResult:
    """Checks the three conditions of the theorem.

    Raises:
        Refused: A condition fails.
    """
    ctx.prec = PRECISION  # of every ball from here on
    _check_work(claim)
    weights = {name: exact_matrix(matrix) for name, matrix in claim.weights.items()}
    sets = []
    for index, state_set in enumerate(claim.sets):
        sets.append(_exact_set(index, state_set))

    _check_start(claim, sets)
    margin = _check_sets(Proof(claim, weights, sets, rounding.EXACT, arb(claim.slack)))
    # Last, so that changed numbers are refused for what they break, if they break something.
    if claim.sha256 != claim.digest:
        raise Refused('it was changed after the proof was written (SHA-256 differs)')
    return CheckResult(
        statement=statement_of(claim.automaton),
        slack=claim.slack,
        margin=_float_below(margin),
        covers_float32=_covers_float32(Proof(claim, weights, sets, rounding.FLOAT32, arb(0))),
    )


def _check_work(claim: Claim) -> None:
    """Refuses a certificate whose check would take very long, which may be what it is made for."""
    size = len(claim.sets[0].centre)
    rows = len(claim.weights['weight_hh_l0'])
    # Each step multiplies the weights with the unknowns, which become more with each step.
    products = 0
    for step_number in range(1, claim.steps + 1):
        words = len(claim.automaton.symbols) ** step_number
        products += words * rows * size * size * step_number
    if len(claim.sets) * products > MOST_PRODUCTS:
        raise Refused(
            f'{len(claim.sets)} sets of {size} numbers, over {claim.steps} steps, are too many '
            'to be checked in reasonable time'
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
    zero_state = affine.constant(arb_mat(size, 1), size, arb_mat(size, 1))
    if not _lies_in(sets[0], zero_state):
        raise Refused('the zero state, the start, is not in set 0')


def _covers_float32(proof: Proof) -> bool:
    """Whether the conditions hold in single precision too."""
    # A weight that float32 cannot hold is another one in the computer.
    if not all(map(rounding.fits_float32, proof.claim.weights.values())):
        return False
    try:
        _check_sets(proof)
    except Refused:
        return False
    return True


def _check_sets(proof: Proof) -> arb:
    """Conditions 2 and 3, for all sets.

    Returns:
        A lower bound on the sums of logits that must be positive.
    """
    margin = arb('inf')
    for index, (state_set, exact_set) in enumerate(zip(proof.claim.sets, proof.sets, strict=True)):
        no_error = arb_mat(exact_set.centre.nrows(), 1)
        states = AffineForm(exact_set.centre, exact_set.generators, no_error)
        place = Place(index, (), state_set.automaton_state)
        margin = margin.min(_check_next_symbols(proof, place, states))
    return margin


def _check_next_symbols(proof: Proof, place: Place, states: AffineForm) -> arb:
    """Conditions 2 and 3, for all words that go on from a place.

    Args:
        proof: What is checked.
        place: Where the runs are; less than k symbols have been read.
        states: Bounds the net states there.

    Returns:
        A lower bound on the sums of logits that must be positive from here on.
    """
    claim = proof.claim
    margin = arb('inf')
    for symbol, vector in enumerate(claim.automaton.symbols):
        image = step(claim.cell, proof.weights, states, vector, proof.arithmetic)
        slack = affine.map_entries(lambda _: proof.slack, image.error)
        image = affine.widen(image, slack)
        margin = margin.min(_check_answer(proof, place, symbol, image))
        next_state = claim.automaton.next_state[place.automaton_state][symbol]
        next_place = Place(place.first_set, (*place.word, symbol), next_state)
        if len(next_place.word) == claim.steps:
            _check_closure(proof, next_place, image)
        else:
            next_states = affine.with_errors_as_unknowns(image)
            margin = margin.min(_check_next_symbols(proof, next_place, next_states))
    return margin


def _check_closure(proof: Proof, place: Place, states: AffineForm) -> None:
    """Condition 2: after k symbols the states lie in a set with the automaton's state."""
    claim = proof.claim
    # The place of the word in lexicographic order.
    word_index = 0
    for symbol in place.word:
        word_index = word_index * len(claim.automaton.symbols) + symbol
    target = claim.sets[place.first_set].next_sets[word_index]
    target_state = claim.sets[target].automaton_state
    where = _where(claim, place)
    if target_state != place.automaton_state:
        raise Refused(
            f'{where}: set {target} has automaton state {target_state}, '
            f'it must be {place.automaton_state}'
        )
    if not _lies_in(proof.sets[target], states):
        raise Refused(f'{where}: the next net state may leave set {target}')


def _check_answer(proof: Proof, place: Place, symbol: int, image: AffineForm) -> arb:
    """Condition 3: after the symbol the net gives the answer that the automaton asks for, if any.

    Returns:
        A lower bound on the sums of logits that must be positive.
    """
    automaton = proof.claim.automaton
    answer = automaton.answer[place.automaton_state][symbol]
    if answer is None:
        return arb('inf')
    weight, bias = proof.weights['head_weight'], proof.weights['head_bias']
    # The sums of logits that must be positive are linear in h, as the logits are.
    coefficients = exact_matrix(answer_constraints(automaton.outputs, answer))
    hidden = affine.split(image, STATE_ARRAYS[proof.claim.cell])[0]
    sums = affine.linear(coefficients * weight, coefficients * bias, hidden)
    # The logits are computed first, each with its own rounding.
    sizes = affine.absolute(weight) * affine.magnitude(hidden) + affine.absolute(bias)
    logit_error = rounding.sum_error(proof.arithmetic, weight.ncols() + 1, sizes)
    sums = affine.widen(sums, affine.absolute(coefficients) * logit_error)
    lowest_sums, _ = affine.bounds(sums)
    margin = functools.reduce(arb.min, lowest_sums.entries())
    # Balls compare as true only if all their numbers do. So `not >` also refuses what is unsure.
    if not margin > 0:
        here = place._replace(word=(*place.word, symbol))
        raise Refused(f'{_where(proof.claim, here)}: the answer may not be {answer}')
    return margin


def _where(claim: Claim, place: Place) -> str:
    """A set and the symbols read since, in words."""
    vectors = [str(claim.automaton.symbols[symbol]) for symbol in place.word]
    automaton_state = claim.sets[place.first_set].automaton_state
    noun = 'symbol' if len(vectors) == 1 else 'symbols'
    return (
        f'set {place.first_set} (automaton state {automaton_state}) on {noun} {", ".join(vectors)}'
    )


def _lies_in(target: ExactSet, states: AffineForm) -> bool:
    """Whether states surely lie in a set: inverse (states - centre) has no number beyond +-1."""
    no_bias = arb_mat(states.centre.nrows(), 1)
    from_centre = states._replace(centre=states.centre - target.centre)
    coordinates = affine.linear(target.inverse, no_bias, from_centre)
    largest = functools.reduce(arb.max, affine.magnitude(coordinates).entries())
    return bool(largest <= 1)


def _float_below(number: arb) -> float:
    """A float that is not greater than any number of the ball."""
    value = float(number.lower().mid())
    # The conversion to float rounds to nearest, by at most 2**-53 of the value.
    return value - abs(value) * 2**-50
