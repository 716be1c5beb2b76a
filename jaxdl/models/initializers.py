"""Parameter initializers by name, for every model."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import initializers as init
from jax.nn.initializers import Initializer

from jaxdl.names import look_up


class LayerInitializers(NamedTuple):
    """How the two parameters of a layer are initialized."""

    weight: Initializer
    bias: Initializer


def _torch(fan_in: int) -> LayerInitializers:
    """The default of torch: U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases alike."""
    limit = fan_in**-0.5

    def uniform(key, shape, dtype=float):
        return jax.random.uniform(key, shape, dtype, -limit, limit)

    return LayerInitializers(uniform, uniform)


# Glorot's and LeCun's initializers take the fans from the shape. The axes are named because weights
# are stored (outputs, inputs, ...), as in torch, whereas JAX expects the outputs last.


def _glorot_uniform(fan_in: int) -> LayerInitializers:
    """U(-limit, limit) with limit = sqrt(6 / (fan_in + fan_out)); biases are zero."""
    return LayerInitializers(init.glorot_uniform(in_axis=1, out_axis=0), init.zeros)


def _lecun_normal(fan_in: int) -> LayerInitializers:
    """A truncated normal of variance 1 / fan_in; biases are zero."""
    return LayerInitializers(init.lecun_normal(in_axis=1, out_axis=0), init.zeros)


def _truncated_normal(fan_in: int) -> LayerInitializers:
    """A normal of standard deviation 0.1, truncated at two deviations; biases are 0.1."""
    return LayerInitializers(init.truncated_normal(0.1), init.constant(0.1))


def _normal(fan_in: int) -> LayerInitializers:
    """A standard normal for weights and biases alike."""
    return LayerInitializers(init.normal(1.0), init.normal(1.0))


# Each maps the fan-in of a layer to its initializers.
INITIALIZERS: dict[str, Callable[[int], LayerInitializers]] = {
    'torch': _torch,
    'glorot_uniform': _glorot_uniform,
    'glorot_joint': _glorot_uniform,  # differs in recurrent layers only
    'lecun_normal': _lecun_normal,
    'truncated_normal': _truncated_normal,
    'normal': _normal,
}


def recurrent_initializers(
    name: str, inputs: int, hidden: int, kernels: tuple[int, ...]
) -> LayerInitializers:
    """How the weights and biases of a recurrent layer are initialized.

    Args:
      name: a key of INITIALIZERS.
      inputs: D, the number of inputs.
      hidden: H, the number of hidden units.
      kernels: the gates of each kernel that TensorFlow 1 draws at once, in order.

    Returns:
      Initializers of weights (G*H, D) and (G*H, H), and of biases (G*H,).
    """
    if name == 'glorot_joint':
        return LayerInitializers(_joint_uniform(inputs, hidden, kernels), init.zeros)
    # torch takes H as the fan-in of all four parameters, also of the inputs' weights.
    return look_up('initializer', name, INITIALIZERS)(hidden)


def _joint_uniform(inputs: int, hidden: int, kernels: tuple[int, ...]) -> Initializer:
    """Glorot's uniform distribution over kernels that read inputs and states at once.

    A cell of TensorFlow 1 joins its inputs and its state, and multiplies both with one kernel
    (D + H, gates*H). Its limit is sqrt(6 / (D + H + gates*H)), for both parts of the kernel.
    """

    def uniform(key, shape, dtype=float):
        limits = []
        for gates in kernels:
            outputs = gates * hidden
            limit = (6 / (inputs + hidden + outputs)) ** 0.5
            limits.append(jnp.full((outputs, 1), limit, dtype))
        return jnp.concatenate(limits) * jax.random.uniform(key, shape, dtype, -1, 1)

    return uniform
