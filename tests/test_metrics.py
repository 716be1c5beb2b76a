import jax
import numpy as np
from jaxdl import metrics
from scipy import stats


def _padded_bits(rng):
    lengths = np.array([1, 4, 6])
    return (
        rng.normal(size=(3, 6, 1)).astype(np.float32),
        rng.integers(0, 2, (3, 6)).astype(np.float32),
        lengths,
    )


def test_bit_sequences_by_hand():
    logits, targets, lengths = _padded_bits(np.random.default_rng(0))
    for loss in ('cross_entropy', 'mse'):
        scores = metrics.bit_sequence(logits, targets, lengths, loss)
        for row, n in enumerate(lengths):
            p, y = 1 / (1 + np.exp(-logits[row, :n, 0])), targets[row, :n]
            expected = (p - y) ** 2 if loss == 'mse' else -(y * np.log(p) + (1 - y) * np.log(1 - p))
            np.testing.assert_allclose(scores['loss'][row], expected.mean(), rtol=1e-5)
            np.testing.assert_allclose(
                scores['bit_accuracy'][row], ((p > 0.5) == (y > 0.5)).mean(), rtol=1e-6
            )
            assert scores['exact_match'][row] == np.all((p > 0.5) == (y > 0.5))


def test_padding_does_not_count():
    rng = np.random.default_rng(1)
    logits, targets, lengths = _padded_bits(rng)
    behind = np.arange(6) >= lengths[:, None]
    other = (
        np.where(behind[..., None], rng.normal(size=logits.shape).astype(np.float32), logits),
        np.where(behind, 1 - targets, targets),
    )
    first, second = (
        metrics.bit_sequence(logits, targets, lengths),
        metrics.bit_sequence(*other, lengths),
    )
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_classification_by_hand():
    logits, labels = np.array([[2.0, 0.0, -1.0], [0.0, 0.0, 3.0]]), np.array([0, 1])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    scores = metrics.classification(logits, labels)
    np.testing.assert_allclose(scores['loss'], -np.log(p[[0, 1], labels]), rtol=1e-6)
    np.testing.assert_array_equal(scores['accuracy'], [1, 0])
    mse = metrics.classification(logits, labels, loss='mse')['loss']
    np.testing.assert_allclose(mse, ((p - np.eye(3)[labels]) ** 2).mean(1), rtol=1e-5)


def test_intervals_are_students():
    values = np.random.default_rng(0).normal(size=(7, 3))
    found = metrics.interval(values)
    low, high = stats.t.interval(0.95, 6, values.mean(0), stats.sem(values))
    np.testing.assert_allclose(found['mean'], (low + high) / 2)
    np.testing.assert_allclose(found['ci95'], (high - low) / 2)
    assert metrics.interval([0.5]) == {'mean': 0.5, 'ci95': None}


def test_weighted_mean_leaves_padding_out():
    means = metrics.weighted_mean(
        {'loss': jax.numpy.array([1.0, 2.0, 100.0])}, jax.numpy.array([1.0, 1.0, 0.0])
    )
    assert means['loss'] == 1.5
