"""Counterexamples in words."""

import numpy as np
import pytest

from experiments.core.automata import describe_counterexample
from experiments.core.config import Config
from jaxdl.verify.counterexamples import (
    Counterexample,
    describe_answer,
    describe_recall,
    describe_runs,
    describe_sum,
)
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick


def test_a_short_sum_is_written_as_numbers():
    assert describe_sum(np.array([[1, 1], [0, 1]])) == '1 + 3 = 0 modulo 4, answered 2'


def test_a_long_sum_is_written_as_runs_of_bits():
    bits = np.array([[1, 1]] + [[0, 1]] * 99)
    carried = '1+1 x 1, 0+1 x 99: bit 99 of the sum is 0, answered 1'
    assert describe_sum(bits) == f'pairs of bits, lowest first, {carried}'
    alone = describe_sum(np.array([[0, 1]] * 100))
    assert alone == 'pairs of bits, lowest first, 0+1 x 100: bit 99 of the sum is 1, answered 0'


def test_the_middle_of_many_runs_is_left_out():
    assert describe_runs(list('abcdef')) == 'a x 1, b x 1, c x 1, d x 1, e x 1, f x 1'
    assert describe_runs(list('aabcdefgg')) == 'a x 2, b x 1, ..., f x 1, g x 2'


def test_a_counterexample_of_each_task():
    adder = Config(task='binary_add')
    carry = Counterexample(np.array([3, 1]), answer=1)
    assert describe_counterexample(adder, carry) == '1 + 3 = 0 modulo 4, answered 2'
    recall = Config(task='recall', k=2, min_length=2)
    digits = Counterexample(np.array([5, 7, 2]), answer=5)
    assert describe_counterexample(recall, digits) == '5 7 2: digit 2 is 7, answered 5'
    long_recall = Counterexample(np.array([5] + [7] * 30), answer=5)
    assert describe_recall(long_recall, k=1) == '5 x 1, 7 x 30: digit 1 is 5, answered 5'
    navigation = Config(task='automaton', machine='cycle_navigation')
    steps = Counterexample(np.array([1, 2, 2]), answer=0)
    described = '+1 -1 -1: the answer is 4, answered 0'
    assert describe_counterexample(navigation, steps) == described
    long_walk = Counterexample(np.array([1] * 21 + [0] * 4), answer=0)
    described = '+1 x 21, 0 x 4: the answer is 1, answered 0'
    assert describe_answer(long_walk, MACHINES['cycle_navigation']) == described
