"""Flags of a command."""

import pytest

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
