"""Counterexamples: sequences that a net answers wrongly, and their description in words.

Imports no JAX, so that a test of an adder can describe what it finds without the proof search.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jaxdl.verify.automaton_arrays import run
from jaxdl.verify.machine import Machine

LONGEST_SUM = 40  # bits; a longer sum is described by its runs
LONGEST_SEQUENCE = 20  # symbols
MOST_RUNS = 6


class Counterexample(NamedTuple):
    """A sequence of symbols whose last answer is wrong.

    Attributes:
        symbols: (T,) symbols of the automaton.
        answer: What the net answers after the last one.
    """

    symbols: np.ndarray
    answer: int


def describe_sum(bits: np.ndarray) -> str:
    """A sum whose last bit a net has wrong, and the net's answer.

    A net that reads T bits of both summands has answered the T lowest bits of their sum, so numbers
    are compared modulo 2^T.

    >>> describe_sum(np.array([[1, 1], [0, 1]]))
    '1 + 3 = 0 modulo 4, answered 2'
    >>> describe_sum(np.array([[1, 1]] + [[0, 1]] * 99))
    'pairs of bits, lowest first, 1+1 x 1, 0+1 x 99: bit 99 of the sum is 0, answered 1'

    Args:
        bits: (T, 2) the bits of the two summands, lowest first. The net has the first T - 1 bits of
            the sum right. Long sums are described by their runs of equal pairs of bits.
    """
    length = len(bits)
    a = _integer(bits[:, 0])
    b = _integer(bits[:, 1])
    right_sum = (a + b) % 2**length
    if length > LONGEST_SUM:
        pairs = [f'{a}+{b}' for a, b in bits]
        right_bit = right_sum >> (length - 1)
        return (
            f'pairs of bits, lowest first, {describe_runs(pairs)}: bit {length - 1} of the sum is '
            f'{right_bit}, answered {1 - right_bit}'
        )
    last_bit = 2 ** (length - 1)
    # Right but for the last bit.
    answer = right_sum ^ last_bit
    return f'{a} + {b} = {right_sum} modulo {2**length}, answered {answer}'


def _integer(bits):
    """The number with these bits (T,), lowest first."""
    number = 0
    for place, bit in enumerate(bits):
        number += int(bit) << place
    return number


def describe_recall(counterexample: Counterexample, k: int) -> str:
    """A counterexample of a net that recalls a digit, in words.

    Args:
        counterexample: Of recall(k).
        k: Which digit, counted from 1.
    """
    digits = list(map(str, counterexample.symbols))
    return f'{_word(digits)}: digit {k} is {digits[k - 1]}, answered {counterexample.answer}'


def describe_answer(counterexample: Counterexample, machine: Machine) -> str:
    """A counterexample of any machine in words.

    For parity: '0 1 1: the answer is 0, answered 1'.

    Args:
        counterexample: Of the machine.
        machine: What the net must do.
    """
    names = [machine.symbols[symbol] for symbol in counterexample.symbols]
    answer = run(machine.automaton, counterexample.symbols[None]).answers[0, -1]
    return f'{_word(names)}: the answer is {answer}, answered {counterexample.answer}'


def _word(names):
    return ' '.join(names) if len(names) <= LONGEST_SEQUENCE else describe_runs(names)


def describe_runs(names: Sequence[str]) -> str:
    """A long sequence as runs of equal names; of many runs the middle is left out.

    >>> describe_runs(['0+1', '0+1', '1+1'])
    '0+1 x 2, 1+1 x 1'
    """
    runs = []
    start = 0
    for end in range(1, len(names) + 1):
        # A run ends at a new name, the last one at the end.
        if end == len(names) or names[end] != names[start]:
            runs.append(f'{names[start]} x {end - start}')
            start = end
    if len(runs) > MOST_RUNS:
        runs = [*runs[:2], '...', *runs[-2:]]
    return ', '.join(runs)
