"""Files that a kill, a full disk or a power cut leaves whole.

What is replaced is written to a draft beside it, brought to the disk, and renamed: at any time the
name stands for the old content or for the new one. A rename that is not on the disk may be undone
by a power cut, so the folder is brought to the disk too.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# File systems that cannot sync a file or a folder answer so.
CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """A stream whose content becomes the content of `file` at the end of the context.

    If the context ends with an error, the file is as it was.

    Raises:
        OSError: The content cannot be written; its filename is that of `file`.
    """
    # Two processes may write the same file, so a draft has a name of its own.
    draft = file.with_name(f'.{file.name}.{secrets.token_hex(4)}.draft')
    with naming(file):
        try:
            with open(draft, 'xb') as stream:
                yield stream
                sync(stream)
            os.replace(draft, file)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        sync_folder(file.parent)


def write_whole(file: Path, content: bytes | str) -> None:
    """Writes a file whole or not at all. Text is written as UTF-8.

    Raises:
        OSError: It cannot be written; its filename is that of `file`.
    """
    with whole_file(file) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def append(file: Path, text: str) -> None:
    """Adds text, as UTF-8, at the end of a file that exists, and brings it to the disk.

    Raises:
        OSError: It cannot be written, or only in part; its filename is that of `file`.
    """
    with naming(file), open(file, 'ab') as stream:
        stream.write(text.encode())
        sync(stream)


def copy_folder(source: Path, target: Path) -> None:
    """Copies a folder. The copy, which must not exist, appears whole and on the disk."""
    draft = target.with_name(f'.{target.name}.draft')
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    sync_tree(draft)
    draft.rename(target)
    sync_folder(target.parent)


def remove_drafts(folder: Path) -> None:
    """Deletes the drafts that a kill has left in a folder, in which nobody else may be writing."""
    for draft in folder.glob('.*.draft'):
        if draft.is_dir():
            shutil.rmtree(draft)
        else:
            draft.unlink()


def sync(stream: BinaryIO) -> None:
    """Brings what was written to a stream to the disk."""
    stream.flush()
    _sync_descriptor(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Brings the names in a folder to the disk."""
    if os.name != 'posix':  # elsewhere a folder cannot be opened
        return
    _sync_path(folder)


def sync_tree(folder: Path) -> None:
    """Brings all files below a folder, and their names, to the disk."""
    for path, _, names in os.walk(folder):
        for name in names:
            _sync_path(os.path.join(path, name))
        sync_folder(Path(path))


def _sync_path(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _sync_descriptor(descriptor):
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Adds the name of a file to an OSError: that of a failed write has none."""
    try:
        yield
    except OSError as error:
        error.filename = str(file)
        error.filename2 = None
        raise
