"""Writes playground.html, in which nets add, read and recall: python -m experiments.playground.

It is one file that opens from disk and needs no network. Without flags it shows the nets that come
with jaxdl; --adder=RUN, --recall=RUN, --digits=RUN and --cnn=RUN show nets of your own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.core.command import run_command
from experiments.core.flags import BACKEND_FLAGS, DATA_FLAG, HELP_FLAG, Flag, flag_values
from experiments.core.installation import is_in_a_clone
from experiments.core.schemas.exhibits import Exhibits
from experiments.exhibits import adders, from_runs, page, shipped
from jaxdl import UserError, backend
from jaxdl.data import images

RUN_FLAGS = ('adder', 'recall', 'digits', 'cnn')
FLAGS = {
    'adder': Flag(
        '',
        'runs of binary_add, separated by commas: of each a net that is proved and one that is '
        'falsified are shown',
    ),
    'recall': Flag('', 'run of recall'),
    'digits': Flag('', 'run of mnist_rnn: the net that reads row by row'),
    'cnn': Flag('', 'run of mnist_cnn, with a small --hidden: its weights are in the page'),
    'out': Flag('playground.html', 'the page; what stood there is replaced'),
    'ship': Flag(False, 'also keep these nets as those that come with jaxdl'),
    **DATA_FLAG,
    **BACKEND_FLAGS,
    **HELP_FLAG,
}


def main(argv: Sequence[str]) -> None:
    """Writes the playground.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    if flags['ship'] and not is_in_a_clone():
        raise UserError('--ship is for a clone of the repository; leave an installed package alone')
    own_nets = nets_of_runs(flags)
    if flags['ship'] and not own_nets:
        raise UserError(f'--ship keeps nets of your own: name a run by --{", --".join(RUN_FLAGS)}')
    if flags['ship']:
        for exhibit, net in own_nets.items():
            shipped.write_net(exhibit, net)
    nets = {}
    for exhibit in shipped.TYPES:
        nets[exhibit] = own_nets.get(exhibit) or shipped.read_net(exhibit)
    file = Path(flags['out']).expanduser()
    page.write_page(Exhibits(**nets, samples=sample_digits()), file)
    print(f'wrote {file} ({file.stat().st_size / 1e6:.1f} MB): open it in a browser')


def nets_of_runs(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The nets of the runs that the flags name, by exhibit.

    Args:
        flags: Of the command, by name.

    Raises:
        UserError: A folder holds no run of the exhibit's task, or a net that the page cannot
            compute.
    """
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    nets = {}
    if flags['adder']:
        nets['adders'] = []
        for folder in flags['adder'].split(','):
            nets['adders'] += adders.adder_nets(Path(folder).expanduser())
    if flags['recall']:
        nets['recall'] = from_runs.recall_net(Path(flags['recall']).expanduser())
    if flags['digits']:
        folder = Path(flags['digits']).expanduser()
        nets['rows'] = from_runs.row_net(folder, flags['data_dir'])
    if flags['cnn']:
        folder = Path(flags['cnn']).expanduser()
        nets['cnn'] = from_runs.convolutional_net(folder, flags['data_dir'])
    return nets


def sample_digits() -> list[list[int]]:
    """A test digit of each class of scikit-learn's digits, 64 grey levels from 0 to 255 each."""
    digits = images.load('digits', '')
    samples = []
    for digit in range(10):
        first = np.flatnonzero(digits.test_labels == digit)[0]
        samples.append(digits.test_images[first].ravel().tolist())
    return samples


if __name__ == '__main__':
    run_command(main)
