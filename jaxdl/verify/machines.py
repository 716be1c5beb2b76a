"""The finite automata that nets are trained and proved on, by name.

Trusted (see check.py): where the checker calls an automaton by a name, it is the one of this file.

Each automaton answers after every symbol, for the symbols read so far. Each is minimal: no two of
its states give the same answers to all that may follow.
"""

from typing import NamedTuple

from jaxdl.verify.automaton import ADDER, DIGITS, Automaton, recall
from jaxdl.verify.machine import BITS, Machine, Move, acceptor, build, one_hot

FAILED = 'failed'  # a state that nothing leads out of
POSITIONS = 5  # of cycle navigation
MODULUS = 5  # of arithmetic
DEEPEST = 3  # of brackets


# Counting


def _count_modulo(modulus: int) -> Machine:
    """Answers how many ones it has read, modulo a number."""

    def move(count, bit):
        count = (count + int(bit)) % modulus
        return Move(count, count)

    return build(one_hot(BITS), 0, move)


# The regular tasks of Deletang et al. 2022, "Neural networks and the Chomsky hierarchy", table 1:
# parity check (which is to count modulo 2) and the following three. There a net answers once, after
# the last symbol.


def _even_pairs() -> Machine:
    """Answers whether the number of 01 and 10 is odd: whether the last bit is not the first one."""

    def move(first_bit, bit):
        if first_bit == 'nothing read':
            return Move(f'began with {bit}', 0)
        return Move(first_bit, int(first_bit != f'began with {bit}'))

    return build(one_hot(BITS), 'nothing read', move)


def _cycle_navigation() -> Machine:
    """Answers where steps on a circle of five positions have led, from position 0."""

    def move(position, step):
        position = (position + int(step)) % POSITIONS
        return Move(position, position)

    return build(one_hot(('0', '+1', '-1')), 0, move)


class Expression(NamedTuple):
    """What is known of the beginning of a sum of products, modulo 5.

    Attributes:
        total: The sum of the terms that are complete.
        term: The product of the digits of the last term, with its sign.
        is_open: Whether a digit must come next; else an operator must.
    """

    total: int
    term: int
    is_open: bool

    def __str__(self):
        return f'{self.total} + {self.term}{" *" if self.is_open else ""}'


def _modular_arithmetic() -> Machine:
    """Answers the value, modulo 5, of an expression such as 1 + 2 * 3 - 4.

    The symbols are the digits 0 to 4 and the operators +, - and *, and a product binds tighter than
    a sum. After a digit, the expression so far has a value. After an operator it has none, and any
    answer will do. So it will for ever if two digits or two operators follow each other, or an
    operator is first.
    """
    digits = tuple(map(str, range(MODULUS)))

    def move(read, symbol):
        if read == FAILED or read.is_open != (symbol in digits):
            return Move(FAILED, None)
        if read.is_open:
            term = read.term * int(symbol) % MODULUS
            return Move(Expression(read.total, term, False), (read.total + term) % MODULUS)
        if symbol == '*':
            return Move(read._replace(is_open=True), None)
        sign = 1 if symbol == '+' else MODULUS - 1
        return Move(Expression((read.total + read.term) % MODULUS, sign, True), None)

    return build(one_hot((*digits, '+', '-', '*')), Expression(0, 1, True), move)


# The grammars of Tomita 1982, "Dynamic construction of finite-state automata from examples using
# hill-climbing", in the words of Watrous and Kuhn 1992, "Induction of finite-state languages using
# second-order recurrent networks". A net answers 1 where the bits so far are in the language.

