"""Pure samplers of the two sequence tasks: recall the k-th digit, add two binary numbers.

Both take a key and the lengths (n,) of the n sequences, and return (inputs, targets, lengths) padded with
zeros to a static number of steps; lengths then counts the steps that are valid.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def uniform_lengths(key, n, low, high):
    """n lengths, uniform on low..high inclusive: (n,) int32."""
    return jax.random.randint(key, (n,), low, high + 1)


def recall(key, lengths, steps, k):
    """Digits 0-9, one-hot; the answer is the k-th of them (1-based): 6,9,8,1,8,3,4 -> 9 for k = 2.

    Returns inputs (n, steps, 10) float32, targets (n,) int32, lengths (n,). Every length must be in k..steps.
    """
    digits = jax.random.randint(key, (len(lengths), steps), 0, 10)
    valid = jnp.arange(steps) < lengths[:, None]
    return jax.nn.one_hot(digits, 10) * valid[..., None], digits[:, k - 1], lengths


def binary_add(key, lengths, bits):
    """Pairs of random numbers of `lengths` bits each: see encode_sum for what is returned."""
    a, b = jax.random.bernoulli(key, 0.5, (2, len(lengths), bits)).astype(jnp.int32)
    return encode_sum(a, b, lengths)


def encode_sum(a, b, lengths):
    """Two summands as the input and target of an adder, least significant bit first.

    Args: a, b (n, L) int bits, of which the first lengths (n,) of each row are taken. A further step with input
    (0, 0) lets the carry out: 1 + 3 is fed as (1,1) (0,1) (0,0) and answered 0 0 1.
    Returns inputs (n, L+1, 2) float32, targets (n, L+1) float32, lengths + 1 (n,).
    """
    steps = a.shape[1] + 1
    position = jnp.arange(steps)
    a, b = (jnp.where(position < lengths[:, None], jnp.pad(x, ((0, 0), (0, 1))), 0) for x in (a, b))
    # Where the two bits are equal the carry out is that bit; elsewhere it is the carry in. So the carry into step t
    # is the bit at the last equal position before t: the running maximum of 2*position + bit remembers it.
    carry_out = lax.cummax(jnp.where(a == b, 2 * position + a, 0), axis=1) & 1
    carry_in = jnp.pad(carry_out[:, :-1], ((0, 0), (1, 0)))
    inputs = jnp.stack([a, b], axis=-1).astype(jnp.float32)
    return inputs, (a ^ b ^ carry_in).astype(jnp.float32), lengths + 1


def structured_summands(bits):
    """Pairs that random strings of this length hardly ever hold, by kind: {kind: (a, b)}, each (pairs, bits) int.

    carry: 1 + 11...1 and back, a carry that runs the whole length; ones: 11...1 + 11...1; alternating: 0101...
    and 1010... in all four pairings; constants: 00...0 and 11...1 in the three other pairings.
    """
    zeros, ones = np.zeros(bits, int), np.ones(bits, int)
    first = zeros.copy()
    first[0] = 1
    even, odd = np.arange(bits) % 2, 1 - np.arange(bits) % 2
    pairs = {
        'carry': [(first, ones), (ones, first)],
        'ones': [(ones, ones)],
        'alternating': [(even, even), (even, odd), (odd, even), (odd, odd)],
        'constants': [(zeros, zeros), (zeros, ones), (ones, zeros)],
    }
    return {kind: tuple(np.stack(side) for side in zip(*rows)) for kind, rows in pairs.items()}


def decimal(bits):
    """The Python int of a row of bits, least significant first."""
    return sum(int(bit) << place for place, bit in enumerate(bits))
