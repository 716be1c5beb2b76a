"""Certificates: the JSON that claims that a net gives the right answers at every length.

Trusted (see check.py): `parse` decides which net and which sets the proof is about.

A certificate holds

    format, task, k, cell    which net, and which automaton (automaton.py) it follows
    weights                  {name: numbers}, the names and shapes of cell_sizes.weight_shapes
    sets                     [{memory, next, centre, edges}, ...], see StateSet
    sha256                   the digest of all that

All numbers of weights and sets are hexadecimal floats, hence exact. Further entries are ignored.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jaxdl.verify.automaton import Automaton, automaton_for
from jaxdl.verify.cell_sizes import GATES, STATE_ARRAYS, weight_shapes

# Files of earlier versions have this format and these names, so they stay: 'memory' is the state of
# the automaton, 'edges' are the generators.
FORMAT = 'jaxdl certificate 2'
CONTENT = ('format', 'task', 'k', 'cell', 'weights', 'sets')  # what the digest covers

LONGEST_QUOTE = 100  # characters of a file in a message
# What content of the wrong types or values, or nested very deeply, may raise.
DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)

Matrix = list[list[float]]


class Refused(Exception):
    """A certificate is malformed or proves nothing; the message says what fails, and where."""


class StateSet(NamedTuple):
    """A parallelotope of net states, {centre + generators y : every |y_j| <= 1}.

    Attributes:
        automaton_state: The state of the automaton while the net state is in this set ('memory').
        next_sets: For each symbol the number of the set that the net state goes to ('next').
        centre: (n,); h, for LSTM h followed by c.
        generators: (n, n), a column for each generator ('edges').
    """

    automaton_state: int
    next_sets: list[int]
    centre: list[float]
    generators: Matrix


class Claim(NamedTuple):
    """What a certificate says: these sets prove that this net follows the automaton of its task.

    Attributes:
        task: 'binary_add' or 'recall'.
        k: For recall, which digit, counted from 1.
        cell: 'rnn', 'gru' or 'lstm'.
        automaton: The automaton of the task.
        weights: By name; biases are columns.
        sets: Set 0 holds the start.
        sha256: The digest that the certificate names, not yet compared.
        digest: The digest of what it holds.
    """

    task: str
    k: int
    cell: str
    automaton: Automaton
    weights: dict[str, Matrix]
    sets: list[StateSet]
    sha256: str
    digest: str


def make_certificate(
    task: str,
    k: int,
    cell: str,
    weights: Mapping[str, Sequence],
    sets: Sequence[StateSet],
) -> dict[str, Any]:
    """Writes a claim as a certificate.

    Args:
        task: 'binary_add' or 'recall'.
        k: For recall, which digit, counted from 1.
        cell: 'rnn', 'gru' or 'lstm'.
        weights: By name, nested lists of floats; biases are plain lists.
        sets: Set 0 holds the start.
    """
    certificate = {
        'format': FORMAT,
        'task': task,
        'k': k,
        'cell': cell,
        'weights': {name: _to_hex(numbers) for name, numbers in weights.items()},
        'sets': list(map(_set_to_json, sets)),
    }
    certificate['sha256'] = digest(certificate)
    return certificate


def _set_to_json(state_set: StateSet) -> dict[str, Any]:
    return {
        'memory': state_set.automaton_state,
        'next': state_set.next_sets,
        'centre': _to_hex(state_set.centre),
        'edges': _to_hex(state_set.generators),
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


def parse(certificate: Mapping[str, Any]) -> Claim:
    """Reads a certificate. The digest is not compared; the conditions of the proof are not checked.

    Raises:
        Refused: The certificate is malformed.
    """
    try:
        return _parse(certificate)
    except DAMAGE as error:
        raise Refused(f'it is damaged ({type(error).__name__}: {_shortened(str(error))})') from None


def _shortened(text: str) -> str:
    """The beginning of a text from a file, which may be of any length."""
    return text[:LONGEST_QUOTE]


def _parse(certificate: Mapping[str, Any]) -> Claim:
    if certificate.get('format') != FORMAT:
        raise Refused(f'this is not a {FORMAT!r}')
    cell = certificate['cell']
    if cell not in GATES:
        raise Refused(f'no proof is known for the cell {_shortened(repr(cell))}')
    automaton = automaton_for(certificate['task'], certificate['k'])
    weights = _parse_weights(cell, automaton, certificate['weights'])
    return Claim(
        task=certificate['task'],
        k=certificate['k'],
        cell=cell,
        automaton=automaton,
        weights=weights,
        sets=_parse_sets(cell, automaton, weights, certificate['sets']),
        sha256=certificate['sha256'],
        digest=digest(certificate),
    )


def _parse_weights(
    cell: str, automaton: Automaton, weights: Mapping[str, Any]
) -> dict[str, Matrix]:
    """The weights of a net of one layer, with the inputs and outputs of the automaton."""
    hidden = len(weights['weight_hh_l0'][0])
    if hidden == 0:
        raise Refused('the net has no units')
    shapes = weight_shapes(cell, hidden, len(automaton.symbols[0]), automaton.outputs)
    if weights.keys() != shapes.keys():
        names = _shortened(repr(list(weights)))
        raise Refused(f'the weights are {names}; expected {", ".join(shapes)}')
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


def _parse_sets(
    cell: str,
    automaton: Automaton,
    weights: Mapping[str, Matrix],
    entries: Sequence[Any],
) -> list[StateSet]:
    # Without a set there is no start; each condition would hold of nothing.
    if len(entries) == 0:
        raise Refused('there are no sets')
    hidden = len(weights['weight_hh_l0'][0])
    size = STATE_ARRAYS[cell] * hidden
    sets = []
    for index, entry in enumerate(entries):
        sets.append(_parse_set(index, entry, automaton, size, len(entries)))
    return sets


def _parse_set(
    index: int,
    entry: Mapping[str, Any],
    automaton: Automaton,
    size: int,
    number_of_sets: int,
) -> StateSet:
    """One set of net states, of `size` numbers each."""
    automaton_state = entry['memory']
    if not _is_index(automaton_state, len(automaton.next_state)):
        raise Refused(
            f'set {index} names automaton state {_shortened(repr(automaton_state))}, '
            'which does not exist'
        )
    next_sets = entry['next']
    if len(next_sets) != len(automaton.symbols):
        raise Refused(f'set {index} does not lead to one set for each symbol')
    for target in next_sets:
        if not _is_index(target, number_of_sets):
            raise Refused(
                f'set {index} leads to set {_shortened(repr(target))}, which does not exist'
            )
    return StateSet(
        automaton_state,
        list(next_sets),
        _parse_vector(f'the centre of set {index}', entry['centre'], size),
        _parse_matrix(f'the generators of set {index}', entry['edges'], size, size),
    )


def _is_index(number: object, length: int) -> bool:
    # A bool is an int too, but no index.
    return type(number) is int and 0 <= number < length


def _parse_matrix(name: str, rows: object, height: int, width: int) -> Matrix:
    # A string has a length too, and its letters may be numbers.
    if not isinstance(rows, list) or len(rows) != height:
        raise Refused(f'{name} must have shape ({height}, {width})')
    matrix = []
    for row in rows:
        matrix.append(_parse_vector(f'a row of {name}', row, width))
    return matrix


def _parse_vector(name: str, values: object, length: int) -> list[float]:
    if not isinstance(values, list) or len(values) != length:
        raise Refused(f'{name} must have shape ({length},)')
    numbers = []
    for text in values:
        number = float.fromhex(text)
        # Infinity times zero would be no number at all.
        if not math.isfinite(number):
            raise Refused(f'{name}: a number is not finite')
        numbers.append(number)
    return numbers
