"""Own machines: files that are read, and every way in which one is refused with a line."""

import json
import re
from pathlib import Path

import pytest

from experiments.core.own_machines import machine_name, machine_of, read_machine
from jaxdl import UserError
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick

# A turnstile: a coin opens it, a push passes through and shuts it. It answers whether one passes.
TURNSTILE = {
    'name': 'turnstile',
    'symbols': ['coin', 'push'],
    'states': ['shut', 'open'],
    'next': {
        'shut': {'coin': 'open', 'push': 'shut'},
        'open': {'coin': 'open', 'push': 'shut'},
    },
    'answers': {'shut': {'coin': None, 'push': 0}, 'open': {'coin': None, 'push': 1}},
}


def write(folder, content, name='turnstile.json'):
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def changed(**changes):
    return {**TURNSTILE, **changes}


def test_a_file_is_read_into_a_machine(tmp_path):
    setting = read_machine(write(tmp_path, TURNSTILE))
    machine = machine_of(setting)
    assert machine.symbols == ('coin', 'push')
    assert machine.states == ('shut', 'open')
    assert machine.automaton.symbols == ((1, 0), (0, 1))
    assert machine.automaton.outputs == 1
    assert machine.automaton.next_state == ((1, 0), (1, 0))
    assert machine.automaton.answer == ((None, 0), (None, 1))
    assert machine_name(setting) == 'turnstile'
    # Without a place that could change.
    assert str(tmp_path) not in setting


def test_the_machine_of_the_documentation_is_this_one():
    page = Path(__file__).parents[1] / 'docs' / 'formats.md'
    (example,) = re.findall('```json\n(.*?)```', page.read_text(), re.DOTALL)
    assert json.loads(example) == TURNSTILE


def test_the_setting_depends_on_the_machine_alone(tmp_path):
    setting = read_machine(write(tmp_path, TURNSTILE))
    backwards = dict(reversed(TURNSTILE.items()))
    assert read_machine(write(tmp_path, json.dumps(backwards, indent=4))) == setting
    assert read_machine(setting) == setting


def test_the_name_may_be_left_out(tmp_path):
    unnamed = dict(TURNSTILE)
    del unnamed['name']
    assert machine_name(read_machine(write(tmp_path, unnamed, 'gate.json'))) == 'gate'
    assert machine_name(read_machine(write(tmp_path, unnamed, 'ü.json'))) == 'machine'


def test_machines_of_this_program_are_named():
    assert read_machine('parity') == 'parity'
    assert machine_of('parity') is MACHINES['parity']
    assert machine_name('parity') == 'parity'


def test_answers_above_one_have_a_logit_each(tmp_path):
    answers = {'shut': {'coin': 3, 'push': 0}, 'open': {'coin': None, 'push': 1}}
    setting = read_machine(write(tmp_path, changed(answers=answers)))
    assert machine_of(setting).automaton.outputs == 4


def without(key):
    content = dict(TURNSTILE)
    del content[key]
    return content


def next_of_shut(row):
    return changed(next={**TURNSTILE['next'], 'shut': row})


def answers_of_shut(answer):
    return changed(answers={**TURNSTILE['answers'], 'shut': {'coin': None, 'push': answer}})


MANY = [f's{number}' for number in range(101)]
REFUSED = {
    'no JSON': ('{', 'it is not JSON'),
    'no object': ('[]', 'it must be a JSON object'),
    'deep': ('[' * 100_000, 'nested too deeply'),
    'a long number': ('{"name": ' + '1' * 5000 + '}', 'it is not JSON'),
    'a key twice': ('{"name": "a", "name": "b"}', "the key 'name' is there twice"),
    'a row twice': (
        json.dumps(TURNSTILE).replace('"open": {', '"shut": {'),
        "the key 'shut' is there twice",
    ),
    'an unknown key': (changed(start='shut'), "unknown key 'start'"),
    'no states': (without('states'), 'lacks the key "states"'),
    'no answers': (without('answers'), 'lacks the key "answers"'),
    'a name that is a number': (changed(name=5), 'the name must be'),
    'a name of two lines': (changed(name='a\nb'), 'the name must be'),
    'symbols that are text': (changed(symbols='ab'), '"symbols" must be a list of 1 to 32 names'),
    'a symbol that is a number': (changed(symbols=[0, 1]), 'each of "symbols" must be'),
    'a symbol twice': (changed(symbols=['coin', 'coin']), '"symbols" holds "coin" twice'),
    'no symbol': (changed(symbols=[]), '"symbols" must be a list of 1 to 32 names'),
    'too many states': (changed(states=MANY), '"states" must be a list of 1 to 100 names'),
    'next as a list': (changed(next=[[1, 0], [1, 0]]), '"next" must be a JSON object, not a list'),
    'no row of a state': (
        changed(next={'shut': TURNSTILE['next']['shut']}),
        '"next" lacks the key "open"',
    ),
    'not total': (next_of_shut({'coin': 'open'}), '"next" of state "shut" lacks the key "push"'),
    'an unknown symbol': (
        next_of_shut({'coin': 'open', 'push': 'shut', 'kick': 'shut'}),
        "unknown key 'kick'",
    ),
    'an unknown state': (
        next_of_shut({'coin': 'ajar', 'push': 'shut'}),
        'from state "shut" to \'ajar\', which is not in "states"',
    ),
    'a number for a state': (next_of_shut({'coin': 1, 'push': 'shut'}), 'to 1, which is not in'),
    'a list for a state': (next_of_shut({'coin': [], 'push': 'shut'}), 'to a list, which'),
    'not reachable': (
        next_of_shut({'coin': 'shut', 'push': 'shut'}),
        'state "open" cannot be reached from "shut", the start',
    ),
    'a negative answer': (answers_of_shut(-1), 'the answer -1'),
    'an answer that is a float': (answers_of_shut(1.0), 'the answer 1.0'),
    'an answer that is true': (answers_of_shut(True), 'the answer True'),
    'an answer in quotes': (answers_of_shut('1'), "the answer '1'"),
    'a large answer': (answers_of_shut(100), 'integers from 0 to 99'),
    'nothing to answer': (
        changed(answers=dict.fromkeys(('shut', 'open'), {'coin': None, 'push': None})),
        'all its answers are null',
    ),
}


@pytest.mark.parametrize('content, message', REFUSED.values(), ids=REFUSED)
def test_what_is_refused(content, message, tmp_path):
    with pytest.raises(UserError) as error:
        read_machine(write(tmp_path, content))
    assert message in str(error.value)
    assert '\n' not in str(error.value)
    # As the setting of a run, which may come from a stranger, it is refused too.
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(UserError) as error:
        machine_of(text)
    assert '\n' not in str(error.value)


def test_what_is_no_file(tmp_path):
    for setting in (f'{tmp_path}/none.json', str(write(tmp_path, TURNSTILE)) + '/x.json'):
        with pytest.raises(UserError, match='is no file; name one, or one of parity, '):
            read_machine(setting)
    large = tmp_path / 'large.json'
    large.write_text(' ' * 1_000_001)
    with pytest.raises(UserError, match='larger than 1,000,000 bytes'):
        read_machine(str(large))
    with pytest.raises(UserError, match=r'--machine=a\\nb is unknown; choose one of parity, '):
        machine_of('a\nb')
