"""The peer Keras 3 on JAX: a compiled functional model.

Keras's Adam adds epsilon to a root that is not yet corrected for its bias, so its losses differ
from ours by more than rounding.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

os.environ['KERAS_BACKEND'] = 'jax'  # Keras reads it as it is imported
import keras
from keras import layers

from experiments.benchmark.peers.common import (
    TrainEpoch,
    is_supported,
    loss_weights,
    split_gates,
)
from experiments.core.config import Config
from jaxdl.train import Examples

LAYERS = {'rnn': layers.SimpleRNN, 'lstm': layers.LSTM, 'gru': layers.GRU}


class ResettingModel(keras.Model):
    """A model whose loss is that of the last batch, not a running mean over the epoch."""

    def train_step(self, state: tuple[Any, ...], data: tuple[Any, ...]) -> tuple[Any, Any]:
        """One training step from fresh metrics."""
        trainable, non_trainable, optimizer, metrics = state
        metrics = [0 * metric for metric in metrics]
        return super().train_step((trainable, non_trainable, optimizer, metrics), data)


class SummedBiasAdam(keras.optimizers.Adam):
    """Adam that moves a bias which is the sum of two of ours twice as far."""

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Updates one variable."""
        # A GRU's biases, of shape (2, 3H), are not added up.
        is_bias = len(variable.shape) == 1
        is_sum = is_bias and not variable.path.startswith('head')
        factor = 2 if is_sum else 1
        super().update_step(gradient, variable, learning_rate * factor)


class LossHistory(keras.callbacks.Callback):
    """Keeps the loss of every batch of the last fit."""

    async_safe = True  # otherwise fit would wait for the loss of every step

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets the losses of earlier fits."""
        self.losses = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the loss of a batch."""
        self.losses[batch] = logs['loss']


def make_epoch(config: Config, params: dict[str, Any], examples: Examples) -> TrainEpoch | None:
    """A compiled functional model. See `peers.make_peer`."""
    if not is_supported(config):
        return None
    weights = params['params']
    inputs = [examples.inputs]
    if config.net() == 'cnn':
        model = _make_cnn(config, weights, examples.inputs.shape[1:])
        # Our epsilon; that of Keras is 1e-7 by default.
        optimizer = keras.optimizers.Adam(config.learning_rate, epsilon=1e-8)
    else:
        is_masked = _needs_mask(config, examples)
        if is_masked:
            steps = examples.inputs.shape[1]
            inputs.append(np.arange(steps) < examples.lengths[:, None])
        model = _make_recurrent_net(config, weights, examples.inputs.shape[1:], is_masked)
        optimizer = SummedBiasAdam(config.learning_rate, epsilon=1e-8)
    if config.task == 'binary_add':
        loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction='sum')
        targets = examples.targets[..., None]
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        targets = examples.targets
    model.compile(optimizer, loss, jit_compile=True)
    # They hold the division by the batch size, so the loss of an adder is a sum.
    step_weights = loss_weights(config, examples)
    history = LossHistory()

    def train_epoch(order):
        model.fit(
            [array[order] for array in inputs],
            targets[order],
            config.batch_size,
            verbose=0,
            callbacks=[history],
            shuffle=False,  # the order is that of the other libraries
            sample_weight=None if step_weights is None else step_weights[order],
        )
        return np.array([history.losses[step] for step in sorted(history.losses)])

    return train_epoch


def _needs_mask(config: Config, examples: Examples) -> bool:
    """Whether the net must be told where sequences end.

    An adder of one direction answers before it reads the padding, and is faster without a mask.
    """
    if examples.lengths is None:
        return False
    return config.bidirectional or config.task != 'binary_add'


def _make_recurrent_net(
    config: Config,
    weights: Mapping[str, np.ndarray],
    input_shape: tuple[int, ...],
    is_masked: bool,
) -> ResettingModel:
    """A model from x (N, T, D) and, if masked, a mask (N, T) to logits.

    The logits are (N, K), or (N, T, 1) of an adder.
    """
    is_adder = config.task == 'binary_add'
    is_of_images = config.is_of_images()
    layer = LAYERS[config.cell](config.hidden, return_sequences=is_adder)
    if config.bidirectional:
        layer = layers.Bidirectional(layer)
    head = layers.Dense(len(weights['head_bias']), name='head')

    x = keras.Input(input_shape, dtype='uint8' if is_of_images else 'float32')
    inputs = [x]
    mask = None
    if is_masked:
        mask = keras.Input(input_shape[:1], dtype='bool')
        inputs.append(mask)
    scaled = layers.Rescaling(1 / 255)(x) if is_of_images else x
    logits = head(layer(scaled, mask=mask))

    layer_weights = _layer_weights(config.cell, weights, 'l0')
    if config.bidirectional:
        layer_weights += _layer_weights(config.cell, weights, 'l0_reverse')
    layer.set_weights(layer_weights)
    head.set_weights([weights['head_weight'].T, weights['head_bias']])
    return ResettingModel(inputs, logits)


def _layer_weights(cell: str, weights: Mapping[str, np.ndarray], suffix: str) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias of one direction, as Keras has them."""
    if cell != 'gru':
        (layer,) = split_gates(weights, suffix)
        return [layer.w_x.T, layer.w_h.T, layer.b_x + layer.b_h]
    # A GRU has one bias for each gate and side: the reset gate stands between the two sides.
    # Keras has the update gate z first, we have the reset gate r first.
    r, z, n = split_gates(weights, suffix, gates=3)
    w_x = np.concatenate([z.w_x, r.w_x, n.w_x])
    w_h = np.concatenate([z.w_h, r.w_h, n.w_h])
    b_x = np.concatenate([z.b_x, r.b_x, n.b_x])
    b_h = np.concatenate([z.b_h, r.b_h, n.b_h])
    return [w_x.T, w_h.T, np.stack([b_x, b_h])]


def _make_cnn(
    config: Config, weights: Mapping[str, np.ndarray], input_shape: tuple[int, ...]
) -> ResettingModel:
    """A model from images (N, H, W, C) to logits (N, K)."""
    activation = config.activation
    dense_activation = config.dense_activation or activation

    def convolution(name):
        filters = len(weights[f'{name}_bias'])
        return layers.Conv2D(filters, 5, padding='same', activation=activation, name=name)

    stack = [
        layers.Rescaling(1 / 255),
        convolution('conv1'),
        layers.MaxPooling2D(2),
        convolution('conv2'),
        layers.MaxPooling2D(2),
        layers.Permute((3, 1, 2)),  # our dense layer reads one map after the other
        layers.Flatten(),
        layers.Dense(config.hidden, dense_activation, name='dense'),
        layers.Dense(len(weights['head_bias']), name='head'),
    ]
    images = keras.Input(input_shape, dtype='uint8')
    values = images
    for layer in stack:
        values = layer(values)
        if layer.weights:
            kernel = weights[f'{layer.name}_weight']
            # Ours are (outputs, inputs, 5, 5) and (outputs, inputs); Keras has outputs last.
            is_dense = kernel.ndim == 2
            kernel = kernel.T if is_dense else kernel.transpose(2, 3, 1, 0)
            layer.set_weights([kernel, weights[f'{layer.name}_bias']])
    return ResettingModel([images], values)
