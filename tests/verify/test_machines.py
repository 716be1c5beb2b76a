"""The automata against definitions that share nothing with them, on all short words."""

import itertools
import re
from pathlib import Path

import pytest

from jaxdl.verify.automaton import ADDER, answer_constraints, recall
from jaxdl.verify.machines import MACHINES, statement_of

pytestmark = pytest.mark.quick

ALL = {name: machine.automaton for name, machine in MACHINES.items()}
ALL |= {'adder': ADDER, 'recall of digit 1': recall(1), 'recall of digit 3': recall(3)}
FEW_WORDS = 40_000  # of a machine


def answers_to(automaton, word):
    """The answers after each symbol of a word."""
    state = 0
    answers = []
    for symbol in word:
        answers.append(automaton.answer[state][symbol])
        state = automaton.next_state[state][symbol]
    return answers


def short_words(machine):
    """All words of names of symbols, up to a length at which there are FEW_WORDS."""
    length = 1
    while len(machine.symbols) ** (length + 1) <= FEW_WORDS:
        length += 1
    for steps in range(1, length + 1):
        yield from itertools.product(machine.symbols, repeat=steps)


def last_answers(name):
    """(word of names of symbols, answer after its last symbol) of all short words."""
    machine = MACHINES[name]
    for word in short_words(machine):
        symbols = [machine.symbols.index(symbol) for symbol in word]
        yield word, answers_to(machine.automaton, symbols)[-1]


def numbers_of(word, sign):
    """The two numbers whose bits are read, lowest first."""
    first = ''.join(pair.split(sign)[0] for pair in reversed(word))
    second = ''.join(pair.split(sign)[1] for pair in reversed(word))
    return int(first, 2), int(second, 2)


@pytest.mark.parametrize(
    ('name', 'modulus'), [('parity', 2), ('count_modulo_3', 3), ('count_modulo_5', 5)]
)
def test_counting(name, modulus):
    for word, answer in last_answers(name):
        assert answer == word.count('1') % modulus


def test_even_pairs():
    for word, answer in last_answers('even_pairs'):
        text = ''.join(word)
        unequal = len(re.findall('(?=01)', text)) + len(re.findall('(?=10)', text))
        assert answer == unequal % 2


def test_cycle_navigation():
    for word, answer in last_answers('cycle_navigation'):
        assert answer == sum(map(int, word)) % 5


def test_modular_arithmetic():
    expression = re.compile(r'\d([-+*]\d)*')
    for word, answer in last_answers('modular_arithmetic'):
        text = ''.join(word)
        expected = eval(text) % 5 if expression.fullmatch(text) else None
        assert answer == expected, text


def test_the_examples_of_the_benchmark():
    machine = MACHINES['modular_arithmetic']
    for text, value in (('1+2*3', 2), ('1-1-1', 4), ('0*1+4*3-2', 0)):
        word = [machine.symbols.index(symbol) for symbol in text]
        assert answers_to(machine.automaton, word)[-1] == value


LANGUAGES = {
    'tomita_1': '1*',
    'tomita_2': '(10)*',
    'tomita_4': '(?!.*000).*',
    'tomita_5': '(00|11|(01|10)(00|11)*(01|10))*',
    'tomita_7': '0*1*0*1*',
}


@pytest.mark.parametrize('name', LANGUAGES)
def test_languages_of_regular_expressions(name):
    language = re.compile(LANGUAGES[name])
    for word, answer in last_answers(name):
        assert answer == bool(language.fullmatch(''.join(word))), word


def test_no_odd_run_of_zeros_after_an_odd_run_of_ones():
    for word, answer in last_answers('tomita_3'):
        runs = [(bit, len(list(group))) for bit, group in itertools.groupby(word)]
        is_wrong = False
        for (bit, ones), (_, zeros) in itertools.pairwise(runs):
            is_wrong |= bit == '1' and ones % 2 == 1 and zeros % 2 == 1
        assert answer == (not is_wrong), word


