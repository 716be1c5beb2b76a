"""Whole commands: which ones are run, that only the cold one meets an empty cache, their parts."""

import json
import sys
from types import SimpleNamespace

import pytest
from fake_workers import FakeStopwatch

from experiments.benchmark import whole_commands
from experiments.benchmark.whole_commands import CommandRun
from jaxdl import UserError

pytestmark = pytest.mark.quick


@pytest.fixture
def runs(monkeypatch):
    """The (module and flags, variables) of each run; the n-th one takes n seconds."""
    runs = []

    def run_module(module_and_flags, variables):
        runs.append((module_and_flags, variables))
        parts = json.dumps({'train': 0.75, 'evaluate': 0.25})
        return CommandRun(float(len(runs)), f'what it learns\n{parts}\n')

    def read_results(folder):
        return SimpleNamespace(seconds={'import': 0.5, 'compile': 0.25})

    monkeypatch.setattr(whole_commands, '_run_module', run_module)
    monkeypatch.setattr(whole_commands.workdir, 'read_results', read_results)
    return runs


def without_torch(name):
    return None


def with_torch(name):
    return 'a spec'


def test_the_warm_command_finds_the_cache_of_the_cold_one(runs, monkeypatch):
    monkeypatch.setattr(whole_commands.importlib.util, 'find_spec', without_torch)
    results = whole_commands.measure_commands(FakeStopwatch())
    # The first two runs do not count.
    assert results.times == {'jaxdl, cold': [3.0, 5.0], 'jaxdl, warm': [4.0, 6.0]}
    caches = [variables['XDG_CACHE_HOME'] for _, variables in runs]
    assert caches[0::2] == caches[1::2]
    assert len(set(caches)) == 3
    folders = {module_and_flags[-1] for module_and_flags, _ in runs}
    assert len(folders) == 6  # no run finds the results of another


def test_parts_add_up(runs, monkeypatch):
    monkeypatch.setattr(whole_commands.importlib.util, 'find_spec', with_torch)
    results = whole_commands.measure_commands(FakeStopwatch())
    assert results.times['PyTorch'] == [6.0, 9.0]
    assert results.parts['PyTorch'] == {
        'train': [0.75, 0.75],
        'evaluate': [0.25, 0.25],
        'rest': [5.0, 8.0],
    }
    assert results.parts['jaxdl, cold'] == {
        'import': [0.5, 0.5],
        'compile': [0.25, 0.25],
        'rest': [3.25, 6.25],
    }


def test_a_cache_of_the_users_does_not_make_a_cold_command_warm(monkeypatch):
    monkeypatch.setenv('JAX_COMPILATION_CACHE_DIR', 'mine')
    monkeypatch.setattr(sys, 'executable', 'env')
    run = whole_commands.subprocess.run

    def print_environment(command, **options):
        return run(['env'], **options)

    monkeypatch.setattr(whole_commands.subprocess, 'run', print_environment)
    output = whole_commands._run_module(['a module'], {'XDG_CACHE_HOME': 'new'}).output
    assert 'XDG_CACHE_HOME=new' in output
    assert 'JAX_COMPILATION_CACHE_DIR' not in output


def test_a_command_that_fails_is_said_in_a_line():
    with pytest.raises(UserError, match='-m no_such_module failed: .*No module named no_such'):
        whole_commands._run_module(['no_such_module'], {})
