"""The samplers of the sequence tasks, against integer arithmetic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.data import sequences


def test_sums_are_python_sums():
    bits = 20
    lengths = sequences.uniform_lengths(jax.random.key(0), 500, 1, bits)
    sample = jax.jit(sequences.binary_add, static_argnums=2)
    inputs, targets, steps = sample(jax.random.key(1), lengths, bits)
    assert inputs.shape == (500, bits + 1, 2)
    assert targets.shape == (500, bits + 1)
    assert set(np.array(lengths)) == set(range(1, bits + 1))
    np.testing.assert_array_equal(steps, lengths + 1)
    inputs, targets = np.array(inputs), np.array(targets)
    for row, length in enumerate(np.array(lengths)):
        a = sequences.bits_to_int(inputs[row, :, 0])
        b = sequences.bits_to_int(inputs[row, :, 1])
        assert a < 2 ** int(length)
        assert b < 2 ** int(length)
        assert sequences.bits_to_int(targets[row]) == a + b


@pytest.mark.quick
def test_the_example_of_the_course():
    a = jnp.array([[1, 0]])
    b = jnp.array([[1, 1]])
    inputs, targets, steps = sequences.encode_sum(a, b, lengths=jnp.array([2]))
    np.testing.assert_array_equal(inputs[0], [(1, 1), (0, 1), (0, 0)])
    np.testing.assert_array_equal(targets[0], [0, 0, 1])
    assert steps == 3


def test_bits_behind_the_length_do_not_count():
    a = jnp.array([[1, 1, 1, 1]])
    inputs, targets, _ = sequences.encode_sum(a, a, lengths=jnp.array([2]))
    np.testing.assert_array_equal(inputs[0, :, 0], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(targets[0], [0, 1, 1, 0, 0])


def test_bits_are_fair_and_independent():
    n, length = 4000, 10
    inputs, _, _ = sequences.binary_add(jax.random.key(0), jnp.full(n, length), length)
    bits = np.array(inputs)[:, :length].reshape(n, 2 * length)
    five_standard_errors = 0.04
    assert np.abs(bits.mean(axis=0) - 0.5).max() < five_standard_errors
    correlations = np.corrcoef(bits.T)
    assert np.abs(correlations - np.eye(2 * length)).max() < 0.08


def test_structured_sums_at_a_length_no_machine_int_holds():
    bits = 200
    all_ones = 2**bits - 1
    for kind, (a, b) in sequences.structured_summands(bits).items():
        lengths = jnp.full(len(a), bits)
        _, targets, _ = sequences.encode_sum(jnp.array(a), jnp.array(b), lengths)
        for row in range(len(a)):
            first = sequences.bits_to_int(a[row])
            second = sequences.bits_to_int(b[row])
            assert sequences.bits_to_int(targets[row]) == first + second
            if kind == 'carry':
                assert first + second == 2**bits
            if kind == 'ones':
                assert first == second == all_ones


def test_recall_answers_the_kth_digit():
    steps, k = 10, 3
    lengths = sequences.uniform_lengths(jax.random.key(0), 300, k, steps)
    inputs, targets, valid_steps = sequences.recall(jax.random.key(1), lengths, steps, k)
    np.testing.assert_array_equal(valid_steps, lengths)
    is_valid = np.arange(steps) < np.array(lengths)[:, None]
    np.testing.assert_array_equal(inputs.sum(axis=-1), is_valid)
    np.testing.assert_array_equal(np.argmax(inputs[:, k - 1], axis=-1), targets)
    assert set(np.array(targets)) == set(range(10))
