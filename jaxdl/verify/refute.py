"""Cheap refutation of an adder: sums that it gets wrong, searched where nets that look perfect fail."""
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.verify.search import simulate

SHORT, LONG, STRINGS = 6, 3000, 32
LOOPS = {  # input pairs that keep the carry as it is: what leads to that carry, and the pair that is then repeated
    '0 + 0': ([], (0, 0)), '0 + 1': ([], (0, 1)), '1 + 0': ([], (1, 0)),
    '0 + 1 with carry': ([(1, 1)], (0, 1)), '1 + 0 with carry': ([(1, 1)], (1, 0)), '1 + 1': ([(1, 1)], (1, 1))}


class Counterexample(NamedTuple):
    bits: np.ndarray  # (T, 2) the shortest input found on which the last answer is wrong
    kind: str         # 'word' (all up to SHORT steps), the loop, or 'fuzz'


def strings(key):
    """[(kind, bits (T, 2))...]: every word of SHORT steps, the six constant loops, and random runs, the latter LONG steps."""
    words = np.indices((4,) * SHORT).reshape(SHORT, -1).T
    short = np.stack([words // 2, words % 2], -1)
    loops = np.stack([np.array([*before, *[pair] * (LONG - len(before))]) for before, pair in LOOPS.values()])
    return ['word'] * len(short), short, [*LOOPS] + ['fuzz'] * STRINGS, np.concatenate([loops, _runs(key, STRINGS, LONG)])


def _runs(key, count, steps):
    """Strings (count, steps, 2) of runs of one input pair, their lengths log-uniform from 1 to 300."""
    a, b = jax.random.split(key)
    lengths = np.asarray(jnp.exp(jax.random.uniform(a, (count, steps), maxval=jnp.log(300.)))).astype(int) + 1
    pairs = np.asarray(jax.random.randint(b, (count, steps), 0, 4))
    numbers = np.stack([np.repeat(pair, length)[:steps] for pair, length in zip(pairs, lengths)])
    return np.stack([numbers // 2, numbers % 2], -1)


def _sums(bits):
    """The right bits (N, T) of the sums whose inputs are bits (N, T, 2)."""
    out, carry = np.zeros(bits.shape[:2], bool), np.zeros(len(bits), int)
    for t in range(bits.shape[1]):
        carry, out[:, t] = np.divmod(bits[:, t].sum(1) + carry, 2)
    return out


def right_up_to(cell, params, key, lengths, count=32):
    """The share of `count` strings of random runs that each net of params (S, ...) gets right up to each length: (S, lengths)."""
    bits = _runs(key, count, max(lengths))
    logits = jax.jit(jax.vmap(lambda params: simulate(cell, params, bits)[1]))(params)
    wrong = (np.asarray(logits) > 0) != _sums(bits)
    return np.stack([1 - wrong[..., :length].any(-1).mean(-1) for length in lengths], axis=1)


def refute(cell, params, key):
    """For each net of params (S, ...) the shortest Counterexample found, or None: a list of S."""
    kinds, short, long_kinds, long = strings(key)
    wrong = []
    for bits in (short, long):
        logits = jax.jit(jax.vmap(lambda params, bits=bits: simulate(cell, params, bits)[1]))(params)
        wrong.append((np.asarray(logits) > 0) != _sums(bits))

    def first(seed):
        found = [(int(errors[row].argmax()), names[row], bits[row]) for errors, names, bits in
                 zip((wrong[0][seed], wrong[1][seed]), (kinds, long_kinds), (short, long)) for row in np.flatnonzero(errors.any(1))]
        if not found:
            return None
        at, kind, bits = min(found, key=lambda each: each[0])
        return Counterexample(bits[:at + 1], kind)
    return [first(seed) for seed in range(len(wrong[0]))]


def words(bits):
    """The sum of bits (T, 2) with the answer of a net whose last bit alone is wrong; in runs of equal pairs where it is long."""
    if len(bits) <= 40:
        a, b = (sum(int(bit) << i for i, bit in enumerate(bits[:, side])) for side in (0, 1))
        answer = (a + b) % 2 ** len(bits) ^ 1 << len(bits) - 1  # right but for the last bit
        return f'{a} + {b} = {answer} (mod {2 ** len(bits)})?'
    changes = np.flatnonzero(np.any(bits[1:] != bits[:-1], axis=1)) + 1
    runs = [f'{pair[0]}+{pair[1]} x {count}' for pair, count in zip(bits[[0, *changes]], np.diff([0, *changes, len(bits)]))]
    return ', '.join(runs if len(runs) <= 6 else [*runs[:2], '...', *runs[-2:]]) + f': bit {len(bits) - 1}'
