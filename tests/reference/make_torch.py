"""Makes torch_rnn.npz: outputs and gradients of torch's recurrent nets, for tests/test_rnn.py.

The nets are torch.nn.RNN, LSTM and GRU in float64.

    pip install -e '.[parity]'
    python tests/reference/make_torch.py           # writes the file
    python tests/reference/make_torch.py --check   # compares new arrays with the file
"""

import functools
from pathlib import Path

import torch
from reference_file import write_or_check

FILE = Path(__file__).with_name('torch_rnn.npz')
BATCH, STEPS, INPUTS, HIDDEN = 3, 4, 3, 4
# '<cell>-<activation>': the class of the net, with its activation.
KINDS = {
    'rnn-tanh': functools.partial(torch.nn.RNN, nonlinearity='tanh'),
    'rnn-relu': functools.partial(torch.nn.RNN, nonlinearity='relu'),
    'lstm-tanh': torch.nn.LSTM,
    'gru-tanh': torch.nn.GRU,
}


def make():
    """Returns {'<kind>/<layers>/<directions>/<what>': array}."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    arrays = {}
    for kind in KINDS:
        for layers in (1, 2):
            for directions in (1, 2):
                for what, tensor in outputs_and_gradients(kind, layers, directions).items():
                    name = f'{kind}/{layers}/{directions}/{what}'
                    arrays[name] = tensor.detach().numpy()
    return arrays


def outputs_and_gradients(kind, layers, directions):
    """The tensors of one net, by name. The gradients are those of sum(output * mix)."""
    net = KINDS[kind](
        INPUTS,
        HIDDEN,
        num_layers=layers,
        bidirectional=directions == 2,
        batch_first=True,
    )
    inputs = torch.randn(BATCH, STEPS, INPUTS, requires_grad=True)
    output, final_state = net(inputs)
    if kind.startswith('lstm'):
        final_state, _ = final_state
    mix = torch.randn_like(output)
    (output * mix).sum().backward()

    # torch stacks the final states by layer, then by direction.
    of_last_layer = final_state[-directions:]
    tensors = {
        'inputs': inputs,
        'output': output,
        'mix': mix,
        'grad/inputs': inputs.grad,
        'last': torch.cat(tuple(of_last_layer), dim=-1),
    }
    for name, parameter in net.named_parameters():
        tensors[f'param/{name}'] = parameter
        tensors[f'grad/{name}'] = parameter.grad
    return tensors


if __name__ == '__main__':
    write_or_check(FILE, make(), f'torch {torch.__version__}')
