"""What reproduce trains: the rows of the reports, comparisons that they only talk about, and adders to be proved right."""

import fnmatch
from dataclasses import replace

from experiments.core.config import NUMBERS, TRIAL
from experiments.reports.presets import PICTURES, TASKS, near, presets
from jaxdl import UserError

CELLS = ('rnn', 'lstm', 'gru')
SIZES = (5, 10, 15, 20, 64, 100, 128, 256)
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
BATCHES = (8, 32)
PROOFS = {
    'rnn5': {'state_noise': 0.1},
    'gru5': {'state_noise': 0.15},
    'lstm5': {'state_noise': 0.1},
    'rnn3': {'state_noise': 0.1, 'starts': 8},
    'gru3': {'state_noise': 0.15, 'starts': 8},
    'lstm3': {'state_noise': 0.05, 'starts': 8},
}
# Pictures beyond the reports' own: of one more net, and the figures that a run draws itself.
PICTURES_TOO = {
    'paper': (
        'B-cifar-relu-adam-reg',
        'visualize',
        ('--what=filters,deconvnet,top9,evolution,occlusion,invariance,correspondence',),
    ),
    'samples-mnist': ('E-lstm128', 'figures', ('samples',)),
    'samples-cifar': ('B-cifar-relu-adam', 'figures', ('samples',)),
}
SEEDS = {'binary_add': 100, 'recall': 100, 'mnist_rnn': 3, 'mnist_cnn': 3, 'cifar_cnn': 3}
FLOPS, STEP, EXAMPLE = (
    1.4e11,
    2e-7,
    5e-8,
)  # of two cores, roughly: a second; and seconds a step of a recurrence, and an example in it


def comparisons():
    """{id: Config} of what the reports compare in words only: sizes and rates by cell, and the adder's batch."""
    rows = presets()
    mnist, adder = replace(rows['E-lstm128'], epochs=1), rows['D-add-mse-h5']
    return (
        {
            f'hidden-{cell}-{size}': replace(mnist, cell=cell, hidden=size)
            for cell in CELLS
            for size in SIZES
        }
        | {
            f'rate-{cell}-{rate:g}': replace(mnist, cell=cell, learning_rate=rate)
            for cell in CELLS
            for rate in RATES
        }
        | {f'batch-{size}': replace(adder, batch_size=size) for size in BATCHES}
    )


def proofs():
    """{id: Config} of the adders that prove is tried on."""
    return {
        f'proof-{net}': replace(TASKS['binary_add'], cell=net[:-1], hidden=int(net[-1]), **fields)
        for net, fields in PROOFS.items()
    }


def jobs():
    """{id: Config} of all that is trained, without seeds."""
    return presets() | comparisons() | proofs()


def pictures():
    """{id: (the job whose net they show, command, flags)} of what is drawn; of 'figures' the names of those that the run has drawn."""
    return PICTURES | PICTURES_TOO


def home(name, known):
    """The first id with the same Config: its results are those of all of them."""
    return next(other for other in known if known[other] == known[name])


def select(patterns):
    """The ids that match one of the patterns, separated by commas. Raises UserError, with near ones, for one that none matches."""
    names, chosen = [*jobs(), *pictures()], []
    for pattern in patterns.split(','):
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise UserError(
                f'--rows={pattern} matches no row; near ones: {", ".join(near(pattern, names))}'
            )
        chosen += matching
    return [name for name in names if name in chosen]


def groups(configs):
    """[[id, ...]] of {id: Config}: recurrent nets that differ in NUMBERS alone train as one population. CNNs, of which one comes after the other, stay apart."""
    found = {}
    for name, config in configs.items():
        key = (
            name
            if config.net() == 'cnn'
            else replace(
                config,
                workdir='',
                **{number: 0.5 for number in NUMBERS if number != 'momentum' or config.momentum},
            )
        )
        found.setdefault(key, []).append(name)
    return list(found.values())


def length(config):
    """Of a run, in steps where it has their number, else in epochs."""
    return config.steps or config.epochs


def is_shorter(config, than):
    """Whether a run of config is the first epochs, or steps, of the other's."""
    same = replace(config, epochs=than.epochs, steps=than.steps, workdir=than.workdir) == than
    return same and bool(config.steps) == bool(than.steps) and length(config) < length(than)


def cost(config):
    """Roughly the seconds that training takes on two cores, for the estimate of the time left."""
    steps = config.steps or (config.epochs + TRIAL * config.starts * (config.starts > 1)) * -(
        -(config.train_size or 50_000) // config.batch_size
    )
    if config.net() == 'cnn':
        return config.seeds * steps * config.batch_size * 8.3e7 / FLOPS
    times, inputs = (28, 28) if config.is_of_images() else (config.max_length + 1, 10)
    weights = (
        {'rnn': 1, 'gru': 3, 'lstm': 4}[config.cell] * config.hidden * (config.hidden + inputs)
    )
    layers = config.layers * (1 + config.bidirectional)
    return (
        config.seeds
        * steps
        * times
        * layers
        * (STEP + config.batch_size * (6 * weights / FLOPS + EXAMPLE))
    )
