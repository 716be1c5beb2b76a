"""Files of earlier versions, in the names and values of today."""

from typing import Any

OLD_NAMES = {'tested': 'final_test', 'probed': 'layer_statistics', 'starts': 'restarts'}
MOST_LEVELS = 50  # of lists and objects inside each other; our files have about ten


def upgrade(content: Any, levels: int = MOST_LEVELS) -> Any:
    """The content of a JSON file of an earlier version, in the names of today.

    Args:
        content: Of the file, or a part of it.
        levels: How many lists and objects may lie inside each other.

    Raises:
        ValueError: There are more, or a text holds half a character, which cannot be printed.
    """
    if isinstance(content, str):
        content.encode()  # raises UnicodeEncodeError, a ValueError
        return 'falsified' if content == 'refuted' else content
    if not isinstance(content, dict | list):
        return content
    if levels == 0:
        raise ValueError(f'it has more than {MOST_LEVELS} lists and objects inside each other')
    if isinstance(content, list):
        return [upgrade(value, levels - 1) for value in content]
    upgraded = {}
    for name, value in content.items():
        name.encode()
        upgraded[OLD_NAMES.get(name, name)] = upgrade(value, levels - 1)
    _upgrade_settings(upgraded)
    _upgrade_rounding(upgraded)
    return upgraded


def _upgrade_settings(content: dict[str, Any]) -> None:
    """Puts the settings of today in the place of those that say the same in another way."""
    if 'forget_bias' in content:
        # It acted on an LSTM alone.
        forget_bias = content.pop('forget_bias')
        content['gate_bias'] = forget_bias if content.get('cell') == 'lstm' else 0.0
    if 'standardize' in content:
        standardize = content.pop('standardize')
        content['pixels'] = 'standardized' if standardize is True else 'unit'


def _upgrade_rounding(content: dict[str, Any]) -> None:
    """Says whether a proof covers rounding, where a file has a bound on the rounding of a step."""
    error = content.pop('float32_error', None)
    if isinstance(error, int | float) and isinstance(content.get('slack'), int | float):
        content['covers_float32'] = error < content['slack']
