"""Certificates: the file that claims that a net gives the right answers at every length.

Trusted (see check.py): `parse` decides what the proof is about: which net, automaton and sets.

A certificate is a JSON object with exactly these keys:

    format      'jaxdl certificate 3'
    automaton   {symbols, outputs, next, answers}: what the net must do, see automaton.Automaton
    cell        'rnn', 'gru' or 'lstm'
    weights     {name: numbers}, the names and shapes of cell_sizes.weight_shapes
    steps       k, after how many symbols the sets must close
    slack       the error of each number of the net state, in every step, that the proof covers
    sets        [{state, next, centre, generators}, ...], see StateSet
    sha256      the digest of all that

Slack, weights and sets are hexadecimal floats, hence exact. A file means one thing or is refused:
there are no further or doubled keys, no other types, and no other way to write a number than that
of float.hex.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jaxdl.verify.automaton import Automaton
from jaxdl.verify.cell_sizes import GATES, STATE_ARRAYS, weight_shapes

FORMAT = 'jaxdl certificate 3'
CONTENT = ('format', 'automaton', 'cell', 'weights', 'steps', 'slack', 'sets')  # of the digest
AUTOMATON_KEYS = ('symbols', 'outputs', 'next', 'answers')
SET_KEYS = ('state', 'next', 'centre', 'generators')

MOST_STEPS = 8
MOST_STATES = 10_000
MOST_SYMBOLS = 1000
MOST_OUTPUTS = 1000
MOST_DIGITS = 9  # of an integer in a file; all of them count something
LONGEST_QUOTE = 100  # characters of a file in a message

Matrix = list[list[float]]


class Refused(Exception):
    """A certificate is malformed or proves nothing; the message says what fails, and where."""


class StateSet(NamedTuple):
    """A parallelotope of net states, {centre + generators y : every |y_j| <= 1}.

    Attributes:
        automaton_state: The state of the automaton while the net state is in this set ('state').
        next_sets: For each word of k symbols the number of the set that the net state goes to
            ('next'); the words are in lexicographic order.
        centre: (n,); h, for LSTM h followed by c.
        generators: (n, n), a column for each generator.
    """

    automaton_state: int
    next_sets: list[int]
    centre: list[float]
    generators: Matrix


class Claim(NamedTuple):
    """What a certificate says: these sets prove that this net follows this automaton.

    Attributes:
        automaton: What the net must do.
        cell: 'rnn', 'gru' or 'lstm'.
        weights: By name; biases are columns.
        steps: k, after how many symbols the sets must close.
        slack: The error of each number of the net state, in every step, that the proof covers.
        sets: Set 0 holds the start.
        sha256: The digest that the certificate names, not yet compared.
        digest: The digest of what it holds.
    """

    automaton: Automaton
    cell: str
    weights: dict[str, Matrix]
    steps: int
    slack: float
    sets: list[StateSet]
    sha256: str
    digest: str


# Writing


def make_certificate(
    automaton: Automaton,
    cell: str,
    weights: Mapping[str, Sequence],
    sets: Sequence[StateSet],
    steps: int = 1,
    slack: float = 0.0,
) -> dict[str, Any]:
    """Writes a claim as a certificate.

    Args:
        automaton: What the net must do.
        cell: 'rnn', 'gru' or 'lstm'.
        weights: By name, nested lists of floats; biases are plain lists.
        sets: Set 0 holds the start.
        steps: k, after how many symbols the sets must close.
        slack: The error of each number of the net state, in every step, that the proof covers.
    """
    certificate = {
        'format': FORMAT,
        'automaton': _automaton_to_json(automaton),
        'cell': cell,
        'weights': {name: _to_hex(numbers) for name, numbers in weights.items()},
        'steps': steps,
        'slack': _to_hex(slack),
        'sets': list(map(_set_to_json, sets)),
    }
    certificate['sha256'] = digest(certificate)
    return certificate


def _automaton_to_json(automaton: Automaton) -> dict[str, Any]:
    return {
        'symbols': list(map(list, automaton.symbols)),
        'outputs': automaton.outputs,
        'next': list(map(list, automaton.next_state)),
        'answers': list(map(list, automaton.answer)),
    }


def _set_to_json(state_set: StateSet) -> dict[str, Any]:
    return {
        'state': state_set.automaton_state,
        'next': state_set.next_sets,
        'centre': _to_hex(state_set.centre),
        'generators': _to_hex(state_set.generators),
    }


def _to_hex(numbers: list | float) -> list | str:
    """Nested lists of floats as nested lists of hexadecimal floats."""
    if isinstance(numbers, list):
        return list(map(_to_hex, numbers))
    return float(numbers).hex()


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of what the proof is about: any change shows, even one that leaves it a proof."""
    content = [certificate[name] for name in CONTENT]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


