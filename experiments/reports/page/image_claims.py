"""Claims of the reports about nets on images, each beside what our runs say."""

import itertools
import math

import numpy as np

from experiments.core.formatting import format_summary
from experiments.core.schemas.records import EpochRecord
from experiments.core.schemas.rows import RowResults
from experiments.reports.evidence import Evidence, epoch_records, percent
from experiments.reports.intervals import difference, excludes_zero, share_half_width
from experiments.reports.page.blocks import Chapter
from jaxdl.figures import comparisons
from jaxdl.figures.comparisons import Panel, SummaryLine
from jaxdl.metrics import Summary

MNIST_OF_D = ('D-rnn256-sgd', 'D-rnn256-adam', 'D-lstm128-sgd-a', 'D-lstm128-sgd-b')
# The nets of report E that have the same size and as many epochs.
ALIKE_OF_E = ('E-lstm128', 'E-lstm128-l2', 'E-gru128', 'E-bilstm128')
CIFAR_OF_B = (
    'B-cifar-relu-adam',
    'B-cifar-tanh-adam',
    'B-cifar-sigmoid-adam',
    'B-cifar-leakyrelu-adam',
    'B-cifar-relu-adam-glorot',
    'B-cifar-relu-momentum',
    'B-cifar-relu-adam-reg',
    'B-cifar-relu-mom0.8-reg',
    'B-cifar-relu-mom0.7-reg',
    'B-cifar-relu-mom0.9-lr1e-3-reg',
)
TEST_IMAGES_OF_B = 1000
BATCH_OF_B = 50
STATISTICS_OF_C = ('C-cifar-adam-1e-3', 'C-cifar-gd-1e-3')
EPOCHS_OF_A = 10  # of the base run, before the "tuned" one


def last_batch(chapter: Chapter, evidence: Evidence) -> None:
    """Report D: accuracy on the whole test set, and on its last batch alone."""
    lines = []
    for name in evidence.finished(MNIST_OF_D):
        test = evidence.results[name].final_test
        counts = []
        if test.last_batch is not None:  # an earlier version did not keep it
            images = test.last_batch.images
            # As fractions, since so few images allow only a few values.
            for accuracy in test.last_batch.accuracy.seeds:
                counts.append(f'{round(images * accuracy)}/{images}')
        reported = evidence.reported[name].reported_test_acc
        lines.append([name, reported, percent(test.accuracy, 2), ', '.join(counts)])
    chapter.table(
        ['row', 'reported test', 'whole test set, %', 'last batch alone, each seed'], lines
    )


def unstable_rate(chapter: Chapter, evidence: Evidence) -> None:
    """Report A: test accuracy by epoch, seed by seed, at a rate that is too high for RNNs."""
    panels = {}
    for name in evidence.finished(['A-rnn128', 'A-rnn256']):
        results = evidence.results[name]
        epochs, accuracies = [], []
        for record in epoch_records(results):
            epochs.append(record.epoch)
            accuracies.append(record.test['accuracy'])
        title = f'{name}: Adam at {results.config["learning_rate"]:g}'
        # The curves of many seeds are kept without those of single seeds.
        if accuracies[0].seeds is None:
            lines = {'mean of all seeds': SummaryLine(epochs, accuracies)}
            panels[title] = Panel('epoch', 'test accuracy', lines, is_share=True)
        else:
            panels[f'{title}, by seed'] = _panel_of_seeds(epochs, accuracies)

        means = ', '.join(f'{100 * accuracy.mean:.0f}' for accuracy in accuracies)
        seeds = results.config['seeds']
        reported = evidence.reported[name].reported_test_acc
        chapter.text(
            f'{name}: test accuracy in % after each epoch, mean of {seeds} seeds: {means}. '
            f'Reported after the last epoch: {100 * reported:.1f}.'
        )
    chapter.figure(
        'claim-rate',
        comparisons.means_with_intervals(
            'The same net, the same rate, other seeds', panels, log_x=False
        ),
        'Test accuracy of RNNs at that rate, epoch by epoch and seed by seed: it jumps up and '
        'down, so the last epoch says little.',
    )
    if 'E-rnn128' in evidence.results:
        slower = evidence.results['E-rnn128']
        chapter.text(
            f'At {slower.config["learning_rate"]:g} (`E-rnn128`) the net of 128 units reaches '
            f'{percent(slower.final_test.accuracy)} %.'
        )


def _panel_of_seeds(epochs: list[int], accuracies: list[Summary]) -> Panel:
    """A line for each seed, through its accuracies after these epochs."""
    scores = np.array([accuracy.seeds for accuracy in accuracies])  # (epochs, S)
    lines = {}
    for seed, scores_of_seed in enumerate(scores.T):
        points = [Summary(score, None) for score in scores_of_seed]
        lines[f'seed {seed}'] = SummaryLine(epochs, points)
    return Panel('epoch', 'test accuracy', lines, is_share=True)


def carried_over(chapter: Chapter, evidence: Evidence) -> None:
    """Report A: the base net from new weights, and the same net trained on."""
    if 'A-cifar-base' in evidence.results:
        records = epoch_records(evidence.results['A-cifar-base'])
        first, last = records[0], records[-1]
        chapter.text(
            'From new weights (`A-cifar-base`), training accuracy is '
            f'{percent(first.train["accuracy"])} % over the first epoch and '
            f'{percent(last.train["accuracy"])} % over epoch {last.epoch}. No net that starts '
            'afresh is at 100 % in its first epoch.'
        )
    if 'A-cifar-tuned-ep1' in evidence.results:
        _write_training_on(chapter, evidence.results['A-cifar-tuned-ep1'])


