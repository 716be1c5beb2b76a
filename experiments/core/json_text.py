"""JSON as text of short lines, so that a reader of a difference sees which value has changed."""

import json
from typing import Any

COLUMNS = 100


def to_text(content: Any) -> str:
    """The JSON text of plain content.

    What fits on a line is on one line, and so is a list of numbers or texts, however long. The
    parts of everything else are on lines of their own.
    """
    return _text(content, indent=0, column=0)


def _text(content, indent, column):
    """The text of content that begins at a column, on a line that begins with `indent` spaces."""
    on_one_line = json.dumps(content)
    if not _can_be_split(content) or column + len(on_one_line) < COLUMNS:
        return on_one_line
    inner = indent + 1
    parts = []
    if isinstance(content, dict):
        opening, closing = '{', '}'
        for name, value in content.items():
            key = f'{json.dumps(name)}: '
            parts.append(key + _text(value, inner, inner + len(key)))
    else:
        opening, closing = '[', ']'
        for value in content:
            parts.append(_text(value, inner, inner))
    separator = ',\n' + ' ' * inner
    return f'{opening}\n{" " * inner}{separator.join(parts)}\n{" " * indent}{closing}'


def _can_be_split(content):
    if isinstance(content, dict):
        return len(content) > 0
    return isinstance(content, list) and any(isinstance(value, dict | list) for value in content)
