"""The test of a trained population, one function for each kind of task.

Each takes evaluate(params, examples) -> Evaluation of S seeds, and params (S, ...).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.core import length_tests
from experiments.core.config import Config
from experiments.core.length_tests import (
    LENGTHS,
    SHORT_LENGTHS,
    STRINGS_PER_LENGTH,
    Evaluate,
    LengthStrings,
)
from experiments.core.schemas.final_tests import (
    AdderTest,
    FinalTest,
    ImageTest,
    LastBatch,
    RecallTest,
)
from experiments.core.schemas.proofs import SeedVerdict
from jaxdl.data import sequences
from jaxdl.data.images import CLASSES
from jaxdl.figures import confusion_and_text, curves, grids
from jaxdl.figures.base import Figure
from jaxdl.metrics import summarize
from jaxdl.train import TEST, Examples, Params, address
from jaxdl.verify import counterexamples

RECALLS_PER_LENGTH = 500
MAX_RECALL_LENGTHS = 20
SAMPLE_IMAGES = 20


class FinalTestResult(NamedTuple):
    """What a final test gives."""

    results: FinalTest
    figures: dict[str, Figure]


def adder(config: Config, evaluate: Evaluate, params: Params) -> FinalTestResult:
    """Bit accuracy and exact match on random and on structured strings of each length."""
    strings = _addition_strings(jax.random.key(config.seed))
    test = length_tests.score_strings(strings, evaluate, params)
    by_length = test.by_length()
    overall = {}
    for name in ('bit_accuracy', 'exact_match'):
        overall[name] = summarize(test.short_random_scores(name), keep_seeds=True)

    samples = _sample_additions(test.short)
    verdicts = {}
    for net in range(config.seeds):
        wrong = test.shortest_wrong_string(net)
        counterexample = None if wrong is None else counterexamples.describe_sum(wrong.inputs)
        verdicts[str(config.seed + net)] = verdict_of_test(counterexample)
    figures = {
        'accuracy_by_length': curves.accuracy_by_length(
            f'Adder, {config.describe()}', 'bits of a summand', by_length, config.max_length
        ),
        'samples': confusion_and_text.text_table(
            'Sample additions (first seed)', ('bits', 'sum', 'answer', 'verdict'), samples
        ),
    }
    results = AdderTest(**overall, by_length=by_length, samples=samples, verdicts=verdicts)
    return FinalTestResult(results, figures)


def _addition_strings(key):
    """Random and structured strings of every length."""
    bits = max(LENGTHS)
    random_count = STRINGS_PER_LENGTH * len(LENGTHS)
    kinds = ['random'] * random_count
    lengths = list(np.repeat(LENGTHS, STRINGS_PER_LENGTH))
    structured = []
    for length in LENGTHS:
        for kind, pairs in sequences.structured_summands(length).items():
            count = len(pairs[0])
            structured.append(np.pad(pairs, ((0, 0), (0, 0), (0, bits - length))))
            kinds += [kind] * count
            lengths += [length] * count

    @jax.jit
    def encode(key, structured, lengths):
        random = jax.random.bernoulli(address(key, TEST), 0.5, (2, random_count, bits))
        first, second = jnp.concatenate([random.astype(int), structured], axis=1)
        return sequences.encode_sum(first, second, lengths)

    lengths = np.array(lengths)
    encoded = jax.device_get(encode(key, np.concatenate(structured, axis=1), lengths))
    return LengthStrings(Examples(*encoded), np.array(kinds), lengths)


def verdict_of_test(counterexample: str | None) -> SeedVerdict:
    """What a test shows of a net, given the counterexample that it found."""
    # No test shows that a net is right at every length. Only a proof does.
    return SeedVerdict('falsified' if counterexample else 'unknown', counterexample)


def _sample_additions(scored):
    """[bits, '5 + 6 = 11', the answer, 'right' or 'wrong'] of the first net, for each length."""
    inputs, _, steps = scored.strings.examples
    outputs = scored.evaluation.outputs[0]
    samples = []
    for length in SHORT_LENGTHS:
        # The steps of a string are its bits and one more, which lets the carry out.
        row = np.flatnonzero(steps == length + 1)[0]
        a = sequences.bits_to_int(inputs[row, :length, 0])
        b = sequences.bits_to_int(inputs[row, :length, 1])
        answer = sequences.bits_to_int(outputs[row, : length + 1])
        verdict = 'right' if answer == a + b else 'wrong'
        samples.append([length, f'{a} + {b} = {a + b}', answer, verdict])
    return samples


def recall(config: Config, evaluate: Evaluate, params: Params) -> FinalTestResult:
    """Accuracy at the training lengths (20 of them at most), and two samples of each."""
    lengths = np.linspace(config.min_length, config.max_length, MAX_RECALL_LENGTHS, dtype=int)
    lengths = np.unique(lengths).tolist()
    lengths_of_examples = np.repeat(lengths, RECALLS_PER_LENGTH)

    @jax.jit
    def sample(key):
        return sequences.recall(
            address(key, TEST), lengths_of_examples, config.max_length, config.k
        )

    examples = Examples(*jax.device_get(sample(jax.random.key(config.seed))))
    evaluation = evaluate(params, examples)
    every_one = np.full(len(lengths_of_examples), True)
    scores = length_tests.scores_by_length(
        evaluation, lengths_of_examples, lengths, every_one, keep_seeds=True
    )
    table = {'random': scores}
    samples = []
    for first_row in np.searchsorted(lengths_of_examples, lengths):
        for row in (first_row, first_row + 1):
            digits = examples.inputs[row, : lengths_of_examples[row]].argmax(-1)
            truth, answer = int(examples.targets[row]), int(evaluation.outputs[0, row])
            verdict = 'right' if answer == truth else 'wrong'
            samples.append([' '.join(map(str, digits)), truth, answer, verdict])
    figures = {
        'accuracy_by_length': curves.accuracy_by_length(
            f'Recall of digit {config.k}, {config.describe()}', 'digits in the sequence', table
        ),
        'samples': confusion_and_text.text_table(
            f'Recall digit {config.k} (first seed)',
            ('sequence', 'truth', 'answer', 'verdict'),
            samples,
        ),
    }
    accuracy = summarize(evaluation.scores['accuracy'].mean(1), keep_seeds=True)
    return FinalTestResult(RecallTest(accuracy, table, samples), figures)


def images(
    config: Config, examples: Examples, evaluate: Evaluate, params: Params
) -> FinalTestResult:
    """Confusion matrix and scores per class on the whole test set, and sample predictions."""
    from sklearn.metrics import confusion_matrix

    pixels, labels, _ = examples
    evaluation = evaluate(params, examples)
    outputs = evaluation.outputs
    classes = np.arange(10)
    confusion = sum(confusion_matrix(labels, answers, labels=classes) for answers in outputs)

    first_of_each_class = [int(np.flatnonzero(labels == label)[0]) for label in classes]
    count = min(SAMPLE_IMAGES, len(labels))
    # Always the same ones, so that pictures of different runs compare.
    random_images = np.random.default_rng(0).choice(len(labels), count, replace=False)
    shown = [*first_of_each_class, *random_images]
    figures = {
        'confusion': confusion_and_text.confusion_matrix(
            f'Test images by class, {config.describe()}', confusion, len(outputs)
        ),
        'samples': grids.classified_images(
            'One test image of each class, then random ones (first seed)',
            pixels[shown],
            labels[shown],
            outputs[0][shown],
            CLASSES.get(config.dataset),
        ),
    }
    accuracies = evaluation.scores['accuracy']
    # The accuracy on the last batch alone is what some reports took for that of the test set.
    last_batch_size = len(labels) % config.batch_size or config.batch_size
    results = ImageTest(
        accuracy=summarize(accuracies.mean(1), keep_seeds=True),
        loss=summarize(evaluation.scores['loss'].mean(1), keep_seeds=True),
        last_batch=LastBatch(
            last_batch_size, summarize(accuracies[:, -last_batch_size:].mean(1), keep_seeds=True)
        ),
        report=_report_by_class(labels, outputs, classes),
        confusion=confusion.tolist(),
    )
    return FinalTestResult(results, figures)


def _report_by_class(labels, outputs, classes):
    """{class or average: {'precision', 'recall', 'f1-score'}}, summaries over seeds."""
    from sklearn.metrics import classification_report

    reports = []
    for answers in outputs:
        reports.append(
            classification_report(
                labels, answers, labels=classes, output_dict=True, zero_division=0
            )
        )
    summaries = {}
    for row in (*map(str, classes), 'macro avg', 'weighted avg'):
        summaries[row] = {}
        for score in ('precision', 'recall', 'f1-score'):
            values = [report[row][score] for report in reports]
            summaries[row][score] = summarize(values, keep_seeds=True)
    return summaries
