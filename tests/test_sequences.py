import jax
import jax.numpy as jnp
import numpy as np
from jaxdl.data import sequences


def test_sums_are_python_sums():
    lengths = sequences.uniform_lengths(jax.random.key(0), 500, 1, 20)
    inputs, targets, steps = jax.jit(sequences.binary_add, static_argnums=2)(
        jax.random.key(1), lengths, 20
    )
    assert inputs.shape == (500, 21, 2) and targets.shape == (500, 21)
    assert set(np.array(lengths)) == set(range(1, 21))
    np.testing.assert_array_equal(steps, lengths + 1)
    for row, n in enumerate(lengths):
        a, b = (sequences.decimal(inputs[row, :, side]) for side in (0, 1))
        assert a < 2**n and b < 2**n
        assert sequences.decimal(targets[row]) == a + b


def test_the_course_example_of_a_sum():
    inputs, targets, steps = sequences.encode_sum(
        jnp.array([[1, 0]]), jnp.array([[1, 1]]), jnp.array([2])
    )
    np.testing.assert_array_equal(inputs[0], [(1, 1), (0, 1), (0, 0)])
    np.testing.assert_array_equal(targets[0], [0, 0, 1])
    assert steps == 3


def test_bits_are_fair_and_independent():
    inputs, _, _ = sequences.binary_add(jax.random.key(0), jnp.full(4000, 10), 10)
    bits = np.array(inputs)[:, :10].reshape(4000, 20)
    assert np.abs(bits.mean(0) - 0.5).max() < 0.04  # 5 standard errors
    assert np.abs(np.corrcoef(bits.T) - np.eye(20)).max() < 0.08


def test_structured_sums_at_a_length_no_machine_int_holds():
    for kind, (a, b) in sequences.structured_summands(200).items():
        inputs, targets, _ = sequences.encode_sum(jnp.array(a), jnp.array(b), jnp.full(len(a), 200))
        for row in range(len(a)):
            x, y = sequences.decimal(a[row]), sequences.decimal(b[row])
            assert sequences.decimal(targets[row]) == x + y
            if kind == 'carry':
                assert x + y == 2**200
            if kind == 'ones':
                assert x == y == 2**200 - 1


def test_recall_answers_the_kth_digit():
    lengths = sequences.uniform_lengths(jax.random.key(0), 300, 3, 10)
    inputs, targets, steps = sequences.recall(jax.random.key(1), lengths, 10, 3)
    np.testing.assert_array_equal(inputs.sum(-1), np.arange(10) < np.array(lengths)[:, None])
    np.testing.assert_array_equal(np.argmax(inputs[:, 2], -1), targets)
    np.testing.assert_array_equal(steps, lengths)
    assert set(np.array(targets)) == set(range(10))
