"""Command-line flags: --name=value, --name value, and --name or --noname for true or false."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags

from experiments.core.config import PRECISION_HELP, Config
from jaxdl import UserError
from jaxdl.backend import PRECISIONS
from jaxdl.names import did_you_mean

# Groups of flags, as the help calls them.
WHERE_AND_HOW = 'Where the data are, and how numbers are computed'


class Flag(NamedTuple):
    """A flag of a command.

    Attributes:
        default: It has the flag's type: bool, int, float or str.
        help: What the flag is, in a line.
        shown: What the help shows of a default that is too long for it; '' for the default itself.
        group: The heading under which the help lists it; '' for the common flags, which come first.
    """

    default: bool | int | float | str
    help: str
    shown: str = ''
    group: str = ''


DEFINE = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
KINDS = {bool: 'true or false', int: 'a whole number', float: 'a number', str: 'a text'}
CACHE_FLAG = {
    'compilation_cache': Flag(
        True,
        'keep compiled programs in the user cache folder, for faster starts',
        group=WHERE_AND_HOW,
    )
}
# Of the commands that have no flags made from Config, which has the precision too.
BACKEND_FLAGS = {
    'precision': Flag(
        'highest', f'{PRECISION_HELP} ({" | ".join(PRECISIONS)})', group=WHERE_AND_HOW
    ),
    **CACHE_FLAG,
}
DATA_FLAG = {
    'data_dir': Flag(Config.data_dir, 'folder of the image data', group=WHERE_AND_HOW),
}
HELP_FLAG = {'help': Flag(False, 'show this')}


def parse_flags(argv: Sequence[str], command_flags: Mapping[str, Flag]) -> dict[str, Any]:
    """The values of the flags that argv names, by name.

    Args:
        argv: The command line; its first word is the command.
        command_flags: By name.

    Raises:
        UserError: An unknown flag, a bad value or a stray word.
    """
    # Flags of our own, not absl's global ones, which belong to whoever imports us.
    values = flags.FlagValues()
    for name, flag in command_flags.items():
        define = DEFINE[type(flag.default)]
        # No default here, so that `present` tells what the user has written.
        define(name, None, flag.help, flag_values=values)
    words = ['--help' if word == '-h' else word for word in argv]
    try:
        stray_words = values(words)[1:]
    except (flags.Error, ValueError) as error:  # absl raises the latter for --noname=value
        message = _what_is_wrong(error, command_flags)
        raise UserError(f'{message}; --help lists the flags') from None
    if stray_words:
        raise UserError(
            f'{stray_words[0]!r} is not a flag; flags are written --name=value, --help lists them'
        )
    return {name: values[name].value for name in command_flags if values[name].present}


def _what_is_wrong(error: Exception, command_flags: Mapping[str, Flag]) -> str:
    """An error of absl in a line."""
    if isinstance(error, flags.UnrecognizedFlagError):
        known = []
        for name, flag in command_flags.items():
            known.append(name)
            if isinstance(flag.default, bool):
                known.append(f'no{name}')
        return f'there is no flag --{error.flagname}{did_you_mean(error.flagname, known)}'
    if isinstance(error, flags.IllegalFlagValueError):
        # absl's message is 'flag --hidden=five: ' and the words of Python.
        setting = str(error).removeprefix('flag ').split(': ')[0]
        name = setting.removeprefix('--').partition('=')[0]
        kind = KINDS[type(command_flags[name].default)]
        return ' '.join(f'{setting} is not {kind}'.split())
    return ' '.join(str(error).split())


def flag_values(
    argv: Sequence[str], command_flags: Mapping[str, Flag], about: str
) -> dict[str, Any]:
    """The value of every flag, as argv gives it or by default.

    Shows the help and exits if argv asks for it.

    Args:
        argv: As in parse_flags.
        command_flags: By name.
        about: What the command does, for the help.

    Raises:
        UserError: As parse_flags.
    """
    values = {name: flag.default for name, flag in command_flags.items()}
    values |= parse_flags(argv, command_flags)
    if values['help']:
        print(help_text(command_flags, about))
        sys.exit(0)
    return values


def help_text(command_flags: Mapping[str, Flag], about: str) -> str:
    """What the command does, and a line for each flag, with its default.

    The flags come by groups, the common ones first.
    """
    groups = {'': []}
    for name, flag in command_flags.items():
        groups.setdefault(flag.group, []).append(_help_line(name, flag))
    lines = [
        about.strip(),
        '',
        'Flags and their defaults. --NAME and --noNAME are short for --NAME=true and --NAME=false.',
        *groups.pop(''),
    ]
    for heading, lines_of_group in groups.items():
        lines += ['', heading, *lines_of_group]
    return '\n'.join(lines)


def _help_line(name, flag):
    default = flag.shown or flag.default
    if isinstance(default, bool):
        default = str(default).lower()
    setting = f'--{name}={default}'
    return f'  {setting:32s} {flag.help}'
