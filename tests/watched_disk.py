"""Watches, and may fail, what Python code does to the files below a folder."""

import builtins
import io
import os
from pathlib import Path

WRITING = set('wax+')


def watch(patch, folder, before):
    """Calls before(kind, path) before each operation below a folder that changes something.

    Kinds are open, write, fsync, rename, mkdir and remove. What `before` raises, the operation
    raises. Several writes to a file in a row count once. tensorstore's own operations are not seen:
    it writes beneath Python.
    """
    folder = os.fspath(folder)
    last_written = []
    names = {}  # of open file descriptors

    def is_watched(path):
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(folder)

    def tell(kind, path):
        if kind == 'write' and last_written == [path]:
            return
        last_written[:] = [path] if kind == 'write' else []
        before(kind, Path(path))

    def watched(kind, function):
        def call(path, *args, **kwargs):
            if is_watched(path):
                tell(kind, path)
            return function(path, *args, **kwargs)

        return call

    os_open, os_fsync, open_stream = os.open, os.fsync, io.open

    def watched_os_open(path, *args, **kwargs):
        if is_watched(path):
            tell('open', path)
        descriptor = os_open(path, *args, **kwargs)
        names[descriptor] = path
        return descriptor

    def watched_fsync(descriptor):
        path = names.get(descriptor)
        if is_watched(path):
            tell('fsync', path)
        os_fsync(descriptor)

    def watched_open(path, mode='r', *args, **kwargs):
        if not (is_watched(path) and WRITING & set(mode)):
            return open_stream(path, mode, *args, **kwargs)
        tell('open', path)
        stream = open_stream(path, mode, *args, **kwargs)
        names[stream.fileno()] = path
        return _WatchedStream(stream, lambda: tell('write', path))

    patch.setattr(os, 'open', watched_os_open)
    patch.setattr(os, 'fsync', watched_fsync)
    for module in (builtins, io):
        patch.setattr(module, 'open', watched_open)
    for name in ('rename', 'replace'):
        patch.setattr(os, name, watched('rename', getattr(os, name)))
    for name in ('unlink', 'remove', 'rmdir'):
        patch.setattr(os, name, watched('remove', getattr(os, name)))
    patch.setattr(os, 'mkdir', watched('mkdir', os.mkdir))


class _WatchedStream:
    """A file open for writing that calls a function before each write."""

    def __init__(self, stream, before_write):
        self._stream = stream
        self._before_write = before_write

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stream.close()

    def write(self, content):
        self._before_write()
        return self._stream.write(content)