def test_ones_minus_zeros():
    for word, answer in last_answers('tomita_6'):
        assert answer == ((word.count('1') - word.count('0')) % 3 == 0)


def test_brackets():
    for word, answer in last_answers('brackets_3'):
        depths = list(itertools.accumulate(1 if bracket == '(' else -1 for bracket in word))
        expected = int(depths[-1] == 0)
        if min(depths) < 0 or max(depths) > 3:
            expected = 2
        assert answer == expected


def test_compare():
    for word, answer in last_answers('compare'):
        first, second = numbers_of(word, ':')
        assert answer == (first > second) - (first < second) + 1


def test_subtract():
    machine = MACHINES['subtract']
    for word in short_words(machine):
        first, second = numbers_of(word, '-')
        difference = (first - second) % 2 ** len(word)
        symbols = [machine.symbols.index(symbol) for symbol in word]
        bits = answers_to(machine.automaton, symbols)
        assert sum(bit << place for place, bit in enumerate(bits)) == difference


@pytest.mark.parametrize('automaton', ALL.values(), ids=ALL)
def test_tables_are_total_and_every_state_is_reached(automaton):
    states, symbols = len(automaton.next_state), len(automaton.symbols)
    assert len(set(automaton.symbols)) == symbols
    assert len(automaton.answer) == states
    for next_of_state, answers in zip(automaton.next_state, automaton.answer, strict=True):
        assert len(next_of_state) == len(answers) == symbols
        for answer in answers:
            if answer is not None:
                answer_constraints(automaton.outputs, answer)
                assert 0 <= answer < max(automaton.outputs, 2)
    reached = {0}
    for _ in range(states):
        reached |= {target for state in reached for target in automaton.next_state[state]}
    assert reached == set(range(states))


@pytest.mark.parametrize('automaton', ALL.values(), ids=ALL)
def test_machines_are_minimal(automaton):
    """By Moore's refinement: at first states differ by answers, then by where symbols lead."""
    classes = list(automaton.answer)
    for _ in range(len(classes)):
        signatures = []
        for state, answers in enumerate(automaton.answer):
            targets = tuple(classes[target] for target in automaton.next_state[state])
            signatures.append((answers, targets))
        numbers = {signature: number for number, signature in enumerate(dict.fromkeys(signatures))}
        classes = [numbers[signature] for signature in signatures]
    assert len(set(classes)) == len(classes)


@pytest.mark.parametrize('name', MACHINES)
def test_names_of_states_and_symbols(name):
    machine = MACHINES[name]
    assert len(set(machine.symbols)) == len(machine.automaton.symbols)
    assert len(set(machine.states)) == len(machine.automaton.next_state)


def test_an_automaton_is_known_by_its_tables():
    for name, machine in MACHINES.items():
        assert statement_of(machine.automaton) == f'follows the automaton {name}'
    assert statement_of(ADDER) == 'adds correctly'
    assert statement_of(recall(2)) == 'recalls digit 2 correctly'
    unknown = 'follows the automaton of the file'
    other_moves = ADDER._replace(next_state=((0, 0, 0, 1), (0, 1, 1, 0)))
    assert statement_of(other_moves) == f'{unknown} (2 states, 4 symbols)'
    assert statement_of(recall(2)._replace(outputs=11)).startswith(unknown)
    other_order = ADDER._replace(symbols=((0, 0), (1, 0), (0, 1), (1, 1)))
    assert statement_of(other_order).startswith(unknown)


def test_the_page_of_the_machines_has_their_sizes():
    page = Path(__file__).parents[2] / 'docs' / 'automata.md'
    rows = re.findall(r'^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \|', page.read_text(), re.MULTILINE)
    sizes = []
    for name, machine in MACHINES.items():
        counts = (len(machine.states), len(machine.symbols), machine.automaton.outputs)
        sizes.append((name, *map(str, counts)))
    assert rows == sizes
