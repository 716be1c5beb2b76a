"""The peer Keras 3 on JAX: a compiled functional model."""

import os

import numpy as np

from experiments.benchmark.peers.common import shares_of, sides, supported


def _keras_rnn(config, weights, shape, masked):
    """Symbols [x (N, T, D)] or, masked, [x, mask (N, T)], and logits (N, K), or (N, T, 1) of an adder."""
    from keras import Input, layers

    def converted(suffix):
        if config.cell == 'gru':
            w_x, w_h, b_x, b_h = (
                np.concatenate([z, r, n]) for r, z, n in sides(weights, suffix, 3)
            )
            return [w_x.T, w_h.T, np.stack([b_x, b_h])]
        (w_x,), (w_h,), (b_x,), (b_h,) = sides(weights, suffix)
        return [w_x.T, w_h.T, b_x + b_h]

    adding = config.task == 'binary_add'
    layer = {'rnn': layers.SimpleRNN, 'lstm': layers.LSTM, 'gru': layers.GRU}[config.cell](
        config.hidden, return_sequences=adding
    )
    layer = layers.Bidirectional(layer) if config.bidirectional else layer
    head = layers.Dense(len(weights['head_bias']), name='head')
    images = config.is_of_images()
    x, mask = (
        Input(shape, dtype='uint8' if images else 'float32'),
        Input(shape[:1], dtype='bool') if masked else None,
    )
    logits = head(layer(layers.Rescaling(1 / 255)(x) if images else x, mask=mask))
    layer.set_weights(converted('l0') + (converted('l0_reverse') if config.bidirectional else []))
    head.set_weights([weights['head_weight'].T, weights['head_bias']])
    return [x, mask] if masked else [x], logits


def _keras_cnn(config, weights, shape):
    """Symbols [images (N, H, W, C)] and logits (N, K)."""
    from keras import Input, layers

    act, dense_act = config.activation, config.dense_activation or config.activation
    first, second, outputs = (len(weights[f'{name}_bias']) for name in ('conv1', 'conv2', 'head'))
    x = symbol = Input(shape, dtype='uint8')
    for layer in (
        layers.Rescaling(1 / 255),
        layers.Conv2D(first, 5, padding='same', activation=act, name='conv1'),
        layers.MaxPooling2D(2),
        layers.Conv2D(second, 5, padding='same', activation=act, name='conv2'),
        layers.MaxPooling2D(2),
        layers.Permute((3, 1, 2)),
        layers.Flatten(),
        layers.Dense(config.hidden, dense_act, name='dense'),
        layers.Dense(outputs, name='head'),
    ):
        x = layer(x)
        if layer.weights:
            kernel = weights[f'{layer.name}_weight']
            layer.set_weights(
                [
                    kernel.T if kernel.ndim == 2 else kernel.transpose(2, 3, 1, 0),
                    weights[f'{layer.name}_bias'],
                ]
            )
    return [symbol], x


def _keras_classes(recurrent):
    """(Model, Adam, Callback): fit without a running mean, two biases in one, the losses {step: loss} of the last fit."""
    import keras

    class Model(keras.Model):
        def train_step(self, state, data):
            *state, means = state
            return super().train_step((*state, [0 * mean for mean in means]), data)

    class Adam(keras.optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            two = (
                recurrent and len(variable.shape) == 1 and not variable.path.startswith('head')
            )  # a GRU's bias is (2, 3H)
            super().update_step(gradient, variable, learning_rate * (1 + two))

    class Losses(keras.callbacks.Callback):
        async_safe = True  # else fit waits for the loss of every step

        def on_train_begin(self, logs=None):
            self.found = {}

        def on_train_batch_end(self, batch, logs=None):
            self.found[batch] = logs['loss']

    return Model, Adam, Losses


def keras_jax(config, params, arrays):
    """A compiled functional model that is fitted. Keras's Adam adds epsilon to a root that is not yet corrected for its bias."""
    os.environ['KERAS_BACKEND'] = 'jax'
    import keras

    if not supported(config):
        return None
    weights, (inputs, targets, lengths), shares = (
        params['params'],
        arrays,
        shares_of(config, arrays),
    )
    cnn, adding = config.net() == 'cnn', shares is not None
    masked = lengths is not None and (
        config.bidirectional or not adding
    )  # a causal adder reads the padding last
    net = (
        _keras_cnn(config, weights, inputs.shape[1:])
        if cnn
        else _keras_rnn(config, weights, inputs.shape[1:], masked)
    )
    Model, Adam, Losses = _keras_classes(not cnn)
    model, losses = Model(*net), Losses()
    loss = (
        keras.losses.BinaryCrossentropy(from_logits=True, reduction='sum')
        if adding
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.compile(Adam(config.learning_rate, epsilon=1e-8), loss, jit_compile=True)
    x = [inputs, np.arange(inputs.shape[1]) < lengths[:, None]] if masked else [inputs]
    y = targets[..., None] if adding else targets

    def epoch(order):
        model.fit(
            [array[order] for array in x],
            y[order],
            config.batch_size,
            verbose=0,
            callbacks=[losses],
            shuffle=False,
            sample_weight=shares[order] if adding else None,
        )
        return np.array([losses.found[step] for step in sorted(losses.found)])

    return epoch
