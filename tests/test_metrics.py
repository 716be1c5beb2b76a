"""Losses and accuracies by hand, masks, and confidence intervals against SciPy."""

import jax
import numpy as np
import pytest
from scipy import stats

from jaxdl import metrics
from jaxdl.metrics import Summary, SummaryList

pytestmark = pytest.mark.quick


def _padded_bits(rng):
    """(logits (3, 6, 1), targets (3, 6), lengths (3,))."""
    logits = rng.normal(size=(3, 6, 1)).astype(np.float32)
    targets = rng.integers(0, 2, (3, 6)).astype(np.float32)
    return logits, targets, np.array([1, 4, 6])


@pytest.mark.parametrize('loss', ['cross_entropy', 'mse'])
def test_bit_sequences_by_hand(loss):
    logits, targets, lengths = _padded_bits(np.random.default_rng(0))
    scores = metrics.bit_sequence(logits, targets, lengths, loss)
    for row, n in enumerate(lengths):
        p = 1 / (1 + np.exp(-logits[row, :n, 0]))
        y = targets[row, :n]
        if loss == 'mse':
            expected = (p - y) ** 2
        else:
            expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        right = (p > 0.5) == (y > 0.5)
        np.testing.assert_allclose(scores['loss'][row], expected.mean(), rtol=1e-5)
        np.testing.assert_allclose(scores['bit_accuracy'][row], right.mean(), rtol=1e-6)
        assert scores['exact_match'][row] == np.all(right)


def test_padding_does_not_count():
    rng = np.random.default_rng(1)
    logits, targets, lengths = _padded_bits(rng)
    padding = np.arange(6) >= lengths[:, None]
    noise = rng.normal(size=logits.shape).astype(np.float32)
    other_logits = np.where(padding[..., None], noise, logits)
    other_targets = np.where(padding, 1 - targets, targets)
    first = metrics.bit_sequence(logits, targets, lengths)
    second = metrics.bit_sequence(other_logits, other_targets, lengths)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize('loss', ['cross_entropy', 'mse'])
@pytest.mark.parametrize('outputs', [1, 3])
def test_answer_sequences_by_hand(loss, outputs):
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(3, 6, outputs)).astype(np.float32)
    targets = rng.integers(0, max(outputs, 2), (3, 6))
    targets[0, [1, 4, 5]] = targets[1] = -1
    scores = metrics.answer_sequence(logits, targets, None, loss)
    for row in (0, 2):
        asked = targets[row] >= 0
        y = targets[row, asked]
        if outputs == 1:
            p = 1 / (1 + np.exp(-logits[row, asked, 0]))
            right = (p > 0.5) == y
            expected = -np.log(np.where(y == 1, p, 1 - p)) if loss != 'mse' else (p - y) ** 2
        else:
            p = np.exp(logits[row, asked])
            p /= p.sum(1, keepdims=True)
            right = p.argmax(1) == y
            expected = -np.log(p[np.arange(len(y)), y])
            if loss == 'mse':
                expected = ((p - np.eye(outputs)[y]) ** 2).mean(1)
        np.testing.assert_allclose(scores['loss'][row], expected.mean(), rtol=1e-5)
        np.testing.assert_allclose(scores['accuracy'][row], right.mean(), rtol=1e-6)
        assert scores['exact_match'][row] == right.all()
    assert (scores['loss'][1], scores['accuracy'][1], scores['exact_match'][1]) == (0, 1, 1)


def test_classification_by_hand():
    logits = np.array([[2.0, 0.0, -1.0], [0.0, 0.0, 3.0]])
    labels = np.array([0, 1])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    scores = metrics.classification(logits, labels)
    np.testing.assert_allclose(scores['loss'], -np.log(p[[0, 1], labels]), rtol=1e-6)
    np.testing.assert_array_equal(scores['accuracy'], [1, 0])
    mse = metrics.classification(logits, labels, loss='mse')['loss']
    np.testing.assert_allclose(mse, ((p - np.eye(3)[labels]) ** 2).mean(1), rtol=1e-5)


def test_intervals_are_students():
    values = np.random.default_rng(0).normal(size=(7, 3))
    summary = metrics.summarize_each(values)
    low, high = stats.t.interval(0.95, 6, values.mean(0), stats.sem(values))
    np.testing.assert_allclose(summary.mean, (low + high) / 2)
    np.testing.assert_allclose(summary.ci95, (high - low) / 2)
    assert metrics.summarize(values[:, 1]).ci95 == summary.ci95[1]


def test_one_seed_has_no_interval():
    assert metrics.summarize([0.5]) == Summary(0.5, None)
    assert metrics.summarize_each([[0.5, 1.0]]) == SummaryList([0.5, 1.0], None)
    two_seeds = [[0.5, 1.0], [0.25, 0.75]]
    assert metrics.summarize_each(two_seeds, keep_seeds=True).seeds == two_seeds
    assert metrics.summarize([0.5], keep_seeds=True) == Summary(0.5, None, [0.5])


def test_weighted_mean_leaves_padding_out():
    losses, weights = jax.numpy.array([1.0, 2.0, 100.0]), jax.numpy.array([1.0, 1.0, 0.0])
    assert metrics.weighted_mean({'loss': losses}, weights)['loss'] == 1.5
