"""The final tests say what the nets' outputs say, with stubs for the nets."""

import dataclasses

import numpy as np
import pytest

from experiments.core import automaton_test, defaults, final_test
from experiments.core.schemas.proofs import SeedVerdict
from jaxdl.train import Evaluation, Examples

pytestmark = pytest.mark.usefixtures('quick_compilation')

ADD = dataclasses.replace(defaults.TASK_DEFAULTS['binary_add'], max_length=5, hidden=3)


def _right_but_for_some_strings(params, examples):
    """Two nets: one is always right.

    The other has all bits wrong of strings of 5 bits, and of those of 500 that begin with 0 + 0.
    """
    inputs, targets, steps = examples
    begins_with_zeros = inputs[:, 0].sum(-1) == 0
    is_wrong = (steps == 6) | ((steps == 501) & begins_with_zeros)
    truth = targets > 0.5
    outputs = np.stack([truth, truth ^ is_wrong[:, None]])
    is_padding = np.arange(targets.shape[1]) >= steps[:, None]
    right = (outputs == truth) | is_padding
    scores = {
        'loss': np.zeros(outputs.shape[:2]),
        'bit_accuracy': right.mean(2),
        'exact_match': right.all(2).astype(float),
    }
    return Evaluation(scores, outputs)


def _mean_by_length(table):
    return dict(zip(table.lengths, table.exact_match.mean, strict=True))


@pytest.mark.quick
def test_an_adders_accuracy_by_length():
    config = dataclasses.replace(ADD, seeds=2)
    results, figures = final_test.adder(config, _right_but_for_some_strings, None)
    share_that_begins_with_zeros = {
        'carry': 0,
        'ones': 0,
        'alternating': 1 / 4,
        'constants': 1 / 3,
    }
    for kind, table in results.by_length.items():
        mean = _mean_by_length(table)
        assert mean[5] == 0.5 and mean[4] == mean[20] == mean[1000] == 1
        if kind != 'random':
            share = share_that_begins_with_zeros[kind]
            np.testing.assert_allclose(mean[500], 1 - share / 2)
    assert 0.8 < _mean_by_length(results.by_length['random'])[500] < 0.95
    np.testing.assert_allclose(results.exact_match.seeds, [1, 0.95])
    random = results.by_length['random']
    right, sometimes_wrong = random.exact_match.seeds
    assert right == [1] * 24 and sometimes_wrong[:20] == [1] * 4 + [0] + [1] * 15
    # The stub counts padding to 21 steps as right, and has all 6 bits of such a string wrong.
    np.testing.assert_allclose(random.bit_accuracy.seeds[1][4], 15 / 21)
    assert results.by_length['carry'].exact_match.seeds is None
    assert all(sample[-1] == 'right' for sample in results.samples)
    assert results.verdicts['0'] == SeedVerdict('unknown', None)
    assert results.verdicts['1'].verdict == 'falsified'
    assert set(figures) == {'accuracy_by_length', 'samples'}


@pytest.mark.quick
def test_words_of_an_automaton_by_length():
    """Two nets: one follows the automaton; the other is wrong on the 100th symbol and from then on.

    Steps on a circle of five positions.
    """
    config = dataclasses.replace(
        defaults.TASK_DEFAULTS['automaton'], machine='cycle_navigation', seeds=2
    )

    def evaluate(params, examples):
        inputs, targets, steps = examples
        # The sum of steps 0, 1 and -1, whatever the program takes the answers to be.
        positions = (inputs[..., 1] - inputs[..., 2]).cumsum(1).astype(int) % 5
        is_late = np.arange(targets.shape[1]) >= 99
        outputs = np.stack([positions, np.where(is_late, (positions + 1) % 5, positions)])
        is_padding = np.arange(targets.shape[1]) >= steps[:, None]
        right = (outputs == targets) | is_padding
        scores = {
            'loss': np.zeros(right.shape[:2]),
            'accuracy': right.mean(2),
            'exact_match': right.all(2).astype(float),
        }
        return Evaluation(scores, outputs.astype(np.int8))

    results, figures = automaton_test.automaton(config, evaluate, None)
    assert set(results.by_length) == {'random', 'constant', 'loop'}
    for table in results.by_length.values():
        mean = _mean_by_length(table)
        assert mean[1] == mean[20] == mean[50] == 1
        assert mean[100] == mean[1000] == 0.5
    assert results.exact_match.seeds == [1, 1]
    assert all(sample[-1] == 'right' for sample in results.samples)
    assert results.verdicts['0'] == SeedVerdict('unknown', None)
    assert results.verdicts['1'].verdict == 'falsified'
    assert ': the answer is ' in results.verdicts['1'].counterexample
    assert set(figures) == {'accuracy_by_length', 'samples'}