_TOMITA = {
    # 1*
    'tomita_1': acceptor(
        {'ones': (FAILED, 'ones'), FAILED: (FAILED, FAILED)},
        accepting=('ones',),
    ),
    # (10)*
    'tomita_2': acceptor(
        {'pairs': (FAILED, 'half'), 'half': ('pairs', FAILED), FAILED: (FAILED, FAILED)},
        accepting=('pairs',),
    ),
    # No odd run of zeros directly after an odd run of ones.
    'tomita_3': acceptor(
        {
            'free': ('free', 'odd ones'),
            'odd ones': ('odd zeros', 'free'),
            'odd zeros': ('even zeros', FAILED),
            'even zeros': ('odd zeros', 'odd ones'),
            FAILED: (FAILED, FAILED),
        },
        accepting=('free', 'odd ones', 'even zeros'),
    ),
    # No 000.
    'tomita_4': acceptor(
        {
            'no zero': ('one zero', 'no zero'),
            'one zero': ('two zeros', 'no zero'),
            'two zeros': (FAILED, 'no zero'),
            FAILED: (FAILED, FAILED),
        },
        accepting=('no zero', 'one zero', 'two zeros'),
    ),
    # An even number of zeros and an even number of ones.
    'tomita_5': acceptor(
        {
            'even, even': ('odd, even', 'even, odd'),
            'odd, even': ('even, even', 'odd, odd'),
            'even, odd': ('odd, odd', 'even, even'),
            'odd, odd': ('even, odd', 'odd, even'),
        },
        accepting=('even, even',),
    ),
    # The number of ones minus that of zeros is a multiple of three.
    'tomita_6': acceptor({'0': ('2', '1'), '1': ('0', '2'), '2': ('1', '0')}, accepting=('0',)),
    # 0*1*0*1*
    'tomita_7': acceptor(
        {
            'zeros': ('zeros', 'ones'),
            'ones': ('zeros again', 'ones'),
            'zeros again': ('zeros again', 'ones again'),
            'ones again': (FAILED, 'ones again'),
            FAILED: (FAILED, FAILED),
        },
        accepting=('zeros', 'ones', 'zeros again', 'ones again'),
    ),
}


def _brackets() -> Machine:
    """Answers 1 where all brackets are closed, 0 where some are open, and 2 once it has failed.

    It fails, for good, at a closing bracket that nothing was open for, and at a fourth open one.
    """

    def move(depth, bracket):
        if depth == FAILED:
            return Move(FAILED, 2)
        depth += 1 if bracket == '(' else -1
        if not 0 <= depth <= DEEPEST:
            return Move(FAILED, 2)
        return Move(depth, int(depth == 0))

    return build(one_hot(('(', ')')), 0, move)


# Two binary numbers, a bit of each at every step, lowest bits first as for the adder.


def _pairs_of_bits(sign: str) -> dict[str, tuple[int, ...]]:
    """The symbols of the adder, a bit of each of two numbers, with the sign in their names."""
    return {f'{a}{sign}{b}': (a, b) for a, b in ADDER.symbols}


def _compare() -> Machine:
    """Answers 0 where the first number is less than the second, 1 where they are equal, else 2."""
    answers = {'less': 0, 'equal': 1, 'greater': 2}

    def move(comparison, bits):
        a, b = bits.split(':')
        # The higher bits decide, and come last.
        if a != b:
            comparison = 'less' if a < b else 'greater'
        return Move(comparison, answers[comparison])

    return build(_pairs_of_bits(':'), 'equal', move)


def _subtract() -> Machine:
    """Answers the bits of the first number minus the second, modulo a power of two."""

    def move(borrow, bits):
        a, b = map(int, bits.split('-'))
        difference = a - b - int(borrow)
        return Move(str(int(difference < 0)), difference % 2)

    return build(_pairs_of_bits('-'), '0', move)


MACHINES = {
    'parity': _count_modulo(2),
    'even_pairs': _even_pairs(),
    'cycle_navigation': _cycle_navigation(),
    'modular_arithmetic': _modular_arithmetic(),
    'count_modulo_3': _count_modulo(3),
    'count_modulo_5': _count_modulo(5),
    **_TOMITA,
    'brackets_3': _brackets(),
    'compare': _compare(),
    'subtract': _subtract(),
}


def statement_of(automaton: Automaton) -> str:
    """What a net that follows the automaton does, in words.

    An automaton has a name only if one of this program has the same symbols, moves and answers, in
    the same order.
    """
    if automaton == ADDER:
        return 'adds correctly'
    for name, machine in MACHINES.items():
        if automaton == machine.automaton:
            return f'follows the automaton {name}'
    states = len(automaton.next_state)
    # Recall has a state for each digit before the k-th one, and one for each value of that.
    k = states - DIGITS
    if k > 0 and automaton == recall(k):
        return f'recalls digit {k} correctly'
    return f'follows the automaton of the file ({states} states, {len(automaton.symbols)} symbols)'
