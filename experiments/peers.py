"""The same nets and training steps as a user of another library writes them, to run beside ours on the same examples.

A peer is peer(config, params, arrays) -> epoch, or None for a net that it does not have here; it raises ImportError if its library
is not installed. params are ours of one seed, as NumPy, and are where the peer starts. arrays are (inputs, targets, lengths) as
NumPy: images uint8 (N, T, D) or (N, H, W, C), labels (N,), None; or x float32 (N, T, D), labels (N,) or bits (N, T), lengths (N,).
epoch(order) trains on the examples order (n,), n a multiple of the batch size, by Adam on the cross entropy, and returns the loss
(steps,) of each batch before its update. It goes on where the last call left off. Threads and torch's device are the caller's.

Keras and flax have one bias where torch and we add up two. Adam moves two alike, so theirs, the sum, is moved twice as far.
"""
import os
from collections import OrderedDict

import numpy as np


def _supported(config):
    return config.net() == 'cnn' or (config.layers == 1 and config.activation == 'tanh')


def _shares(config, arrays):
    """What the steps count for in the mean loss of an adder: (N, T) float32, 0 behind a sequence's end. None of another task."""
    _, targets, lengths = arrays
    if config.task != 'binary_add':
        return None
    valid = np.arange(targets.shape[1]) < lengths[:, None]
    return (valid / lengths[:, None] / config.batch_size).astype(np.float32)


def _torch_rnn(config, features, outputs):
    """A module: x (N, T, D), lengths (N,) or None -> logits (N, K), or (N, T) of an adder."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            kind = {'rnn': nn.RNN, 'lstm': nn.LSTM, 'gru': nn.GRU}[config.cell]
            self.layer = kind(features, config.hidden, batch_first=True, bidirectional=config.bidirectional)
            self.head = nn.Linear(config.hidden * (1 + config.bidirectional), outputs)

        def forward(self, x, lengths):
            packed = config.bidirectional and lengths is not None  # one direction reads the padding last, and is faster without
            states, final = self.layer(pack_padded_sequence(x, lengths.cpu(), True, False) if packed else x)
            if config.task == 'binary_add':
                states = pad_packed_sequence(states, True, total_length=x.shape[1])[0] if packed else states
                return self.head(states)[..., 0]
            if lengths is None or packed:
                return self.head(torch.cat(tuple(final[0] if config.cell == 'lstm' else final), dim=-1))
            return self.head(states.take_along_dim((lengths - 1)[:, None, None], 1)[:, 0])
    return Net()


def _torch_cnn(config, weights):
    """A module: images (N, C, H, W), None -> logits (N, K), with layers of the shapes of our weights."""
    from torch import nn

    class Net(nn.Sequential):
        def forward(self, images, lengths):
            return super().forward(images)

    acts = {'tanh': nn.Tanh, 'relu': nn.ReLU, 'sigmoid': nn.Sigmoid, 'leaky_relu': lambda: nn.LeakyReLU(.2)}
    act, dense_act = acts[config.activation], acts[config.dense_activation or config.activation]
    (first, channels), second = weights['conv1_weight'].shape[:2], len(weights['conv2_weight'])
    hidden, features = weights['dense_weight'].shape
    return Net(OrderedDict(
        conv1=nn.Conv2d(channels, first, 5, padding=2), act1=act(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(first, second, 5, padding=2), act2=act(), pool2=nn.MaxPool2d(2), flatten=nn.Flatten(),
        dense=nn.Linear(features, hidden), act3=dense_act(), head=nn.Linear(hidden, len(weights['head_bias']))))


def pytorch(config, params, arrays):
    """Modules of torch.nn, run eagerly, with all arrays in memory as tensors."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    if not _supported(config):
        return None
    weights, (inputs, targets, lengths), shares = params['params'], arrays, _shares(config, arrays)
    cnn, adding = config.net() == 'cnn', shares is not None
    net = _torch_cnn(config, weights) if cnn else _torch_rnn(config, inputs.shape[-1], len(weights['head_bias']))
    net.load_state_dict({name: torch.tensor(weights[name.removeprefix('layer.').replace('.', '_')]) for name in net.state_dict()})
    optimizer = torch.optim.Adam(net.parameters(), config.learning_rate, fused=True)
    inputs = np.ascontiguousarray(inputs.transpose(0, 3, 1, 2)) if cnn else inputs
    targets = targets.astype(np.float32 if adding else np.int64)
    lengths = None if lengths is None else lengths.astype(np.int64)
    data = [None if array is None else torch.tensor(array) for array in (inputs, targets, lengths, shares)]

    def epoch(order):
        losses = []
        for rows in torch.tensor(order).split(config.batch_size):
            x, y, lengths, shares = (None if array is None else array[rows] for array in data)
            optimizer.zero_grad(set_to_none=True)
            logits = net(x if lengths is not None else x.float() / 255, lengths)
            loss = binary_cross_entropy_with_logits(logits, y, shares, reduction='sum') if adding else cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).cpu().numpy()
    return epoch


