"""A second checker of certificates, for whoever trusts neither the first one nor Arb.

    python second_check.py FILE...

This file needs nothing but Python 3.11: it may be copied alone to another machine. It shares no
code with the first checker (check.py), and proves the same theorem by the same bounds.

The theorem. A net reads a symbol at each step, and a finite automaton says what it must answer.
F(s, x) is the state of the net after a step from state s on symbol x. In a run with slack e the
state starts at 0, and each number of F(s, x) may be off by up to e at every step. Suppose that
there are finitely many sets of states, each with a state of the automaton, such that

1. the state 0 lies in the first set, whose automaton state is 0;
2. from every set, every word of k symbols leads every run with slack e into the set that the
   certificate names, and the automaton to that set's automaton state;
3. after every symbol of these words the net gives the answer that the automaton asks for, if any.

Then every run with slack e answers as the automaton asks at every step of every sequence.

The arithmetic. A number is an integer that counts units of 2**-BITS. Every number of a certificate
is one exactly, or the certificate is refused. What is computed from them is rounded, and every
bound below says by how many units at most. No floating-point operation takes part.
"""

import hashlib
import json
import math
import sys
from operator import mul, sub
from pathlib import Path
from typing import NamedTuple

BITS = 256
ONE = 1 << BITS

# exp is computed with units of 2**-(BITS + GUARD_BITS), from a series for its argument over
# 2**HALVINGS.
GUARD_BITS = 64
HALVINGS = 16
TERMS = 32

KEYS = ('format', 'automaton', 'cell', 'weights', 'steps', 'slack', 'sets', 'sha256')
GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}


class Refused(Exception):
    """A file is no certificate, or what it claims could not be proved."""


# --- Reading ------------------------------------------------------------------------------------


class StateSet(NamedTuple):
    """The states centre + generators y of the net, where every |y_j| <= 1.

    Attributes:
        automaton_state: The state of the automaton while the net's state lies here.
        next_sets: For each word, in lexicographic order, the set that it leads to.
        centre: n numbers.
        generators: n rows of n numbers.
    """

    automaton_state: int
    next_sets: list[int]
    centre: list[int]
    generators: list[list[int]]


class Claim(NamedTuple):
    """What a certificate says: the automaton, the net, and the sets.

    Attributes:
        symbols: For each symbol the vector that the net reads.
        next_state: next_state[state][symbol] is the automaton's next state.
        answers: answers[state][symbol] is the answer after the symbol, or None for any.
        cell: 'rnn', 'gru' or 'lstm'.
        units: The number of hidden units.
        weights: Vectors and matrices by name, as in torch.nn.
        steps: k, the length of the words.
        slack: e, how far each number of the state may be off at every step.
        sets: The sets of the theorem.
    """

    symbols: list[list[int]]
    next_state: list[list[int]]
    answers: list[list[int | None]]
    cell: str
    units: int
    weights: dict[str, list]
    steps: int
    slack: int
    sets: list[StateSet]


def require(condition: bool, problem: str) -> None:
    """Raises Refused, with the problem, unless the condition holds."""
    if not condition:
        raise Refused(problem)


def _object_without_duplicates(pairs):
    entries = dict(pairs)
    require(len(entries) == len(pairs), 'a key occurs twice')
    return entries


def _short_integer(digits):
    require(len(digits) < 10, 'an integer has too many digits')
    return int(digits)


def _refuse_decimal(text):
    raise Refused('a number is neither an integer nor a hexadecimal text')


def _read_json(text):
    try:
        return json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_int=_short_integer,
            parse_float=_refuse_decimal,
            parse_constant=_refuse_decimal,
        )
    except RecursionError:
        raise Refused('the file nests too deeply') from None
    except ValueError:
        raise Refused('the file is not JSON') from None


def _require_keys(value, keys, name):
    require(type(value) is dict and set(value) == set(keys), f'{name}: wrong keys')


