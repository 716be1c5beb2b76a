"""The peer PyTorch: modules of torch.nn, run eagerly, with all examples in memory as tensors."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from experiments.benchmark.peers.common import TrainEpoch, is_supported, loss_weights
from experiments.core.config import Config
from jaxdl.train import Examples

LAYERS = {'rnn': nn.RNN, 'lstm': nn.LSTM, 'gru': nn.GRU}
ACTIVATIONS = {
    'tanh': torch.tanh,
    'relu': torch.relu,
    'sigmoid': torch.sigmoid,
    'leaky_relu': functools.partial(functional.leaky_relu, negative_slope=0.2),
}


class RecurrentNet(nn.Module):
    """One recurrent layer and a linear output layer."""

    def __init__(self, config: Config, features: int, outputs: int):
        """Makes a net that reads (N, T, features)."""
        super().__init__()
        self.layer = LAYERS[config.cell](
            features,
            config.hidden,
            batch_first=True,
            bidirectional=config.bidirectional,
        )
        directions = 2 if config.bidirectional else 1
        self.head = nn.Linear(directions * config.hidden, outputs)
        self.is_bidirectional = config.bidirectional
        self.is_lstm = config.cell == 'lstm'
        self.answers_every_step = config.task == 'binary_add'

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Logits (N, K), or (N, T) of an adder, for x (N, T, D) and lengths (N,)."""
        # A net of one direction reads the padding last, and is faster without packing.
        is_packed = self.is_bidirectional and lengths is not None
        if is_packed:
            x_packed = pack_padded_sequence(
                x, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            states, final = self.layer(x_packed)
        else:
            states, final = self.layer(x)
        if self.answers_every_step:
            if is_packed:
                states, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
            return self.head(states)[..., 0]
        if lengths is None or is_packed:
            hidden = final[0] if self.is_lstm else final  # (directions, N, H)
            return self.head(torch.cat(tuple(hidden), dim=-1))
        last_steps = (lengths - 1)[:, None, None]
        return self.head(states.take_along_dim(last_steps, 1)[:, 0])


class ConvolutionalNet(nn.Module):
    """Two convolutions with pools, a dense layer and a linear output layer."""

    def __init__(self, config: Config, weights: Mapping[str, np.ndarray]):
        """Makes a net with layers of the shapes of our weights."""
        super().__init__()
        maps1, channels = weights['conv1_weight'].shape[:2]
        maps2 = len(weights['conv2_weight'])
        hidden, features = weights['dense_weight'].shape
        outputs = len(weights['head_bias'])
        self.conv1 = nn.Conv2d(channels, maps1, 5, padding=2)
        self.conv2 = nn.Conv2d(maps1, maps2, 5, padding=2)
        self.dense = nn.Linear(features, hidden)
        self.head = nn.Linear(hidden, outputs)
        self.activation = ACTIVATIONS[config.activation]
        self.dense_activation = ACTIVATIONS[config.dense_activation or config.activation]

    def forward(self, images: Tensor, lengths: None) -> Tensor:
        """Logits (N, K) for images (N, C, H, W)."""
        x = functional.max_pool2d(self.activation(self.conv1(images)), 2)
        x = functional.max_pool2d(self.activation(self.conv2(x)), 2)
        x = self.dense_activation(self.dense(x.flatten(1)))
        return self.head(x)


def _use_settings_of_jax() -> None:
    """Computes on a GPU if JAX does, and takes denormal numbers for 0, as XLA does.

    Denormal numbers are slow, and a small net that is trained for long may meet many.
    """
    torch.set_flush_denormal(True)
    if jax.default_backend() == 'gpu' and torch.cuda.is_available():
        torch.set_default_device('cuda')


def make_epoch(config: Config, params: dict[str, Any], examples: Examples) -> TrainEpoch | None:
    """Modules of torch.nn. See `peers.make_peer`."""
    if not is_supported(config):
        return None
    _use_settings_of_jax()
    net = _make_net(config, params['params'], examples.inputs.shape[-1])
    # The fused Adam is PyTorch's fastest.
    optimizer = torch.optim.Adam(net.parameters(), config.learning_rate, fused=True)
    is_adder = config.task == 'binary_add'
    inputs = examples.inputs
    if config.net() == 'cnn':
        inputs = np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))  # (N, C, H, W)
    all_inputs = torch.tensor(inputs)
    all_targets = torch.tensor(examples.targets.astype(np.float32 if is_adder else np.int64))
    all_lengths = None
    if examples.lengths is not None:
        all_lengths = torch.tensor(examples.lengths.astype(np.int64))
    all_step_weights = None
    if is_adder:
        all_step_weights = torch.tensor(loss_weights(config, examples))

    def batch_loss(rows):
        x = all_inputs[rows]
        if config.is_of_images():
            x = x.float() / 255
        lengths = None if all_lengths is None else all_lengths[rows]
        logits = net(x, lengths)
        if is_adder:
            # The weights hold the division by the batch size.
            return functional.binary_cross_entropy_with_logits(
                logits, all_targets[rows], all_step_weights[rows], reduction='sum'
            )
        return functional.cross_entropy(logits, all_targets[rows])

    def train_epoch(order):
        losses = []
        for rows in torch.tensor(order).split(config.batch_size):
            optimizer.zero_grad(set_to_none=True)
            loss = batch_loss(rows)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())  # without the graph that led to it
        return torch.stack(losses).cpu().numpy()

    return train_epoch


def _make_net(config: Config, weights: Mapping[str, np.ndarray], features: int) -> nn.Module:
    """A net with our weights."""
    if config.net() == 'cnn':
        net = ConvolutionalNet(config, weights)
    else:
        net = RecurrentNet(config, features, outputs=len(weights['head_bias']))
    state = {}
    for name in net.state_dict():
        # 'layer.weight_ih_l0' is our 'weight_ih_l0', 'head.weight' our 'head_weight'.
        our_name = name.removeprefix('layer.').replace('.', '_')
        state[name] = torch.tensor(weights[our_name])
    net.load_state_dict(state)
    return net
