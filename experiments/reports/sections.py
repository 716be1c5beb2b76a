"""Figures and tables of what the reports compare in words only. Functions write to a page from {id: content of its file}."""

import itertools

from experiments.reports.claims import accuracy, difference, lacking, percent
from experiments.reports.catalogue import BATCHES, CELLS, PROOFS, RATES, SIZES
from experiments.training.epoch_metrics import show
from jaxdl.figures import comparisons as charts, base as plots

LENGTHS = ('E-add-ce-h3-L3', 'E-add-ce-h5-L7', 'D-add-mse-h5', 'D-add-mse-h5-L5')
LOSSES = {
    'D-add-h5': ('D-add-mse-h5', 'D-add-bce-h5'),
    **{
        f'E-add-{net}': (f'E-add-mse-{net}', f'E-add-ce-{net}')
        for net in ('h3-L3', 'h5-L3', 'h5-L7')
    },
}
ACTIVATIONS = ('conv1', 'pool1', 'conv2', 'pool2', 'dense', 'head')


def _by_cell(found, names, sizes, of):
    """{cell: (sizes, [summary])} of the ids names(cell, size) that are there."""
    drawn = {}
    for cell in CELLS:
        there = [size for size in sizes if found.get(names(cell, size))]
        if there:
            drawn[cell] = there, [of(found[names(cell, size)]) for size in there]
    return drawn


def hidden_sizes(page, found):
    def name(cell, size):
        return f'hidden-{cell}-{size}'

    drawn = _by_cell(found, name, SIZES, lambda one: one['tested']['accuracy'])
    seconds = _by_cell(
        found,
        name,
        SIZES,
        lambda one: {'mean': one['seconds']['train'] / one['config']['seeds'], 'ci95': None},
    )
    page.figure(
        'hidden',
        charts.lines(
            'MNIST rows: one epoch of 60,000, Adam at 1e-3, batch 64',
            {
                'accuracy': ('units', 'test accuracy', drawn),
                'time': ('units', 'seconds a seed', seconds),
            },
        ),
        'RNN, LSTM and GRU by hidden size',
    )
    page.table(
        ['units', *drawn],
        [
            [
                size,
                *(
                    percent(dict(zip(*drawn[cell])).get(size), 2) if size in drawn[cell][0] else ''
                    for cell in drawn
                ),
            ]
            for size in SIZES
        ],
    )


def rates(page, found):
    drawn = _by_cell(
        found,
        lambda cell, rate: f'rate-{cell}-{rate:g}',
        RATES,
        lambda one: one['tested']['accuracy'],
    )
    page.figure(
        'rates',
        charts.lines(
            'MNIST rows, 128 units: one epoch by learning rate (Adam)',
            {'accuracy': ('learning rate', 'test accuracy', drawn)},
        ),
        'Learning rate by cell',
    )
    for cell, (tried, summaries) in drawn.items():
        best = max(range(len(tried)), key=lambda i: summaries[i]['mean'])
        broken = [
            f'{rate:g}'
            for rate, one in zip(tried[best:], summaries[best:])
            if one['mean'] + (one['ci95'] or 0) < summaries[best]['mean'] - 0.1
        ]
        page.text(
            f'- {cell}: of {len(tried)} rates best at {tried[best]:g} ({percent(summaries[best])} %); '
            + (
                f'broken, by more than ten points, at {", ".join(broken)}'
                if broken
                else 'no higher one is more than ten points lower'
            )
        )


