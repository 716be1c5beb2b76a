"""One process at a time trains in a folder.

The lock is the operating system's (flock), on the file LOCK_NAME: it ends with the process that
holds it, however that ends. The file stays. It names the process that had the folder last.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jaxdl import UserError

LOCK_NAME = '.lock'
# What file systems without locks answer, such as some network disks.
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def owned(folder: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Keeps other processes out of a folder until the end of the context.

    Where the file system has no locks the user is told, and nobody is kept out.

    Args:
        folder: It must exist.
        notify: Takes a line of text for the user.

    Raises:
        UserError: Another process has the folder.
        OSError: The lock file cannot be written.
    """
    # FileLock would make up for missing locks with a file whose presence counts, which a killed
    # process leaves behind.
    lock = FileLock(folder / LOCK_NAME, timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f'{folder} is in use by {_owner(folder)}; wait for it to end, or use another folder'
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        notify(f'{folder} is on a disk without locks: let no second command use it at this time')
        yield
        return
    try:
        (folder / LOCK_NAME).write_text(f'process {os.getpid()} on {socket.gethostname()}\n')
        yield
    finally:
        lock.release()


def _owner(folder):
    try:
        owner = (folder / LOCK_NAME).read_text().strip()
    except OSError:
        owner = ''
    # The owner may not have written its name yet.
    return owner or 'another process'
