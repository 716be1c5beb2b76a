"""Losses and accuracies of single examples, and their summary over seeds.

Every score is one number per example. Padding is masked, so a padded batch says the same about a
sequence as the sequence alone. Shapes: N examples, T time steps, K classes, S seeds.
"""

from typing import Annotated

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import optax


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A score over seeds: its mean and 95 % confidence interval.

    Attributes:
        mean: The mean over seeds.
        ci95: Half the width of the interval of the mean. None for one seed.
        seeds: The score of each seed, or None where it was not asked for.
    """

    mean: float
    ci95: float | None
    seeds: Annotated[list[float], msgspec.Meta(min_length=1)] | None = None


class SummaryList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Several scores over seeds, each as in Summary: one for each length, say.

    Attributes:
        mean: (n,), the means over seeds.
        ci95: (n,), half the widths of the intervals. None for one seed.
        seeds: (S, n), the scores of each seed, or None where they were not asked for.
    """

    mean: list[float]
    ci95: list[float] | None
    seeds: Annotated[list[list[float]], msgspec.Meta(min_length=1)] | None = None


def classification(
    logits: jax.Array,
    labels: jax.Array,
    lengths: jax.Array | None = None,
    loss: str = 'cross_entropy',
) -> dict[str, jax.Array]:
    """Scores of a classifier.

    Args:
        logits: (N, K).
        labels: (N,) int.
        lengths: Unused; here so that all scoring functions have the same arguments.
        loss: 'cross_entropy', the softmax cross entropy in nats, or 'mse', the mean squared error
            of the softmax against one-hot labels.

    Returns:
        {'loss', 'accuracy'}, each (N,) float.
    """
    if loss == 'mse':
        # jax.nn.one_hot fails on a batch that is sharded over devices, in jax 0.10.
        one_hot = labels[:, None] == jnp.arange(logits.shape[-1])
        losses = jnp.mean((jax.nn.softmax(logits) - one_hot) ** 2, axis=-1)
    else:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    accuracy = (logits.argmax(-1) == labels).astype(logits.dtype)
    return {'loss': losses, 'accuracy': accuracy}


def bit_sequence(
    logits: jax.Array,
    targets: jax.Array,
    lengths: jax.Array,
    loss: str = 'cross_entropy',
) -> dict[str, jax.Array]:
    """Scores of a net that answers one bit at each step.

    Args:
        logits: (N, T, 1).
        targets: (N, T) bits.
        lengths: (N,) int, the number of steps of each sequence that count.
        loss: 'cross_entropy', the binary cross entropy in nats, or 'mse' of the sigmoid output.

    Returns:
        {'loss', 'bit_accuracy', 'exact_match'}, each (N,) float. The first two are means over a
        sequence's own steps; exact_match is 1 where all of them are right.
    """
    logits = logits[..., 0]
    valid = jnp.arange(targets.shape[1]) < lengths[:, None]
    if loss == 'mse':
        losses = (jax.nn.sigmoid(logits) - targets) ** 2
    else:
        losses = optax.sigmoid_binary_cross_entropy(logits, targets)
    # The sigmoid is above one half where the logit is above 0.
    right = (logits > 0) == (targets > 0.5)

    def mean_over_own_steps(x):
        return jnp.sum(x * valid, axis=1) / lengths

    return {
        'loss': mean_over_own_steps(losses),
        'bit_accuracy': mean_over_own_steps(right.astype(logits.dtype)),
        'exact_match': jnp.all(right | ~valid, axis=1).astype(logits.dtype),
    }


def weighted_mean(scores: dict[str, jax.Array], weights: jax.Array) -> dict[str, jax.Array]:
    """Means over examples of scores (N,), with weights (N,) that are 0 for padding examples."""
    return {name: jnp.sum(score * weights) / jnp.sum(weights) for name, score in scores.items()}


def summarize(values: np.ndarray, keep_seeds: bool = False) -> Summary:
    """The mean over seeds and its 95 % confidence interval (Student's t).

    Args:
        values: (S,), one score for each seed.
        keep_seeds: Whether the Summary also holds the values themselves.
    """
    values = np.asarray(values, float)
    half_width = _half_width(values)
    return Summary(
        mean=values.mean().item(),
        ci95=None if half_width is None else half_width.item(),
        seeds=values.tolist() if keep_seeds else None,
    )


def summarize_each(values: np.ndarray, keep_seeds: bool = False) -> SummaryList:
    """What `summarize` says of n scores, each over the same seeds.

    Args:
        values: (S, n).
        keep_seeds: Whether the SummaryList also holds the values themselves.
    """
    values = np.asarray(values, float)
    half_widths = _half_width(values)
    return SummaryList(
        mean=values.mean(0).tolist(),
        ci95=None if half_widths is None else half_widths.tolist(),
        seeds=values.tolist() if keep_seeds else None,
    )


def _half_width(values):
    """Half the width of the interval of the mean of values (S, ...): (...); None for one seed."""
    n = len(values)
    if n == 1:
        return None
    from scipy.special import stdtrit  # slow to import

    return stdtrit(n - 1, 0.975) * values.std(0, ddof=1) / np.sqrt(n)
