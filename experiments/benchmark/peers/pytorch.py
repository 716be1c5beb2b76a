"""The peer PyTorch: modules of torch.nn."""

from collections import OrderedDict

import numpy as np

from experiments.benchmark.peers.common import shares_of, supported


def _torch_rnn(config, features, outputs):
    """A module: x (N, T, D), lengths (N,) or None -> logits (N, K), or (N, T) of an adder."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            kind = {'rnn': nn.RNN, 'lstm': nn.LSTM, 'gru': nn.GRU}[config.cell]
            self.layer = kind(
                features, config.hidden, batch_first=True, bidirectional=config.bidirectional
            )
            self.head = nn.Linear(config.hidden * (1 + config.bidirectional), outputs)

        def forward(self, x, lengths):
            packed = (
                config.bidirectional and lengths is not None
            )  # one direction reads the padding last, and is faster without
            states, final = self.layer(
                pack_padded_sequence(x, lengths.cpu(), True, False) if packed else x
            )
            if config.task == 'binary_add':
                states = (
                    pad_packed_sequence(states, True, total_length=x.shape[1])[0]
                    if packed
                    else states
                )
                return self.head(states)[..., 0]
            if lengths is None or packed:
                return self.head(
                    torch.cat(tuple(final[0] if config.cell == 'lstm' else final), dim=-1)
                )
            return self.head(states.take_along_dim((lengths - 1)[:, None, None], 1)[:, 0])

    return Net()


def _torch_cnn(config, weights):
    """A module: images (N, C, H, W), None -> logits (N, K), with layers of the shapes of our weights."""
    from torch import nn

    class Net(nn.Sequential):
        def forward(self, images, lengths):
            return super().forward(images)

    acts = {
        'tanh': nn.Tanh,
        'relu': nn.ReLU,
        'sigmoid': nn.Sigmoid,
        'leaky_relu': lambda: nn.LeakyReLU(0.2),
    }
    act, dense_act = acts[config.activation], acts[config.dense_activation or config.activation]
    (first, channels), second = weights['conv1_weight'].shape[:2], len(weights['conv2_weight'])
    hidden, features = weights['dense_weight'].shape
    return Net(
        OrderedDict(
            conv1=nn.Conv2d(channels, first, 5, padding=2),
            act1=act(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(first, second, 5, padding=2),
            act2=act(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            dense=nn.Linear(features, hidden),
            act3=dense_act(),
            head=nn.Linear(hidden, len(weights['head_bias'])),
        )
    )


def pytorch(config, params, arrays):
    """Modules of torch.nn, run eagerly, with all arrays in memory as tensors."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    if not supported(config):
        return None
    weights, (inputs, targets, lengths), shares = (
        params['params'],
        arrays,
        shares_of(config, arrays),
    )
    cnn, adding = config.net() == 'cnn', shares is not None
    net = (
        _torch_cnn(config, weights)
        if cnn
        else _torch_rnn(config, inputs.shape[-1], len(weights['head_bias']))
    )
    net.load_state_dict(
        {
            name: torch.tensor(weights[name.removeprefix('layer.').replace('.', '_')])
            for name in net.state_dict()
        }
    )
    optimizer = torch.optim.Adam(net.parameters(), config.learning_rate, fused=True)
    inputs = np.ascontiguousarray(inputs.transpose(0, 3, 1, 2)) if cnn else inputs
    targets = targets.astype(np.float32 if adding else np.int64)
    lengths = None if lengths is None else lengths.astype(np.int64)
    data = [
        None if array is None else torch.tensor(array)
        for array in (inputs, targets, lengths, shares)
    ]

    def epoch(order):
        losses = []
        for rows in torch.tensor(order).split(config.batch_size):
            x, y, lengths, shares = (None if array is None else array[rows] for array in data)
            optimizer.zero_grad(set_to_none=True)
            logits = net(x if lengths is not None else x.float() / 255, lengths)
            loss = (
                binary_cross_entropy_with_logits(logits, y, shares, reduction='sum')
                if adding
                else cross_entropy(logits, y)
            )
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).cpu().numpy()

    return epoch
