"""All that `reproduce` trains, draws and measures, by id.

Beside the rows of the reports these are comparisons that the reports only talk about (hidden-*,
rate-*, batch-*), adders and other automata that are to be proved right (proof-*), what single
claims need (claim-*), and rows on other subsets of the images (subset-*).
"""

import dataclasses
import fnmatch
import functools
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from experiments.core.config import RESTART_EPOCHS, VMAPPED, Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.reports.claim_runs import TIMED_PREFIX, claim_runs
from experiments.reports.measurements.rows import measurements
from experiments.reports.presets import PICTURES, Picture, presets
from experiments.reports.subset_runs import PREFIX as SUBSET_PREFIX
from experiments.reports.subset_runs import SEEDS_OF_A_SUBSET, subset_runs
from experiments.training.cost_estimate import seconds_per_step, steps_per_epoch
from jaxdl import UserError
from jaxdl.names import did_you_mean
from jaxdl.verify.machines import MACHINES

# What `reproduce` keeps, a file for each id (result_files.py).
RESULTS_FOLDER = Path(__file__).parents[1] / 'results'
RESULTS_FOLDER_SHOWN = '.../experiments/results'  # in the help of a command

PROOF_PREFIX = 'proof-'  # of the ids of the nets that `prove` is tried on
CELLS = ('rnn', 'lstm', 'gru')
HIDDEN_SIZES = (5, 10, 15, 20, 64, 100, 128, 256)
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
BATCH_SIZES = (8, 32)

# Noise on the states makes nets that hold a carry against small errors. Weight decay, of the biases
# too, makes nets that forget soon. Both help nets to be proved as they were trained. Small nets
# need a good start. Other defaults of Config are those of the adder.
PROVABLE = Config(state_noise=0.1, weight_decay=1e-3, restarts=8, epochs=60)
PROVED_ADDERS = {
    'rnn5': replace(PROVABLE, cell='rnn', hidden=5),
    'gru5': replace(PROVABLE, cell='gru', hidden=5),
    'lstm5': replace(PROVABLE, cell='lstm', hidden=5),
    'rnn3': replace(PROVABLE, cell='rnn', hidden=3),
    'gru3': replace(PROVABLE, cell='gru', hidden=3),
    'lstm3': replace(PROVABLE, cell='lstm', hidden=3),
    # Less of either for the smallest nets; nothing else was tried.
    'rnn2': replace(PROVABLE, cell='rnn', hidden=2, state_noise=0.05, weight_decay=3e-4),
    'gru2': replace(PROVABLE, cell='gru', hidden=2, state_noise=0.05, weight_decay=3e-4),
    'lstm2': replace(PROVABLE, cell='lstm', hidden=2, state_noise=0.05, weight_decay=3e-4),
}

# Units with which nets learn a machine; docs/automata.md says what fewer gave.
USUAL_UNITS = 10
OTHER_UNITS = {
    'parity': 5,
    'even_pairs': 5,
    'tomita_1': 5,
    'tomita_2': 5,
    'compare': 5,
    'subtract': 5,
    'cycle_navigation': 20,
    'modular_arithmetic': 20,
}
# Gated nets need fewer: each of eight GRUs and LSTMs found the states of parity without any.
MACHINE_RESTARTS = {'rnn': 8, 'gru': 2, 'lstm': 2}

# Pictures beyond those of the reports.
MORE_PICTURES = {
    'paper': Picture(
        'B-cifar-relu-adam-reg',
        'visualize',
        ('--what=filters,deconvnet,top9,evolution,occlusion,invariance,correspondence',),
    ),
    'A-filters': Picture('A-cifar-base', 'visualize', ('--what=filters,activations',)),
    'B-deconv-transposed': Picture('B-cifar-relu-adam', 'visualize', ('--what=transposed',)),
    'C-filters': Picture('C-cifar-adam-1e-3', 'visualize', ('--what=filters',)),
    'D-verification': Picture('D-rnn256-adam', figures=('samples',)),
    'digits-rnn128': Picture('E-rnn128', figures=('samples',)),
    'digits-lstm64': Picture('E-lstm64', figures=('samples',)),
    'digits-gru128': Picture('E-gru128', figures=('samples',)),
    'digits-bilstm128': Picture('E-bilstm128', figures=('samples',)),
    'digits-l2': Picture('E-lstm128-l2', figures=('samples',)),
    'samples-mnist': Picture('E-lstm128', figures=('samples',)),
    'samples-cifar': Picture('B-cifar-relu-adam', figures=('samples',)),
}

# Even numbers, since two devices take whole seeds each. A seed of a sequence task takes a second or
# less, one of images a minute or more.
SEEDS_OF_SEQUENCES = 100
SEEDS_OF_IMAGES = 10
SEEDS_OF_COMPARISONS = 4  # of images, in runs that are no row of a report
# Rows of images that take more than 200 seconds for a seed.
SEEDS_OF_LONG_ROWS = {
    'A-cifar-base': 6,
    'A-cifar-tuned-ep1': 4,
    'A-cifar-tuned-ep2': 4,
    'B-cifar-relu-adam-reg-long': 6,
    'D-birnn256x2-adam': 4,
}


