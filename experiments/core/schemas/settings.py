"""The settings of a run, as files hold them."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Required, TypedDict

import msgspec

from experiments.core.config import Config
from experiments.core.schemas.fields import Count

# A text of a setting: the name of a choice, or a version. It cannot break a line of output.
Word = Annotated[str, msgspec.Meta(pattern=r'\A[\w.+-]*\Z', max_length=100)]
# One's own machine, as experiments.core.own_machines writes it, or a word.
SettingText = Annotated[str, msgspec.Meta(pattern=r'\A([\w.+-]{0,100}|\{[ -~]{0,1000000}\})\Z')]
Settings = dict[Word, bool | int | float | SettingText]


def _setting_types() -> dict[str, Any]:
    """The type of each setting of a run, by name."""
    types = {}
    for field in dataclasses.fields(Config):
        types[field.name] = Count if field.type is int else field.type
    # These two are needed to read the rest of a file.
    types['task'] = Required[str]
    types['seeds'] = Required[Annotated[int, msgspec.Meta(ge=1, le=2**31)]]
    return types


# Config's own checks would be too much here: they are made for the settings of today.
_SettingsOfRun = TypedDict('_SettingsOfRun', _setting_types(), total=False)


def check_settings(content: Any) -> Settings:
    """The settings of a run, as far as types say that they are some.

    They may hold names that this version does not know.

    Raises:
        ValueError: They are none.
    """
    settings = msgspec.convert(content, Settings)
    msgspec.convert(settings, _SettingsOfRun)
    return settings


def to_config(settings: Mapping[str, Any]) -> Config:
    """The Config of settings that were read from a file.

    Args:
        settings: By name, without the places of Config.

    Raises:
        ValueError: A name is unknown, or a value is of another type.
        UserError: As Config.
    """
    unknown = settings.keys() - Config().identity().keys()
    if unknown:
        raise ValueError(f'unknown settings {", ".join(sorted(unknown))}')
    return msgspec.convert(dict(settings), Config)
