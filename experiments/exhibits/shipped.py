"""The nets that come with jaxdl, one JSON file for each exhibit in the folder nets/.

docs/playground.md says how they were trained.
"""

from pathlib import Path
from typing import Any

from experiments.core import file_schema
from experiments.core.schemas.exhibits import AdderNet, ConvolutionalNet, RecallNet, RowNet

FOLDER = Path(__file__).parent / 'nets'
TYPES = {
    'adders': list[AdderNet],
    'recall': RecallNet,
    'rows': RowNet,
    'cnn': ConvolutionalNet,
}


def read_net(exhibit: str) -> Any:
    """The shipped net, or nets, of an exhibit.

    Args:
        exhibit: A key of TYPES.
    """
    return file_schema.from_json(file_schema.read_content(_file(exhibit)), TYPES[exhibit])


def write_net(exhibit: str, net: Any) -> None:
    """Makes a net, or nets, the shipped ones of an exhibit.

    Args:
        exhibit: A key of TYPES.
        net: Of the type there.
    """
    file_schema.write_json(_file(exhibit), net)


def _file(exhibit):
    return FOLDER / f'{exhibit}.json'
