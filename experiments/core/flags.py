"""Command-line flags: --name=value, --name value, and --name or --noname for true or false."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags

from experiments.core.config import PRECISION_HELP
from jaxdl import UserError
from jaxdl.backend import PRECISIONS


class Flag(NamedTuple):
    """A flag of a command.

    Attributes:
        default: It has the flag's type: bool, int, float or str.
        help: What the flag is, in a line.
        shown: What the help shows of a default that is too long for it; '' for the default itself.
    """

    default: bool | int | float | str
    help: str
    shown: str = ''


DEFINE = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
CACHE_FLAG = {
    'compilation_cache': Flag(
        True, 'keep compiled programs in the user cache folder, for faster starts'
    )
}
# Of the commands that have no flags made from Config, which has the precision too.
BACKEND_FLAGS = {
    'precision': Flag('highest', f'{PRECISION_HELP} ({" | ".join(PRECISIONS)})'),
    **CACHE_FLAG,
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
    except flags.Error as error:
        # absl's messages may span lines; ours are one line.
        message = f'{error}; --help lists the flags'
        raise UserError(message.replace('\n', ' ')) from None
    if stray_words:
        raise UserError(
            f'{stray_words[0]!r} is not a flag; flags are written --name=value, --help lists them'
        )
    return {name: values[name].value for name in command_flags if values[name].present}


def flag_values(argv: Sequence[str], command_flags: Mapping[str, Flag]) -> dict[str, Any]:
    """The value of every flag, as argv gives it or by default.

    Shows the help and exits if argv asks for it.

    Raises:
        UserError: As parse_flags.
    """
    values = {name: flag.default for name, flag in command_flags.items()}
    values |= parse_flags(argv, command_flags)
    if values['help']:
        print(help_text(command_flags))
        sys.exit(0)
    return values


def help_text(command_flags: Mapping[str, Flag]) -> str:
    """One line for each flag, with its default."""
    lines = [
        'Flags and their defaults. --NAME and --noNAME are short for --NAME=true and --NAME=false.'
    ]
    for name, flag in command_flags.items():
        default = flag.shown or flag.default
        if isinstance(default, bool):
            default = str(default).lower()
        setting = f'--{name}={default}'
        lines.append(f'  {setting:32s} {flag.help}')
    return '\n'.join(lines)
