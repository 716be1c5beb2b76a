"""The LeNet of the reports: two convolutions, each with an activation and a max pool, then two dense layers.

Parameter names and shapes are those of torch.nn.Conv2d and Linear (after a flatten in the order channel, row, column),
so weights copy over by name. In shapes: N batch, H height, W width, C channels, K maps; images are NHWC.
"""

import functools
import math

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

from jaxdl.models.activations import activation
from jaxdl.models.initializers import INITS

KERNEL = 5


def _correlate(x, w, pad):
    return lax.conv_general_dilated(
        x, w, (1, 1), ((pad, pad), (pad, pad)), dimension_numbers=('NHWC', 'HWIO', 'NHWC')
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x, w, pad):
    """Cross-correlation of x (N, H, W, C), zero padded by `pad` on each side, with w (k, k, C, K).

    On a CPU the gradients that autodiff makes of a convolution are many times slower inside a loop than outside. They
    are written out here as two more convolutions, of arrays that are turned round or transposed first.
    """
    return _correlate(x, w, pad)


def _convolve_forward(x, w, pad):
    return _correlate(x, w, pad), (x, w)


def _convolve_backward(pad, residuals, d):
    def on_cpu(x, w, d):
        # Without the barriers XLA would fold these into the convolutions, which makes them the slow ones again.
        turned, x, by_map = lax.optimization_barrier(
            (w[::-1, ::-1].swapaxes(2, 3), x.transpose(3, 1, 2, 0), d.transpose(1, 2, 0, 3))
        )
        return _correlate(d, turned, len(w) - 1 - pad), _correlate(x, by_map, pad).transpose(
            1, 2, 0, 3
        )

    def elsewhere(x, w, d):
        return jax.vjp(functools.partial(_correlate, pad=pad), x, w)[1](d)

    return lax.platform_dependent(*residuals, d, cpu=on_cpu, default=elsewhere)


convolve.defvjp(_convolve_forward, _convolve_backward)


def _windows(x):
    """(N, H, W, C) as (N, H/2, 2, W/2, 2, C)."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels)


def _places():
    return jnp.arange(4, dtype=jnp.int8).reshape(1, 1, 2, 1, 2, 1)


@jax.custom_vjp
def max_pool(x):
    """The maxima of the 2x2 windows of x (N, H, W, C), H and W even: (N, H/2, W/2, C).

    The gradient goes to the first maximum of a window in row-major order, as torch's does; after ReLU most windows tie.
    """
    return _windows(x).max((2, 4))


def _max_pool_forward(x):
    windows = _windows(x)
    largest = windows.max((2, 4), keepdims=True)
    switches = jnp.where(windows == largest, _places(), jnp.int8(4)).min((2, 4), keepdims=True)
    return largest[:, :, 0, :, 0], switches


def _max_pool_backward(switches, d):
    n, height, width, channels = d.shape
    spread = jnp.where(_places() == switches, d[:, :, None, :, None], 0)
    return (spread.reshape(n, 2 * height, 2 * width, channels),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


class CNN(nn.Module):
    """conv 5x5, act, max pool 2, conv 5x5, act, max pool 2, dense, act, dense; zero padded, stride 1.

    Args: images (N, H, W, C) of `shape`, H and W multiples of 4. Returns (logits, intermediates): logits (N, outputs);
    intermediates maps each layer to its values: conv1, pool1, conv2, pool2 (N, h, w, K), dense (N, hidden), all after
    the activation, conv1_pre, conv2_pre and dense_pre before it, and head, the logits.
    rule: the backward rule of the activations, one of activations.RULES; the values are the same under each.
    """

    # Of the unit at (i, j) of a layer's maps: the side of its receptive field in pixels, the pixels between the fields
    # of neighbours, and how far the field reaches up and to the left of (i, j) * stride.
    receptive_fields = {
        'conv1': (5, 1, 2),
        'pool1': (6, 2, 2),
        'conv2': (14, 2, 6),
        'pool2': (16, 4, 6),
    }

    outputs: int = 10
    shape: tuple = (28, 28, 1)
    maps: tuple = (32, 64)
    hidden: int = 1024
    activation: str = 'relu'
    dense_activation: str = 'relu'
    initializer: str = 'torch'
    head_initializer: str = 'torch'
    dropout: float = 0.0
    rule: str = 'gradient'

    def setup(self):
        height, width, channels = self.shape
        first, second = self.maps
        self.conv1 = self._layer('conv1', (first, channels, KERNEL, KERNEL))
        self.conv2 = self._layer('conv2', (second, first, KERNEL, KERNEL))
        self.dense = self._layer('dense', (self.hidden, second * (height // 4) * (width // 4)))
        self.head = self._layer('head', (self.outputs, self.hidden))
        self.act, self.dense_act = (
            activation(name, self.rule) for name in (self.activation, self.dense_activation)
        )
        self.drop = nn.Dropout(self.dropout)

    def _layer(self, name, size):
        initializer = self.head_initializer if name == 'head' else self.initializer
        weight_init, bias_init = INITS[initializer](math.prod(size[1:]))
        return self.param(f'{name}_weight', weight_init, size), self.param(
            f'{name}_bias', bias_init, size[:1]
        )

    def _convolution(self, x, weight, bias, pad):
        return convolve(x, weight.transpose(2, 3, 1, 0), pad) + bias

    def __call__(self, images, lengths=None, train=False):
        x, out = images, {}
        for i, layer in ((1, self.conv1), (2, self.conv2)):
            out[f'conv{i}_pre'] = self._convolution(x, *layer, KERNEL // 2)
            out[f'conv{i}'] = self.act(out[f'conv{i}_pre'])
            x = out[f'pool{i}'] = max_pool(out[f'conv{i}'])
        weight, bias = self.dense
        out['dense_pre'] = x.transpose(0, 3, 1, 2).reshape(len(x), -1) @ weight.T + bias
        out['dense'] = self.dense_act(out['dense_pre'])
        weight, bias = self.head
        out['head'] = self.drop(out['dense'], deterministic=not train) @ weight.T + bias
        return out['head'], out

    def units(self, patches, pooled):
        """The values (N, K) of the units of conv1 or conv2 whose receptive fields the patches are.

        patches: (N, S, S, C), zero outside the image; S is 5 for conv1, 14 for conv2. pooled: (N, 5, 5), for conv2 which
        of the pool1 units that it sees lie in the image; unused for conv1.
        """
        x = self.act(self._convolution(patches, *self.conv1, 0))
        if patches.shape[1] > KERNEL:
            x = self.act(self._convolution(max_pool(x) * pooled[..., None], *self.conv2, 0))
        return x[:, 0, 0]


class Linear(nn.Module):
    """The CNN's last layer alone: features (N, D) to (logits (N, outputs), {'head': logits}). lengths and train are unused."""

    outputs: int = 10
    initializer: str = 'torch'

    @nn.compact
    def __call__(self, features, lengths=None, train=False):
        size = self.outputs, features.shape[-1]
        weight_init, bias_init = INITS[self.initializer](features.shape[-1])
        weight, bias = (
            self.param('head_weight', weight_init, size),
            self.param('head_bias', bias_init, size[:1]),
        )
        logits = features @ weight.T + bias
        return logits, {'head': logits}