@pytest.mark.quick
def test_samples_of_words_leave_out_what_is_not_asked():
    config = dataclasses.replace(defaults.TASK_DEFAULTS['automaton'], machine='modular_arithmetic')

    def evaluate(params, examples):
        outputs = np.zeros((1, *examples.targets.shape), np.int8)
        scores = np.zeros((1, len(outputs[0])))
        return Evaluation(dict.fromkeys(('loss', 'accuracy', 'exact_match'), scores), outputs)

    results, _ = automaton_test.automaton(config, evaluate, None)
    for word, answers, given, verdict in results.samples:
        texts = word.split()
        for t, (answer, zero) in enumerate(zip(answers.split(), given.split(), strict=True)):
            if t % 2:
                assert answer == zero == '.'
            else:
                assert answer == str(eval(' '.join(texts[: t + 1])) % 5)
                assert zero == '0'
        assert (verdict == 'right') == (answers == given)


@pytest.mark.quick
def test_recall_by_length():
    """A net that always answers 7."""
    config = dataclasses.replace(defaults.TASK_DEFAULTS['recall'], k=2)

    def always_seven(params, examples):
        right = (examples.targets == 7).astype(float)
        outputs = np.full((1, len(right)), 7)
        return Evaluation({'loss': right[None], 'accuracy': right[None]}, outputs)

    results, _ = final_test.recall(config, always_seven, None)
    assert results.by_length['random'].lengths == list(range(3, 11))
    assert 0.05 < results.accuracy.mean < 0.15
    (by_length,) = results.by_length['random'].accuracy.seeds
    assert by_length == results.by_length['random'].accuracy.mean
    for sequence, truth, answer, verdict in results.samples:
        assert int(sequence.split()[1]) == truth and answer == 7
        assert verdict == ('right' if truth == 7 else 'wrong')


@pytest.mark.quick
def test_images_confusion_and_last_batch():
    """Two nets on ten images of each class: one right, one that calls every 3 a 5."""
    config = dataclasses.replace(defaults.base('mnist_rnn', 'digits'), batch_size=64)
    labels = np.tile(np.arange(10), 10)
    outputs = np.stack([labels, np.where(labels == 3, 5, labels)])

    def evaluate(params, examples):
        accuracy = (outputs == labels).astype(float)
        return Evaluation({'loss': 1 - accuracy, 'accuracy': accuracy}, outputs)

    examples = Examples(np.zeros((100, 8, 8), np.uint8), labels, None)
    results, _ = final_test.images(config, examples, evaluate, None)
    np.testing.assert_allclose(results.accuracy.seeds, [1, 0.9])
    assert results.last_batch.images == 36  # 100 images in batches of 64
    np.testing.assert_allclose(results.last_batch.accuracy.seeds, [1, 1 - 3 / 36])
    assert results.confusion[3][5] == 10 and results.confusion[3][3] == 10
    # The second net calls 20 images a 5, of which 10 are one: precision 1/2, recall 1, F1 2/3.
    np.testing.assert_allclose(results.report['3']['recall'].seeds, [1, 0])
    np.testing.assert_allclose(results.report['5']['precision'].seeds, [1, 0.5])
    np.testing.assert_allclose(results.report['5']['recall'].seeds, [1, 1])
    np.testing.assert_allclose(results.report['5']['f1-score'].seeds, [1, 2 / 3])
    np.testing.assert_allclose(results.report['macro avg']['recall'].seeds, [1, 0.9])
    np.testing.assert_allclose(results.report['macro avg']['precision'].seeds, [1, 8.5 / 10])
    np.testing.assert_allclose(results.report['5']['precision'].mean, 0.75)
