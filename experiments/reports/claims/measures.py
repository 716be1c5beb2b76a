"""What claims compare: a value for each seed of a finished run."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from experiments.core.schemas.fields import Scores
from experiments.core.schemas.rows import RowResults
from experiments.reports.claims.answer import NotKept
from experiments.reports.evidence import Evidence, epoch_records
from jaxdl.metrics import Summary


class Unit(NamedTuple):
    """How values are printed.

    Attributes:
        factor: By which they are multiplied.
        level: What follows a value.
        difference: What follows the difference of two values.
        digits: Behind the point.
    """

    factor: float
    level: str
    difference: str
    digits: int


PERCENT = Unit(100, ' %', ' points', 1)
POINTS = Unit(100, ' points', ' points', 1)  # of measures that are differences themselves
NATS = Unit(1, '', '', 3)
CORRELATION = Unit(1, '', '', 2)
RATIO = Unit(1, ' times', ' times', 2)
EPOCHS = Unit(1, ' epochs', ' epochs', 1)
ROUNDINGS = Unit(1, '', '', 1)
COUNT = Unit(1, '', '', 0)


class Measure(NamedTuple):
    """A value of each seed of a run, which its results have.

    Attributes:
        name: What it is, in words.
        unit: Of the values.
        values: From the results to (S,). Raises NotKept.
    """

    name: str
    unit: Unit
    values: Callable[[RowResults], np.ndarray]

    def of_row(self, evidence: Evidence, row: str) -> np.ndarray:
        """The values (S,) of a run. Raises NotKept."""
        return self.values(evidence.results[row])


def of_seeds(summary: Summary | None, name: str) -> np.ndarray:
    """The values (S,) of single seeds.

    Raises:
        NotKept: The file has none.
    """
    if summary is None or summary.seeds is None:
        raise NotKept(f'the file does not keep {name} of single seeds')
    return np.array(summary.seeds)


def _of_scores(scores: Scores | None, score: str, name: str) -> np.ndarray:
    if scores is None or score not in scores:
        raise NotKept(f'the file does not keep {name}')
    return of_seeds(scores[score], name)


def _test_accuracy(results: RowResults) -> np.ndarray:
    return of_seeds(results.final_test.accuracy, 'test accuracy')


def _whole_sums(results: RowResults) -> np.ndarray:
    return of_seeds(results.final_test.exact_match, 'whole sums')


def _bits(results: RowResults) -> np.ndarray:
    return of_seeds(results.final_test.bit_accuracy, 'bits')


def _test_loss(results: RowResults) -> np.ndarray:
    return of_seeds(results.final_test.loss, 'test loss')


def _train_accuracy(results: RowResults) -> np.ndarray:
    return _of_scores(results.train, 'accuracy', 'train accuracy')


def _train_loss(results: RowResults) -> np.ndarray:
    return _of_scores(results.train, 'loss', 'train loss')


def _validation_accuracy(results: RowResults) -> np.ndarray:
    return _of_scores(results.validation, 'accuracy', 'validation accuracy')


def _validation_loss(results: RowResults) -> np.ndarray:
    return _of_scores(results.validation, 'loss', 'validation loss')


def _train_less_test(results: RowResults) -> np.ndarray:
    return _train_accuracy(results) - _test_accuracy(results)


def _validation_less_train_loss(results: RowResults) -> np.ndarray:
    return _validation_loss(results) - _train_loss(results)


TEST_ACCURACY = Measure('test accuracy', PERCENT, _test_accuracy)
WHOLE_SUMS = Measure('whole sums right', PERCENT, _whole_sums)
BITS = Measure('bits right', PERCENT, _bits)
TEST_LOSS = Measure('test loss', NATS, _test_loss)
# Means over the last epoch, each batch before its update and with dropout.
TRAIN_ACCURACY = Measure('train accuracy of the last epoch', PERCENT, _train_accuracy)
TRAIN_LOSS = Measure('train loss of the last epoch', NATS, _train_loss)
VALIDATION_ACCURACY = Measure('validation accuracy', PERCENT, _validation_accuracy)
VALIDATION_LOSS = Measure('validation loss', NATS, _validation_loss)
TRAIN_LESS_TEST = Measure('train less test accuracy', POINTS, _train_less_test)
VALIDATION_LESS_TRAIN_LOSS = Measure(
    'validation less train loss', NATS, _validation_less_train_loss
)


def activation(layer: str, quantity: Literal['mean', 'variance', 'minimum']) -> Measure:
    """The mean, variance or minimum of the activations of a layer on the whole test set."""

    def values(results: RowResults) -> np.ndarray:
        if results.activations is None or layer not in results.activations:
            raise NotKept(f'the file does not keep the activations of {layer} on the test set')
        of_layer = results.activations[layer]
        name = f'the activations of {layer}'
        if quantity == 'variance':
            return of_seeds(of_layer.std, name) ** 2
        return of_seeds(of_layer.mean if quantity == 'mean' else of_layer.min, name)

    return Measure(f'{quantity} of the activations of {layer} on the test set', NATS, values)


def _by_epoch(results: RowResults, split: str, score: str) -> np.ndarray:
    """A score after each epoch that is kept: (epochs, S)."""
    curve = []
    for record in epoch_records(results):
        scores = {'train': record.train, 'test': record.test, 'validation': record.validation}
        curve.append(_of_scores(scores[split], score, f'{split} {score} by epoch'))
    return np.array(curve)


def _test_less_train_over_epochs(results: RowResults) -> np.ndarray:
    gaps = _by_epoch(results, 'test', 'accuracy') - _by_epoch(results, 'train', 'accuracy')
    return gaps.mean(0)


def _first_epoch_train(results: RowResults) -> np.ndarray:
    return _by_epoch(results, 'train', 'accuracy')[0]


def _loss_rises_early(results: RowResults) -> np.ndarray:
    """The rises of the validation loss in the first quarter of the epochs less the last's."""
    rises = np.maximum(np.diff(_by_epoch(results, 'validation', 'loss'), axis=0), 0)
    quarter = max(len(rises) // 4, 1)
    return rises[:quarter].sum(0) - rises[-quarter:].sum(0)


TEST_LESS_TRAIN_OVER_EPOCHS = Measure(
    'mean test less mean train accuracy over the epochs', POINTS, _test_less_train_over_epochs
)
FIRST_EPOCH_TRAIN = Measure('train accuracy of the first epoch', PERCENT, _first_epoch_train)
LOSS_RISES_EARLY = Measure(
    'rises of the validation loss, first less last quarter of the epochs', NATS, _loss_rises_early
)


def test_accuracy_after(epoch: int) -> Measure:
    """The test accuracy after the epoch of that number, or the next one that is kept."""

    def values(results: RowResults) -> np.ndarray:
        for record in epoch_records(results):
            if record.epoch >= epoch:
                return _of_scores(record.test, 'accuracy', 'test accuracy by epoch')
        raise NotKept(f'the run has no {epoch} epochs')

    return Measure(f'test accuracy after epoch {epoch}', PERCENT, values)


def test_accuracy_at_step(step: int) -> Measure:
    """The test accuracy after the last epoch that ends by a step."""

    def values(results: RowResults) -> np.ndarray:
        before = [record for record in epoch_records(results) if record.step <= step]
        if not before:
            raise NotKept(f'no epoch ends by step {step}')
        return _of_scores(before[-1].test, 'accuracy', 'test accuracy by epoch')

    return Measure(f'test accuracy at step {step}', PERCENT, values)


def share_of_rise_by(step: int, start: float) -> Measure:
    """The share of the rise of test accuracy, from a start to the end, that a step has seen."""
    at_step = test_accuracy_at_step(step)

    def values(results: RowResults) -> np.ndarray:
        return (at_step.values(results) - start) / (_test_accuracy(results) - start)

    return Measure(f'share of the rise of test accuracy by step {step}', PERCENT, values)


def rise_after(step: int) -> Measure:
    """How far the final test accuracy lies above that at a step."""
    at_step = test_accuracy_at_step(step)

    def values(results: RowResults) -> np.ndarray:
        return _test_accuracy(results) - at_step.values(results)

    return Measure(f'rise of test accuracy after step {step}', POINTS, values)


def drop_after(epoch: int) -> Measure:
    """How far the final test accuracy lies below that after an epoch."""
    after = test_accuracy_after(epoch)

    def values(results: RowResults) -> np.ndarray:
        return after.values(results) - _test_accuracy(results)

    return Measure(f'test accuracy after epoch {epoch} less that after the last', POINTS, values)


def chance_of_all(examples: int) -> Measure:
    """The chance that so many independent examples are all right."""

    def values(results: RowResults) -> np.ndarray:
        return _test_accuracy(results) ** examples

    return Measure(f'chance of {examples} of {examples} right', PERCENT, values)


def seconds_by_epoch(results: RowResults) -> np.ndarray:
    """The seconds of training of each epoch but the first, which also warms up.

    Raises:
        NotKept: The file has fewer than two of them.
    """
    seconds = []
    for record in epoch_records(results)[1:]:
        if record.seconds is not None:
            seconds.append(record.seconds)
    if len(seconds) < 2:
        raise NotKept('the file does not keep the seconds of two epochs')
    return np.array(seconds)
