"""A power cut before any operation of a run: the run goes on, and is the same.

What was not brought to the disk may be lost, as a file system promises no more. The files of a run
are followed while it trains, and what may be left of them is built anew in another folder.
"""

import itertools
import os
import shutil
import threading
from typing import NamedTuple

import pytest
from tiny_run import EPOCHS, outcome, share_programs, train
from watched_disk import watch


class Disk:
    """Follows the files below a folder, and what of them is sure to be on the disk.

    Files and folders are told apart by numbers of our own, as inodes are used again.
    """

    def __init__(self, root):
        self.root = root
        self.numbers = {}  # of inodes that exist
        self.count = itertools.count()
        self.entries = {}  # {folder: {name: number}} now
        self.contents = {}  # {file: bytes} now
        self.durable_entries = {}
        self.durable_contents = {}

    def look(self):
        """Takes in what is there now.

        It looks twice, as threads may rename and remove files while it looks: only what is the same
        both times was there at one time.
        """
        while True:
            try:
                self._look()
                first = dict(self.entries), dict(self.contents)
                self._look()
            except FileNotFoundError:
                continue  # a thread of tensorstore has just removed a file
            if first == (self.entries, self.contents):
                return

    def _look(self):
        inodes = set()

        def visit(path):
            inode = os.lstat(path).st_ino
            inodes.add(inode)
            number = self.numbers.setdefault(inode, next(self.count))
            if path.is_dir():
                children = sorted(path.iterdir())
                self.entries[number] = {child.name: visit(child) for child in children}
            else:
                self.contents[number] = path.read_bytes()
            return number

        visit(self.root)
        for inode in self.numbers.keys() - inodes:
            del self.numbers[inode]

    def sync(self, path):
        """Takes in that a file, or the names in a folder, came to the disk."""
        number = self.numbers[os.lstat(path).st_ino]
        if path.is_dir():
            self.durable_entries[number] = self.entries[number]
        else:
            self.durable_contents[number] = self.contents[number]

    def left(self, names_are_lost, contents_are_lost):
        """What a power cut may leave: {path: bytes, or None for a folder}."""
        entries, contents = self.entries, self.contents
        if names_are_lost:
            entries = self.durable_entries
        if contents_are_lost:
            contents = self.durable_contents
        left = {}

        def visit(number, path):
            if number not in self.entries:
                # A file whose name came to the disk without it is empty.
                left[path] = contents.get(number, b'')
                return
            left[path] = None
            for name, child in entries.get(number, {}).items():
                visit(child, f'{path}/{name}')

        visit(self.numbers[os.lstat(self.root).st_ino], '')
        return left


# What a power cut takes: nothing (as a kill), what is in files, names too.
CUTS = {'kill': (False, False), 'contents': (False, True), 'names': (True, True)}


@pytest.fixture(scope='module')
def tiny_runs():
    with pytest.MonkeyPatch.context() as patch:
        share_programs(patch)
        yield


class Recording(NamedTuple):
    """Of a run that nothing disturbed.

    Attributes:
        outcome: What it left in the end.
        states: {cut: [{path: bytes}, ...]}, what a cut before each operation may leave.
    """

    outcome: tuple
    states: dict


@pytest.fixture(scope='module')
def recording(tiny_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp('recorded')
    disk = Disk(folder)
    states = {cut: [] for cut in CUTS}
    lock = threading.Lock()

    def before(kind, path):
        with lock:  # orbax writes in threads
            disk.look()
            for cut, is_lost in CUTS.items():
                states[cut].append(disk.left(*is_lost))
            if kind == 'fsync':
                disk.sync(path)

    with pytest.MonkeyPatch.context() as patch:
        watch(patch, folder, before)
        assert train(folder) == 0
    return Recording(outcome(folder), states)


def _build(state, folder):
    for path, content in state.items():
        place = folder / path.lstrip('/')
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content)


def _go_on_from(state, folder, expected):
    _build(state, folder)
    assert train(folder) == 0
    assert outcome(folder) == expected
    shutil.rmtree(folder)


@pytest.mark.parametrize('share', [0.2, 0.6, 0.9])
@pytest.mark.parametrize('cut', CUTS)
def test_a_run_goes_on_after_a_power_cut(cut, share, recording, tmp_path):
    states = recording.states[cut]
    state = states[int(share * len(states))]
    _go_on_from(state, tmp_path / 'run', recording.outcome)


@pytest.mark.slow
@pytest.mark.parametrize('cut', CUTS)
def test_a_run_goes_on_after_a_power_cut_at_any_time(cut, recording, tmp_path):
    tried = []
    for state in recording.states[cut]:
        if state not in tried:
            _go_on_from(state, tmp_path / 'run', recording.outcome)
            tried.append(state)
    assert len(tried) > 2 * EPOCHS


def test_a_power_cut_takes_one_epoch_at_most(recording):
    """The newest, the name of whose checkpoint may not be on the disk."""
    for now, later in zip(recording.states['kill'], recording.states['names'], strict=True):
        assert _newest(later) >= _newest(now) - 1
    assert _newest(later) == EPOCHS


def _newest(state):
    names = [path.split('/')[-1] for path in state if path.startswith('/checkpoints/')]
    return max((int(name) for name in names if name.isdigit()), default=0)
