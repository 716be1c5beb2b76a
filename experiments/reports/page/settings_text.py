"""The settings of a row as a text, with marks that say where each comes from."""

from experiments.core.config import Config
from experiments.reports.setting_sources import Source, setting_sources

MARKS: dict[Source, str] = {'given': '', 'implied': '†', 'chosen': '‡'}
LEGEND = (
    'Settings without a mark are given by the report; † follows from its code, its course or the '
    'defaults of its framework; ‡ is chosen here. What is not listed is the default of the task.'
)


def settings_text(row_id: str, config: Config) -> str:
    """The settings that a preset has beside the defaults of its task.

    Args:
        row_id: Of a row that trains a net.
        config: Its settings.
    """
    parts = []
    for name, source in setting_sources(row_id).items():
        parts.append(f'{_setting_text(name, getattr(config, name))}{MARKS[source]}')
    return ', '.join(parts)


def _setting_text(name: str, value: object) -> str:
    words = name.replace('_', ' ')
    if value is True:
        return words
    if value is False:
        return f'not {words}'
    if value == '':
        return f'{words} as elsewhere'
    if isinstance(value, float):
        return f'{words} {value:g}'
    return f'{words} {value}'.replace('_', ' ')
