"""Flags of a command."""

import pytest

from experiments import bench, predict, prove, report, reproduce, transfer, visualize
from experiments.core.flags import HELP_FLAG, Flag, flag_values, help_text, parse_flags
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
    values = flag_values(['command', '--name=y'], FLAGS)
    assert values == {'name': 'y', 'count': 3, 'rate': 0.5, 'fast': True, 'help': False}


@pytest.mark.parametrize(
    'word, message',
    [
        ('--cuont=5', 'cuont'),
        ('--count=five', 'count'),
        ('count=5', "'count=5' is not a flag"),
    ],
)
def test_errors_are_one_line(word, message):
    with pytest.raises(UserError, match=message) as error:
        parse_flags(['command', word], FLAGS)
    assert '\n' not in str(error.value) and '--help' in str(error.value)


def test_help_is_shown_and_ends_the_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        flag_values(['command', '-h'], FLAGS)
    assert not stopped.value.code
    assert capsys.readouterr().out.strip() == help_text(FLAGS)
    assert '  --fast=true' in help_text(FLAGS)


def test_a_long_default_is_shortened_in_the_help_alone():
    flags = {'folder': Flag('/a/very/long/path/to/results', 'a folder', '.../results'), **HELP_FLAG}
    assert '  --folder=.../results ' in help_text(flags)
    assert flag_values(['command'], flags)['folder'] == '/a/very/long/path/to/results'


@pytest.mark.parametrize('command', [bench, predict, prove, report, reproduce, transfer, visualize])
def test_the_defaults_of_a_command_are_short(command):
    for line in help_text(command.FLAGS).splitlines()[1:]:
        setting = line.split()[0]
        assert len(setting) <= 45, setting
