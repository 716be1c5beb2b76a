"""Makes captum_cnn.npz: a small LeNet and its attributions by captum, in float64, for the tests.

pip install -e '.[parity]'
python tests/reference/make_captum.py           writes the file
python tests/reference/make_captum.py --check   makes the arrays anew and compares them with the file
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from captum import attr

FILE = Path(__file__).with_name('captum_cnn.npz')
N, SIDE, MAPS, HIDDEN, CLASSES, WINDOW = 3, 12, (3, 4), 6, 5, 3
UNITS = {'conv1': (1, 5, 4), 'conv2': (2, 3, 0)}  # map, row, column
METHODS = {
    'gradient': (attr.Saliency, attr.NeuronGradient),
    'guided': (attr.GuidedBackprop, attr.NeuronGuidedBackprop),
    'deconvnet': (attr.Deconvolution, attr.NeuronDeconvolution),
}


class LeNet(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(channels, MAPS[0], 5, padding=2)
        self.relu1 = torch.nn.ReLU()
        self.conv2 = torch.nn.Conv2d(*MAPS, 5, padding=2)
        self.relu2 = torch.nn.ReLU()
        self.dense = torch.nn.Linear(MAPS[1] * (SIDE // 4) ** 2, HIDDEN)
        self.relu3 = torch.nn.ReLU()
        self.head = torch.nn.Linear(HIDDEN, CLASSES)
        self.pool = torch.nn.MaxPool2d(2)

    def forward(self, x):
        x = self.pool(self.relu1(self.conv1(x)))
        x = self.pool(self.relu2(self.conv2(x)))
        return self.head(self.relu3(self.dense(x.flatten(1))))


def make():
    """{'<channels>/<what>': array}; images and attributions are NHWC. A part of each image is flat, so that windows tie."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    warnings.filterwarnings('ignore')
    arrays = {}
    for channels in (1, 3):
        net = LeNet(channels)
        images = torch.rand(N, channels, SIDE, SIDE)
        images[:, :, :6, :7] = 0.5
        labels = torch.tensor([0, 3, 4])
        found = {'images': images, 'labels': labels, 'logits': net(images)}
        for rule, (of_class, of_unit) in METHODS.items():
            options = {'abs': False} if rule == 'gradient' else {}
            found[f'class/{rule}'] = of_class(net).attribute(
                images.clone().requires_grad_(), target=labels, **options
            )
            for layer, relu in (('conv1', net.relu1), ('conv2', net.relu2)):
                found[f'{layer}/{rule}'] = of_unit(net, relu).attribute(
                    images.clone().requires_grad_(), UNITS[layer]
                )
        found['occlusion'] = attr.Occlusion(net).attribute(
            images,
            target=labels,
            sliding_window_shapes=(channels, WINDOW, WINDOW),
            strides=(channels, WINDOW, WINDOW),
            baselines=0.25,
        )
        for name, value in found.items():
            value = value.detach().numpy()
            arrays[f'{channels}/{name}'] = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
        arrays |= {
            f'{channels}/param/{name.replace(".", "_")}': value.detach().numpy()
            for name, value in net.named_parameters()
        }
    return arrays


if __name__ == '__main__':
    arrays = make()
    if '--check' in sys.argv:
        with np.load(FILE) as kept:
            assert set(kept) == set(arrays)
            for name in kept:
                np.testing.assert_allclose(
                    kept[name],
                    arrays[name],
                    rtol=0,
                    atol=1e-6 if 'occlusion' in name else 1e-12,
                    err_msg=name,
                )
        print(f'{FILE.name}: {len(arrays)} arrays agree with captum and torch {torch.__version__}')
    else:
        np.savez_compressed(FILE, **arrays)
        print(f'{FILE}: {len(arrays)} arrays, {FILE.stat().st_size:,} bytes')
