"""Arrays to matplotlib Figures. No figure depends on global state, so none needs closing."""

import io
import re

import numpy as np
from matplotlib.figure import Figure

COLORS = {'train': 'tab:blue', 'validation': 'tab:orange', 'test': 'tab:green'}


def new_figure(width, height, title=None):
    """An empty Figure, sizes in inches."""
    figure = Figure(figsize=(width, height), layout='constrained')
    figure.suptitle(title or '')
    return figure


def png(figure):
    """A figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format='png', dpi=110, pil_kwargs={'compress_level': 3})
    return file.getvalue()


def band(axes, x, summary, label, low=0.0, high=1.0, **style):
    """A line of means with its 95 % interval as a band, cut at low and high; summary: {'mean': (n,), 'ci95'}."""
    mean = np.asarray(summary['mean'], float)
    (line,) = axes.plot(x, mean, label=label, **style)
    if summary['ci95'] is not None:
        half = np.asarray(summary['ci95'], float)
        edges = (np.clip(edge, low, high) for edge in (mean - half, mean + half))
        axes.fill_between(x, *edges, color=line.get_color(), alpha=0.2, linewidth=0)


def summaries(rows):
    """One {'mean': (n,), 'ci95'} of a list of them; ci95 is None if any is."""
    summary = {part: [row[part] for row in rows] for part in ('mean', 'ci95')}
    return {**summary, 'ci95': None if None in summary['ci95'] else summary['ci95']}


def _series(records, split, name):
    rows = [
        (record['step'], record[split][name]) for record in records if name in record.get(split, ())
    ]
    return [step for step, _ in rows], summaries([row for _, row in rows])


def curves(title, records, names, steps_per_epoch):
    """Loss and accuracies over training steps, epochs on the upper axis.

    records: the lines of metrics.jsonl, in order; names: the scores to draw, one panel each.
    """
    figure = new_figure(5.5 * len(names), 4, title)
    epochs = [record for record in records if record['kind'] == 'epoch']
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        x, summary = _series(
            [record for record in records if record['kind'] == 'steps'], 'train', name
        )
        limits = (min(summary['mean']) / 3, np.inf) if name == 'loss' else (0.0, 1.0)
        band(axes, x, summary, 'train, by step', *limits, color=COLORS['train'], linewidth=0.8)
        for split in ('validation', 'test'):
            x, summary = _series(epochs, split, name)
            if x:
                band(
                    axes,
                    x,
                    summary,
                    f'{split}, by epoch',
                    *limits,
                    color=COLORS[split],
                    marker='o',
                    markersize=3,
                )
        axes.set(
            xlabel='training step', ylabel='loss' if name == 'loss' else name.replace('_', ' ')
        )
        if name == 'loss':
            axes.set_yscale('log')
        axes.secondary_xaxis(
            'top',
            functions=(lambda step: step / steps_per_epoch, lambda epoch: epoch * steps_per_epoch),
        ).set_xlabel('epoch')
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def layers(title, records):
    """{'layer_<name>': Figure}: a layer's values and weights over training, from the 'statistics' lines of metrics.jsonl.

    A row for each array of the layer: mean, deviation, extremes and share of dead units; and its histogram over steps.
    """
    records = [record for record in records if record['kind'] == 'statistics']
    steps = [record['step'] for record in records]
    names = {}
    for name in records[0]['layers'] if records else ():
        layer = re.sub(r'(weight|bias)_[ih]h_l(\d+).*', r'layer\2', name).split('_')[0]
        names.setdefault(layer, []).append(name)
    figures = {}
    for layer, arrays in names.items():
        figure = figures[f'layer_{layer}'] = new_figure(
            11, 2.9 * len(arrays) + 0.5, f'{title}: {layer} over the training'
        )
        for (left, right), name in zip(figure.subplots(len(arrays), 2, squeeze=False), arrays):
            _statistics(left, steps, [record['layers'][name] for record in records], name)
            _histograms(figure, right, steps, [record['layers'][name] for record in records], name)
    return figures


def _statistics(axes, steps, found, name):
    series = {
        key: summaries([row[key] for row in found])
        for key in found[0]
        if key not in ('range', 'histogram')
    }
    for key, label in (('mean', 'mean'), ('std', 'standard deviation')):
        band(axes, steps, series[key], label, -np.inf, np.inf)
    for key, label in (('min', 'smallest and largest'), ('max', None)):
        axes.plot(steps, series[key]['mean'], color='grey', linewidth=0.8, label=label)
    axes.set(xlabel='training step', ylabel=name.replace('_', ' '))
    axes.set_yscale('symlog', linthresh=max(np.median(series['std']['mean']), 1e-6))
    axes.grid(alpha=0.3)
    if 'dead' in series and any(series['dead']['mean']):
        twin = axes.twinx()
        twin.plot(
            steps,
            100 * np.array(series['dead']['mean']),
            color='tab:red',
            linestyle='--',
            linewidth=0.8,
        )
        twin.set_ylabel('dead units, %', color='tab:red')
        twin.set_ylim(0, 105)
    axes.legend(fontsize=7)


def _histograms(figure, axes, steps, found, name, bins=80):
    """The histograms, each over its own range, on one common range: a column of pixels for each step."""
    low, high = (extreme(row['range'][i] for row in found) for i, extreme in ((0, min), (1, max)))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    columns = [
        np.diff(
            np.interp(
                edges,
                np.linspace(*row['range'], len(row['histogram']) + 1),
                np.concatenate([[0], np.cumsum(row['histogram'])]),
            )
        )
        for row in found
    ]
    shares = np.array(columns).T / np.maximum(np.sum(columns, axis=1), 1)
    centres = [*steps, 2 * steps[-1] - steps[-2] if len(steps) > 1 else steps[-1] + 1]
    mesh = axes.pcolormesh(
        centres,
        edges,
        np.log10(np.maximum(shares, 1e-6)),
        cmap='viridis',
        vmin=-5,
        vmax=0,
        shading='flat',
    )
    axes.set(xlabel='training step', ylabel=name.replace('_', ' '))
    figure.colorbar(mesh, ax=axes, label='log10 of the share')


def accuracy_by_length(title, xlabel, table, trained_to=None):
    """Accuracy against length, a panel for each score of table {kind: {'lengths', score: {'mean', 'ci95'}, ...}}.

    One line for each kind of string; the length axis is logarithmic where lengths span a factor of ten.
    """
    first = next(iter(table.values()))
    lengths, scores = first['lengths'], [name for name in first if name != 'lengths']
    figure = new_figure(6.5 * len(scores), 4.3, title)
    for axes, score in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores):
        for i, (kind, row) in enumerate(
            table.items()
        ):  # lines that coincide stay visible: later ones are thinner
            band(
                axes,
                row['lengths'],
                row[score],
                kind,
                marker='o',
                markersize=6 - i,
                linewidth=3.5 - 0.6 * i,
            )
        if trained_to:
            axes.axvline(
                trained_to, color='grey', linestyle=':', label=f'longest in training ({trained_to})'
            )
        if lengths[-1] > 10 * lengths[0]:
            axes.set_xscale('log')
        ticks = (
            [n for n in lengths if n in (1, 2, 5, 10, 20) or n > 20]
            if len(lengths) > 12
            else lengths
        )
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.minorticks_off()
        axes.set(xlabel=xlabel, ylabel=score.replace('_', ' '), ylim=(-0.03, 1.03))
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def confusion(title, matrix, seeds):
    """A confusion matrix (K, K) of counts over all seeds, shown as images a seed: rows truth, columns prediction."""
    matrix = np.asarray(matrix)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    figure = new_figure(6.5, 5.8, title)
    axes = figure.subplots()
    image = axes.imshow(np.sqrt(share), cmap='Blues', vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            axes.text(
                column,
                row,
                f'{count / seeds:.1f}' if seeds > 1 else count,
                ha='center',
                va='center',
                fontsize=7,
                color='white' if share[row, column] > 0.4 else 'black',
            )
    classes = np.arange(len(matrix))
    axes.set(xlabel='predicted class', ylabel='true class', xticks=classes, yticks=classes)
    bar = figure.colorbar(
        image, label='share of the true class', ticks=np.sqrt([0, 0.01, 0.05, 0.2, 0.5, 1])
    )
    bar.ax.set_yticklabels(['0', '1 %', '5 %', '20 %', '50 %', '100 %'])
    return figure


def text_table(title, header, rows):
    """Rows of text as a figure; rows that end in 'wrong' are red."""
    figure = new_figure(6.5, 0.24 * len(rows) + 0.8, title)
    axes = figure.subplots()
    axes.axis('off')
    table = axes.table(
        [[str(cell) for cell in row] for row in rows],
        colLabels=header,
        bbox=(0, 0, 1, 1),
        edges='horizontal',
        cellLoc='center',
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.auto_set_column_width(range(len(header)))
    for row, cells in enumerate(rows, 1):
        if cells[-1] == 'wrong':
            for column in range(len(header)):
                table[row, column].get_text().set_color('red')
    return figure


def proved_sets(title, states, memories, inputs, centres, edges, set_memories, names, arrows):
    """States (N, T, D) and parallelotopes centres (L, D), edges (L, D, E) in the two principal directions, coloured by memory.

    memories (N, T) after each step on inputs (N, T), set_memories (L,), names of the memories; arrows: {(memory, input): text},
    each drawn as the mean of such steps.
    """
    figure = new_figure(7.5, 6.2, title)
    axes = figure.subplots()
    flat = states.reshape(-1, states.shape[-1])
    middle = flat.mean(0)
    directions = np.linalg.svd(flat - middle, full_matrices=False)[2][:2].T
    colours = [f'C{m % 10}' for m in range(len(names))]
    points = (flat - middle) @ directions
    axes.scatter(*points.T, s=4, c=np.array(colours)[memories.ravel()], alpha=0.5)
    for centre, edge, memory in zip(centres, edges, set_memories):
        # the shadow of a parallelotope is the sum of its edges' shadows: a zonotope, whose outline runs through the edges by angle
        shadows = edge.T @ directions
        shadows = np.where(shadows[:, 1:] < 0, -shadows, shadows)
        shadows = shadows[np.argsort(np.arctan2(shadows[:, 1], shadows[:, 0]))]
        corners = 2 * np.concatenate(
            [np.cumsum(shadows, 0), shadows.sum(0) - np.cumsum(shadows, 0)]
        ) - shadows.sum(0)
        axes.fill(
            *((centre - middle) @ directions + corners).T,
            facecolor='none',
            edgecolor=colours[memory],
        )
    at = points.reshape(*states.shape[:2], 2)
    for (memory, x), text in arrows.items():
        here = (memories[:, :-1] == memory) & (inputs[:, 1:] == x)
        start, end = at[:, :-1][here].mean(0), at[:, 1:][here].mean(0)
        axes.annotate(
            '', end, start, arrowprops={'arrowstyle': '->', 'color': 'black', 'alpha': 0.7}
        )
        axes.text(*(0.35 * start + 0.65 * end), text, fontsize=8)
    for memory, name in enumerate(names):
        axes.scatter([], [], c=colours[memory], label=name)
    axes.set(xlabel='first principal direction', ylabel='second principal direction')
    axes.legend(fontsize=8)
    return figure
