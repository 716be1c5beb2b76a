"""The folders of runs that train: kept from other processes, and begun."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from experiments.core.config import Config
from experiments.core.schemas.results import RunResults
from experiments.core.tasks import Notify
from experiments.training import workdir
from experiments.training.folder_lock import owned
from jaxdl import UserError, durable_files, parallel


@contextmanager
def own_folders(configs: Sequence[Config], resume: bool, notify: Notify) -> Iterator[list[Path]]:
    """The folders of runs, from which other processes are kept until the end of the context.

    The first of several hosts does so for all.

    Raises:
        UserError: Another process trains in one of them, or as workdir.prepare.
    """
    folders = [workdir.prepare(config, resume) for config in configs]
    with ExitStack() as stack:
        refusal = None
        if parallel.is_first_process():
            try:
                for folder in folders:
                    stack.enter_context(owned(folder, notify))
            except (UserError, OSError) as error:
                refusal = error
        if parallel.on_any_host(refusal is not None):
            raise refusal or UserError(f'the first host could not take {folders[0]}; see there')
        # Another process may have been there between the check and the lock.
        for config in configs:
            workdir.prepare(config, resume)
        yield folders


def is_finished(folder: Path, results: RunResults | None, notify: Notify) -> bool:
    """Whether any host can read results in the folder. If so, the user is told."""
    if not parallel.on_any_host(results is not None):
        return False
    notify(f'{folder} holds this run, finished; the same command with --noresume replaces it')
    return True


def begin_folders(folders: Sequence[Path], configs: Sequence[Config], resume: bool) -> None:
    """Begins the runs' folders; the first process does, the others wait."""
    if parallel.is_first_process():
        for folder, config in zip(folders, configs, strict=True):
            for place in (folder, folder / 'figures'):
                durable_files.remove_drafts(place)
            workdir.begin(folder, config, resume)
    parallel.wait_for_hosts('the folders are begun')
