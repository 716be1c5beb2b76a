"""The records of an epoch: from arrays over seeds and steps to the lines of metrics.jsonl."""

from collections.abc import Mapping

import numpy as np

from experiments.core.config import Config
from experiments.core.schemas.fields import LayerStatistics, Scores
from experiments.core.schemas.records import (
    EpochRecord,
    StatisticsRecord,
    TenBatchesRecord,
    WindowRecord,
)
from jaxdl import UserError
from jaxdl.metrics import summarize, summarize_each

WINDOWS_PER_EPOCH = 20  # records of the training batches' scores
# The last epochs of which every ten batches are recorded. Report A prints two epochs of one run.
EPOCHS_BY_TEN_BATCHES = 2
MOST_SEEDS_BY_TEN_BATCHES = 10

ScoreArrays = Mapping[str, np.ndarray]  # by the name of the score


class Diverged(UserError):
    """A loss or a parameter is not a finite number any more."""


def check_finite(
    config: Config,
    epoch: int,
    steps_before: int,
    losses: np.ndarray,
    finite_params: np.ndarray,
    held_out: Mapping[str, ScoreArrays],
) -> None:
    """Checks an epoch's losses and parameters.

    Args:
        config: The run's settings.
        epoch: The number of epochs that were finished before.
        steps_before: The number of steps that were done before.
        losses: (S, steps) of the training batches.
        finite_params: (S,) whether the parameters are finite. A last update that spoils them
            shows only here and in the held-out losses: it counts as the last step.
        held_out: {split: scores (S, N)}.

    Raises:
        Diverged: Names the first step that is not finite, and its seed.
    """
    # A column for each step, and one more for each thing that shows only after the last step.
    columns = [np.isfinite(losses), finite_params[:, None]]
    for scores in held_out.values():
        columns.append(np.isfinite(scores['loss']).all(1, keepdims=True))
    seeds, steps = np.nonzero(~np.concatenate(columns, axis=1))
    if not len(steps):
        return
    first = steps.argmin()
    step = steps_before + min(steps[first] + 1, losses.shape[1])
    if epoch:
        finished = f'the checkpoint of epoch {epoch} is kept'
    else:
        finished = 'no epoch was finished'
    raise Diverged(
        f'the loss of seed {config.seed + seeds[first]} is not finite at step {step}; '
        f'{finished}. Try a lower --learning_rate than {config.learning_rate}'
    )


def epoch_records(
    epoch: int,
    steps_before: int,
    means: ScoreArrays,
    held_out: Mapping[str, ScoreArrays],
    seconds: float,
) -> list[WindowRecord | EpochRecord]:
    """The records of the training batches in windows, then that of the whole epoch.

    Args:
        epoch: Counted from 1.
        steps_before: The number of steps that were done before.
        means: {score: (S, steps)} of the training batches.
        held_out: {split: scores (S, N)} after the epoch.
        seconds: Of training.
    """
    steps = means['loss'].shape[1]
    records = []
    for window in np.array_split(np.arange(steps), min(WINDOWS_PER_EPOCH, steps)):
        scores = {name: summarize(values[:, window].mean(1)) for name, values in means.items()}
        records.append(WindowRecord(epoch, steps_before + int(window[-1]) + 1, scores))
    last_batch = {name: values[:, -1:] for name, values in means.items()}
    first_batch = None
    if steps_before == 0:
        first_batch = _mean_scores({name: values[:, :1] for name, values in means.items()})
    splits = {split: _mean_scores(scores) for split, scores in held_out.items()}
    records.append(
        EpochRecord(
            epoch=epoch,
            step=steps_before + steps,
            seconds=seconds,
            train=_mean_scores(means),
            first_batch=first_batch,
            last_batch=_mean_scores(last_batch),
            **splits,
        )
    )
    return records


def ten_batches_records(
    config: Config, epoch: int, epochs: int, means: ScoreArrays
) -> list[TenBatchesRecord]:
    """The record of every ten batches, if the epoch is one of those that have it.

    Args:
        config: The run's settings.
        epoch: Counted from 1.
        epochs: Of the whole run.
        means: {score: (S, steps)} of the training batches.
    """
    is_recorded = config.is_of_images() and config.seeds <= MOST_SEEDS_BY_TEN_BATCHES
    if not is_recorded or epoch <= epochs - EPOCHS_BY_TEN_BATCHES:
        return []
    steps = means['loss'].shape[1]
    windows = np.split(np.arange(steps), np.arange(1, steps, 10))
    batches = [int(window[-1]) + 1 for window in windows]
    scores = {}
    for name, values in means.items():
        means_of_windows = [values[:, window].mean(1) for window in windows]
        scores[name] = summarize_each(np.stack(means_of_windows, axis=1), keep_seeds=True)
    return [TenBatchesRecord(epoch, batches, scores)]


def judging_scores(record: EpochRecord) -> Scores:
    """The scores that say how good an epoch was: on the validation examples, if there are any."""
    return record.validation or record.train


def _mean_scores(scores: ScoreArrays) -> Scores:
    """Summaries, with each seed's own value, of scores (S, n) averaged over n."""
    summaries = {}
    for name, values in scores.items():
        summaries[name] = summarize(values.mean(1), keep_seeds=True)
    return summaries


def statistics_records(
    epoch: int, steps_before: int, every: int, statistics: Mapping[str, ScoreArrays]
) -> list[StatisticsRecord]:
    """The records of layer statistics that an epoch took.

    Args:
        epoch: Counted from 1.
        steps_before: The number of steps that were done before.
        every: They were taken before each step whose number in the epoch this divides.
        statistics: {layer: {'mean': (S, rows), ..., 'histogram': (S, rows, bins)}}, or empty.
    """
    if not statistics:
        return []
    rows = next(iter(statistics.values()))['mean'].shape[1]
    records = []
    for row in range(rows):
        layers = {}
        for layer, arrays in statistics.items():
            layers[layer] = _layer_statistics(arrays, row)
        records.append(StatisticsRecord(epoch, steps_before + row * every, layers))
    return records


def _layer_statistics(arrays: ScoreArrays, row: int) -> LayerStatistics:
    summaries = {}
    for name, values in arrays.items():
        if name != 'histogram':
            summaries[name] = summarize(values[:, row])
    return LayerStatistics(
        **summaries,
        range=[float(arrays['min'][0, row]), float(arrays['max'][0, row])],
        # Histograms over different ranges have no mean, so this is the first seed's.
        histogram=arrays['histogram'][0, row].tolist(),
    )
