"""Whole commands: which ones are run, and that only the cold one meets an empty cache."""

import pytest

from experiments.benchmark import whole_commands


@pytest.mark.quick
def test_the_warm_command_finds_the_cache_of_the_cold_one(monkeypatch):
    runs = []

    def run_seconds(module_and_flags, variables):
        runs.append((module_and_flags, variables))
        return float(len(runs))

    monkeypatch.setattr(whole_commands, '_run_seconds', run_seconds)
    monkeypatch.setattr(whole_commands.importlib.util, 'find_spec', lambda name: None)
    assert whole_commands.measure_commands(repeats=2) == {'jaxdl, cold': 2.0, 'jaxdl, warm': 3.0}
    caches = [variables['XDG_CACHE_HOME'] for _, variables in runs]
    assert caches[0] == caches[1]
    assert caches[2] == caches[3]
    assert caches[0] != caches[2]
    folders = {module_and_flags[-1] for module_and_flags, _ in runs}
    assert len(folders) == 4  # no run finds the results of another


@pytest.mark.quick
def test_pytorch_is_measured_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(whole_commands, '_run_seconds', lambda module_and_flags, variables: 1.0)
    monkeypatch.setattr(whole_commands.importlib.util, 'find_spec', lambda name: 'a spec')
    measured = whole_commands.measure_commands(repeats=1)
    assert measured.keys() == {
        'jaxdl, cold',
        'jaxdl, warm',
        'PyTorch',
    }
