"""Trains what the report lacks, draws its pictures, and keeps the results of both.

A run lies in a folder of its own, named by its id and settings. What is kept of it is one file in
the folder of results (result_files.py).
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from tqdm import tqdm

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.schemas.command_files import Predictions
from experiments.core.schemas.records import EpochRecord, TenBatchesRecord
from experiments.core.schemas.rows import FailedRow, PictureRow
from experiments.core.tasks import Notify
from experiments.reports import catalogue, result_files
from experiments.reports.measurements.rows import measurements
from experiments.reports.presets import Picture
from experiments.reports.result_files import records_of
from experiments.training import workdir
from experiments.training.compiled_programs import make_mesh
from experiments.training.epoch_lengths import EpochLengths
from experiments.training.epoch_metrics import EPOCHS_BY_TEN_BATCHES, Diverged
from experiments.training.folder_lock import owned
from experiments.training.metrics_log import read_records
from experiments.training.population import run_population
from experiments.training.run_description import describe_devices, versions
from jaxdl import __version__
from jaxdl.durable_files import copy_folder, whole_file, write_whole

PICTURE_WIDTH = 1100  # pixels
PICTURE_QUALITY = 80  # of JPEG

CallCommand = Callable[..., None]  # (name, *flags) runs another command


class Folders(NamedTuple):
    """Where runs, results and data lie.

    Attributes:
        runs_folder: Holds the folders of the runs.
        results_folder: Holds what is kept of them.
        data_dir: Holds the image data.
    """

    runs_folder: Path
    results_folder: Path
    data_dir: str


class Plan(NamedTuple):
    """What is to be done. All Configs have their number of seeds and their folder.

    Attributes:
        configs: Of the runs that are needed, by the first id of each Config.
        to_train: Those of runs that are not finished.
        to_draw: Of the runs whose pictures are missing, by the ids of the pictures.
        to_measure: Of the runs whose nets are to be measured, by the ids of the measurements.
    """

    configs: dict[str, Config]
    to_train: dict[str, Config]
    to_draw: dict[str, Config]
    to_measure: dict[str, Config]


def make_plan(requested: Sequence[str], folders: Folders, seeds: int, precision: str) -> Plan:
    """Finds out which runs, pictures and measurements are missing, and which files do not fit.

    Args:
        requested: Ids of runs, pictures and measurements.
        folders: Where results are looked for.
        seeds: Of each run; 0 for the usual number of its task. A run that is finished with more
            seeds is left as it is.
        precision: Of products, as in Config.
    """
    all_configs, all_measurements = catalogue.runs(), measurements()
    made_of_nets = catalogue.pictures() | all_measurements
    needed_run = {}
    for name in requested:
        row = made_of_nets[name].row if name in made_of_nets else name
        needed_run[name] = catalogue.first_id(row, all_configs)

    ignored: list[str] = []
    configs, to_train = {}, {}
    # Several ids may need the same run.
    for name in dict.fromkeys(needed_run.values()):
        config = with_folder(name, all_configs[name], folders, seeds, precision)
        results = result_files.read(name, config, folders.results_folder, ignored.append)
        if results is None:
            to_train[name] = config
        else:
            # The number of seeds is part of the folder's name.
            seeds_there = results.config['seeds']
            config = with_folder(name, all_configs[name], folders, seeds_there, precision)
        configs[name] = config

    to_draw, to_measure = {}, {}
    for name in requested:
        config = configs[needed_run[name]]
        if name not in made_of_nets:
            continue
        found = result_files.read(name, config, folders.results_folder, ignored.append)
        if found is None:
            missing = to_measure if name in all_measurements else to_draw
            missing[name] = config
            # A fresh clone of the repository has the results of a run, but not its net.
            if not workdir.newest_epoch(Path(config.workdir)):
                to_train[needed_run[name]] = config
    if ignored:
        print(result_files.ignored_text(ignored, folders.results_folder))
    return Plan(configs, to_train, to_draw, to_measure)


def with_folder(name: str, config: Config, folders: Folders, seeds: int, precision: str) -> Config:
    """The Config of a run with its number of seeds, 0 for the usual one, and with its folder."""
    seeds = seeds or catalogue.usual_seeds(name, config)
    config = replace(config, data_dir=folders.data_dir, seeds=seeds, precision=precision)
    # The key is of all settings, so that runs with other ones never share a folder.
    folder = folders.runs_folder / f'{name}-{config.key()}'
    return replace(config, workdir=str(folder))


def train_all(configs: Mapping[str, Config], folders: Folders, call_command: CallCommand) -> None:
    """Trains runs, the short ones first, and writes their results.

    Args:
        configs: By id.
        folders: Where their results go.
        call_command: Runs `prove` on the adders that are to be proved.
    """
    if not configs:
        return

    def group_cost(names):
        return sum(catalogue.cost(configs[name]) for name in names)

    with tqdm(
        total=group_cost(configs),
        unit='cost',
        desc='all rows',
        smoothing=0,  # the time left is estimated from all that is done
        bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left',
    ) as bar:
        for names in sorted(catalogue.groups(configs), key=group_cost):
            bar.set_description(f'all rows, now {", ".join(names)}')
            for name in names:
                continue_shorter_run(configs[name], folders, bar.write)
            group = {name: configs[name] for name in names}
            train_group(group, folders.results_folder, call_command, bar.write)
            bar.update(group_cost(names))


def continue_shorter_run(config: Config, folders: Folders, notify: Notify) -> None:
    """Begins the run of a CNN as a copy of a shorter one, if a finished one is its beginning.

    The epochs of the shorter run are the first ones of this run, bit for bit, so that only the
    others remain. Recurrent nets are not continued: they train faster together with others.

    Args:
        config: Of the run. One that has been begun already is left alone.
        folders: Where the shorter runs lie.
        notify: Takes a line of text for the user.
    """
    folder = Path(config.workdir)
    if config.net() != 'cnn' or workdir.holds_run(folder):
        return
    shorter = _longest_beginning(config, folders)
    if shorter is None:
        return
    workdir.prepare(config, resume=True)
    with owned(folder, notify):
        workdir.begin(folder, config, resume=True)
        write_whole(folder / 'metrics.jsonl', _beginning_of_log(config, shorter))
        # Last, and at once: without checkpoints the folder is free (holds_run).
        copy_folder(shorter / 'checkpoints', folder / 'checkpoints')
    notify(f'{folder} goes on from the run in {shorter}')


def _beginning_of_log(config: Config, shorter: Path) -> str:
    """The lines of a shorter run's log that a longer run has too."""
    records = read_records(shorter / 'metrics.jsonl')
    steps_per_epoch = records_of(EpochRecord, records)[0].step
    steps = config.steps or config.epochs * steps_per_epoch
    epochs = EpochLengths(steps, steps_per_epoch).epochs()
    lines = []
    for record in records:
        # Of these a run has only those of its own last epochs.
        is_early = record.epoch <= epochs - EPOCHS_BY_TEN_BATCHES
        if not (isinstance(record, TenBatchesRecord) and is_early):
            lines.append(file_schema.to_line(record))
    return ''.join(lines)