def _write_training_on(chapter: Chapter, results: RowResults) -> None:
    records = epoch_records(results)
    chapter.figure(
        'claim-carried-over',
        comparisons.means_with_intervals(
            'A-cifar-base, trained on',
            {
                'accuracy': _panel_of_splits(records, 'accuracy'),
                'loss': _panel_of_splits(records, 'loss'),
            },
            log_x=False,
        ),
        'The base run trained on: accuracy and loss on the training images and the test images',
    )
    # The curve is thinned out: the epoch at which the base run ended may not be among them.
    base = next(record for record in records if record.epoch >= EPOCHS_OF_A)
    last = records[-1]
    chapter.text(
        f'After epoch {base.epoch}: test accuracy {percent(base.test["accuracy"])} %, '
        f'test loss {format_summary(base.test["loss"], 1, 2)}. '
        f'After epoch {last.epoch}: training accuracy {percent(last.train["accuracy"])} %, '
        f'test accuracy {percent(last.test["accuracy"])} %, '
        f'test loss {format_summary(last.test["loss"], 1, 2)}.'
    )


def _panel_of_splits(records: list[EpochRecord], score: str) -> Panel:
    epochs, train, test = [], [], []
    for record in records:
        epochs.append(record.epoch)
        train.append(record.train[score])
        test.append(record.test[score])
    lines = {'train': SummaryLine(epochs, train), 'test': SummaryLine(epochs, test)}
    return Panel('epoch', score, lines, is_share=score == 'accuracy')


def one_batch(chapter: Chapter, evidence: Evidence) -> None:
    """Report B: training accuracy of one batch, and test accuracies that lie close together."""
    names = evidence.finished(CIFAR_OF_B)
    lines = []
    for name in names:
        row, results = evidence.reported[name], evidence.results[name]
        last_batch_scores = ''  # an earlier version did not keep them
        if results.last_batch is not None:
            seeds = results.last_batch['accuracy'].seeds
            last_batch_scores = ', '.join(f'{100 * accuracy:.0f}' for accuracy in seeds)
        lines.append(
            [
                name,
                row.reported_train_acc,
                last_batch_scores,
                percent(results.train['accuracy']),
                row.reported_test_acc,
                percent(results.final_test.accuracy),
            ]
        )
    chapter.table(
        [
            'row',
            'reported train',
            f'last training batch of {BATCH_OF_B}, each seed, %',
            'mean of the last epoch, %',
            'reported test',
            'test, %',
        ],
        lines,
    )
    _write_reported_pairs(chapter, evidence)
    _write_our_pairs(chapter, evidence, names)


def _write_reported_pairs(chapter: Chapter, evidence: Evidence) -> None:
    """How many of B's test accuracies are too close to be told apart on so few images."""
    half_width = share_half_width(0.5, TEST_IMAGES_OF_B)
    # Variances add up, if the two errors are independent.
    half_width_of_difference = math.sqrt(2) * half_width
    # Without results of ours: this is about the reported numbers alone.
    pairs = list(itertools.combinations(CIFAR_OF_B, 2))
    close = 0
    for first, second in pairs:
        first_accuracy = evidence.reported[first].reported_test_acc
        second_accuracy = evidence.reported[second].reported_test_acc
        if abs(first_accuracy - second_accuracy) <= half_width_of_difference:
            close += 1
    chapter.text(
        f'An accuracy near one half on {TEST_IMAGES_OF_B:,} images is known to '
        f'± {100 * half_width:.1f} points, and the difference of two, if their errors are '
        f'independent, to ± {100 * half_width_of_difference:.1f} points. One of 95 % on a batch '
        f'of {BATCH_OF_B} is known to ± {100 * share_half_width(0.95, BATCH_OF_B):.0f} points. '
        f'Of the {len(pairs)} pairs of these reported test accuracies {close} are too close to '
        'be told apart, even without the scatter of seeds.'
    )


def _write_our_pairs(chapter: Chapter, evidence: Evidence, names: list[str]) -> None:
    """How many of our test accuracies cannot be told apart over seeds."""
    pairs = list(itertools.combinations(names, 2))
    alike = 0
    for first, second in pairs:
        first_accuracy = evidence.results[first].final_test.accuracy
        second_accuracy = evidence.results[second].final_test.accuracy
        if not excludes_zero(difference(first_accuracy, second_accuracy)):
            alike += 1
    chapter.text(
        f'Of our {len(pairs)} pairs {alike} cannot be told apart over seeds. All nets are tested '
        f'on the same {TEST_IMAGES_OF_B:,} images.'
    )


def transposed(chapter: Chapter, evidence: Evidence) -> None:
    """Report B: its deconvnet, in words; the pictures are elsewhere on the page."""
    chapter.text(
        "The report's code swaps the height and the width of a filter, where the adjoint of a "
        'convolution turns the filter by 180 degrees. Here a projection is `jax.vjp` of the net '
        'itself, so this mistake cannot be made, and the tests compare it with captum to 1e-10. '
        'The nine strongest maps of one image are not the nine images that excite one map most; '
        'this page shows both.'
    )
