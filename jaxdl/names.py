"""Names that people choose from, and what is said of a name that is none of them.

This module does not import JAX.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from jaxdl import UserError

MOST_NEAR_NAMES = 3
LEAST_LIKENESS = 0.7  # of 1, as difflib measures it; 'ltsm' is 0.75 like 'lstm'
Named = TypeVar('Named')


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known names that look like a name, as ' (did you mean lstm?)'; '' if there are none."""
    near = difflib.get_close_matches(name, known, MOST_NEAR_NAMES, LEAST_LIKENESS)
    if not near:
        return ''
    *others, last = near
    listed = f'{", ".join(others)} or {last}' if others else last
    return f' (did you mean {listed}?)'


def unknown(setting: str, name: str, known: Iterable[str]) -> UserError:
    """The error that says that a name is unknown, and which ones are known.

    Args:
        setting: How the user wrote it: '--cell=ltsm', or "the cell 'ltsm'".
        name: The name.
        known: All names that there are; '' may be among them.
    """
    choices = [choice for choice in known if choice]
    return UserError(
        f'{setting} is unknown{did_you_mean(name, choices)}; choose one of {", ".join(choices)}'
    )


def require_known(kind: str, name: str, known: Collection[str]) -> None:
    """Raises UserError unless a name is known.

    Args:
        kind: What it is the name of, in the singular: 'loss'.
        name: The name.
        known: All names that there are.
    """
    if name not in known:
        raise unknown(f'the {kind} {name!r}', str(name), known)


def look_up(kind: str, name: str, table: Mapping[str, Named]) -> Named:
    """The entry of a table.

    Args:
        kind: What the table holds, in the singular: 'cell'.
        name: A key of it.
        table: By name.

    Raises:
        UserError: There is no such name.
    """
    require_known(kind, name, table)
    return table[name]