def _longest_beginning(config: Config, folders: Folders) -> Path | None:
    """The folder of the longest finished run that is the beginning of another one."""
    beginnings = []
    for name, other in catalogue.runs().items():
        shorter = with_folder(name, other, folders, config.seeds, config.precision)
        if catalogue.is_beginning(shorter, config) and _can_be_continued(Path(shorter.workdir)):
            beginnings.append(shorter)
    if not beginnings:
        return None
    return Path(max(beginnings, key=catalogue.length).workdir)


def _can_be_continued(folder: Path) -> bool:
    """Whether a run is finished, has its last checkpoint, and ends with a whole epoch."""
    results = workdir.read_results(folder)
    if results is None or workdir.newest_epoch(folder) != results.epoch:
        return False
    records = read_records(folder / 'metrics.jsonl', results.epoch)
    epochs = records_of(EpochRecord, records)
    if len(epochs) != results.epoch:
        return False
    if len(epochs) == 1 and results.config['steps']:
        return False  # the only epoch may have been cut short by --steps
    # Only the last epoch can be short.
    steps_per_epoch = epochs[0].step
    return epochs[-1].step == steps_per_epoch * results.epoch


def train_group(
    configs: Mapping[str, Config], results_folder: Path, call_command: CallCommand, notify: Notify
) -> None:
    """Trains runs as one population, and writes their results.

    If one of them diverges, each is trained alone, so that the others finish. The result of the one
    that diverges says why.

    Args:
        configs: By id. They differ in VMAPPED fields and in their folders only.
        results_folder: Where their results go.
        call_command: Runs `prove`.
        notify: Takes lines of text for the user.
    """
    try:
        completed_runs = run_population(list(configs.values()), notify=notify)
    except Diverged as error:
        # Alone, it is known which one diverged.
        if len(configs) == 1:
            name, config = next(iter(configs.items()))
            notify(f'{name}: {error}')
            _write_failure(results_folder / f'{name}.json', config, error)
        else:
            for name, config in configs.items():
                train_group({name: config}, results_folder, call_command, notify)
        return
    for name, completed in zip(configs, completed_runs, strict=True):
        folder = completed.folder
        # A stop may have come between the proofs and the file of the row.
        # row_of_run below copies proofs.json into the row.
        if name.startswith(catalogue.PROOF_PREFIX) and workdir.read_proofs(folder) is None:
            flags = f'--workdir={folder}', f'--precision={configs[name].precision}'
            call_command('prove', *flags)
        file = results_folder / f'{name}.json'
        result_files.write(file, result_files.row_of_run(folder))
        notify(f'{name}: {file}')


