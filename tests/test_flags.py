"""Flags of a command."""

import dataclasses
import re

import pytest

from experiments import bench, predict, prove, report, reproduce, transfer, visualize
from experiments.core.config import Config
from experiments.core.flag_groups import GROUPS
from experiments.core.flags import HELP_FLAG, Flag, flag_values, help_text, parse_flags
from experiments.main import config_flags
from jaxdl import UserError

pytestmark = pytest.mark.quick
FLAGS = {
    'name': Flag('x', 'a text'),
    'count': Flag(3, 'a number'),
    'rate': Flag(0.5, 'a share'),
    'fast': Flag(True, 'or not'),
    **HELP_FLAG,
}


def test_only_flags_that_are_named():
    argv = ['command', '--count=5', '--nofast', '--rate', '.25']
    assert parse_flags(argv, FLAGS) == {'count': 5, 'fast': False, 'rate': 0.25}


def test_all_flags():
    values = flag_values(['command', '--name=y'], FLAGS, 'Does it.')
    assert values == {'name': 'y', 'count': 3, 'rate': 0.5, 'fast': True, 'help': False}


@pytest.mark.parametrize(
    'word, message',
    [
        ('--cuont=5', r'there is no flag --cuont \(did you mean count\?\); '),
        ('--nofats', r'there is no flag --nofats \(did you mean nofast\?\); '),
        ('--zzz', 'there is no flag --zzz; '),
        ('--count=five', '--count=five is not a whole number; '),
        ('--rate=half', '--rate=half is not a number; '),
        ('--fast=maybe', '--fast=maybe is not true or false; '),
        ('--nofast=5', '--nofast=5 does not take an argument; '),
        ('count=5', "'count=5' is not a flag"),
    ],
)
def test_errors_are_one_line(word, message):
    with pytest.raises(UserError, match=message) as error:
        parse_flags(['command', word], FLAGS)
    assert '\n' not in str(error.value) and '--help' in str(error.value)


def test_help_is_shown_and_ends_the_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        flag_values(['command', '-h'], FLAGS, 'Does it.')
    assert not stopped.value.code
    shown = capsys.readouterr().out
    assert shown.startswith('Does it.\n')
    assert '\n  --fast=true ' in shown


def test_a_long_default_is_shortened_in_the_help_alone():
    flags = {'folder': Flag('/a/very/long/path/to/results', 'a folder', '.../results'), **HELP_FLAG}
    assert '  --folder=.../results ' in help_text(flags, 'Does it.')
    assert flag_values(['command'], flags, '')['folder'] == '/a/very/long/path/to/results'


@pytest.mark.parametrize('command', [bench, predict, prove, report, reproduce, transfer, visualize])
def test_the_defaults_of_a_command_are_short(command):
    settings = re.findall(r'^  (--\S*)', help_text(command.FLAGS, ''), re.MULTILINE)
    assert len(settings) == len(command.FLAGS)
    assert max(map(len, settings)) <= 45


def test_common_flags_come_first_and_the_others_by_groups():
    flags = {
        'depth': Flag(1, 'how deep', group='The net'),
        'task': Flag('add', 'what to learn'),
        'folder': Flag('.', 'where', group='Files'),
        'width': Flag(2, 'how wide', group='The net'),
    }
    _, _, *lines = help_text(flags, 'Does it.').splitlines()
    words = [line.split()[0] for line in lines[1:] if line]
    assert words == ['--task=add', 'The', '--depth=1', '--width=2', 'Files', '--folder=.']


def test_every_setting_is_in_one_group():
    names = []
    for group in GROUPS.values():
        names += group
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(Config))
    _, common, *_ = help_text(config_flags(Config()), 'Trains.').split('\n\n')
    assert re.findall(r'^  --(\w+)=', common, re.MULTILINE)[:3] == ['task', 'dataset', 'machine']
    assert '--momentum=' not in common
