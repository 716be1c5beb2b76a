"""The LeNet of the reports, and its last layer alone.

Parameter names and shapes are those of torch.nn.Conv2d and Linear (after a flatten in the order
channel, row, column), so weights copy over by name.

Letters in shapes: N batch, H height, W width, C channels, K maps; images are NHWC.
"""

import functools
import math
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array, lax

from jaxdl import UserError
from jaxdl.arguments import require_floats, require_shape
from jaxdl.models.activations import make_activation
from jaxdl.models.initializers import INITIALIZERS
from jaxdl.names import look_up

# The values inside a net: layer name -> its values for all images.
Intermediates = dict[str, Array]

KERNEL_SIZE = 5
# With this padding a convolution keeps the size of the image.
SAME_PADDING = KERNEL_SIZE // 2


def _correlate(x: Array, w: Array, padding: int) -> Array:
    both_sides = (padding, padding)
    return lax.conv_general_dilated(
        x,
        w,
        window_strides=(1, 1),
        padding=(both_sides, both_sides),
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: Array, w: Array, padding: int) -> Array:
    """Cross-correlation with stride 1, which is what nets call a convolution.

    On a CPU the gradients that autodiff makes of a convolution are many times slower inside a loop
    than outside. Here they are written as two more cross-correlations, of arrays that are flipped
    or transposed first.

    Args:
      x: (N, H, W, C).
      w: the kernel (S, S, C, K).
      padding: the number of zeros on each side of the image.

    Returns:
      (N, H + 2 padding - S + 1, W + 2 padding - S + 1, K).
    """
    return _correlate(x, w, padding)


def _convolve_forward(x, w, padding):
    return _correlate(x, w, padding), (x, w)


def _convolve_backward(padding, residuals, d_y):
    x, w = residuals
    return lax.platform_dependent(
        x,
        w,
        d_y,
        cpu=functools.partial(_convolve_gradients_on_cpu, padding=padding),
        default=functools.partial(_convolve_gradients, padding=padding),
    )


def _convolve_gradients(x, w, d_y, padding):
    """The gradients of x and w by autodiff."""
    correlate = functools.partial(_correlate, padding=padding)
    _, pullback = jax.vjp(correlate, x, w)
    return pullback(d_y)


def _convolve_gradients_on_cpu(x, w, d_y, padding):
    """The gradients of x and w as cross-correlations.

    A pixel of x reaches the outputs around it through the kernel flipped in both axes, with inputs
    and maps exchanged. An element of w sums x times d_y over batch and positions: a
    cross-correlation in which d_y is the kernel, and the batch takes the place of the channels.
    """
    flipped_w = w[::-1, ::-1].swapaxes(2, 3)
    x_by_channel = x.transpose(3, 1, 2, 0)
    d_y_as_kernel = d_y.transpose(1, 2, 0, 3)
    # Without the barrier XLA would fold the transpositions into the convolutions, which makes them
    # the slow ones again.
    flipped_w, x_by_channel, d_y_as_kernel = lax.optimization_barrier(
        (flipped_w, x_by_channel, d_y_as_kernel)
    )
    full_padding = len(w) - 1
    d_x = _correlate(d_y, flipped_w, full_padding - padding)
    d_w_by_channel = _correlate(x_by_channel, d_y_as_kernel, padding)
    return d_x, d_w_by_channel.transpose(1, 2, 0, 3)


convolve.defvjp(_convolve_forward, _convolve_backward)


