"""The nets of the playground, as they lie in experiments/exhibits/nets/ and in the page."""

import base64
from typing import Any, Literal

import msgspec
import numpy as np

from experiments.core.schemas.fields import Count

Cell = Literal['rnn', 'gru', 'lstm']
Point = tuple[float, float]


class PackedArray(msgspec.Struct, frozen=True):
    """An array in single precision.

    Attributes:
        shape: Of the array.
        float32: Base64 of its little-endian numbers, row after row.
    """

    shape: list[Count]
    float32: str


def pack(array: np.ndarray) -> PackedArray:
    """Packs an array of any shape."""
    numbers = np.asarray(array, '<f4')
    return PackedArray(list(numbers.shape), base64.b64encode(numbers.tobytes()).decode())


def unpack(packed: PackedArray) -> np.ndarray:
    """The array that was packed."""
    numbers = np.frombuffer(base64.b64decode(packed.float32), '<f4')
    return numbers.reshape(packed.shape)


Weights = dict[str, PackedArray]


class InvariantSet(msgspec.Struct, frozen=True):
    """A set of a certificate, projected to the plane of a net's states.

    Attributes:
        carry: The carry of the sum while the state is in this set.
        outline: The corners of the projected set, in order.
    """

    carry: Count
    outline: list[Point]


class Plane(msgspec.Struct, frozen=True):
    """The plane of the two principal directions of hidden states of H units.

    Attributes:
        origin: (H,), the mean state.
        directions: (2, H), orthonormal.
    """

    origin: list[float]
    directions: list[list[float]]


class AdderNet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A net that adds two binary numbers, lowest bit first.

    Attributes:
        name: What the page calls it.
        verdict: 'proved' at every length, 'falsified' by a counterexample, or 'unknown'.
        cell: Of its one layer.
        weights: By name, in the shapes of torch.
        plane: In which its states are drawn.
        sets: Of its certificate.
        certificate: The file that proves it, whole.
        counterexample: Pairs of bits, lowest first, whose last answer is wrong.
    """

    name: str
    verdict: Literal['proved', 'falsified', 'unknown']
    cell: Cell
    weights: Weights
    plane: Plane
    sets: list[InvariantSet] = []
    certificate: dict[str, Any] | None = None
    counterexample: list[tuple[Count, Count]] = []


class RecallNet(msgspec.Struct, frozen=True):
    """A net that recalls the k-th digit of a sequence.

    Attributes:
        name: What the page calls it.
        cell: Of its one layer.
        k: Which digit it recalls, counted from 1.
        weights: By name.
    """

    name: str
    cell: Cell
    k: Count
    weights: Weights


class PixelScale(msgspec.Struct, frozen=True):
    """How grey levels from 0 to 255 become inputs: (level / 255 - mean) / deviation."""

    mean: float
    deviation: float


class RowNet(msgspec.Struct, frozen=True):
    """A recurrent net that reads the rows of an image of 28 x 28 pixels.

    Attributes:
        name: What the page calls it.
        cell: Of its one layer.
        pixels: How images are scaled.
        weights: By name.
    """

    name: str
    cell: Cell
    pixels: PixelScale
    weights: Weights


class ConvolutionalNet(msgspec.Struct, frozen=True):
    """A LeNet with ReLU that reads grey images of 28 x 28 pixels.

    Attributes:
        name: What the page calls it.
        pixels: How images are scaled.
        weights: By name, in the shapes of torch.
    """

    name: str
    pixels: PixelScale
    weights: Weights


class Exhibits(msgspec.Struct, frozen=True):
    """All that the page shows.

    Attributes:
        adders: Nets that add; the first is shown first.
        recall: The net that recalls a digit.
        rows: The net that reads an image row by row.
        cnn: The net that reads an image as a whole.
        samples: A handwritten digit of each class to read without drawing, of 8 x 8 grey levels
            from 0 to 255, light on black, row after row.
    """

    adders: list[AdderNet]
    recall: RecallNet
    rows: RowNet
    cnn: ConvolutionalNet
    samples: list[list[Count]]
