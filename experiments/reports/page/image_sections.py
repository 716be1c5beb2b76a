"""Comparisons of nets on images that the reports only talk about."""

from experiments.core.formatting import format_summary
from experiments.core.schemas.rows import RowResults
from experiments.reports.catalogue import HIDDEN_SIZES, LEARNING_RATES
from experiments.reports.evidence import (
    Evidence,
    by_cell,
    epoch_records,
    final_accuracy,
    percent,
    seconds_per_seed,
    summary_lines,
)
from experiments.reports.page.blocks import Chapter
from jaxdl.figures import comparisons
from jaxdl.figures.comparisons import Panel, SummaryLine
from jaxdl.metrics import Summary

CNN_AND_RNNS = (
    'B-cnn-compare',
    'E-lstm128',
    'E-gru128',
    'E-rnn128',
    'E-bilstm128',
    'C-lstm',
    'B-lstm20',
)
MNIST_NET = 'E-lstm128'
LENET = 'B-cifar-relu-adam'
ACTIVATIONS = ('conv1', 'pool1', 'conv2', 'pool2', 'dense', 'head')
BREAKDOWN = 0.1  # a rate breaks a net if it costs more accuracy than this


def hidden_sizes(chapter: Chapter, evidence: Evidence) -> None:
    """Accuracy and seconds of RNN, LSTM and GRU by hidden size."""

    def id_of(cell, hidden):
        return f'hidden-{cell}-{hidden}'

    accuracies = by_cell(evidence, HIDDEN_SIZES, id_of, final_accuracy)
    seconds = by_cell(evidence, HIDDEN_SIZES, id_of, _seconds_summary)
    chapter.figure(
        'hidden',
        comparisons.means_with_intervals(
            'MNIST rows: one epoch of 60,000, Adam at 1e-3, batch 64',
            {
                'accuracy': Panel(
                    'units', 'test accuracy', summary_lines(accuracies), is_share=True
                ),
                'time': Panel('units', 'seconds per seed', summary_lines(seconds)),
            },
        ),
        'Accuracy and seconds by units. The gated cells gain on the RNN as units grow; the seconds '
        'say what that costs.',
    )
    lines = []
    for hidden in HIDDEN_SIZES:
        line = [hidden]
        for table in accuracies.values():
            line.append(percent(table[hidden], 2) if hidden in table else '')
        lines.append(line)
    chapter.table(['units', *accuracies], lines)


def _seconds_summary(results: RowResults) -> Summary | None:
    seconds = seconds_per_seed(results)
    return None if seconds is None else Summary(seconds, None)


def learning_rates(chapter: Chapter, evidence: Evidence) -> None:
    """Accuracy of RNN, LSTM and GRU by learning rate."""

    def id_of(cell, rate):
        return f'rate-{cell}-{rate:g}'

    accuracies = by_cell(evidence, LEARNING_RATES, id_of, final_accuracy)
    chapter.figure(
        'rates',
        comparisons.means_with_intervals(
            'MNIST rows, 128 units: one epoch by learning rate (Adam)',
            {
                'accuracy': Panel(
                    'learning rate', 'test accuracy', summary_lines(accuracies), is_share=True
                )
            },
        ),
        'Test accuracy after one epoch by learning rate: see at which rate each cell breaks down.',
    )
    items = []
    for cell, table in accuracies.items():
        # Breakdowns are counted from the best rate up: too low a rate only trains slowly.
        best_rate = max(table, key=lambda rate: table[rate].mean)
        broken = _broken_rates(table, best_rate)
        item = (
            f'{cell}: of {len(table)} rates, {best_rate:g} is the best '
            f'({percent(table[best_rate])} %); '
        )
        if broken:
            item += f'training breaks, by more than ten points, at {", ".join(broken)}'
        else:
            item += 'no higher rate is more than ten points below it'
        items.append(item)
    chapter.items(items)


def _broken_rates(accuracies: dict[float, Summary], best_rate: float) -> list[str]:
    """The rates above the best one at which a net breaks, as texts."""
    limit = accuracies[best_rate].mean - BREAKDOWN
    broken = []
    for rate, accuracy in accuracies.items():
        # Broken only if its whole interval lies below the limit.
        highest = accuracy.mean + (accuracy.ci95 or 0)
        if rate > best_rate and highest < limit:
            broken.append(f'{rate:g}')
    return broken


def cnn_against_rnns(chapter: Chapter, evidence: Evidence) -> None:
    """A CNN and recurrent nets on MNIST: accuracy by seconds and by parameters."""
    names = evidence.finished(CNN_AND_RNNS)
    lines, table = {}, []
    for name in names:
        results = evidence.results[name]
        accuracy = results.final_test.accuracy
        seconds = seconds_per_seed(results)
        # Without seconds a net has no place on the axis, but a row of the table.
        if seconds is not None:
            lines[name] = _accuracy_by_seconds(results, seconds)
        table.append(
            [
                name,
                f'{results.parameters:,}',
                '' if seconds is None else f'{seconds:.0f}',
                percent(accuracy, 2),
                f'{(1 - accuracy.mean) * 1e4:.0f}',
                f'{100 * accuracy.mean / (results.parameters / 1e3):.3g}',
            ]
        )
    chapter.figure(
        'cnn-rnn',
        comparisons.means_with_intervals(
            'MNIST: a CNN beside recurrent nets',
            {
                'accuracy in time': Panel(
                    'seconds of training per seed', 'test accuracy', lines, is_share=True
                )
            },
        ),
        'Test accuracy of a CNN and of recurrent nets over the seconds of training: a curve '
        'further up and left learns more in less time.',
    )
    chapter.table(
        [
            'row',
            'parameters',
            'seconds per seed',
            'test, %',
            'errors in 10,000',
            'points per thousand parameters',
        ],
        table,
    )


def _accuracy_by_seconds(results: RowResults, seconds: float) -> SummaryLine:
    """Test accuracy after each epoch; `seconds` are those of the whole run."""
    times, accuracies = [], []
    for record in epoch_records(results):
        # All steps of a run take the same time.
        times.append(seconds * record.step / results.step)
        accuracies.append(record.test['accuracy'])
    return SummaryLine(times, accuracies)


def lenet_activations(chapter: Chapter, evidence: Evidence) -> None:
    """The statistics of a LeNet's activations late in training."""
    results = evidence.results[LENET]
    if not results.layer_statistics:
        return  # the run recorded none
    statistics = results.layer_statistics[0]
    chapter.text(f'Before step {statistics.step} of {results.step}, over 100 test images.')
    lines = []
    for name, layer in statistics.layers.items():
        if name in ACTIVATIONS:
            lines.append(
                [
                    name,
                    format_summary(layer.mean, digits=3),
                    format_summary(layer.std, digits=3),
                    format_summary(layer.min, digits=3),
                    format_summary(layer.max, digits=3),
                    percent(layer.dead),
                ]
            )
    chapter.table(
        [
            f'layer of {LENET}',
            'mean',
            'standard deviation',
            'smallest',
            'largest',
            'dead units, %',
        ],
        lines,
    )
