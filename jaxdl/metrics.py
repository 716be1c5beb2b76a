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

from jaxdl import UserError
from jaxdl.arguments import require_integers, require_shape
from jaxdl.names import require_known

LOSSES = ('cross_entropy', 'mse')


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
        logits: (..., K).
        labels: (...) int, (N,) in most tasks.
        lengths: Unused; here so that all scoring functions have the same arguments.
        loss: 'cross_entropy', the softmax cross entropy in nats, or 'mse', the mean squared error
            of the softmax against one-hot labels.

    Returns:
        {'loss', 'accuracy'}, each (...) float.

    Raises:
        UserError: An argument has another shape or type, or there is no such loss.
    """
    require_shape('labels', labels, *logits.shape[:-1])
    require_integers('labels', labels)
    require_known('loss', loss, LOSSES)
    if loss == 'mse':
        # jax.nn.one_hot fails on a batch that is sharded over devices, in jax 0.10.
        one_hot = labels[..., None] == jnp.arange(logits.shape[-1])
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

    Raises:
        UserError: As classification.
    """
    require_shape('targets', targets, 'N', 'T')
    require_shape('logits', logits, *targets.shape, 1)
    require_shape('lengths', lengths, len(targets))
    valid = jnp.arange(targets.shape[1]) < lengths[:, None]
    losses, right = _scores_of_bits(logits[..., 0], targets, loss)
    return {
        'loss': _mean_over_steps(losses, valid, lengths),
        'bit_accuracy': _mean_over_steps(right.astype(logits.dtype), valid, lengths),
        'exact_match': jnp.all(right | ~valid, axis=1).astype(logits.dtype),
    }


def answer_sequence(
    logits: jax.Array,
    targets: jax.Array,
    lengths: jax.Array,
    loss: str = 'cross_entropy',
) -> dict[str, jax.Array]:
    """Scores of a net that answers at each step, or at some.

    Args:
        logits: (N, T, 1) for the answers 0 and 1, else (N, T, K).
        targets: (N, T) int answers, negative where none is asked for, as behind the length.
        lengths: Unused; here so that all scoring functions have the same arguments.
        loss: 'cross_entropy' or 'mse', as in bit_sequence or classification.

    Returns:
        {'loss', 'accuracy', 'exact_match'}, each (N,) float. The first two are means over the steps
        that ask; exact_match is 1 where all of these are right. A sequence that asks nothing is
        right, without loss.

    Raises:
        UserError: As classification.
    """
    require_shape('targets', targets, 'N', 'T')
    require_shape('logits', logits, *targets.shape, 'K')
    asks = targets >= 0
    if logits.shape[-1] == 1:
        losses, right = _scores_of_bits(logits[..., 0], targets.astype(logits.dtype), loss)
    else:
        scores = classification(logits, jnp.maximum(targets, 0), loss=loss)
        losses, right = scores['loss'], scores['accuracy'] > 0
    count = asks.sum(1)
    at_least_one = jnp.maximum(count, 1)
    accuracy = _mean_over_steps(right.astype(logits.dtype), asks, at_least_one)
    return {
        'loss': _mean_over_steps(losses, asks, at_least_one),
        'accuracy': jnp.where(count > 0, accuracy, 1),
        'exact_match': jnp.all(right | ~asks, axis=1).astype(logits.dtype),
    }


def _scores_of_bits(logits, targets, loss):
    """The loss of each bit, and whether it is right, in the shape of the targets."""
    require_known('loss', loss, LOSSES)
    if loss == 'mse':
        losses = (jax.nn.sigmoid(logits) - targets) ** 2
    else:
        losses = optax.sigmoid_binary_cross_entropy(logits, targets)
    # The sigmoid is above one half where the logit is above 0.
    return losses, (logits > 0) == (targets > 0.5)


def _mean_over_steps(values, chosen, count):
    """The means (N,) of values (N, T) over the chosen steps (N, T), of which there are count."""
    return jnp.sum(values * chosen, axis=1) / count


def weighted_mean(scores: dict[str, jax.Array], weights: jax.Array) -> dict[str, jax.Array]:
    """Means over examples of scores (N,), with weights (N,) that are 0 for padding examples."""
    return {name: jnp.sum(score * weights) / jnp.sum(weights) for name, score in scores.items()}


def summarize(values: np.ndarray, keep_seeds: bool = False) -> Summary:
    """The mean over seeds and its 95 % confidence interval (Student's t).

    Args:
        values: (S,), one score for each seed.
        keep_seeds: Whether the Summary also holds the values themselves.

    Raises:
        UserError: The values have another shape, or there are none.
    """
    values = np.asarray(values, float)
    require_shape('values', values, 'S')
    _require_seeds(values)
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

    Raises:
        UserError: As summarize.
    """
    values = np.asarray(values, float)
    require_shape('values', values, 'S', 'n')
    _require_seeds(values)
    half_widths = _half_width(values)
    return SummaryList(
        mean=values.mean(0).tolist(),
        ci95=None if half_widths is None else half_widths.tolist(),
        seeds=values.tolist() if keep_seeds else None,
    )


def _require_seeds(values):
    if not len(values):
        raise UserError('a summary needs the values of one seed at least')


def _half_width(values):
    """Half the width of the interval of the mean of values (S, ...): (...); None for one seed."""
    n = len(values)
    if n == 1:
        return None
    from scipy.special import stdtrit  # slow to import

    return stdtrit(n - 1, 0.975) * values.std(0, ddof=1) / np.sqrt(n)
