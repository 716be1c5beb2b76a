"""Do a CNN's features serve another data set? python -m experiments.transfer --workdir=RUN.

Retrains only the last layer of a run's net on a few images of each class of another data set, and
trains the same net from scratch on the same images. See experiments/views/transfer_learning.py.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.core.command import run_command
from experiments.core.config import CHOICES, CNN_TASKS
from experiments.core.flags import BACKEND_FLAGS, DATA_FLAG, HELP_FLAG, Flag, flag_values
from experiments.core.schemas.final_tests import LengthTable
from experiments.training import finished_run
from experiments.views.transfer_learning import TransferSettings, compare_learners
from jaxdl import UserError, backend
from jaxdl.data import images
from jaxdl.durable_files import write_whole
from jaxdl.figures.base import to_png
from jaxdl.figures.curves import accuracy_by_length
from jaxdl.names import unknown

FLAGS = {
    'workdir': Flag('', 'folder of a run of cifar_cnn or mnist_cnn, whose features are used'),
    'dataset': Flag('mnist', f'the other data set ({" | ".join(CHOICES["dataset"])})'),
    'per_class': Flag(
        '1,3,10,30,100,300', 'numbers of training images of each class, separated by commas'
    ),
    'steps': Flag(500, 'training steps of each net'),
    'batch_size': Flag(50, 'images a step, or all there are'),
    'learning_rate': Flag(1e-3, "Adam's step size"),
    'seeds': Flag(3, 'nets of each kind, each with its own choice of images'),
    **DATA_FLAG,
    **BACKEND_FLAGS,
    **HELP_FLAG,
}
LARGEST = {'steps': 1_000_000, 'batch_size': 1_000_000, 'learning_rate': 1e6, 'seeds': 1000}
LONGEST_NUMBER = 9  # digits


def main(argv: Sequence[str]) -> None:
    """Trains both kinds of net on more and more images, and shows their accuracies.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    settings = make_settings(flags)
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    run_folder = Path(flags['workdir']).expanduser()
    run = finished_run.load(run_folder, CNN_TASKS, flags['data_dir'])
    data = images.load(flags['dataset'], flags['data_dir'])

    folder = run_folder / 'transfer' / flags['dataset']
    tables = compare_learners(run, data, settings, folder)
    figure = accuracy_by_length(
        f'{flags["dataset"]} by a net trained on {run.config.dataset}, {settings.seeds} seeds',
        'training images of each class',
        tables,
    )
    write_whole(folder / 'accuracy.png', to_png(figure))
    for learner, table in tables.items():
        print(table_line(learner, table))
    print(f'files in {folder}: results.json, accuracy.png')


def make_settings(flags: Mapping[str, Any]) -> TransferSettings:
    """The settings that the flags describe.

    Raises:
        UserError: A flag is missing or has an impossible value.
    """
    if not flags['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of cifar_cnn or mnist_cnn')
    if flags['dataset'] not in CHOICES['dataset']:
        raise unknown(f'--dataset={flags["dataset"]}', flags['dataset'], CHOICES['dataset'])
    for name, largest in LARGEST.items():
        if not 0 < flags[name] <= largest:
            raise UserError(
                f'--{name}={flags[name]} must be greater than 0, and at most {largest:,}'
            )
    return TransferSettings(
        sizes=parse_sizes(flags['per_class']),
        steps=flags['steps'],
        batch_size=flags['batch_size'],
        learning_rate=flags['learning_rate'],
        seeds=flags['seeds'],
    )


def parse_sizes(text: str) -> list[int]:
    """The numbers of images of each class that --per_class names, in rising order.

    Raises:
        UserError: They are not whole numbers above 0.
    """
    sizes = set()
    for word in text.split(','):
        if not word.isdecimal() or len(word) > LONGEST_NUMBER or int(word) == 0:
            raise UserError(
                f'--per_class={text} must be whole numbers above 0, separated by commas'
            )
        sizes.add(int(word))
    return sorted(sizes)


def table_line(learner: str, table: LengthTable) -> str:
    """The accuracies of one kind of net in a line, by the number of images of each class."""
    cells = []
    for size, mean in zip(table.lengths, table.accuracy.mean, strict=True):
        cells.append(f'{size}: {100 * mean:.2f} %')
    return f'{learner:28s} ' + '  '.join(cells)


if __name__ == '__main__':
    run_command(main, stopped='stopped; the same command goes on with the nets that are left')