# Reading


def read(path: str | Path) -> Claim:
    """Reads a certificate file, as `parse_text` does.

    Raises:
        Refused: It is no certificate.
        OSError: It cannot be read.
    """
    path = Path(path)
    # To open a pipe would wait for ever.
    if path.exists() and not path.is_file():
        raise Refused('it is not a file')
    try:
        text = path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise Refused(f'it is not JSON ({error})') from None
    return parse_text(text)


def parse_text(text: str) -> Claim:
    """Reads a certificate. The digest is not compared; the conditions of the proof are not checked.

    Raises:
        Refused: The certificate is malformed.
    """
    try:
        content = json.loads(
            text,
            object_pairs_hook=_object_of_pairs,
            parse_int=_integer,
            parse_float=_no_decimal,
            parse_constant=_no_decimal,
        )
        return parse(content)
    # Every level of a nested list is a level of recursion, in json and in messages.
    except RecursionError:
        raise Refused('it is nested too deeply') from None
    except json.JSONDecodeError as error:
        raise Refused(f'it is not JSON ({error})') from None


def _object_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise Refused(f'a key of {_quote(list(entries))} is there twice')
    return entries


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise Refused(f'the integer {_quote(text)} is too large')
    return int(text)


def _no_decimal(text: str) -> float:
    raise Refused(f'the number {_quote(text)} is not hexadecimal')


def parse(content: object) -> Claim:
    """Reads the JSON of a certificate, as `parse_text` does.

    Raises:
        Refused: The certificate is malformed.
    """
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise Refused(f'this is not a {FORMAT!r}')
    certificate = _entries('the certificate', content, (*CONTENT, 'sha256'))
    automaton = _parse_automaton(certificate['automaton'])
    cell = certificate['cell']
    # A list is not hashable, so it must not be looked up.
    if not isinstance(cell, str) or cell not in GATES:
        raise Refused(f'no proof is known for the cell {_quote(cell)}')
    steps = _parse_integer('steps', certificate['steps'], 1, MOST_STEPS)
    slack = _parse_number('the slack', certificate['slack'])
    if slack < 0:
        raise Refused('the slack is negative')
    weights = _parse_weights(cell, automaton, certificate['weights'])
    size = STATE_ARRAYS[cell] * len(weights['weight_hh_l0'][0])
    sets = _parse_sets(automaton, steps, size, certificate['sets'])
    if not isinstance(certificate['sha256'], str):
        raise Refused(f'the sha256 is {_quote(certificate["sha256"])}, which is no text')
    return Claim(
        automaton, cell, weights, steps, slack, sets, certificate['sha256'], digest(certificate)
    )


def _parse_automaton(content: object) -> Automaton:
    table = _entries('the automaton', content, AUTOMATON_KEYS)
    outputs = _parse_integer('the number of outputs', table['outputs'], 1, MOST_OUTPUTS)
    vectors = _list('the symbols', table['symbols'], 1, MOST_SYMBOLS)
    symbols = []
    for vector in vectors:
        length = len(_list('a symbol', vector, 1, MOST_SYMBOLS))
        symbols.append(_parse_integers('a symbol', vector, length, 0, 1))
    if len(set(map(len, symbols))) > 1 or len(set(symbols)) < len(symbols):
        raise Refused('the symbols are not different vectors of one length')

    states = len(_list('the next states', table['next'], 1, MOST_STATES))
    next_state = []
    for row in table['next']:
        next_state.append(
            _parse_integers('a row of the next states', row, len(symbols), 0, states - 1)
        )
    answer = []
    for row in _list('the answers', table['answers'], states, states):
        answer.append(_parse_answers(row, len(symbols), outputs))
    # A net that must answer nothing is always right.
    if not any(number is not None for row in answer for number in row):
        raise Refused('the automaton asks for no answer')
    return Automaton(tuple(symbols), outputs, tuple(next_state), tuple(answer))


def _parse_answers(row: object, symbols: int, outputs: int) -> tuple[int | None, ...]:
    """The answers of one state of the automaton; null leaves the net free."""
    largest = max(outputs, 2) - 1  # a single logit answers 0 or 1
    answers = []
    for answer in _list('a row of the answers', row, symbols, symbols):
        if answer is not None:
            answer = _parse_integer('an answer', answer, 0, largest)
        answers.append(answer)
    return tuple(answers)


