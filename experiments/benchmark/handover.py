"""The file by which our worker gives its weights and examples to the peers."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxdl.train import Examples

WEIGHT = 'weight of '  # before the name of each weight in the file


class Handover(NamedTuple):
    """What a peer starts from, as NumPy arrays.

    Attributes:
        params: Our parameters of one seed.
        examples: All training examples or, of a sequence task, those of our first epoch.
        order: (n,) the rows of `examples` that our first epoch trains on.
    """

    params: dict[str, Any]
    examples: Examples
    order: np.ndarray


def save(file: Path, handover: Handover) -> None:
    """Writes the .npz file."""
    arrays = {'order': handover.order}
    for name, array in handover.examples._asdict().items():
        if array is not None:  # images have no lengths
            arrays[name] = array
    for name, weight in handover.params['params'].items():
        arrays[WEIGHT + name] = weight
    np.savez(file, **arrays)


def load(file: Path) -> Handover:
    """Reads the .npz file."""
    weights = {}
    arrays = {}
    with np.load(file) as content:
        for name in content.files:
            if name.startswith(WEIGHT):
                weights[name.removeprefix(WEIGHT)] = content[name]
            else:
                arrays[name] = content[name]
    examples = Examples(arrays['inputs'], arrays['targets'], arrays.get('lengths'))
    return Handover({'params': weights}, examples, arrays['order'])