def _windows(x: Array) -> Array:
    """The 2x2 windows of x (N, H, W, C) in axes 2 and 4: (N, H/2, 2, W/2, 2, C)."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels)


def _window_positions() -> Array:
    """The numbers 0 to 3 of the positions in a window, in row-major order, shaped as _windows."""
    return jnp.arange(4, dtype=jnp.int8).reshape(1, 1, 2, 1, 2, 1)


@jax.custom_vjp
def max_pool(x: Array) -> Array:
    """The maxima of 2x2 windows: x (N, H, W, C), with H and W even, to (N, H/2, W/2, C).

    The gradient goes to the first maximum of a window in row-major order, as in torch. This matters
    because most windows have ties after ReLU.
    """
    return _windows(x).max((2, 4))


def _max_pool_forward(x):
    windows = _windows(x)
    largest = windows.max((2, 4), keepdims=True)
    # The switch of a window is the number of its first maximum. The 4 stands for no maximum.
    is_largest = windows == largest
    positions = jnp.where(is_largest, _window_positions(), jnp.int8(4))
    switches = positions.min((2, 4), keepdims=True)
    return largest[:, :, 0, :, 0], switches


def _max_pool_backward(switches, d_y):
    n, height, width, channels = d_y.shape
    is_switch = _window_positions() == switches
    # One gradient for each window, at all its positions.
    d_y = d_y[:, :, None, :, None]
    d_windows = jnp.where(is_switch, d_y, 0)
    d_x = d_windows.reshape(n, 2 * height, 2 * width, channels)
    return (d_x,)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


class ReceptiveField(NamedTuple):
    """Which pixels the unit at (row, column) of a layer's maps depends on."""

    size: int  # the side of the field, in pixels
    stride: int  # the pixels between the fields of neighbouring units
    before: int  # how far the field reaches above and to the left of (row, column) * stride


class LayerParams(NamedTuple):
    """The parameters of a layer, in torch's shapes."""

    weight: Array  # (K, C, S, S) of a convolution, (outputs, inputs) of a dense layer
    bias: Array  # (K,) or (outputs,)