def comparisons() -> dict[str, Config]:
    """The runs of what the reports only talk about: units and rates by cell, and batch sizes."""
    reported = presets()
    # One epoch, of plain pixels, is enough to see differences between so many nets.
    mnist_net = replace(reported['E-lstm128'], epochs=1, pixels='unit')
    adder = reported['D-add-mse-h5']
    configs = {}
    for cell in CELLS:
        for hidden in HIDDEN_SIZES:
            configs[f'hidden-{cell}-{hidden}'] = replace(mnist_net, cell=cell, hidden=hidden)
    for cell in CELLS:
        for rate in LEARNING_RATES:
            configs[f'rate-{cell}-{rate:g}'] = replace(mnist_net, cell=cell, learning_rate=rate)
    for batch_size in BATCH_SIZES:
        configs[f'batch-{batch_size}'] = replace(adder, batch_size=batch_size)
    return configs


def proofs() -> dict[str, Config]:
    """The adders, and the nets that follow built-in machines, that `prove` is tried on."""
    configs = {PROOF_PREFIX + name: config for name, config in PROVED_ADDERS.items()}
    for machine in MACHINES:
        for cell in CELLS:
            configs[machine_id(machine, cell)] = replace(
                TASK_DEFAULTS['automaton'],
                machine=machine,
                cell=cell,
                hidden=OTHER_UNITS.get(machine, USUAL_UNITS),
                weight_decay=PROVABLE.weight_decay,
                restarts=MACHINE_RESTARTS[cell],
                epochs=40,
            )
    return configs


def machine_id(machine: str, cell: str) -> str:
    """The id of the nets of a cell that follow a built-in machine."""
    return f'{PROOF_PREFIX}{machine}-{cell}'


@functools.cache
def runs() -> Mapping[str, Config]:
    """The Config of everything that is trained, each of one seed."""
    reported = presets()
    beside_the_rows = comparisons() | proofs() | claim_runs(reported) | subset_runs(reported)
    return MappingProxyType(reported | beside_the_rows)


def pictures() -> dict[str, Picture]:
    """Everything that is drawn from a run."""
    return PICTURES | MORE_PICTURES


def usual_seeds(name: str, config: Config) -> int:
    """The number of seeds that a run is trained with."""
    if not config.is_of_images():
        return SEEDS_OF_SEQUENCES
    if name.startswith(SUBSET_PREFIX):
        return SEEDS_OF_A_SUBSET
    if name not in presets():
        return SEEDS_OF_COMPARISONS
    return SEEDS_OF_LONG_ROWS.get(name, SEEDS_OF_IMAGES)


def first_id(name: str, configs: Mapping[str, Config]) -> str:
    """The first id with the same Config. Its run is trained for all of them."""
    # Configs are compared, not hashed; the name itself is found at the latest.
    config = configs[name]
    return next(other for other in configs if configs[other] == config)


def first_ids() -> dict[str, str]:
    """By the id of all that is trained, the first id with the same Config."""
    configs = runs()
    return {name: first_id(name, configs) for name in configs}


def select(patterns: str) -> list[str]:
    """The ids that match one of the patterns.

    Args:
        patterns: Separated by commas, with * for any text.

    Returns:
        Ids of runs, then of pictures and of measurements, in the order of the catalogue.

    Raises:
        UserError: A pattern matches nothing. The message names similar ids.
    """
    names = [*runs(), *pictures(), *measurements()]
    chosen = set()
    for pattern in patterns.split(','):
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise UserError(
                f'--rows={pattern} matches no row{did_you_mean(pattern, names)}; '
                'docs/reports.md says which there are'
            )
        chosen.update(matching)
    # In the order of the catalogue, whatever that of the patterns.
    return [name for name in names if name in chosen]


def groups(configs: Mapping[str, Config]) -> list[list[str]]:
    """The ids of runs that train together, as one population.

    Recurrent nets that differ in VMAPPED fields only train together. CNNs train one after the
    other, and so do runs whose seconds are compared.

    Args:
        configs: By id.
    """
    names_by_key: dict[Hashable, list[str]] = {}
    for name, config in configs.items():
        # Under vmap convolutions are slow on a CPU.
        is_alone = config.net() == 'cnn' or name.startswith(TIMED_PREFIX)
        key = name if is_alone else _population_key(config)
        names_by_key.setdefault(key, []).append(name)
    return list(names_by_key.values())


def _population_key(config: Config) -> Hashable:
    """The settings that all runs of a population share."""
    settings = dataclasses.asdict(config)
    # The optimizer stays, and with it whether there is momentum at all.
    for name in ('workdir', *VMAPPED):
        del settings[name]
    return tuple(settings.values())


def length(config: Config) -> int:
    """The length of a run: in steps where it has a number of them, else in epochs."""
    return config.steps or config.epochs


def is_beginning(shorter: Config, longer: Config) -> bool:
    """Whether one run is the first epochs, or steps, of another one."""
    # The folders differ too, as they are named by the settings.
    same_length = replace(shorter, epochs=longer.epochs, steps=longer.steps, workdir=longer.workdir)
    # A length in steps cannot be compared with one in epochs.
    if same_length != longer or bool(shorter.steps) != bool(longer.steps):
        return False
    return length(shorter) < length(longer)


def cost(config: Config) -> float:
    """Roughly the seconds that training takes on two cores."""
    steps = config.steps or _epochs_with_restarts(config) * steps_per_epoch(config)
    return config.seeds * steps * seconds_per_step(config)


def _epochs_with_restarts(config: Config) -> int:
    # A single start is not tried first, since there is nothing to choose from.
    if config.restarts == 1:
        return config.epochs
    return config.epochs + RESTART_EPOCHS * config.restarts