def _sides(weights, suffix, gates=1):
    """Of a direction's W_x, W_h, b_x and b_h the blocks of each gate: four lists."""
    return [np.split(weights[f'{name}_{suffix}'], gates) for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')]


def _keras_rnn(config, weights, shape, masked):
    """Symbols [x (N, T, D)] or, masked, [x, mask (N, T)], and logits (N, K), or (N, T, 1) of an adder."""
    from keras import Input, layers

    def converted(suffix):
        if config.cell == 'gru':
            w_x, w_h, b_x, b_h = (np.concatenate([z, r, n]) for r, z, n in _sides(weights, suffix, 3))
            return [w_x.T, w_h.T, np.stack([b_x, b_h])]
        (w_x,), (w_h,), (b_x,), (b_h,) = _sides(weights, suffix)
        return [w_x.T, w_h.T, b_x + b_h]

    adding = config.task == 'binary_add'
    layer = {'rnn': layers.SimpleRNN, 'lstm': layers.LSTM, 'gru': layers.GRU}[config.cell](config.hidden, return_sequences=adding)
    layer = layers.Bidirectional(layer) if config.bidirectional else layer
    head = layers.Dense(len(weights['head_bias']), name='head')
    images = config.is_of_images()
    x, mask = Input(shape, dtype='uint8' if images else 'float32'), Input(shape[:1], dtype='bool') if masked else None
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
    for layer in (layers.Rescaling(1 / 255),
                  layers.Conv2D(first, 5, padding='same', activation=act, name='conv1'), layers.MaxPooling2D(2),
                  layers.Conv2D(second, 5, padding='same', activation=act, name='conv2'), layers.MaxPooling2D(2),
                  layers.Permute((3, 1, 2)), layers.Flatten(),
                  layers.Dense(config.hidden, dense_act, name='dense'), layers.Dense(outputs, name='head')):
        x = layer(x)
        if layer.weights:
            kernel = weights[f'{layer.name}_weight']
            layer.set_weights([kernel.T if kernel.ndim == 2 else kernel.transpose(2, 3, 1, 0), weights[f'{layer.name}_bias']])
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
            two = recurrent and len(variable.shape) == 1 and not variable.path.startswith('head')  # a GRU's bias is (2, 3H)
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

    if not _supported(config):
        return None
    weights, (inputs, targets, lengths), shares = params['params'], arrays, _shares(config, arrays)
    cnn, adding = config.net() == 'cnn', shares is not None
    masked = lengths is not None and (config.bidirectional or not adding)  # a causal adder reads the padding last
    net = _keras_cnn(config, weights, inputs.shape[1:]) if cnn else _keras_rnn(config, weights, inputs.shape[1:], masked)
    Model, Adam, Losses = _keras_classes(not cnn)
    model, losses = Model(*net), Losses()
    loss = (keras.losses.BinaryCrossentropy(from_logits=True, reduction='sum') if adding else
            keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.compile(Adam(config.learning_rate, epsilon=1e-8), loss, jit_compile=True)
    x = [inputs, np.arange(inputs.shape[1]) < lengths[:, None]] if masked else [inputs]
    y = targets[..., None] if adding else targets

    def epoch(order):
        model.fit([array[order] for array in x], y[order], config.batch_size, verbose=0, callbacks=[losses], shuffle=False,
                  sample_weight=shares[order] if adding else None)
        return np.array([losses.found[step] for step in sorted(losses.found)])
    return epoch


def _flax_cell(cell, weights, suffix):
    """Our parameters of a direction as those of flax's SimpleCell, OptimizedLSTMCell or GRUCell."""
    gates = {'rnn': [''], 'lstm': 'ifgo', 'gru': 'rzn'}[cell]
    found = {}
    for gate, w_x, w_h, b_x, b_h in zip(gates, *_sides(weights, suffix, len(gates))):
        found[f'i{gate}'], found[f'h{gate}'] = {'kernel': w_x.T}, {'kernel': w_h.T}
        if cell == 'gru' and gate == 'n':
            found['in']['bias'], found['hn']['bias'] = b_x, b_h
        else:
            found[f'{"h" if cell == "lstm" else "i"}{gate}']['bias'] = b_x + b_h
    return {'params': {'cell': found}}


def _flax_loss(config, outputs):
    """mean_loss(params, x (N, T, D), targets, lengths (N,) or None, shares (N, T) or None), params as of flax_loop."""
    import jax.numpy as jnp
    import optax
    from flax import linen as nn

    cell = {'rnn': nn.SimpleCell, 'lstm': nn.OptimizedLSTMCell, 'gru': nn.GRUCell}[config.cell](config.hidden)

    def mean_loss(params, x, targets, lengths, shares):
        x = x if lengths is not None else x.astype(jnp.float32) / 255
        states = [nn.RNN(cell).apply(params['l0'], x)]
        if config.bidirectional:
            states.append(nn.RNN(cell, reverse=True, keep_order=True).apply(params['l0_reverse'], x, seq_lengths=lengths))
        if shares is None:  # the last state of each direction
            steps = x.shape[1] - 1 if lengths is None else lengths - 1, 0
            states = [states[jnp.arange(len(x)), step] for states, step in zip(states, steps)]
        logits = nn.Dense(outputs).apply(params['head'], jnp.concatenate(states, axis=-1))
        if shares is None:
            return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()
        return jnp.sum(optax.sigmoid_binary_cross_entropy(logits[..., 0], targets) * shares)
    return mean_loss


def flax_loop(config, params, arrays):
    """flax.linen.RNN in one jitted step with optax, in a Python loop over batches from the host."""
    import jax
    import optax

    if config.net() == 'cnn' or not _supported(config):
        return None
    weights = params['params']
    params = {suffix: _flax_cell(config.cell, weights, suffix) for suffix in ('l0', 'l0_reverse')[:1 + config.bidirectional]}
    params['head'] = {'params': {'kernel': weights['head_weight'].T, 'bias': weights['head_bias']}}
    twos = jax.tree_util.tree_map_with_path(
        lambda path, _: path[0].key != 'head' and path[-1].key == 'bias' and path[-2].key not in ('in', 'hn'), params)
    optimizer = optax.chain(optax.adam(config.learning_rate), optax.masked(optax.scale(2.), twos))
    mean_loss = _flax_loss(config, len(weights['head_bias']))

    @jax.jit
    def step(params, state, batch):
        loss, gradients = jax.value_and_grad(mean_loss)(params, *batch)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    state, data = optimizer.init(params), (*arrays, _shares(config, arrays))

    def epoch(order):
        nonlocal params, state
        losses = []
        for rows in order.reshape(-1, config.batch_size):
            params, state, loss = step(params, state, [None if array is None else array[rows] for array in data])
            losses.append(loss)
        return np.array(jax.device_get(losses))
    return epoch


PEERS = {'PyTorch': pytorch, 'Keras 3 on JAX': keras_jax, 'flax nn.RNN': flax_loop}