class CNN(nn.Module):
    """Two convolutions with max pooling, then two dense layers.

    The layers are conv1, activation, pool1, conv2, activation, pool2, dense, activation, head. The
    convolutions are 5x5, zero padded, with stride 1; the pooling windows are 2x2.

    Attributes:
      outputs: the number of logits.
      shape: (H, W, C) of an image; H and W are multiples of 4.
      maps: the number of maps of conv1 and of conv2.
      hidden: the number of units of the dense layer.
      activation: a key of ACTIVATIONS, for the convolutions.
      dense_activation: a key of ACTIVATIONS, for the dense layer.
      initializer: a key of INITIALIZERS, for all layers but the head.
      head_initializer: a key of INITIALIZERS, for the head.
      dropout: the probability of dropout before the head, in training.
      rule: the backward rule of the activations, a key of RULES. The values are the same under
        every rule.
    """

    receptive_fields: ClassVar[Mapping[str, ReceptiveField]] = {
        'conv1': ReceptiveField(size=5, stride=1, before=2),
        'pool1': ReceptiveField(size=6, stride=2, before=2),
        'conv2': ReceptiveField(size=14, stride=2, before=6),
        'pool2': ReceptiveField(size=16, stride=4, before=6),
    }

    outputs: int = 10
    shape: tuple[int, int, int] = (28, 28, 1)
    maps: tuple[int, int] = (32, 64)
    hidden: int = 1024
    activation: str = 'relu'
    dense_activation: str = 'relu'
    initializer: str = 'torch'
    head_initializer: str = 'torch'
    dropout: float = 0.0
    rule: str = 'gradient'

    def setup(self) -> None:
        """Creates the parameters and the functions between the layers."""
        height, width, channels = self.shape
        if height % 4 or width % 4:
            raise UserError(
                f'shape={self.shape}: height and width must be multiples of 4, as two pools halve '
                'them'
            )
        maps1, maps2 = self.maps
        # Each pooling halves the height and the width.
        flat_size = maps2 * (height // 4) * (width // 4)
        conv1_shape = (maps1, channels, KERNEL_SIZE, KERNEL_SIZE)
        conv2_shape = (maps2, maps1, KERNEL_SIZE, KERNEL_SIZE)
        dense_shape = (self.hidden, flat_size)
        head_shape = (self.outputs, self.hidden)
        self.conv1 = self._layer('conv1', conv1_shape, self.initializer)
        self.conv2 = self._layer('conv2', conv2_shape, self.initializer)
        self.dense = self._layer('dense', dense_shape, self.initializer)
        self.head = self._layer('head', head_shape, self.head_initializer)
        self.act = make_activation(self.activation, self.rule)
        self.dense_act = make_activation(self.dense_activation, self.rule)
        self.drop = nn.Dropout(self.dropout)

    def _layer(self, name, weight_shape, initializer):
        outputs, *inputs_shape = weight_shape
        fan_in = math.prod(inputs_shape)
        weight_init, bias_init = look_up('initializer', initializer, INITIALIZERS)(fan_in)
        weight = self.param(f'{name}_weight', weight_init, weight_shape)
        bias = self.param(f'{name}_bias', bias_init, (outputs,))
        return LayerParams(weight, bias)

    def __call__(
        self,
        images: Array,
        lengths: None = None,
        train: bool = False,
    ) -> tuple[Array, Intermediates]:
        """Applies the net to a batch of images.

        Args:
          images: (N, H, W, C), with (H, W, C) the field `shape`.
          lengths: not used; all models take the same arguments.
          train: whether dropout is on. It draws from the 'dropout' key.

        Returns:
          Logits (N, outputs) and intermediates, which map each layer to its values. Those of conv1,
          pool1, conv2 and pool2 are (N, h, w, K), those of dense (N, hidden), all after the
          activation. conv1_pre, conv2_pre and dense_pre are the values before it, and head the
          logits.

        Raises:
          UserError: the images have another shape or type.
        """
        require_shape('images', images, 'N', *self.shape)
        require_floats('images', images)
        conv1_pre = _convolution_layer(images, self.conv1, SAME_PADDING)
        conv1 = self.act(conv1_pre)
        pool1 = max_pool(conv1)
        conv2_pre = _convolution_layer(pool1, self.conv2, SAME_PADDING)
        conv2 = self.act(conv2_pre)
        pool2 = max_pool(conv2)
        # torch flattens channel, row, column.
        flat = pool2.transpose(0, 3, 1, 2).reshape(len(images), -1)
        dense_pre = _dense_layer(flat, self.dense)
        dense = self.dense_act(dense_pre)
        features = self.drop(dense, deterministic=not train)
        logits = _dense_layer(features, self.head)
        intermediates = {
            'conv1_pre': conv1_pre,
            'conv1': conv1,
            'pool1': pool1,
            'conv2_pre': conv2_pre,
            'conv2': conv2,
            'pool2': pool2,
            'dense_pre': dense_pre,
            'dense': dense,
            'head': logits,
        }
        return logits, intermediates

    def units(self, patches: Array, pooled: Array) -> Array:
        """The values of single units of conv1 or conv2, whose receptive fields are the patches.

        Args:
          patches: (N, S, S, C), zero outside the image. S is 5 for units of conv1, 14 for conv2.
          pooled: (N, 5, 5) bool, which of the pool1 units that a conv2 unit sees lie in the image.
            Not used for conv1.

        Returns:
          (N, K): for each patch the values of all maps at that position.
        """
        values = self.act(_convolution_layer(patches, self.conv1, 0))
        is_conv2 = patches.shape[1] > KERNEL_SIZE
        if is_conv2:
            # Outside the image conv2 sees zero padding, not what conv1 makes of black pixels.
            pool1 = max_pool(values) * pooled[..., None]
            values = self.act(_convolution_layer(pool1, self.conv2, 0))
        return values[:, 0, 0]


def _convolution_layer(x: Array, layer: LayerParams, padding: int) -> Array:
    """The convolution of x (N, H, W, C) with torch's weights (K, C, S, S), plus the bias."""
    kernel = layer.weight.transpose(2, 3, 1, 0)
    return convolve(x, kernel, padding) + layer.bias


def _dense_layer(x: Array, layer: LayerParams) -> Array:
    """The product (N, outputs) of x (N, inputs) and the weights, plus the bias."""
    return x @ layer.weight.T + layer.bias


class Linear(nn.Module):
    """The CNN's last layer alone.

    Attributes:
      outputs: the number of logits.
      initializer: a key of INITIALIZERS.
    """

    outputs: int = 10
    initializer: str = 'torch'

    @nn.compact
    def __call__(
        self,
        features: Array,
        lengths: None = None,
        train: bool = False,
    ) -> tuple[Array, Intermediates]:
        """Maps features (N, D) to logits (N, outputs) and {'head': logits}.

        `lengths` and `train` are not used; all models take the same arguments.
        """
        inputs = features.shape[-1]
        weight_init, bias_init = INITIALIZERS[self.initializer](inputs)
        weight = self.param('head_weight', weight_init, (self.outputs, inputs))
        bias = self.param('head_bias', bias_init, (self.outputs,))
        logits = features @ weight.T + bias
        return logits, {'head': logits}