def _write_failure(file: Path, config: Config, error: Diverged) -> None:
    row = FailedRow(
        version=__version__,
        versions=versions(),
        device=describe_devices(make_mesh(config)),
        config=config.identity(),
        failed=str(error),
    )
    result_files.write(file, row)


def draw(
    name: str, picture: Picture, config: Config, results_folder: Path, call_command: CallCommand
) -> None:
    """Draws the pictures of a row, and keeps them as small JPEG files <id>-<picture>.jpg.

    Args:
        name: The row's id.
        picture: What is drawn.
        config: Of the run whose net is shown.
        results_folder: Where the pictures go.
        call_command: Runs the command that draws.
    """
    run_folder = Path(config.workdir)
    files, contents = [], []
    if picture.command:
        folder = run_folder / picture.command
        shutil.rmtree(folder, ignore_errors=True)  # of earlier flags
        call_command(
            picture.command,
            f'--workdir={config.workdir}',
            f'--data_dir={config.data_dir}',
            f'--precision={config.precision}',
            *picture.flags,
        )
        files = sorted(folder.glob('*.png'))
        for file in sorted(folder.glob('*.json')):
            contents.append(file_schema.read_json(file, Predictions))
    else:
        for figure in picture.figures:
            files.append(run_folder / 'figures' / f'{figure}.png')
    _keep_pictures(name, files, results_folder)
    # The file of the row comes last: a stop before it leaves the pictures to be drawn again.
    row = PictureRow(version=__version__, config=config.identity(), found=contents)
    result_files.write(results_folder / f'{name}.json', row)


def _keep_pictures(name: str, files: Sequence[Path], results_folder: Path) -> None:
    """Writes small copies of picture files, and deletes those of before."""
    for old in results_folder.glob(f'{name}-*.jpg'):
        old.unlink()
    for file in files:
        with Image.open(file) as image:
            height = round(image.height * PICTURE_WIDTH / image.width)
            small = image.convert('RGB').resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
        with whole_file(results_folder / f'{name}-{file.stem}.jpg') as stream:
            small.save(stream, 'jpeg', quality=PICTURE_QUALITY)
