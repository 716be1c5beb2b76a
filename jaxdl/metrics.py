"""Losses and accuracies per example, masked; and their summary over seeds.

Every score is one number per example, so a padded batch says the same of a sequence as the sequence alone.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax


def classification(logits, labels, lengths=None, loss='cross_entropy'):
    """{'loss', 'accuracy'}, each (N,), of logits (N, K) and labels (N,) int.

    loss: softmax cross entropy in nats, or 'mse', the mean squared error of the softmax against one-hot labels.
    """
    if loss == 'mse':
        one_hot = labels[:, None] == jnp.arange(
            logits.shape[-1]
        )  # jax.nn.one_hot fails on a sharded batch, in jax 0.10
        losses = jnp.mean((jax.nn.softmax(logits) - one_hot) ** 2, axis=-1)
    else:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return {'loss': losses, 'accuracy': (logits.argmax(-1) == labels).astype(logits.dtype)}


def bit_sequence(logits, targets, lengths, loss='cross_entropy'):
    """{'loss', 'bit_accuracy', 'exact_match'}, each (N,), of logits (N, T, 1), bits (N, T) and lengths (N,).

    The first two are means over a sequence's own steps; exact_match is 1 where all of them are right.
    loss: binary cross entropy in nats, or 'mse' of the sigmoid output.
    """
    logits = logits[..., 0]
    valid = jnp.arange(targets.shape[1]) < lengths[:, None]
    if loss == 'mse':
        losses = (jax.nn.sigmoid(logits) - targets) ** 2
    else:
        losses = optax.sigmoid_binary_cross_entropy(logits, targets)
    right = (logits > 0) == (targets > 0.5)

    def mean(x):
        return jnp.sum(x * valid, axis=1) / lengths

    return {
        'loss': mean(losses),
        'bit_accuracy': mean(right.astype(logits.dtype)),
        'exact_match': jnp.all(right | ~valid, axis=1).astype(logits.dtype),
    }


def weighted_mean(scores, weights):
    """Means over examples of a dict of scores (N,), with weights (N,), 0 for a padding example."""
    return {name: jnp.sum(score * weights) / jnp.sum(weights) for name, score in scores.items()}


def spread(values):
    """interval(values) with the values of each seed, 'seeds'."""
    return {**interval(values), 'seeds': np.asarray(values, float).tolist()}


def interval(values):
    """Mean over seeds and the half-width of its 95 % interval (Student's t): {'mean', 'ci95'}.

    values: (S,) or (S, ...), one entry a seed; the entries of the result are floats or lists. ci95 is None for one
    seed, of which no interval can be told.
    """
    values = np.asarray(values, float)
    n = len(values)
    mean = values.mean(0).tolist()
    if n == 1:
        return {'mean': mean, 'ci95': None}
    from scipy.special import stdtrit  # slow to import

    half = stdtrit(n - 1, 0.975) * values.std(0, ddof=1) / np.sqrt(n)
    return {'mean': mean, 'ci95': half.tolist()}
