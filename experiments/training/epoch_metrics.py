"""What is written down of an epoch: the lines of metrics.jsonl, and numbers as text."""

import numpy as np

from jaxdl import UserError
from jaxdl.metrics import interval, spread

WINDOWS = 20  # records of the training batches' scores, an epoch


class Diverged(UserError):
    """A loss or a parameter is no finite number any more."""


def check_finite(config, epoch, start, losses, finite, held_out):
    """Raises Diverged that names the first step, and its seed, where a loss (S, steps) is not finite.

    finite (S,): whether the parameters are. A last update that spoils them shows only there and in the held-out losses:
    it counts as the last step.
    """
    after = [
        finite[:, None],
        *(np.isfinite(scores['loss']).all(1, keepdims=True) for scores in held_out.values()),
    ]
    seeds, steps = np.nonzero(~np.concatenate([np.isfinite(losses), *after], axis=1))
    if len(steps):
        first = steps.argmin()
        step = start + min(steps[first] + 1, losses.shape[1])
        kept = f'the checkpoint of epoch {epoch} is kept' if epoch else 'no epoch was finished'
        raise Diverged(
            f'the loss of seed {config.seed + seeds[first]} is not finite at step {step}; '
            f'{kept}. Try a lower --learning_rate than {config.learning_rate}'
        )


def of_epoch(epoch, start, means, held_out, seconds):
    """The lines of metrics.jsonl of an epoch: windows of training batches, then the epoch as a whole and its last batch alone."""
    steps = means['loss'].shape[1]

    def summary(scores, of=spread, columns=slice(None)):
        return {name: of(values[:, columns].mean(1)) for name, values in scores.items()}

    windows = [
        {
            'kind': 'steps',
            'epoch': epoch,
            'step': start + int(window[-1]) + 1,
            'train': summary(means, interval, window),
        }
        for window in np.array_split(np.arange(steps), min(WINDOWS, steps))
    ]
    return [
        *windows,
        {
            'kind': 'epoch',
            'epoch': epoch,
            'step': start + steps,
            'seconds': seconds,
            'train': summary(means),
            'last_batch': summary(means, columns=slice(-1, None)),
            **{split: summary(scores) for split, scores in held_out.items()},
        },
    ]


def statistics(epoch, start, every, probed):
    """The lines of metrics.jsonl on the layers: intervals over seeds, and the first seed's range and histogram.

    probed: {layer: {'mean': (S, rows), ..., 'histogram': (S, rows, BINS)}}.
    """
    rows = next(iter(probed.values()))['mean'].shape[1] if probed else 0
    return [
        {
            'kind': 'statistics',
            'epoch': epoch,
            'step': start + row * every,
            'layers': {
                layer: {
                    **{
                        name: interval(values[:, row])
                        for name, values in found.items()
                        if name != 'histogram'
                    },
                    'range': [float(found[end][0, row]) for end in ('min', 'max')],
                    'histogram': found['histogram'][0, row].tolist(),
                }
                for layer, found in probed.items()
            },
        }
        for row in range(rows)
    ]


def show(summary, scale=1, digits=4):
    """'mean ± half-width' of an interval, or the mean alone for one seed."""
    half = '' if summary['ci95'] is None else f' ± {scale * summary["ci95"]:.{digits}f}'
    return f'{scale * summary["mean"]:.{digits}f}{half}'
