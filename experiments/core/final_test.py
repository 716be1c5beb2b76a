"""The test of a trained population, per task: (evaluate, params) -> (results for results.json, figures by name)."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.figures import grids as pictures, base as plots
from jaxdl.data import sequences
from jaxdl.data.images import CLASSES
from jaxdl.metrics import interval, spread
from jaxdl.train import TEST, address
from jaxdl.verify.counterexamples import describe_sum

SHORT_LENGTHS = tuple(range(1, 21))
LONG_LENGTHS = (50, 100, 500, 1000)
LENGTHS = SHORT_LENGTHS + LONG_LENGTHS
STRINGS_PER_LENGTH = 100
RECALLS_PER_LENGTH = 500


def _by_length(scores, lengths, of_length):
    """{score: interval with one entry a length} from scores (S, N) and the length (N,) of each example."""
    return {
        name: interval(
            np.stack([values[:, of_length == length].mean(1) for length in lengths], axis=1)
        )
        for name, values in scores.items()
        if name != 'loss'
    }


def _addition_tests(key):
    """Random and structured strings of every length, padded alike: (examples, kinds (N,), lengths (N,))."""
    bits = max(LENGTHS)
    n = STRINGS_PER_LENGTH * len(LENGTHS)
    kinds, of_length, pairs = ['random'] * n, list(np.repeat(LENGTHS, STRINGS_PER_LENGTH)), []
    for length in LENGTHS:
        for kind, pair in sequences.structured_summands(length).items():
            pairs.append(np.pad(pair, ((0, 0), (0, 0), (0, bits - length))))
            kinds += [kind] * len(pair[0])
            of_length += [length] * len(pair[0])

    @jax.jit
    def examples(key, pairs, lengths):
        random = jax.random.bernoulli(address(key, TEST), 0.5, (2, n, bits)).astype(int)
        return sequences.encode_sum(*jnp.concatenate([random, pairs], axis=1), lengths)

    of_length = np.array(of_length)
    return (
        jax.device_get(examples(key, np.concatenate(pairs, axis=1), of_length)),
        np.array(kinds),
        of_length,
    )


def binary_add(config, evaluate, params):
    """Bit accuracy and exact match on random strings of each length, and on each kind of structured strings."""
    (inputs, targets, steps), kinds, of_length = _addition_tests(jax.random.key(config.seed))
    results, samples, wrong = {}, [], [[] for _ in range(config.seeds)]
    for lengths in (SHORT_LENGTHS, LONG_LENGTHS):  # each padded to its own longest
        rows = np.flatnonzero(np.isin(of_length, lengths))
        examples = inputs[rows, : max(lengths) + 1], targets[rows, : max(lengths) + 1], steps[rows]
        scores, outputs = evaluate(params, examples)
        for kind in dict.fromkeys(kinds):
            chosen = kinds[rows] == kind
            part = _by_length(
                {name: values[:, chosen] for name, values in scores.items()},
                lengths,
                of_length[rows][chosen],
            )
            results.setdefault(kind, []).append({'lengths': list(lengths), **part})
        if lengths == SHORT_LENGTHS:
            chosen = kinds[rows] == 'random'
            overall = {
                name: spread(values[:, chosen].mean(1))
                for name, values in scores.items()
                if name != 'loss'
            }
        samples = samples or _sample_sums(examples[0], outputs[0], steps[rows])
        for found, output in zip(wrong, outputs):
            found += _wrong(examples, output)
    results = {kind: _joined(*parts) for kind, parts in results.items()}
    figures = {
        'accuracy_by_length': plots.accuracy_by_length(
            f'Adder, {config.describe()}', 'bits of a summand', results, config.max_length
        ),
        'samples': plots.text_table(
            'Sample additions (first seed)', ('bits', 'sum', 'answer', 'verdict'), samples
        ),
    }
    verdicts = {
        str(config.seed + i): {'verdict': 'refuted', 'counterexample': describe_sum(min(found, key=len))}
        if found
        else {'verdict': 'unknown', 'counterexample': None}
        for i, found in enumerate(wrong)
    }
    return {**overall, 'by_length': results, 'samples': samples, 'verdicts': verdicts}, figures


def _wrong(examples, output):
    """The input pairs (t, 2) up to the first wrong bit of each string that the outputs (N, T) of a net have wrong."""
    inputs, targets, steps = examples
    errors = (output != targets) & (np.arange(targets.shape[1]) < steps[:, None])
    return [
        inputs[row, : errors[row].argmax() + 1].astype(int) for row in np.flatnonzero(errors.any(1))
    ]


def _joined(short, long):
    """Two tables of _by_length, one behind the other."""

    def join(a, b):
        if isinstance(a, dict):
            return {key: join(a[key], b[key]) for key in a}
        return None if a is None else a + b

    return join(short, long)


def _sample_sums(inputs, outputs, steps):
    """[(bits, '5 + 6 = 11', the net's answer, 'right' | 'wrong')], the first string of each length."""
    samples = []
    for length in SHORT_LENGTHS:
        row = np.flatnonzero(steps == length + 1)[0]
        a, b = (sequences.decimal(inputs[row, :length, side]) for side in (0, 1))
        answer = sequences.decimal(outputs[row, : length + 1])
        samples.append(
            (length, f'{a} + {b} = {a + b}', answer, 'right' if answer == a + b else 'wrong')
        )
    return samples


def recall(config, evaluate, params):
    """Accuracy at the training lengths (20 of them at most), and two sample sequences of each."""
    lengths = np.unique(np.linspace(config.min_length, config.max_length, 20, dtype=int)).tolist()
    of_length = np.repeat(lengths, RECALLS_PER_LENGTH)
    sample = jax.jit(
        lambda key: sequences.recall(address(key, TEST), of_length, config.max_length, config.k)
    )
    examples = jax.device_get(sample(jax.random.key(config.seed)))
    scores, outputs = evaluate(params, examples)
    table = {'random': {'lengths': lengths, **_by_length(scores, lengths, of_length)}}
    samples = []
    for row in (np.searchsorted(of_length, lengths)[:, None] + [0, 1]).ravel():
        digits = examples[0][row, : of_length[row]].argmax(-1)
        right = outputs[0, row] == examples[1][row]
        samples.append(
            (
                ' '.join(map(str, digits)),
                int(examples[1][row]),
                int(outputs[0, row]),
                'right' if right else 'wrong',
            )
        )
    figures = {
        'accuracy_by_length': plots.accuracy_by_length(
            f'Recall of digit {config.k}, {config.describe()}', 'digits in the sequence', table
        ),
        'samples': plots.text_table(
            f'Recall digit {config.k} (first seed)',
            ('sequence', 'truth', 'answer', 'verdict'),
            samples,
        ),
    }
    return {
        'accuracy': spread(scores['accuracy'].mean(1)),
        'by_length': table,
        'samples': samples,
    }, figures


def images(config, examples, evaluate, params):
    """Confusion matrix and per-class report on the whole test set, and sample predictions."""
    from sklearn.metrics import classification_report, confusion_matrix

    pixels, labels, _ = examples
    scores, outputs = evaluate(params, examples)
    classes = np.arange(10)
    reports = [
        classification_report(labels, output, labels=classes, output_dict=True, zero_division=0)
        for output in outputs
    ]
    report = {
        row: {
            name: interval([r[row][name] for r in reports])
            for name in ('precision', 'recall', 'f1-score')
        }
        for row in (*map(str, classes), 'macro avg', 'weighted avg')
    }
    confusion = sum(confusion_matrix(labels, output, labels=classes) for output in outputs)
    one_each = [int(np.flatnonzero(labels == digit)[0]) for digit in classes]
    chosen = np.random.default_rng(0).choice(len(labels), min(20, len(labels)), replace=False)
    figures = {
        'confusion': plots.confusion(
            f'Test images by class, {config.describe()}', confusion, len(outputs)
        ),
        'samples': pictures.image_grid(
            'One test image of each class, then random ones (first seed)',
            *(array[[*one_each, *chosen]] for array in (pixels, labels, outputs[0])),
            CLASSES.get(config.dataset),
        ),
    }
    last = len(labels) % config.batch_size or config.batch_size
    return {
        'accuracy': spread(scores['accuracy'].mean(1)),
        'loss': spread(scores['loss'].mean(1)),
        'last_batch': {'images': last, 'accuracy': spread(scores['accuracy'][:, -last:].mean(1))},
        'report': report,
        'confusion': confusion.tolist(),
    }, figures
