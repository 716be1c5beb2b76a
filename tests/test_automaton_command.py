"""The task automaton from the command line: one's own machine, trained, shown and falsified."""

import json
import re
from pathlib import Path

import pytest
from command_line import start

from experiments import prove
from experiments.core.command import run_command
from experiments.training import finished_run, workdir

pytestmark = pytest.mark.usefixtures('quick_compilation')

SMALL = [
    '--hidden=3',
    '--epochs=1',
    '--restarts=1',
    '--train_size=64',
    '--validation_size=10',
]
# It answers 2 after three symbols "tick", and then starts again.
CLOCK = {
    'symbols': ['tick', 'wait'],
    'states': ['none', 'one', 'two'],
    'next': {
        'none': {'tick': 'one', 'wait': 'none'},
        'one': {'tick': 'two', 'wait': 'one'},
        'two': {'tick': 'none', 'wait': 'two'},
    },
    'answers': {
        'none': {'tick': 0, 'wait': None},
        'one': {'tick': 0, 'wait': None},
        'two': {'tick': 2, 'wait': None},
    },
}


@pytest.fixture(scope='module')
def machine_file(tmp_path_factory):
    file = tmp_path_factory.mktemp('machines') / 'clock.json'
    file.write_text(json.dumps(CLOCK))
    return file


@pytest.fixture(scope='module')
def flags(machine_file, tmp_path_factory):
    """Those of a finished run of the machine."""
    folder = tmp_path_factory.mktemp('clock')
    run_flags = ['--task=automaton', *SMALL, f'--machine={machine_file}', f'--workdir={folder}']
    assert start(*run_flags) == 0
    return run_flags


def folder_of(flags):
    return flags[-1].removeprefix('--workdir=')


def test_a_run_keeps_its_machine_and_its_results(flags, capsys):
    assert start(*flags) == 0
    output = capsys.readouterr().out
    assert 'finished' in output
    assert 'exact match in %, by length' in output
    assert 'sample: ' in output
    config = finished_run.read_config(Path(folder_of(flags)))
    assert json.loads(config.machine) == {'name': 'clock', **CLOCK}
    results = workdir.read_results(Path(folder_of(flags)))
    assert results.train.keys() == {'loss', 'accuracy', 'exact_match'}
    assert set(results.final_test.by_length) == {'random', 'constant', 'loop'}
    assert results.final_test.verdicts['0'].verdict == 'falsified'


def test_a_changed_file_is_another_run(flags, machine_file, capsys):
    changed = {**CLOCK, 'answers': {**CLOCK['answers'], 'one': {'tick': 1, 'wait': None}}}
    machine_file.write_text(json.dumps(changed))
    capsys.readouterr()
    assert start(*flags) == 2
    error = capsys.readouterr().err
    assert 'it differs in machine (clock there, clock here)' in error
    assert error.count('\n') == 1
    machine_file.write_text(json.dumps(CLOCK))


@pytest.mark.slow
def test_an_untrained_net_is_falsified_in_words(flags, capsys):
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        run_command(prove.main, ['prove', flags[-1], '--steps=5', '--history=0', '--as_trained'])
    assert not stopped.value.code
    output = capsys.readouterr().out
    assert re.search(r'falsified \((tick|wait)[a-z ]*: the answer is \d, answered \d\)', output)


@pytest.mark.quick
def test_a_machine_that_is_not_total_gives_one_line(tmp_path, capsys):
    file = tmp_path / 'broken.json'
    broken = {**CLOCK, 'next': {**CLOCK['next'], 'two': {'tick': 'none'}}}
    file.write_text(json.dumps(broken))
    capsys.readouterr()
    assert start('--task=automaton', f'--machine={file}') == 2
    error = capsys.readouterr().err
    assert error == f'error: --machine={file}: "next" of state "two" lacks the key "wait"; add it\n'
