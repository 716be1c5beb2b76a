"""Claims of the reports that do not hold or mean something else, beside our own numbers. Functions write to a page what they find in {id: content of its file}."""

import itertools

import numpy as np

from experiments.reports.presets import presets
from experiments.training.epoch_metrics import show
from experiments.reports.agreement import half_of_share, judge
from jaxdl.figures import comparisons as charts

MNIST_D = ('D-rnn256-sgd', 'D-rnn256-adam', 'D-lstm128-sgd-a', 'D-lstm128-sgd-b')
CIFAR_B = (
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
ADDERS_E = (
    'E-add-ce-h3-L3',
    'E-add-mse-h3-L3',
    'E-add-ce-h5-L3',
    'E-add-mse-h5-L3',
    'E-add-ce-h5-L7',
    'E-add-mse-h5-L7',
)
ADDERS_D = ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5', 'D-add-bce-h5', 'D-add-mse-h5-L5')


def percent(summary, digits=1):
    return show(summary, 100, digits)


def accuracy(found, name):
    return found[name]['tested']['accuracy']


def difference(a, b):
    """The interval of the difference of seeds (S,) of one and (R,) of another, of which the variances may differ (Welch); none with one seed."""
    from scipy.special import stdtrit

    a, b = (np.asarray(one['seeds']) for one in (a, b))
    if min(len(a), len(b)) == 1:
        return {'mean': a.mean() - b.mean(), 'ci95': None}
    parts = [one.var(ddof=1) / len(one) for one in (a, b)]
    total = sum(parts)
    freedom = (
        total**2 / sum(part**2 / (len(one) - 1) for part, one in zip(parts, (a, b))) if total else 1
    )
    return {'mean': a.mean() - b.mean(), 'ci95': stdtrit(freedom, 0.975) * np.sqrt(total)}


def told(one):
    """Whether an interval leaves 0 out; not of one seed, of which there is none."""
    return one['ci95'] is not None and abs(one['mean']) > one['ci95']


def last_batch(page, found, rows):
    lines = []
    for name in [name for name in MNIST_D if found[name]]:
        last = found[name]['tested']['last_batch']
        lines.append(
            [
                name,
                rows[name]['reported_test_acc'],
                percent(accuracy(found, name), 2),
                ', '.join(
                    f'{round(last["images"] * x)}/{last["images"]}'
                    for x in last['accuracy']['seeds']
                ),
            ]
        )
    page.table(['row', 'reported test', 'whole test set, %', 'last batch alone, each seed'], lines)


def rate_of_luck(page, found, rows):
    names = [name for name in ('A-rnn128', 'A-rnn256') if found[name]]
    panels = {}
    for name in names:
        records = [
            record
            for record in found[name]['curve']
            if record['kind'] == 'epoch' and 'seeds' in record['test']['accuracy']
        ]
        seeds = np.array([record['test']['accuracy']['seeds'] for record in records]).T
        panels[f'{name}: Adam at {found[name]["config"]["learning_rate"]:g}, by seed'] = (
            'epoch',
            'test accuracy',
            {
                f'seed {i}': (
                    [record['epoch'] for record in records],
                    [{'mean': x, 'ci95': None} for x in row],
                )
                for i, row in enumerate(seeds)
            },
        )
        page.text(
            f'{name}, test accuracy in % after each epoch, mean of {len(seeds)} seeds: '
            + ', '.join(f'{100 * x:.0f}' for x in seeds.mean(0))
            + f'. Reported after the last: {100 * float(rows[name]["reported_test_acc"]):.1f}.'
        )
    page.figure(
        'claim-rate',
        charts.lines('The same net, the same rate, other seeds', panels, logx=False),
        'RNNs trained at that rate, epoch by epoch',
    )
    if found['E-rnn128']:
        page.text(
            f'At {found["E-rnn128"]["config"]["learning_rate"]:g} (`E-rnn128`) the net of 128 units reaches {percent(accuracy(found, "E-rnn128"))} %.'
        )


def carried_over(page, found, rows):
    if found['A-cifar-base']:
        first, *_, last = [
            record for record in found['A-cifar-base']['curve'] if record['kind'] == 'epoch'
        ]
        page.text(
            f'From new weights (`A-cifar-base`) training accuracy is {percent(first["train"]["accuracy"])} % over the first epoch and {percent(last["train"]["accuracy"])} % over '
            f'epoch {last["epoch"]}: nothing that starts afresh is at 100 % in its first epoch.'
        )
    if not found['A-cifar-tuned-ep1']:
        return
    records = [
        record for record in found['A-cifar-tuned-ep1']['curve'] if record['kind'] == 'epoch'
    ]
    epochs = [record['epoch'] for record in records]
    page.figure(
        'claim-carried-over',
        charts.lines(
            'A-cifar-base, trained on',
            {
                'accuracy': (
                    'epoch',
                    'accuracy',
                    {
                        split: (epochs, [record[split]['accuracy'] for record in records])
                        for split in ('train', 'test')
                    },
                ),
                'loss': (
                    'epoch',
                    'loss',
                    {
                        split: (epochs, [record[split]['loss'] for record in records])
                        for split in ('train', 'test')
                    },
                ),
            },
            logx=False,
        ),
        'The base run trained on: accuracy and loss on the training images and on the test images',
    )
    first, last = next(record for record in records if record['epoch'] >= 10), records[-1]
    page.text(
        f'After epoch {first["epoch"]}: test accuracy {percent(first["test"]["accuracy"])} %, test loss {show(first["test"]["loss"], 1, 2)}. After epoch {last["epoch"]}: '
        f'training accuracy {percent(last["train"]["accuracy"])} %, test accuracy {percent(last["test"]["accuracy"])} %, test loss {show(last["test"]["loss"], 1, 2)}.'
    )


def plain_sgd(page, found, rows):
    config = found['A-rnn256-sgd']['config']
    page.text(
        f'`A-rnn256-sgd`, {config["optimizer"]} at {config["learning_rate"]:g}: {percent(accuracy(found, "A-rnn256-sgd"))} % here, '
        f'{100 * float(rows["A-rnn256-sgd"]["reported_test_acc"]):.1f} % reported: {judge(rows["A-rnn256-sgd"], found["A-rnn256-sgd"]).text()}.'
    )


def one_batch(page, found, rows):
    names = [name for name in CIFAR_B if found[name]]
    page.table(
        [
            'row',
            'reported train',
            'last training batch of 50, each seed, %',
            'mean of the last epoch, %',
            'reported test',
            'test, %',
        ],
        [
            [
                name,
                rows[name]['reported_train_acc'],
                ', '.join(f'{100 * x:.0f}' for x in found[name]['last_batch']['accuracy']['seeds'])
                if 'last_batch' in found[name]
                else '',
                percent(found[name]['train']['accuracy']),
                rows[name]['reported_test_acc'],
                percent(accuracy(found, name)),
            ]
            for name in names
        ],
    )
    half = half_of_share(0.5, 1000)
    pairs = [
        *itertools.combinations([float(rows[name]['reported_test_acc']) for name in CIFAR_B], 2)
    ]
    page.text(
        f'A share near one half of 1,000 images is known to ± {100 * half:.1f} points, a difference of two, were their errors independent, to ± {100 * half * 2**0.5:.1f}; a batch of 50 at 95 % to '
        f'± {100 * half_of_share(0.95, 50):.0f}. Of the {len(pairs)} pairs of these reported test accuracies {sum(abs(a - b) <= half * 2**0.5 for a, b in pairs)} '
        'are closer than that, before any scatter of seeds.'
    )
    ours = [
        difference(accuracy(found, a), accuracy(found, b))
        for a, b in itertools.combinations(names, 2)
    ]
    page.text(
        f'Of our {len(ours)} pairs {sum(not told(one) for one in ours)} cannot be told apart over seeds, on the same 1,000 images.'
    )


def transposed(page, found, rows):
    page.text(
        "The report's code swaps height and width of a filter where the adjoint of a convolution turns it by 180 degrees. Here a projection is `jax.vjp` of the net itself, "
        'so it cannot be mistaken; the tests compare it with captum to 1e-10. And the nine strongest maps of one image are not the nine images that excite one map most: '
        'both are among the pictures of this page.'
    )


def tanh_statistics(page, found, rows):
    quoted = {
        'C-cifar-adam-1e-3': {'conv1': (-0.00229, 0.00495), 'conv2': (-0.06988, 0.01137)},
        'C-cifar-gd-1e-3': {'conv1': (0.03866, 0.01293), 'conv2': (-0.06404, 0.03804)},
    }
    lines = []
    for name in [name for name in quoted if found[name]]:
        (probed,) = found[name]['probed']
        for layer, (mean, variance) in quoted[name].items():
            row = probed['layers'][layer]
            lines.append(
                [name, layer, mean, show(row['mean']), variance, f'{row["std"]["mean"] ** 2:.4f}']
            )
    page.table(
        [
            'row',
            'activations',
            'reported mean',
            'ours',
            'reported variance',
            'ours (of the mean deviation)',
        ],
        lines,
    )
    page.text(
        f'Ours are of tanh nets before step {probed["step"]} of {found[name]["step"]}, over 100 test images; where a mean is below 0 no ReLU came before.'
    )


def two_units(page, found, rows):
    names = [
        name
        for name in ('D-recall-h2', 'E-recall-rnn2', 'E-recall-lstm2', 'E-recall-gru2')
        if found[name]
    ]
    groups = {name: accuracy(found, name)['seeds'] for name in names}
    page.figure(
        'claim-two-units',
        charts.seeds(
            'Recall with two units: each seed',
            'test accuracy',
            groups,
            {'D-recall-h2': float(rows['D-recall-h2']['reported_test_acc'])},
        ),
        'Recall with two units, each dot a seed; the star is what D reports',
    )
    page.text(
        'Best seeds: '
        + ', '.join(f'{name} {100 * max(values):.1f} %' for name, values in groups.items())
        + '. A state of two real numbers is no two bits; how far training gets depends on cell, rate and seed. D trained this row at a tenth of the rate of its neighbours.'
    )


def batch_of_one(page, found, rows):
    names = ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5', 'batch-8', 'batch-32')
    page.table(
        ['net', 'batch', 'reported', 'bits right, %', 'whole sums right, %', 'seeds all right'],
        [
            [
                name,
                found[name]['config']['batch_size'],
                rows[name]['reported_test_acc'] if name in rows else '',
                percent(found[name]['tested']['bit_accuracy']),
                percent(found[name]['tested']['exact_match']),
                f'{sum(x == 1 for x in found[name]["tested"]["exact_match"]["seeds"])} of {found[name]["config"]["seeds"]}',
            ]
            for name in names
            if found[name]
        ],
    )


def luck_of_adders(page, found, rows):
    names = [name for name in ADDERS_E if found[name]]
    page.figure(
        'claim-adders',
        charts.seeds(
            'E: whole sums right, lengths 1 to 20, each dot a seed',
            'exact match',
            {name: found[name]['tested']['exact_match']['seeds'] for name in names},
            {name: float(rows[name]['reported_test_acc']) for name in names},
        ),
        "Report E's six adders over seeds: the reported numbers are single draws",
    )
    page.table(
        ['row', 'reported', 'whole sums right, %', 'from', 'to', 'bits right, %'],
        [
            [
                name,
                rows[name]['reported_test_acc'],
                percent(exact),
                *(f'{100 * end(exact["seeds"]):.1f}' for end in (min, max)),
                percent(found[name]['tested']['bit_accuracy']),
            ]
            for name in names
            for exact in [found[name]['tested']['exact_match']]
        ],
    )
    for ce, mse in zip(ADDERS_E[::2], ADDERS_E[1::2]):
        if found[ce] and found[mse]:
            apart = difference(
                found[ce]['tested']['exact_match'], found[mse]['tested']['exact_match']
            )
            page.text(
                f'- cross entropy less MSE, {ce.partition("ce-")[2]}: {percent(apart)} points, {"a difference" if told(apart) else "no difference that can be told"}; '
                f'one run of each would have the other winner in {100 * _upsets(found[ce], found[mse]):.0f} % of pairs of seeds'
            )


def _upsets(a, b):
    """The share of pairs of seeds in which the one of the lower mean has the higher exact match."""
    a, b = (np.array(one['tested']['exact_match']['seeds']) for one in (a, b))
    low, high = sorted((a, b), key=np.mean)
    return (low[:, None] > high[None, :]).mean()


def timing(page, found, rows):
    names = [
        name
        for name in ('E-lstm128', 'E-lstm128-l2', 'E-gru128', 'E-bilstm128', 'E-lstm64', 'E-rnn128')
        if found[name]
    ]
    known = presets()
    page.table(
        ['row', 'reported test', 'test, %', 'reported s an epoch', 'ours, s an epoch and seed'],
        [
            [
                name,
                rows[name]['reported_test_acc'],
                percent(accuracy(found, name), 2),
                f'{float(rows[name]["reported_seconds"]) / known[name].epochs:.0f}',
                f'{found[name]["seconds"]["train"] / known[name].epochs / found[name]["config"]["seeds"]:.1f}',
            ]
            for name in names
        ],
    )
    for a, b in itertools.combinations(
        [name for name in names if '128' in name and name != 'E-rnn128'], 2
    ):
        apart = difference(accuracy(found, a), accuracy(found, b))
        page.text(
            f'- {a} less {b}: {percent(apart, 2)} points'
            + ('' if told(apart) else ', no difference that can be told')
        )


def beyond(page, found, rows):
    names = [name for name in (*ADDERS_D, *ADDERS_E) if found[name]]
    page.table(
        [
            'row',
            'random, 20 bits',
            'random, 1000',
            'long carry, 1000',
            'constants, 1000',
            'shown wrong somewhere',
        ],
        [
            [
                name,
                *(
                    _at(found[name], kind, length)
                    for kind, length in (
                        ('random', 20),
                        ('random', 1000),
                        ('carry', 1000),
                        ('constants', 1000),
                    )
                ),
                f'{sum(row["verdict"] == "refuted" for row in found[name]["tested"]["verdicts"].values())} of {found[name]["config"]["seeds"]}',
            ]
            for name in names
        ],
    )
    page.text(
        'Whole sums right in %. A net that is right on every random string may still fail where a carry runs far or the input does not change. See the proofs below for nets that never fail.'
    )


def _at(result, kind, length):
    table = result['tested']['by_length'][kind]
    i = table['lengths'].index(length)
    return percent({part: values and values[i] for part, values in table['exact_match'].items()})


CLAIMS = (  # title, what is claimed and what is wrong with it, the rows it needs, what we find
    (
        'D: 100 % on the MNIST test set',
        'All reported accuracies are sixteenths: of 10,000 images in batches of 64 the last batch has 16, and only that one was counted.',
        MNIST_D,
        last_batch,
    ),
    (
        'A: RNNs below 40 % on MNIST',
        'The rate breaks an RNN; where it stands at the last epoch is chance.',
        ('A-rnn128', 'A-rnn256'),
        rate_of_luck,
    ),
    (
        'A: tuning made CIFAR-10 better',
        'Training accuracy was 100 % from the first "tuned" epoch on: the weights had been carried over.',
        ('A-cifar-base', 'A-cifar-tuned-ep1'),
        carried_over,
    ),
    (
        'A: an RNN with SGD',
        'Momentum and standardization are not told; plain SGD on standardized pixels comes near.',
        ('A-rnn256-sgd',),
        plain_sgd,
    ),
    (
        'B: rankings of nets on 1,000 test images',
        'Training accuracy is that of one batch of 50 with dropout on.',
        CIFAR_B,
        one_batch,
    ),
    (
        'B: the deconvnet',
        'Filters transposed, and the nine strongest maps of one image in place of the nine strongest images of a map.',
        (),
        transposed,
    ),
    (
        'C: activations after ReLU',
        'A negative mean cannot follow a ReLU: the net used tanh, and the statistics quoted are those of the net trained by gradient descent.',
        ('C-cifar-adam-1e-3', 'C-cifar-gd-1e-3'),
        tanh_statistics,
    ),
    (
        'D: two units only pass two bits',
        'States are real numbers.',
        ('D-recall-h2', 'E-recall-rnn2', 'E-recall-lstm2', 'E-recall-gru2'),
        two_units,
    ),
    (
        'D: adders at 85, 95 and 100 %',
        'It needs batch 1: larger batches do not get there in the same epochs. And one unit gives less.',
        ('D-add-mse-h1', 'D-add-mse-h5', 'batch-8', 'batch-32'),
        batch_of_one,
    ),
    (
        'E: cross entropy beats MSE',
        'The accuracies are of whole sums, not of bits, and of one seed; two of the lists have 19 and 21 values.',
        ADDERS_E,
        luck_of_adders,
    ),
    (
        'E: L2 trains faster, the GRU is slow',
        'Seconds of single runs, and accuracies a few tenths of a point apart.',
        ('E-lstm128', 'E-lstm128-l2', 'E-gru128'),
        timing,
    ),
    (
        'All: it adds',
        'Nobody tests beyond 20 bits, or on sums that are not random.',
        (*ADDERS_D, *ADDERS_E),
        beyond,
    ),
)


def lacking(page, missing, failed):
    """Says which ids have no numbers, and why."""
    for why, names in (
        ('Not run yet', [name for name in missing if name not in failed]),
        ('Diverged', [name for name in missing if name in failed]),
    ):
        if names:
            page.text(f'{why}: {", ".join(names)}.')


def write(page, found, failed, rows):
    for title, claim, needed, show_found in CLAIMS:
        page.text(f'### {title}\n\n{claim}')
        missing = [name for name in needed if not found[name]]
        lacking(page, missing, failed)
        if len(missing) < len(needed) or not needed:
            show_found(page, found, rows)