def _length(value, name):
    require(type(value) is list and len(value) > 0, f'{name}: not a list, or empty')
    return len(value)


def _array(value, shape, read_entry, name):
    """Lists nested as deeply as the shape is long, each entry read by a function of it."""
    require(_length(value, name) == shape[0], f'{name}: a list of the wrong length')
    entries = []
    for entry in value:
        if len(shape) == 1:
            entries.append(read_entry(entry, name))
        else:
            entries.append(_array(entry, shape[1:], read_entry, name))
    return entries


def _index(size):
    """Reads an integer from 0 to size - 1."""

    def read(entry, name):
        require(type(entry) is int and 0 <= entry < size, f'{name}: not an allowed integer')
        return entry

    return read


def _index_or_none(size):
    def read(entry, name):
        return None if entry is None else _index(size)(entry, name)

    return read


def _number(text, name):
    problem = f'{name}: a number that float.hex would not write'
    require(type(text) is str, problem)
    try:
        value = float.fromhex(text)
    except (ValueError, OverflowError):
        raise Refused(problem) from None
    require(math.isfinite(value) and value.hex() == text, problem)
    numerator, denominator = value.as_integer_ratio()
    require(ONE % denominator == 0, f'{name}: a number is no multiple of 2**-{BITS}')
    return numerator * (ONE // denominator)


def _read_set(value, states, sets, words, size):
    _require_keys(value, ('state', 'next', 'centre', 'generators'), 'a set')
    return StateSet(
        automaton_state=_index(states)(value['state'], 'state of a set'),
        next_sets=_array(value['next'], (words,), _index(sets), 'next of a set'),
        centre=_array(value['centre'], (size,), _number, 'centre'),
        generators=_array(value['generators'], (size, size), _number, 'generators'),
    )


def parse(text: str) -> Claim:
    """Reads a certificate of format 3, strictly.

    Raises:
        Refused: The text is not a certificate.
    """
    file = _read_json(text)
    _require_keys(file, KEYS, 'the file')
    require(file['format'] == 'jaxdl certificate 3', 'format: unknown')

    automaton = file['automaton']
    _require_keys(automaton, ('symbols', 'outputs', 'next', 'answers'), 'automaton')
    symbol_count = _length(automaton['symbols'], 'symbols')
    inputs = _length(automaton['symbols'][0], 'symbols')
    symbols = _array(automaton['symbols'], (symbol_count, inputs), _index(2), 'symbols')
    require(len(set(map(tuple, symbols))) == symbol_count, 'symbols: two are the same')
    states = _length(automaton['next'], 'next')
    table = (states, symbol_count)
    next_state = _array(automaton['next'], table, _index(states), 'next')
    outputs = automaton['outputs']
    require(type(outputs) is int and outputs > 0, 'outputs: not an allowed integer')
    answers = _array(automaton['answers'], table, _index_or_none(max(outputs, 2)), 'answers')
    # A net that must answer nothing is always right.
    require(any(row.count(None) < symbol_count for row in answers), 'answers: none is asked for')

    cell = file['cell']
    require(type(cell) is str and cell in GATES, 'cell: unknown')
    _require_keys(file['weights'], weight_shapes(1, 1, 1, 1), 'weights')
    units = _length(file['weights']['weight_hh_l0'], 'weight_hh_l0') // GATES[cell]
    weights = {}
    for name, shape in weight_shapes(inputs, units, GATES[cell], outputs).items():
        weights[name] = _array(file['weights'][name], shape, _number, name)

    steps = file['steps']
    require(type(steps) is int and 1 <= steps <= 8, 'steps: not an integer from 1 to 8')
    slack = _number(file['slack'], 'slack')
    require(slack >= 0, 'slack: negative')
    set_count = _length(file['sets'], 'sets')
    size = 2 * units if cell == 'lstm' else units
    sets = []
    for value in file['sets']:
        sets.append(_read_set(value, states, set_count, symbol_count**steps, size))

    # What the digest covers has a known, small depth by now.
    *covered, sha256 = map(file.get, KEYS)
    digest = hashlib.sha256(json.dumps(covered).encode()).hexdigest()
    require(sha256 == digest, 'sha256: not the digest of the file')
    return Claim(symbols, next_state, answers, cell, units, weights, steps, slack, sets)


def weight_shapes(inputs: int, units: int, gates: int, outputs: int) -> dict[str, tuple]:
    """The shapes of the weights by name."""
    return {
        'weight_ih_l0': (gates * units, inputs),
        'weight_hh_l0': (gates * units, units),
        'bias_ih_l0': (gates * units,),
        'bias_hh_l0': (gates * units,),
        'head_weight': (outputs, units),
        'head_bias': (outputs,),
    }


# --- Arithmetic ---------------------------------------------------------------------------------


def down(product: int) -> int:
    """A product of two numbers as a number, rounded down."""
    return product >> BITS


def up(product: int) -> int:
    """A product of two numbers as a number, rounded up."""
    return -(-product >> BITS)


def exp_of_minus(number: int) -> tuple[int, int]:
    """Bounds on exp(-number) for number >= 0."""
    if number > BITS * ONE:
        return 0, 1  # exp(-BITS) is less than a unit
    bits = BITS + GUARD_BITS
    # The series 1 + x + x**2 / 2! + ... of exp(x), whose terms are not negative.
    x = number << GUARD_BITS >> HALVINGS
    term_low = term_high = low = high = 1 << bits
    for n in range(1, TERMS + 1):
        term_low = (term_low * x >> bits) // n
        term_high = -((-term_high * x >> bits) // n)
        low += term_low
        high += term_high
    # As x <= 1/2, each of the terms left out is at most half of the one before.
    high += term_high
    for _ in range(HALVINGS):
        low = low * low >> bits
        high = -(-high * high >> bits)
    return (1 << bits + BITS) // high, -((-1 << bits + BITS) // low)


def sigmoid_bounds(number: int) -> tuple[int, int]:
    """Bounds on 1 / (1 + exp(-number))."""
    if number < 0:
        low, high = sigmoid_bounds(-number)
        return ONE - high, ONE - low
    exp_low, exp_high = exp_of_minus(number)
    return ONE * ONE // (ONE + exp_high), -(-ONE * ONE // (ONE + exp_low))


class Form(NamedTuple):
    """An affine form: the number centre + sum of coefficients_j y_j + d, with |d| <= error.

    The unknowns y_j in [-1, 1] are the same for all forms of a step.
    """

    centre: int
    coefficients: list[int]
    error: int


def reach(form: Form) -> int:
    """The largest distance from the centre."""
    return sum(map(abs, form.coefficients)) + form.error


def bounds(form: Form) -> tuple[int, int]:
    """The smallest and the largest value."""
    return form.centre - reach(form), form.centre + reach(form)


def shift(form: Form, offset: int) -> Form:
    """The form plus a number."""
    return form._replace(centre=form.centre + offset)


def combine(factors: list[int], forms: list[Form], low: int, high: int) -> Form:
    """The sum of factor times form, plus a number between low and high."""
    centre = 0
    error = 0
    for factor, form in zip(factors, forms, strict=True):
        centre += factor * form.centre
        error += abs(factor) * form.error
    # What the centre and the coefficients lose as they are rounded down.
    error += centre % ONE
    coefficients = []
    for column in zip(*[form.coefficients for form in forms], strict=True):
        coefficient = sum(map(mul, factors, column))
        error += coefficient % ONE
        coefficients.append(down(coefficient))
    middle = (low + high) // 2
    return Form(down(centre) + middle, coefficients, up(error) + high - middle)


def add(x: Form, y: Form) -> Form:
    """The sum."""
    return combine([ONE, ONE], [x, y], 0, 0)


def linear(weight: list[list[int]], bias: list[int], forms: list[Form]) -> list[Form]:
    """The forms of weight x + bias."""
    images = []
    for row, offset in zip(weight, bias, strict=True):
        images.append(combine(row, forms, offset, offset))
    return images


def sigmoid(x: Form) -> Form:
    """The sigmoid, as a line plus an error (DeepZ; Singh et al., NeurIPS 2018).

    The sigmoid v has the slope v (1 - v), which over a range is least at one of its ends. So with
    the smaller of these two slopes, sigmoid(x) - slope x increases.
    """
    x_low, x_high = bounds(x)
    least, _ = sigmoid_bounds(x_low)
    _, greatest = sigmoid_bounds(x_high)
    slope = min(down(least * (ONE - least)), down(greatest * (ONE - greatest)))
    return combine([slope], [x], least - up(slope * x_low), greatest - down(slope * x_high))


def tanh(x: Form) -> Form:
    """The hyperbolic tangent, which is 2 sigmoid(2 x) - 1."""
    return combine([2 * ONE], [sigmoid(combine([2 * ONE], [x], 0, 0))], -ONE, -ONE)


def nearest_to_zero(low: int, high: int) -> int:
    """The number of smallest absolute value in a range."""
    return max(low, 0) + min(high, 0)


def multiply(x: Form, y: Form) -> Form:
    """The product.

    For any a and b,  x y = a x + b y - a b + (x - b) (y - a).  With a in the range of y and b in
    the range of x, the ranges of x - b and y - a contain 0. Then their product is smallest, and
    greatest, where both are at ends of their ranges.
    """
    x_low, x_high = bounds(x)
    y_low, y_high = bounds(y)
    a = nearest_to_zero(y_low, y_high)
    b = nearest_to_zero(x_low, x_high)
    smallest = min((x_low - b) * (y_high - a), (x_high - b) * (y_low - a))
    greatest = max((x_low - b) * (y_low - a), (x_high - b) * (y_high - a))
    return combine([a, b], [x, y], down(smallest - a * b), up(greatest - a * b))


def blend(u: Form, n: Form, h: Form) -> Form:
    """(1 - u) n + u h.

    For u in [u_low, u_high], and for any a, this is

        (1 - u_high) n + u_low h + a u  +  (u_high - u) n + (u - u_low) h - a u.

    The first three terms are a plane. The others are linear in u, so their sum is smallest, and
    greatest, at an end of the range of u. Here a is a value of h - n, the slope in u.
    """
    u_low, u_high = bounds(u)
    n_low, n_high = bounds(n)
    h_low, h_high = bounds(h)
    a = nearest_to_zero(*bounds(combine([ONE, -ONE], [h, n], 0, 0)))
    width = u_high - u_low
    smallest = min(width * n_low - a * u_low, width * h_low - a * u_high)
    greatest = max(width * n_high - a * u_low, width * h_high - a * u_high)
    factors = [ONE - u_high, u_low, a]
    return combine(factors, [n, h, u], down(smallest), up(greatest))


# --- The step of the net ------------------------------------------------------------------------


def _parts(forms, count):
    """Forms cut into `count` parts of equal length."""
    size = len(forms) // count
    return [forms[start : start + size] for start in range(0, len(forms), size)]


def step(claim: Claim, state: list[Form], symbol: int) -> list[Form]:
    """The state after a symbol (torch.nn's RNN, GRU and LSTM)."""
    weights = claim.weights
    from_input = []
    for row, bias in zip(weights['weight_ih_l0'], weights['bias_ih_l0'], strict=True):
        from_input.append(bias + sum(map(mul, row, claim.symbols[symbol])))
    hidden = state[: claim.units]
    from_hidden = linear(weights['weight_hh_l0'], weights['bias_hh_l0'], hidden)
    both = list(map(shift, from_hidden, from_input))
    if claim.cell == 'rnn':
        return list(map(tanh, both))
    if claim.cell == 'gru':
        reset, update, _ = _parts(both, 3)
        reset_product = map(multiply, map(sigmoid, reset), _parts(from_hidden, 3)[2])
        candidate = map(tanh, map(shift, reset_product, _parts(from_input, 3)[2]))
        return list(map(blend, map(sigmoid, update), candidate, hidden))
    written, kept, new, shown = _parts(both, 4)
    kept_cell = map(multiply, map(sigmoid, kept), state[claim.units :])
    new_cell = map(multiply, map(sigmoid, written), map(tanh, new))
    cell = list(map(add, kept_cell, new_cell))
    return list(map(multiply, map(sigmoid, shown), map(tanh, cell))) + cell


def answers_right(claim: Claim, state: list[Form], answer: int | None) -> bool:
    """Whether the net gives the answer, if any is asked for, on every state of the forms.

    A single logit is positive for the answer 1 and negative for 0. Of several logits that of the
    answer exceeds every other.
    """
    if answer is None:
        return True
    logits, biases = claim.weights['head_weight'], claim.weights['head_bias']
    if len(logits) == 1:
        # It is the logit of the answer 1, and that of the answer 0 is 0.
        logits, biases = [[0] * claim.units, *logits], [0, *biases]
    for rival in range(len(logits)):
        if rival == answer:
            continue
        excess = list(map(sub, logits[answer], logits[rival]))
        offset = biases[answer] - biases[rival]
        lowest, _ = bounds(combine(excess, state[: claim.units], offset, offset))
        if lowest <= 0:
            return False
    return True


# --- Sets ---------------------------------------------------------------------------------------


class Target(NamedTuple):
    """A set {centre + G y} that states must lie in.

    Attributes:
        centre: n numbers.
        inverse: A matrix R that is nearly the inverse of G.
        residual: A bound on the absolute row sums of I - R G.
    """

    centre: list[int]
    inverse: list[list[int]]
    residual: int


def nearly_inverse(matrix: list[list[int]]) -> list[list[int]]:
    """The inverse by Gauss and Jordan, up to rounding errors. Nothing relies on how large they are.

    Raises:
        Refused: A pivot is 0.
    """
    size = len(matrix)
    rows = []
    for i, row in enumerate(matrix):
        rows.append(row + [0] * i + [ONE] + [0] * (size - 1 - i))
    for i in range(size):
        pivot = max(range(i, size), key=lambda number: abs(rows[number][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        divisor = rows[i][i]
        require(divisor != 0, 'generators: they have no inverse')
        rows[i] = [entry * ONE // divisor for entry in rows[i]]
        for other in range(size):
            factor = rows[other][i]
            if other != i and factor != 0:
                products = [down(factor * entry) for entry in rows[i]]
                rows[other] = list(map(sub, rows[other], products))
    return [row[size:] for row in rows]


def target_of(state_set: StateSet) -> Target:
    """Prepares a set for `lies_in`.

    Raises:
        Refused: Its generators have no inverse, or none that the units can tell from 0.
    """
    inverse = nearly_inverse(state_set.generators)
    residual = 0
    for i, row in enumerate(inverse):
        row_sum = 0
        for j, column in enumerate(zip(*state_set.generators, strict=True)):
            unit = ONE * ONE if i == j else 0
            row_sum += abs(unit - sum(map(mul, row, column)))
        residual = max(residual, up(row_sum))
    require(residual < ONE, f'generators: their inverse is too fine for units of 2**-{BITS}')
    return Target(state_set.centre, inverse, residual)


def lies_in(state: list[Form], target: Target) -> bool:
    """Whether every state of the forms is c + G y with all |y_j| <= 1.

    As the absolute row sums of I - R G are less than 1, G has an inverse. So there is such a y,
    and y = R (state - c) + (I - R G) y.  Its largest absolute value |y| is hence at most
    |R (state - c)| + residual |y|, which gives |y| <= 1 if |R (state - c)| <= 1 - residual.
    """
    offsets = [-centre for centre in target.centre]
    differences = list(map(shift, state, offsets))
    for row in target.inverse:
        low, high = bounds(combine(row, differences, 0, 0))
        if max(-low, high) > ONE - target.residual:
            return False
    return True


def with_errors_as_unknowns(state: list[Form]) -> list[Form]:
    """The same states, where the error of each number is a coefficient of an unknown of its own."""
    forms = []
    for i, form in enumerate(state):
        errors = [0] * len(state)
        errors[i] = form.error
        forms.append(Form(form.centre, form.coefficients + errors, 0))
    return forms


# --- The theorem --------------------------------------------------------------------------------


def _check_words(claim, targets, number, word, state, automaton_state):
    """Checks conditions 2 and 3 for the words of k symbols that begin with `word`.

    Args:
        claim: What is to be proved.
        targets: The sets of the claim.
        number: The set in which the words begin.
        word: The symbols that were read since, less than k.
        state: Forms of the states in which the net is after `word`.
        automaton_state: The automaton's state after it.
    """
    for symbol in range(len(claim.symbols)):
        longer = (*word, symbol)
        place = f'set {number}, word {longer}'
        image = []
        for form in step(claim, state, symbol):
            image.append(form._replace(error=form.error + claim.slack))
        answer = claim.answers[automaton_state][symbol]
        require(answers_right(claim, image, answer), f'{place}: the answer is not proved')
        reached = claim.next_state[automaton_state][symbol]
        if len(longer) < claim.steps:
            _check_words(claim, targets, number, longer, with_errors_as_unknowns(image), reached)
            continue
        place_of_word = 0
        for symbol_read in longer:
            place_of_word = place_of_word * len(claim.symbols) + symbol_read
        next_set = claim.sets[number].next_sets[place_of_word]
        asked = claim.sets[next_set].automaton_state
        require(asked == reached, f'{place}: set {next_set} is one for another automaton state')
        inside = lies_in(image, targets[next_set])
        require(inside, f'{place}: it is not proved to lead into set {next_set}')


def prove(claim: Claim) -> None:
    """Proves the three conditions.

    Raises:
        Refused: One of them could not be proved.
    """
    targets = list(map(target_of, claim.sets))
    require(claim.sets[0].automaton_state == 0, 'set 0 is not one for the start of the automaton')
    zero = [Form(0, [], 0)] * len(claim.sets[0].centre)
    require(lies_in(zero, targets[0]), 'the state 0 does not lie in set 0')
    for number, state_set in enumerate(claim.sets):
        no_errors = [0] * len(state_set.centre)
        state = list(map(Form, state_set.centre, state_set.generators, no_errors))
        _check_words(claim, targets, number, (), state, state_set.automaton_state)


def check_text(text: str) -> str:
    """Checks a certificate of format 3.

    Returns:
        What it proves.

    Raises:
        Refused: The text is not a certificate, or one of the conditions could not be proved.
    """
    claim = parse(text)
    prove(claim)
    return (
        f'proved: the {claim.cell} of {claim.units} units follows the automaton of the file '
        f'({len(claim.next_state)} states, {len(claim.symbols)} symbols) on every sequence, with '
        f'errors of up to {claim.slack / ONE:.3g} in each number of its state at every step '
        f'(k = {claim.steps}; float32 rounding is not judged)'
    )


def main(paths: list[str]) -> int:
    """Prints a line for each file.

    Returns:
        1 if a file is refused or cannot be read, 2 if there is none, else 0.
    """
    if not paths:
        print('usage: python second_check.py FILE...')
        return 2
    exit_code = 0
    for path in paths:
        try:
            line = check_text(Path(path).read_text(encoding='utf-8'))
        except (Refused, OSError, UnicodeDecodeError) as problem:
            line = f'refused: {problem}'
            exit_code = 1
        print(f'{path}: {line}')
    return exit_code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
