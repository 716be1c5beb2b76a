"""The folder of a run."""

import dataclasses
import json

import pytest

from experiments.core.config import Config
from experiments.training import workdir
from experiments.training.clock import Clock

pytestmark = pytest.mark.quick


def test_the_default_folder_is_named_after_the_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    config = Config(cell='gru', hidden=3)
    folder = str(workdir.path_of(config))
    assert folder == 'runs/binary_add-gru3-3c7548c7'
    assert workdir.path_of(dataclasses.replace(config, workdir='x/y')).parts == ('x', 'y')


def test_differences_name_both_values():
    settings = Config(hidden=5).identity()
    assert workdir.differences(Config(hidden=3), settings) == ['hidden (5 there, 3 here)']
    assert workdir.differences(Config(hidden=5), settings) == []
    del settings['state_noise']  # a setting that is newer than the file
    assert workdir.differences(Config(), settings) == []
    newer = workdir.differences(Config(state_noise=0.1), settings)
    assert newer == ['state_noise (0.0 there, 0.1 here)']


def test_settings_of_an_earlier_version(tmp_path):
    settings = {'version': '0.1.0', **Config(restarts=8).identity()}
    settings['starts'] = settings.pop('restarts')
    (tmp_path / 'config.json').write_text(json.dumps(settings))
    assert workdir.differences(Config(restarts=8), workdir.read_settings(tmp_path)) == []


def test_a_folder_is_begun_once(tmp_path):
    config = Config(workdir=str(tmp_path / 'run'))
    folder = workdir.prepare(config, resume=True)
    workdir.begin(folder, config, resume=True)
    assert workdir.read_settings(folder)['hidden'] == 5
    assert not workdir.holds_run(folder) and workdir.newest_epoch(folder) == 0
    (folder / 'checkpoints' / '3').mkdir(parents=True)
    assert workdir.holds_run(folder) and workdir.newest_epoch(folder) == 3
    workdir.begin(folder, config, resume=True)
    assert workdir.newest_epoch(folder) == 3
    workdir.begin(folder, config, resume=False)
    assert not workdir.holds_run(folder)


def test_a_clock_leaves_nested_spans_out(monkeypatch):
    times = iter([0.0, 1.0, 4.0, 10.0])
    monkeypatch.setattr('time.perf_counter', lambda: next(times))
    clock = Clock({'import': 2.0})
    with clock.span('train'), clock.span('compile'):
        pass
    assert clock.seconds == {'import': 2.0, 'compile': 3.0, 'train': 7.0}