def cnn_against_rnn(page, found):
    names = [
        name
        for name in (
            'B-cnn-compare',
            'E-lstm128',
            'E-gru128',
            'E-rnn128',
            'E-bilstm128',
            'C-lstm',
            'B-lstm20',
        )
        if found.get(name)
    ]
    drawn, rows = {}, []
    for name in names:
        one = found[name]
        records = [record for record in one['curve'] if record['kind'] == 'epoch']
        spent = one['seconds']['train'] / one['config']['seeds']
        drawn[name] = (
            [spent * record['step'] / one['step'] for record in records],
            [record['test']['accuracy'] for record in records],
        )
        test = one['tested']['accuracy']
        rows.append(
            [
                name,
                f'{one["parameters"]:,}',
                f'{spent:.0f}',
                percent(test, 2),
                f'{(1 - test["mean"]) * 1e4:.0f}',
                f'{100 * test["mean"] / (one["parameters"] / 1e3):.3g}',
            ]
        )
    page.figure(
        'cnn-rnn',
        charts.lines(
            'MNIST: a CNN beside recurrent nets',
            {'accuracy in time': ('seconds of training a seed', 'test accuracy', drawn)},
        ),
        'A CNN against recurrent nets, by seconds',
    )
    page.table(
        [
            'row',
            'parameters',
            'seconds a seed',
            'test, %',
            'errors in 10,000',
            'points a thousand parameters',
        ],
        rows,
    )


def losses(page, found):
    tested = {
        adder: [found[name]['tested'] for name in pair]
        for adder, pair in LOSSES.items()
        if all(found.get(name) for name in pair)
    }
    if not tested:
        return
    page.figure(
        'losses',
        charts.lines(
            'Adders, 100 strings of each length from 1 to 20',
            {
                score.replace('_', ' '): (
                    'adder',
                    score.replace('_', ' '),
                    {
                        loss: ([*tested], [pair[i][score] for pair in tested.values()])
                        for i, loss in enumerate(('MSE', 'BCE'))
                    },
                )
                for score in ('bit_accuracy', 'exact_match')
            },
            logx=False,
        ),
        'MSE against BCE on the same adders',
    )
    rows = [
        [
            adder,
            percent(a['exact_match']),
            percent(b['exact_match']),
            percent(difference(b['exact_match'], a['exact_match'])),
            percent(difference(b['bit_accuracy'], a['bit_accuracy']), 2),
        ]
        for adder, (a, b) in tested.items()
    ]
    page.table(
        ['adder', 'MSE, whole sums, %', 'BCE, whole sums, %', 'BCE less MSE', 'of bits'], rows
    )


def batches(page, found):
    names = {1: 'D-add-mse-h5', **{size: f'batch-{size}' for size in BATCHES}}
    there = {size: found[name]['tested'] for size, name in names.items() if found.get(name)}
    page.figure(
        'batch',
        charts.lines(
            'The adder of D, five epochs of 10,000 strings',
            {
                score.replace('_', ' '): (
                    'batch',
                    score.replace('_', ' '),
                    {'LSTM-5, MSE': ([*there], [tested[score] for tested in there.values()])},
                )
                for score in ('bit_accuracy', 'exact_match')
            },
        ),
        'Batch 1 against larger ones on the adder',
    )


def recall(page, found):
    drawn = _by_cell(
        found,
        lambda cell, size: f'E-recall-{cell}{size}',
        (2, 5, 10),
        lambda one: one['tested']['accuracy'],
    )
    page.figure(
        'recall',
        charts.lines(
            'Recall of the third digit, 30 epochs of 10,000',
            {'accuracy': ('units', 'test accuracy', drawn)},
        ),
        'Recall by hidden size and cell',
    )
    for size in (2, 5, 10):
        names = [
            f'E-recall-{cell}{size}'
            for cell in ('gru', 'lstm', 'rnn')
            if found.get(f'E-recall-{cell}{size}')
        ]
        apart = [
            (a, b, difference(accuracy(found, a), accuracy(found, b)))
            for a, b in itertools.combinations(names, 2)
        ]
        if apart:
            page.text(
                f'- {size} units: '
                + '; '.join(
                    f'{a.removeprefix("E-recall-")} less {b.removeprefix("E-recall-")} {percent(one)} points'
                    for a, b, one in apart
                )
            )


def by_length(page, found):
    names = [name for name in LENGTHS if found.get(name)]
    for name in names:
        config = found[name]['config']
        page.figure(
            f'length-{name}',
            plots.accuracy_by_length(
                f'{name}, {config["seeds"]} seeds',
                'bits of a summand',
                found[name]['tested']['by_length'],
                config['max_length'],
            ),
            f'{name}: accuracy at each length, on random and on structured sums',
        )
    if names:
        page.text(f'Sample additions of the first seed of {names[-1]}:')
        page.table(['bits', 'sum', 'answer', ''], found[names[-1]]['tested']['samples'])


