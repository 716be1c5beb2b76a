"""Pure samplers of the sequence tasks: recall the k-th digit, add two numbers, follow an automaton.

A sampler takes a random key and the lengths (n,) of n sequences. It returns (inputs, targets,
lengths), where inputs and targets are padded with zeros to a fixed number of steps. The returned
lengths (n,) count the valid steps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxdl import UserError
from jaxdl.arguments import require_integers, require_range, require_shape

DIGITS = 10
ANY_ANSWER = -1  # the target where no answer is asked for, or behind the length


def uniform_lengths(key: Array, n: int, low: int, high: int) -> Array:
    """Draws n lengths (n,) int32, uniform on low..high inclusive.

    Raises:
      UserError: low is greater than high.
    """
    if low > high:
        raise UserError(f'low={low} must not be greater than high={high}')
    return jax.random.randint(key, (n,), low, high + 1)


def _require_lengths(lengths, low, high):
    require_shape('lengths', lengths, 'n')
    require_integers('lengths', lengths)
    require_range('lengths', lengths, low, high)


def recall(
    key: Array,
    lengths: Array,
    steps: int,
    k: int,
) -> tuple[Array, Array, Array]:
    """Samples sequences of random digits, whose target is the k-th digit.

    For k = 2 the target of 6, 9, 8, 1, 8, 3, 4 is 9.

    Args:
      key: the random key.
      lengths: (n,) int, each in k..steps.
      steps: the number of steps to which sequences are padded.
      k: the place of the digit that is the target, counted from 1.

    Returns:
      Inputs (n, steps, 10) float32, the digits in one-hot code; targets (n,) int32; lengths (n,).

    Raises:
      UserError: an argument has another shape or type, or is out of range.
    """
    if not 1 <= k <= steps:
        raise UserError(f'k={k} must be from 1 to the number of steps, {steps}')
    _require_lengths(lengths, k, steps)
    digits = jax.random.randint(key, (len(lengths), steps), 0, DIGITS)
    is_valid = jnp.arange(steps) < lengths[:, None]
    inputs = jax.nn.one_hot(digits, DIGITS) * is_valid[..., None]
    targets = digits[:, k - 1]
    return inputs, targets, lengths


def binary_add(
    key: Array,
    lengths: Array,
    bits: int,
) -> tuple[Array, Array, Array]:
    """Samples pairs of random binary numbers and their sums.

    Args:
      key: the random key.
      lengths: (n,) int, the number of bits of both numbers of each pair, at most `bits`.
      bits: the number of bits to which numbers are padded.

    Returns:
      Inputs, targets and lengths, as in encode_sum with L = bits.

    Raises:
      UserError: as recall.
    """
    _require_lengths(lengths, 0, bits)
    shape = (2, len(lengths), bits)
    a, b = jax.random.bernoulli(key, 0.5, shape).astype(jnp.int32)
    return encode_sum(a, b, lengths)


def encode_sum(
    a: Array,
    b: Array,
    lengths: Array,
) -> tuple[Array, Array, Array]:
    """Encodes pairs of binary numbers as inputs and targets of an adder.

    The adder reads one bit of each number at a time, least significant first. A last step with
    input (0, 0) lets the carry out. For example, 1 + 3 is read as (1, 1), (0, 1), (0, 0) and
    answered by 0, 0, 1.

    Args:
      a: the first numbers, int bits (n, L), least significant first.
      b: the second numbers, like a.
      lengths: (n,) int, the number of bits of each row that count. The others are taken as 0.

    Returns:
      Inputs (n, L + 1, 2) float32, targets (n, L + 1) float32, and lengths + 1 (n,).

    Raises:
      UserError: as recall.
    """
    require_shape('a', a, 'n', 'L')
    require_shape('b', b, *a.shape)
    require_range('the bits of a', a, 0, 1)
    require_range('the bits of b', b, 0, 1)
    require_shape('lengths', lengths, len(a))
    _require_lengths(lengths, 0, a.shape[1])
    steps = a.shape[1] + 1
    position = jnp.arange(steps)
    is_valid = position < lengths[:, None]
    one_more_step = ((0, 0), (0, 1))
    a = jnp.where(is_valid, jnp.pad(a, one_more_step), 0)
    b = jnp.where(is_valid, jnp.pad(b, one_more_step), 0)

    # Where the two bits are equal, the carry out is that bit. Elsewhere it is the carry in. So the
    # carry out of a step is the bit at the last position so far where both were equal. The running
    # maximum of 2 * position + bit finds that position, and its lowest binary digit is the bit.
    codes = jnp.where(a == b, 2 * position + a, 0)
    carry_out = lax.cummax(codes, axis=1) & 1
    carry_in = jnp.pad(carry_out[:, :-1], ((0, 0), (1, 0)))

    inputs = jnp.stack([a, b], axis=-1).astype(jnp.float32)
    targets = (a ^ b ^ carry_in).astype(jnp.float32)
    return inputs, targets, lengths + 1


class SymbolChoices(NamedTuple):
    """The symbols among which the next one is drawn, in each state of an automaton.

    Attributes:
      symbols: (states, symbols) int, those that may be drawn first.
      counts: (states,) int, how many of them may be drawn.
    """

    symbols: np.ndarray
    counts: np.ndarray


class AutomatonTables(NamedTuple):
    """A finite automaton that says what to answer after each symbol, and how to draw symbols.

    States are numbered from the start, 0.

    Attributes:
      vectors: (symbols, D) float32, the input of each symbol.
      next_state: (states, symbols) int.
      answers: (states, symbols) int, after the symbol; ANY_ANSWER where any will do.
      staying: The choices of a step that is not to leave a part of the automaton that it cannot
        come back to.
      free: The choices of any other step.
    """

    vectors: np.ndarray
    next_state: np.ndarray
    answers: np.ndarray
    staying: SymbolChoices
    free: SymbolChoices


def automaton_words(
    key: Array,
    lengths: Array,
    steps: int,
    tables: AutomatonTables,
) -> tuple[Array, Array, Array]:
    """Samples words, and what an automaton answers to them.

    Each step is staying or free, and its symbol is uniform among the choices of that kind. The
    share of free steps differs from word to word: it is the square of a uniform number. So some
    words stay long where uniform symbols would hardly ever do, outside of a state of failure, say.
    In an automaton that can always come back, the two kinds are the same.

    Args:
      key: the random key.
      lengths: (n,) int, at most `steps`.
      steps: the number of steps to which words are padded.
      tables: the automaton.

    Returns:
      Inputs, targets and lengths, as in encode_words.

    Raises:
      UserError: as recall.
    """
    _require_lengths(lengths, 0, steps)
    n = len(lengths)
    share_key, kind_key, symbol_key = jax.random.split(key, 3)
    free_shares = jax.random.uniform(share_key, (n,)) ** 2
    is_free = jax.random.uniform(kind_key, (steps, n)) < free_shares
    draws = jax.random.uniform(symbol_key, (steps, n))

    def choose(choices, state, draw):
        place = (draw * jnp.asarray(choices.counts)[state]).astype(jnp.int32)
        return jnp.asarray(choices.symbols)[state, place]

    def advance(state, step):
        is_free, draw = step
        free, staying = choose(tables.free, state, draw), choose(tables.staying, state, draw)
        symbol = jnp.where(is_free, free, staying)
        next_state, answer = _move(tables, state, symbol)
        return next_state, (symbol, answer)

    _, (symbols, answers) = lax.scan(advance, jnp.zeros(n, jnp.int32), (is_free, draws))
    return _encode(symbols.T, answers.T, lengths, tables)


def encode_words(
    symbols: Array,
    lengths: Array,
    tables: AutomatonTables,
) -> tuple[Array, Array, Array]:
    """Encodes words as inputs and targets of a net that follows an automaton.

    Args:
      symbols: (n, T) int.
      lengths: (n,) int, the number of symbols of each word that count.
      tables: the automaton.

    Returns:
      Inputs (n, T, D) float32; targets (n, T) int32, with ANY_ANSWER where any answer will do and
      behind the length; lengths (n,).

    Raises:
      UserError: as recall.
    """
    require_shape('symbols', symbols, 'n', 'T')
    require_range('symbols', symbols, 0, len(tables.vectors) - 1)
    require_shape('lengths', lengths, len(symbols))
    _require_lengths(lengths, 0, symbols.shape[1])

    def advance(state, symbol):
        return _move(tables, state, symbol)

    start = jnp.zeros(len(symbols), jnp.int32)
    _, answers = lax.scan(advance, start, symbols.T)
    return _encode(symbols, answers.T, lengths, tables)


def _move(tables, state, symbol):
    """The next states (n,) and the answers (n,) after the symbols (n,)."""
    next_state = jnp.asarray(tables.next_state)[state, symbol]
    return next_state, jnp.asarray(tables.answers)[state, symbol]


def _encode(symbols, answers, lengths, tables):
    is_valid = jnp.arange(symbols.shape[1]) < lengths[:, None]
    inputs = jnp.asarray(tables.vectors)[symbols] * is_valid[..., None]
    return inputs, jnp.where(is_valid, answers, ANY_ANSWER), lengths


class Summands(NamedTuple):
    """Pairs of binary numbers, least significant bit first."""

    a: np.ndarray  # (pairs, bits) int
    b: np.ndarray  # (pairs, bits) int


def structured_summands(bits: int) -> dict[str, Summands]:
    """Pairs of numbers that random bits of this length hardly ever give, by kind.

    Args:
      bits: the length of the numbers.

    Returns:
      'carry': 1 + 11...1 in both orders, whose carry runs over the whole length.
      'ones': 11...1 + 11...1.
      'alternating': 0101... and 1010... in all four pairings.
      'constants': 00...0 and 11...1 in the other three pairings.
    """
    zeros = np.zeros(bits, int)
    ones = np.ones(bits, int)
    number_one = zeros.copy()
    number_one[0] = 1
    zero_first = np.arange(bits) % 2
    one_first = 1 - zero_first
    return {
        'carry': _stack([(number_one, ones), (ones, number_one)]),
        'ones': _stack([(ones, ones)]),
        'alternating': _stack(
            [
                (zero_first, zero_first),
                (zero_first, one_first),
                (one_first, zero_first),
                (one_first, one_first),
            ]
        ),
        'constants': _stack([(zeros, zeros), (zeros, ones), (ones, zeros)]),
    }


def _stack(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Summands:
    firsts, seconds = zip(*pairs, strict=True)
    return Summands(np.stack(firsts), np.stack(seconds))


def bits_to_int(bits: Sequence[int] | np.ndarray) -> int:
    """The value of a row of bits, least significant first, as a Python int of any size."""
    value = 0
    for place, bit in enumerate(bits):
        value += int(bit) << place
    return value
