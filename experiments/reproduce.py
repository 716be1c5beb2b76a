"""Trains and draws what the report lacks: python -m experiments.reproduce --rows='E-*,D-add-*'.

It also measures what claims need to know of trained nets. What is finished already is left alone,
and the same command goes on after a stop.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path

from experiments.core.backend_settings import has_small_steps
from experiments.core.command import run_command
from experiments.core.flags import BACKEND_FLAGS, DATA_FLAG, HELP_FLAG, Flag, flag_values
from experiments.core.installation import is_in_a_clone
from experiments.reports import catalogue
from experiments.reports.catalogue import RESULTS_FOLDER, RESULTS_FOLDER_SHOWN
from experiments.reports.measurements.rows import measurements
from jaxdl import UserError, backend

FLAGS = {
    'rows': Flag(
        '*',
        'ids, with * for any text, separated by commas: of reported_results.csv, and hidden-*, '
        'rate-*, batch-*, proof-*, claim-*, subset-*, measure-*, paper, samples-*',
    ),
    'seeds': Flag(0, 'of each row; 0: 100 of sequence tasks, 10 of images, 4 or 6 of the longest'),
    'workdir': Flag('runs/reproduce', 'folder of the runs, by id and settings'),
    'results': Flag(
        str(RESULTS_FOLDER), 'folder of what is kept of them, a file a row', RESULTS_FOLDER_SHOWN
    ),
    **DATA_FLAG,
    **BACKEND_FLAGS,
    **HELP_FLAG,
}
STOPPED = 'stopped; the same command goes on where it was'


def main(argv: Sequence[str]) -> None:
    """Trains, draws and measures the rows that the flags name, as far as they are missing.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    if flags['seeds'] < 0:
        raise UserError(f'--seeds={flags["seeds"]} must not be negative')
    requested = catalogue.select(flags['rows'])
    if flags['results'] == str(RESULTS_FOLDER) and not is_in_a_clone():
        raise UserError(
            '--results=FOLDER is needed outside of a clone: the results that are kept are part of '
            'the installed package'
        )

    # Imported here, as these import JAX, for which --help need not wait.
    from experiments.reports import reproduction, result_files
    from experiments.reports.measurements.take import take
    from experiments.training.folder_lock import owned
    from jaxdl import parallel

    folders = reproduction.Folders(
        runs_folder=Path(flags['workdir']).expanduser(),
        results_folder=Path(flags['results']).expanduser(),
        data_dir=flags['data_dir'],
    )
    folders.results_folder.mkdir(parents=True, exist_ok=True)
    with owned(folders.results_folder, print):
        precision = flags['precision']
        plan = reproduction.make_plan(requested, folders, flags['seeds'], precision)
        done = len(plan.configs) - len(plan.to_train)
        print(
            f'{len(requested)} rows, {len(plan.configs)} different trainings: {done} are done, '
            f'{len(plan.to_train)} to do; {len(plan.to_draw)} rows of pictures and '
            f'{len(plan.to_measure)} measurements to do'
        )

        backend.configure(
            small_loops=any(map(has_small_steps, plan.to_train.values())),
            precision=precision,
            compilation_cache=flags['compilation_cache'],
        )
        parallel.initialize_devices(None, distributed=False)
        reproduction.train_all(plan.to_train, folders, call_command)
        pictures = catalogue.pictures()
        for name, config in plan.to_draw.items():
            reproduction.draw(name, pictures[name], config, folders.results_folder, call_command)
        for name, config in plan.to_measure.items():
            row = take(measurements()[name].quantity, config)
            result_files.write(folders.results_folder / f'{name}.json', row)


def call_command(name: str, *flags: str) -> None:
    """Runs another command of this folder, as python -m experiments.<name> does."""
    # Imported only when it is needed: proofs need a package that the other commands do without.
    module = importlib.import_module(f'experiments.{name}')
    module.main([name, *flags])


if __name__ == '__main__':
    run_command(main, stopped=STOPPED)