def _parse_weights(cell: str, automaton: Automaton, content: object) -> dict[str, Matrix]:
    """The weights of a net of one layer, with the inputs and outputs of the automaton."""
    if not isinstance(content, dict):
        raise Refused('the weights are no object')
    # The head has a column for each unit.
    head_rows = _list('head_weight', content.get('head_weight'), 1, MOST_OUTPUTS)
    hidden = len(_list('a row of head_weight', head_rows[0], 1, None))
    shapes = weight_shapes(cell, hidden, len(automaton.symbols[0]), automaton.outputs)
    weights = _entries('the weights', content, tuple(shapes))
    matrices = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            matrices[name] = column(_parse_vector(name, weights[name], *shape))
        else:
            matrices[name] = _parse_matrix(name, weights[name], *shape)
    return matrices


def column(vector: list[float]) -> Matrix:
    """A vector (n,) as a matrix (n, 1)."""
    return [[number] for number in vector]


def _parse_sets(automaton: Automaton, steps: int, size: int, content: object) -> list[StateSet]:
    """The sets of net states, of `size` numbers each."""
    # Without a set there is no start; each condition would hold of nothing.
    entries = _list('the sets', content, 1, None)
    words = len(automaton.symbols) ** steps
    sets = []
    for index, entry in enumerate(entries):
        name = f'set {index}'
        state_set = _entries(name, entry, SET_KEYS)
        next_sets = _parse_integers(
            f'next of {name}', state_set['next'], words, 0, len(entries) - 1
        )
        sets.append(
            StateSet(
                _parse_integer(
                    f'the state of {name}', state_set['state'], 0, len(automaton.next_state) - 1
                ),
                list(next_sets),
                _parse_vector(f'the centre of {name}', state_set['centre'], size),
                _parse_matrix(f'the generators of {name}', state_set['generators'], size, size),
            )
        )
    return sets


# Values of one type


def _entries(name: str, content: object, keys: tuple[str, ...]) -> dict[str, Any]:
    """An object with these keys and no others."""
    if not isinstance(content, dict):
        raise Refused(f'{name} is no object')
    if content.keys() != set(keys):
        raise Refused(f'{name} has {_quote(list(content))}; expected {", ".join(keys)}')
    return content


def _list(name: str, content: object, shortest: int, longest: int | None) -> list:
    # A string has a length too, and its letters may be numbers.
    if not isinstance(content, list):
        raise Refused(f'{name} must be a list')
    if len(content) < shortest or (longest is not None and len(content) > longest):
        expected = f'{shortest}' if shortest == longest else f'at least {shortest}'
        if longest not in (None, shortest):
            expected = f'{shortest} to {longest}'
        raise Refused(f'{name} must have {expected} entries, it has {len(content)}')
    return content


def _parse_integer(name: str, number: object, smallest: int, largest: int) -> int:
    # A bool is an int too, but no number.
    if type(number) is not int or not smallest <= number <= largest:
        raise Refused(f'{name} is {_quote(number)}; expected {smallest} to {largest}')
    return number


def _parse_integers(
    name: str, content: object, length: int, smallest: int, largest: int
) -> tuple[int, ...]:
    numbers = []
    for number in _list(name, content, length, length):
        numbers.append(_parse_integer(f'an entry of {name}', number, smallest, largest))
    return tuple(numbers)


def _parse_matrix(name: str, content: object, height: int, width: int) -> Matrix:
    matrix = []
    for row in _list(name, content, height, height):
        matrix.append(_parse_vector(f'a row of {name}', row, width))
    return matrix


def _parse_vector(name: str, content: object, length: int) -> list[float]:
    numbers = []
    for text in _list(name, content, length, length):
        numbers.append(_parse_number(f'a number of {name}', text))
    return numbers


def _parse_number(name: str, text: object) -> float:
    """A number that is written as float.hex writes it: decimals would be read as another number."""
    try:
        number = float.fromhex(text)
    except (TypeError, ValueError, OverflowError):
        raise Refused(f'{name} is {_quote(text)}, which is no hexadecimal float') from None
    # Infinity times zero would be no number at all.
    if not math.isfinite(number) or number.hex() != text:
        raise Refused(f'{name} is {_quote(text)}, which is not as float.hex writes it')
    return number


def _quote(content: object) -> str:
    """The beginning of what a file holds, which may be of any length."""
    return repr(content)[:LONGEST_QUOTE]
