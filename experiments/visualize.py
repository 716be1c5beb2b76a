"""Looks inside a trained CNN: python -m experiments.visualize --workdir=RUN --what=filters,top9.

It reads a checkpoint and never trains. Each pass writes its arrays to <pass>.npz and its figures to
<pass>-<figure>.png, in the folder visualize/ of the run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from experiments.core.command import run_command
from experiments.core.config import CNN_TASKS
from experiments.core.flags import BACKEND_FLAGS, DATA_FLAG, HELP_FLAG, Flag, flag_values
from experiments.training import finished_run
from experiments.views.pass_result import PassResult
from experiments.views.passes_by_name import PASSES
from experiments.views.request import make_request
from jaxdl import UserError, backend
from jaxdl.durable_files import whole_file, write_whole
from jaxdl.figures.base import to_png
from jaxdl.models.activations import RULES
from jaxdl.names import unknown
from jaxdl.visualize.maximize import PARAMETRIZATIONS

ALL_PASSES = 'all'
NOT_GIVEN = -1  # of the flags --seed and --epoch
SINGLE_PASSES = 'Of single passes'  # a heading of the help
FLAGS = {
    'workdir': Flag('', 'folder of a run of mnist_cnn or cifar_cnn'),
    'what': Flag(ALL_PASSES, f'passes, separated by commas (all | {" | ".join(PASSES)})'),
    'images': Flag(
        '',
        'numbers of test images, or image files of the right size, separated by commas; '
        'empty: the first of each class',
    ),
    'seed': Flag(NOT_GIVEN, "which of the run's seeds; -1: the first"),
    'epoch': Flag(NOT_GIVEN, 'which checkpoint, 0 for the untrained net; -1: the newest'),
    'unit': Flag(
        '',
        'units for maximize, maps and units for deconvnet, separated by commas: '
        'conv1:3, conv2:60, dense:7, head:2 or head:cat',
        group=SINGLE_PASSES,
    ),
    'rule': Flag(
        'deconvnet',
        'how signals pass back through rectifiers (deconvnet | guided | gradient)',
        group=SINGLE_PASSES,
    ),
    'parametrization': Flag(
        'fourier', 'of the images of maximize (fourier | pixel | sphere)', group=SINGLE_PASSES
    ),
    'maps': Flag(
        False, 'maximize: the mean of the whole map, not its middle unit', group=SINGLE_PASSES
    ),
    'shared_scale': Flag(
        False, 'filters: one scale for all, not each its own', group=SINGLE_PASSES
    ),
    'window': Flag(
        0,
        'occlusion: side of the covering square in pixels; 0: a quarter of the image',
        group=SINGLE_PASSES,
    ),
    'fill': Flag(
        0.5,
        'occlusion, correspondence: value of the square, 0 (black) to 1 (white)',
        group=SINGLE_PASSES,
    ),
    **DATA_FLAG,
    **BACKEND_FLAGS,
    **HELP_FLAG,
}


def main(argv: Sequence[str]) -> None:
    """Runs the passes that the flags name, and says what each has written.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    check_flags(flags)
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    run = finished_run.load(
        Path(flags['workdir']),
        CNN_TASKS,
        flags['data_dir'],
        seed=None if flags['seed'] == NOT_GIVEN else flags['seed'],
        epoch=None if flags['epoch'] == NOT_GIVEN else flags['epoch'],
    )
    request = make_request(flags, run)
    folder = Path(flags['workdir']).expanduser() / 'visualize'
    folder.mkdir(exist_ok=True)
    with tqdm(passes_named(flags['what']), unit='pass') as bar:
        for name in bar:
            bar.set_description(name)
            result = PASSES[name](run, request)
            # Each pass is written before the next one begins: a stop loses no finished pass.
            files = write_result(folder, name, result)
            text = f'{result.text}; ' if result.text else ''
            bar.write(f'{name}: {text}wrote {", ".join(files)} in {folder}')


def passes_named(names: str) -> Sequence[str]:
    """The passes whose names are separated by commas, known or not, or all of them."""
    if names == ALL_PASSES:
        return list(PASSES)
    return names.split(',')


def check_flags(flags: Mapping[str, Any]) -> None:
    """Checks what can be checked without the run.

    Raises:
        UserError: A flag is missing or has an impossible value.
    """
    if not flags['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of mnist_cnn or cifar_cnn')
    for name, choices in (('rule', RULES), ('parametrization', PARAMETRIZATIONS)):
        if flags[name] not in choices:
            raise unknown(f'--{name}={flags[name]}', flags[name], choices)
    for name in passes_named(flags['what']):
        if name not in PASSES:
            raise unknown(f'--what={name}', name, [ALL_PASSES, *PASSES])
    if not 0 <= flags['fill'] <= 1:
        raise UserError(f'--fill={flags["fill"]} must be from 0 (black) to 1 (white)')


def write_result(folder: Path, name: str, result: PassResult) -> list[str]:
    """Writes the arrays and figures of a pass, and returns the names of the files."""
    arrays_file = f'{name}.npz'
    with whole_file(folder / arrays_file) as file:
        np.savez_compressed(file, **result.arrays)
    files = [arrays_file]
    for figure_name, figure in result.figures.items():
        figure_file = f'{name}-{figure_name}.png'
        write_whole(folder / figure_file, to_png(figure))
        files.append(figure_file)
    return files


if __name__ == '__main__':
    run_command(main, stopped='stopped; what was written is whole')