def proofs(page, found):
    rows = []
    for net in PROOFS:
        if one := found.get(f'proof-{net}'):
            seeds = one['proofs']['seeds'].values()
            slacks = sorted(row['slack'] for row in seeds if 'slack' in row)
            rows.append(
                [
                    net,
                    one['config']['state_noise'],
                    sum(row['verdict'] == 'refuted' for row in one['tested']['verdicts'].values()),
                    f'{len(slacks)} of {len(seeds)}',
                    sum('slack' in row and row['slack'] > row['float32_error'] for row in seeds),
                    f'{slacks[0]:.1g} to {slacks[-1]:.1g}' if slacks else '',
                ]
            )
    page.table(
        [
            'net',
            'state noise in training',
            'shown wrong as trained',
            'proved right at every length after a short fine-tuning',
            'float32 rounding covered',
            'slack',
        ],
        rows,
    )


def recalls(page, found):
    name = next(
        (
            name
            for name in ('E-recall-gru5', 'E-recall-lstm10', 'E-recall-gru10')
            if found.get(name)
        ),
        None,
    )
    if name:
        one = found[name]
        page.figure(
            'recall-length',
            plots.accuracy_by_length(
                f'{name}, {one["config"]["seeds"]} seeds',
                'digits in the sequence',
                one['tested']['by_length'],
            ),
            f'{name}: accuracy per length',
        )
        page.text(f'Sample sequences, digit 3 asked, first seed of {name}:')
        page.table(['sequence', 'truth', 'answer', ''], one['tested']['samples'])


def mnist_report(page, found):
    one = found.get('E-lstm128')
    if one:
        seeds = one['config']['seeds']
        page.figure(
            'confusion',
            plots.confusion(
                f'E-lstm128, images a seed, mean of {seeds}', one['tested']['confusion'], seeds
            ),
            'Confusion matrix of E-lstm128',
        )
        page.table(
            ['class', 'precision', 'recall', 'F1'],
            [
                [name, *(show(row[score], 1, 4) for score in ('precision', 'recall', 'f1-score'))]
                for name, row in one['tested']['report'].items()
            ],
        )


def layers(page, found):
    one = found.get('B-cifar-relu-adam')
    if one and one['probed']:
        (probed,) = one['probed']
        page.text(f'Before step {probed["step"]} of {one["step"]}, over 100 test images.')
        page.table(
            [
                'layer of B-cifar-relu-adam',
                'mean',
                'standard deviation',
                'smallest',
                'largest',
                'dead units, %',
            ],
            [
                [
                    name,
                    *(show(row[key], 1, 3) for key in ('mean', 'std', 'min', 'max')),
                    percent(row['dead']),
                ]
                for name, row in probed['layers'].items()
                if name in ACTIVATIONS
            ],
        )


SECTIONS = (  # title, what writes it, the start of the ids it needs
    ('RNN, LSTM and GRU by hidden size', hidden_sizes, 'hidden-'),
    ('Learning rate by cell: where does the RNN break?', rates, 'rate-'),
    ('CNN against RNN, by seconds and by parameters', cnn_against_rnn, 'B-cnn-compare'),
    ('MSE against BCE', losses, 'D-add-mse-h5'),
    ('Batch 1 against larger ones', batches, 'batch-'),
    ('Recall by hidden size and cell', recall, 'E-recall-'),
    ('Recall: accuracy per length, sample sequences', recalls, 'E-recall-'),
    ('Adders by length, far beyond training', by_length, 'E-add-'),
    ('MNIST: confusion and report per class', mnist_report, 'E-lstm128'),
    ('Activations of a LeNet late in training', layers, 'B-cifar-relu-adam'),
)


def write(page, found, failed):
    for title, section, start in SECTIONS:
        page.text(f'### {title}')
        own = [name for name in found if name.startswith(start)]
        lacking(page, [name for name in own if not found[name]], failed)
        if any(found[name] for name in own):
            section(page, found)
