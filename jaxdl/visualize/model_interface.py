"""What the functions of this folder ask of a model; jaxdl.models.cnn.CNN has all of it.

Shapes in this folder: N images, H height, W width, C channels, K maps of a layer (or units of a
dense one). Images are NHWC, in the scale that the model was trained on.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import jax

from jaxdl import UserError

Params = Any  # a pytree of arrays, as the model's init makes it


class ReceptiveField(Protocol):
    """What the unit at (row, column) of a map sees: size x size pixels.

    Attributes:
        size: The side of this square in pixels.
        stride: The pixels from the square of a unit to that of the next one.
        before: The first row of pixels is row * stride - before; columns likewise.
    """

    size: int
    stride: int
    before: int


class Model(Protocol):
    """A convolutional net as a function of its parameters.

    Attributes:
        shape: (H, W, C) of an image.
        receptive_fields: By layer.
        rule: How signals pass back through its activations.
    """

    shape: tuple[int, int, int]
    receptive_fields: Mapping[str, ReceptiveField]
    rule: str

    def apply(
        self, params: Params, *inputs: jax.Array, method: str | None = None
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Runs the net.

        Args:
            params: The parameters.
            *inputs: Images (N, H, W, C), or what `method` takes.
            method: Another method of the model to run. 'units' takes patches (N, S, S, C) and
                whether their pooled parts lie in the image (N, 5, 5), and returns values (N, K).

        Returns:
            (logits, {layer: values}), values (N, h, w, K), or (N, K) for a dense layer.
        """

    def clone(self, *, rule: str) -> 'Model':
        """The same model with another rule for how signals pass back through its activations."""


def with_rule(model: Model, rule: str) -> Model:
    """The same model with a backward rule: 'deconvnet', 'guided' or 'gradient'.

    Raises:
        UserError: The model has no field for it.
    """
    if not hasattr(model, 'rule'):
        raise UserError(
            f'{type(model).__name__} needs a field `rule: str`, which its activations take from '
            'jaxdl.models.activations.make_activation'
        )
    return model.clone(rule=rule)
