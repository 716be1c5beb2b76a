"""Cheap refutation of a net: inputs that it answers wrongly, searched where nets that look perfect fail."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.verify.search import simulate

WORDS, LONG, STRINGS = 10_000, 3000, 32


class Counterexample(NamedTuple):
    inputs: np.ndarray  # (T,) numbers of inputs, the shortest found, whose last answer is wrong
    answer: int  # that the net gives there


def _loops(machine):
    """Strings (count, LONG): a shortest way to each memory, then one input again and again that does not change it."""
    ways, todo = {0: ()}, [0]
    for memory in todo:
        for x, target in enumerate(machine.next[memory]):
            if target not in ways:
                ways[target] = *ways[memory], x
                todo.append(target)
    return np.array(
        [
            [*way, *[x] * (LONG - len(way))]
            for memory, way in ways.items()
            for x, target in enumerate(machine.next[memory])
            if target == memory
        ]
    )


def _runs(machine, key, count, steps):
    """Strings (count, steps) of runs of one input, their lengths log-uniform from 1 to 299."""
    a, b = jax.random.split(key)
    lengths = np.asarray(
        jnp.exp(jax.random.uniform(a, (count, steps), maxval=jnp.log(300.0)))
    ).astype(int)
    numbers = np.asarray(jax.random.randint(b, (count, steps), 0, len(machine.inputs)))
    return np.stack([np.repeat(row, length)[:steps] for row, length in zip(numbers, lengths)])


def right_answers(machine, numbers):
    """What a net must answer after each input of numbers (N, T), -1 for anything: (N, T)."""
    table = np.array(
        [[-1 if answer is None else answer for answer in row] for row in machine.answer]
    )
    out, memory = np.zeros_like(numbers), np.zeros(len(numbers), int)
    for t, x in enumerate(numbers.T):
        out[:, t], memory = table[memory, x], np.array(machine.next)[memory, x]
    return out


def _tested(cell, machine, params, numbers):
    """(answers, wrong), each (S, N, T), of nets params (S, ...) on numbers (N, T)."""
    vectors = np.array(machine.inputs, np.float32)[numbers]

    @jax.jit
    def answers(params, vectors):
        logits = jax.lax.map(lambda params: simulate(cell, params, vectors)[1], params)
        return logits[..., 0] > 0 if machine.outputs == 1 else logits.argmax(-1)

    found = np.asarray(answers(params, vectors)).astype(int)
    right = right_answers(machine, numbers)
    return found, (found != right) & (right >= 0)


def right_up_to(cell, machine, params, key, lengths, count=32):
    """The share of `count` strings of runs that each net of params (S, ...) answers rightly up to each length: (S, lengths)."""
    _, wrong = _tested(cell, machine, params, _runs(machine, key, count, max(lengths)))
    return np.stack([1 - wrong[..., :length].any(-1).mean(-1) for length in lengths], axis=1)


def refute(cell, machine, params, key):
    """For each net of params (S, ...) the shortest Counterexample found, or None: a list of S.

    Tried are all words of as many steps as have at most WORDS words, the loops of the machine, and random runs, LONG steps each.
    """
    letters = len(machine.inputs)
    steps = int(math.log(WORDS, letters) + 1e-9)
    words = np.indices((letters,) * steps).reshape(steps, -1).T
    best = [None] * len(params['head_bias'])
    for numbers in (words, np.concatenate([_loops(machine), _runs(machine, key, STRINGS, LONG)])):
        answers, wrong = _tested(cell, machine, params, numbers)
        first = np.where(wrong.any(-1), wrong.argmax(-1), numbers.shape[1])  # (S, N)
        for seed, row in enumerate(first.argmin(1)):
            at = first[seed, row]
            if at < numbers.shape[1] and (best[seed] is None or at + 1 < len(best[seed].inputs)):
                best[seed] = Counterexample(numbers[row, : at + 1], int(answers[seed, row, at]))
    return best


def words(bits):
    """The sum of bits (T, 2) with the answer of a net whose last bit alone is wrong; in runs of equal pairs where it is long."""
    if len(bits) <= 40:
        a, b = (sum(int(bit) << i for i, bit in enumerate(bits[:, side])) for side in (0, 1))
        answer = (a + b) % 2 ** len(bits) ^ 1 << len(bits) - 1  # right but for the last bit
        return f'{a} + {b} = {answer} (mod {2 ** len(bits)})?'
    return runs([f'{a}+{b}' for a, b in bits]) + f': bit {len(bits) - 1}'


def runs(names):
    """A long sequence of names as runs of equal ones, the middle left out where there are many."""
    changes = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    parts = [f'{names[start]} x {stop - start}' for start, stop in zip(changes, changes[1:])]
    return ', '.join(parts if len(parts) <= 6 else [*parts[:2], '...', *parts[-2:]])
