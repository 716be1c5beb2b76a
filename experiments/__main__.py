"""Runs a command by its name: jaxdl-experiments main --task=binary_add --hidden=5.

That is python -m experiments.main, where another project's folder `experiments` is in the way.
"""

import pkgutil
import runpy
import sys
from collections.abc import Sequence
from typing import NoReturn

import experiments
from experiments.core.command import run_command
from jaxdl.names import unknown


def main() -> NoReturn:
    """Runs the command that the first word of the command line names."""
    run_command(run_named_command)


def run_named_command(argv: Sequence[str]) -> None:
    """Runs the command argv[1] with the words after it; shows which there are without one.

    Raises:
        UserError: There is no such command.
    """
    commands = []
    for module in pkgutil.iter_modules(experiments.__path__):
        if not module.ispkg and module.name != '__main__':
            commands.append(module.name)
    if len(argv) < 2 or argv[1] in ('-h', '--help'):
        print(__doc__.strip())
        print(f'\nCommands, each with a --help: {", ".join(commands)}')
        return
    name = argv[1]
    if name not in commands:
        raise unknown(f'the command {name!r}', name, commands)
    sys.argv = [name, *argv[2:]]
    runpy.run_module(f'experiments.{name}', run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    main()
