"""The machine of a run: the name of one of jaxdl.verify.machines, or the text of one's own.

A run keeps its own machine as text, not the name of a file, which could change or be lost. The text
may come from anybody, so it is read strictly. This module does not import JAX.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxdl import UserError
from jaxdl.names import did_you_mean
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.machine import Machine, one_hot, output_count
from jaxdl.verify.machines import MACHINES

FILE_SUFFIX = '.json'
MOST_BYTES = 1_000_000  # of a file
MOST_STATES = 100
MOST_SYMBOLS = 32
MOST_ANSWERS = 100
KEYS = ('name', 'symbols', 'states', 'next', 'answers')
NAME = re.compile('[!-~]([ -~]{0,18}[!-~])?')  # ASCII that can be seen, and spaces between
NAME_FORM = '1 to 20 letters, digits or signs of ASCII'
LONGEST_QUOTE = 60  # characters of a file in a message


class _Malformed(Exception):
    """A text holds no machine; the message says what is wrong."""


def read_machine(setting: str) -> str:
    """The setting `machine` of a run: a file is replaced by the text of the machine in it.

    Args:
        setting: A name, a text, or the path of a file that ends in .json.

    Raises:
        UserError: The file cannot be read, or holds no machine.
    """
    if not setting.endswith(FILE_SUFFIX):
        return setting
    file = Path(setting).expanduser()
    # To open a pipe would wait for ever.
    if not file.is_file():
        raise UserError(f'--machine={setting} is no file; name one, or one of {_known_names()}')
    if file.stat().st_size > MOST_BYTES:
        raise UserError(f'--machine={setting} is larger than {MOST_BYTES:,} bytes; make it smaller')
    try:
        content = _parse(file.read_bytes())
        content.setdefault('name', file.stem if NAME.fullmatch(file.stem) else 'machine')
        machine = _machine(content)
    except _Malformed as error:
        raise UserError(f'--machine={setting}: {error}') from None
    return _text(content['name'], machine)


def _text(name: str, machine: Machine) -> str:
    """The text of a machine, the same however its file was laid out."""
    next_state, answers = {}, {}
    for number, state in enumerate(machine.states):
        targets = [machine.states[target] for target in machine.automaton.next_state[number]]
        next_state[state] = dict(zip(machine.symbols, targets, strict=True))
        answers_of_state = machine.automaton.answer[number]
        answers[state] = dict(zip(machine.symbols, answers_of_state, strict=True))
    values = (name, machine.symbols, machine.states, next_state, answers)
    return json.dumps(dict(zip(KEYS, values, strict=True)), separators=(',', ':'))


def machine_of(setting: str) -> Machine:
    """The machine of a run.

    Args:
        setting: Its setting `machine`: a name, or the text that read_machine gives.

    Raises:
        UserError: There is none.
    """
    if setting in MACHINES:
        return MACHINES[setting]
    if not setting.startswith('{'):
        raise UserError(
            f'--machine={_quote(setting)[1:-1]} is unknown{did_you_mean(setting, MACHINES)}; '
            f'choose one of {_known_names()}, or name a file that ends in {FILE_SUFFIX}'
        )
    try:
        return _machine(_parse(setting))
    except _Malformed as error:
        raise UserError(f'--machine: {error}') from None


def machine_name(setting: str) -> str:
    """The name of the machine of a run, for people.

    Args:
        setting: As of machine_of.
    """
    if setting in MACHINES:
        return setting
    return _parse(setting)['name']


def _known_names():
    return ', '.join(MACHINES)


def _quote(value: object) -> str:
    """The beginning of a value of a file, in ASCII and on one line."""
    if isinstance(value, list | dict):
        return 'a list' if isinstance(value, list) else 'an object'
    text = ascii(value)
    return text if len(text) <= LONGEST_QUOTE else f'{text[:LONGEST_QUOTE]}...'


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        content = json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise _Malformed('it is nested too deeply') from None
    except ValueError as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise _Malformed(f'it is not JSON ({_quote(str(error))})') from None
    if not isinstance(content, dict):
        raise _Malformed(f'it must be a JSON object with the keys {", ".join(KEYS)}')
    return content


def _without_duplicates(pairs):
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Malformed(f'the key {_quote(twice)} is there twice; leave one')
    return content


def _machine(content: Mapping[str, Any]) -> Machine:
    """The machine that a file describes (see docs/formats.md)."""
    _check_keys('the file', content, KEYS)
    _check_name('the name', content['name'])
    symbols = _names('symbols', content['symbols'], MOST_SYMBOLS)
    states = _names('states', content['states'], MOST_STATES)
    next_names = _table('next', content['next'], states, symbols)
    answers = _table('answers', content['answers'], states, symbols)

    next_state = []
    asks = False
    for state, names, answers_of_state in zip(states, next_names, answers, strict=True):
        targets = []
        for name in names:
            if not isinstance(name, str) or name not in states:
                raise _Malformed(
                    f'"next" leads from state "{state}" to {_quote(name)}, which is not in "states"'
                )
            targets.append(states.index(name))
        next_state.append(tuple(targets))
        for answer in answers_of_state:
            _check_answer(state, answer)
            asks = asks or answer is not None
    if not asks:
        raise _Malformed('all its answers are null; give those that a net must learn')
    _check_reachable(states, next_state)
    vectors = tuple(one_hot(symbols).values())
    automaton = Automaton(vectors, output_count(answers), tuple(next_state), tuple(answers))
    return Machine(automaton, symbols, states)


def _check_keys(where: str, content: Any, expected: Collection[str]) -> None:
    """Raises _Malformed unless content is an object with exactly these keys."""
    if not isinstance(content, dict):
        raise _Malformed(f'{where} must be a JSON object, not {_quote(content)}')
    for key in content:
        if key not in expected:
            raise _Malformed(f'{where} has the unknown key {_quote(key)}; leave it out')
    for key in expected:
        if key not in content:
            raise _Malformed(f'{where} lacks the key "{key}"; add it')


def _check_name(where: str, name: Any) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _Malformed(f'{where} must be {NAME_FORM}, not {_quote(name)}')


def _names(key: str, names: Any, most: int) -> tuple[str, ...]:
    """The names in a list, all different."""
    if not isinstance(names, list) or not 1 <= len(names) <= most:
        raise _Malformed(f'"{key}" must be a list of 1 to {most} names')
    for name in names:
        _check_name(f'each of "{key}"', name)
        if names.count(name) > 1:
            raise _Malformed(f'"{key}" holds "{name}" twice; names must differ')
    return tuple(names)


def _table(
    key: str, content: Any, states: Sequence[str], symbols: Sequence[str]
) -> list[tuple[Any, ...]]:
    """The rows of {state: {symbol: value}}, in the order of the names."""
    _check_keys(f'"{key}"', content, states)
    rows = []
    for state in states:
        _check_keys(f'"{key}" of state "{state}"', content[state], symbols)
        rows.append(tuple(content[state][symbol] for symbol in symbols))
    return rows


def _check_answer(state: str, answer: Any) -> None:
    # A bool is an int too, but no answer.
    is_number = type(answer) is int and 0 <= answer < MOST_ANSWERS
    if answer is not None and not is_number:
        raise _Malformed(
            f'state "{state}" has the answer {_quote(answer)}; answers are integers from 0 to '
            f'{MOST_ANSWERS - 1}, or null where any will do'
        )


def _check_reachable(states: Sequence[str], next_state: Sequence[Sequence[int]]) -> None:
    reached = {0}
    unvisited = [0]
    while unvisited:
        for target in next_state[unvisited.pop()]:
            if target not in reached:
                reached.add(target)
                unvisited.append(target)
    for number, state in enumerate(states):
        if number not in reached:
            raise _Malformed(
                f'state "{state}" cannot be reached from "{states[0]}", the start; leave it out'
            )
