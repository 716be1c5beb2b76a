"""The folder of a run: where it is, whose it is, and what it holds."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.core import file_schema
from experiments.core.config import Config
from experiments.core.own_machines import machine_name, machine_of
from experiments.core.schemas.proofs import ProofResults
from experiments.core.schemas.results import RunResults
from experiments.core.schemas.settings import check_settings
from jaxdl import UserError, __version__

# All that a run or a command that looks at it may write. config.json comes first and is deleted
# last, since it makes the folder ours.
OUR_NAMES = (
    'config.json',
    'metrics.jsonl',
    'results.json',
    'checkpoints',
    'tensorboard',
    'figures',
    'visualize',
    'transfer',
    'proofs',
    'predict',
)


def path_of(config: Config) -> Path:
    """The folder of a run: --workdir, or runs/<task>-<net><hidden>-<hash>.

    The same Config always finds its own folder.
    """
    if config.workdir:
        return Path(os.path.expanduser(config.workdir))
    return Path('runs') / f'{config.task}-{config.net()}{config.hidden}-{config.key()}'


def prepare(config: Config, resume: bool) -> Path:
    """The folder of the run, made if it is absent. Nothing in it is changed.

    Raises:
        UserError: The path is a file or cannot be written, or the folder holds files with our
            names that no run wrote, or, with resume, another run that has come to a checkpoint
            or to results.
    """
    folder = path_of(config)
    _make_writable(folder)
    settings = read_settings(folder)
    present = [name for name in OUR_NAMES if (folder / name).exists()]
    if settings is None and present:
        raise UserError(
            f'{folder} holds {", ".join(present)}, but not of a run of this program; '
            'use another --workdir'
        )
    if settings and resume and holds_run(folder):
        differing = differences(config, settings)
        if differing:
            raise UserError(
                f'{folder} holds another run; it differs in {", ".join(differing)}. '
                'Use another --workdir, or --noresume to replace that run'
            )
    return folder


def _make_writable(folder):
    if folder.exists() and not folder.is_dir():
        raise UserError(f'--workdir={folder} is a file; name a folder')
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f'--workdir={folder} cannot be made ({error.strerror}); name another folder'
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f'--workdir={folder} is not writable; name another folder')


def begin(folder: Path, config: Config, resume: bool) -> None:
    """Writes config.json, unless the run in the folder goes on.

    Files of an earlier run are deleted first: without resume, or where it came to nothing.
    """
    if resume and holds_run(folder):
        return
    # If this is interrupted, config.json still says that the rest is ours to delete.
    for name in reversed(OUR_NAMES):
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    write_settings(folder, config)


def write_settings(folder: Path, config: Config) -> None:
    """Writes config.json, which makes a folder that of a run."""
    file_schema.write_json(folder / 'config.json', {'version': __version__, **config.identity()})


def read_settings(folder: Path) -> dict[str, Any] | None:
    """The content of config.json, in the names of today, if a run wrote it; else None."""
    try:
        settings = check_settings(file_schema.read_content(folder / 'config.json'))
    except (FileNotFoundError, ValueError):
        return None
    return settings if 'version' in settings else None


def differences(
    config: Config, settings: Mapping[str, Any], aside: Sequence[str] = ('version',)
) -> list[str]:
    """Where settings read from a file are not those of config: ['hidden (5 there, 3 here)', ...].

    A setting that is newer than the file was at its default then.

    Args:
        config: The settings of today.
        settings: Those of the file.
        aside: Names that do not count.
    """
    identity = config.identity()
    settings = {**Config().identity(), **settings}
    differing = []
    for name, value in settings.items():
        if name not in aside and identity.get(name) != value:
            here = identity.get(name)
            if name == 'machine':
                # Other tables may have the same name.
                value, here = _name_of_machine(value), _name_of_machine(here)
            differing.append(f'{name} ({value} there, {here} here)')
    return differing


def _name_of_machine(setting):
    try:
        machine_of(setting)
    except UserError:
        return 'one that cannot be read'
    return machine_name(setting)


def newest_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint, 0 if there is none."""
    epochs = [
        int(path.name) for path in (folder / 'checkpoints').glob('*') if path.name.isdecimal()
    ]
    return max(epochs, default=0)


def holds_run(folder: Path) -> bool:
    """Whether a run came to a checkpoint or to results here.

    One that failed before leaves the folder free.
    """
    return (folder / 'results.json').exists() or newest_epoch(folder) > 0


def read_results(folder: Path) -> RunResults | None:
    """The results of a finished run, or None if there are none that can be read."""
    return file_schema.read_json(folder / 'results.json', RunResults)


def read_proofs(folder: Path) -> ProofResults | None:
    """What `prove` found of the run, or None if there is nothing that can be read."""
    return file_schema.read_json(folder / 'proofs' / 'proofs.json', ProofResults)
