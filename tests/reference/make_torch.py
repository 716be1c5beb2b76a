"""Makes torch_rnn.npz: outputs and gradients of torch.nn.RNN, LSTM and GRU in float64, which tests/test_rnn.py compares with.

pip install -e '.[parity]'
python tests/reference/make_torch.py           writes the file
python tests/reference/make_torch.py --check   makes the arrays anew and compares them with the file
"""

import sys
from pathlib import Path

import numpy as np
import torch

FILE = Path(__file__).with_name('torch_rnn.npz')
N, T, D, H = 3, 4, 3, 4
KINDS = {
    'rnn-tanh': lambda **kw: torch.nn.RNN(D, H, nonlinearity='tanh', **kw),
    'rnn-relu': lambda **kw: torch.nn.RNN(D, H, nonlinearity='relu', **kw),
    'lstm-tanh': lambda **kw: torch.nn.LSTM(D, H, **kw),
    'gru-tanh': lambda **kw: torch.nn.GRU(D, H, **kw),
}


def make():
    """{'<kind>/<layers>/<directions>/<what>': array}; the gradients are of sum(output * mix)."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    arrays = {}
    for kind, build in KINDS.items():
        for layers in (1, 2):
            for bidirectional in (False, True):
                net = build(num_layers=layers, bidirectional=bidirectional, batch_first=True)
                inputs = torch.randn(N, T, D, requires_grad=True)
                output, last = net(inputs)
                mix = torch.randn_like(output)
                (output * mix).sum().backward()
                last = last[0] if isinstance(last, tuple) else last
                directions = 1 + bidirectional
                found = {
                    'inputs': inputs,
                    'output': output,
                    'mix': mix,
                    'grad/inputs': inputs.grad,
                    'last': torch.cat(tuple(last[-directions:]), dim=-1),
                }
                for name, value in net.named_parameters():
                    found |= {f'param/{name}': value, f'grad/{name}': value.grad}
                arrays |= {
                    f'{kind}/{layers}/{directions}/{what}': value.detach().numpy()
                    for what, value in found.items()
                }
    return arrays


if __name__ == '__main__':
    arrays = make()
    if '--check' in sys.argv:
        with np.load(FILE) as kept:
            assert set(kept) == set(arrays)
            for name in kept:
                np.testing.assert_allclose(
                    kept[name], arrays[name], rtol=0, atol=1e-12, err_msg=name
                )
        print(f'{FILE.name}: {len(arrays)} arrays agree with torch {torch.__version__}')
    else:
        np.savez_compressed(FILE, **arrays)
        print(f'{FILE}: {len(arrays)} arrays, {FILE.stat().st_size:,} bytes')
