"""Makes captum_cnn.npz: attributions of a small LeNet by captum, for the tests.

The net is in float64, with random weights.

    pip install -e '.[parity]'
    python tests/reference/make_captum.py           # writes the file
    python tests/reference/make_captum.py --check   # compares new arrays with the file
"""

import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from captum import attr
from reference_file import ROUNDING, write_or_check

FILE = Path(__file__).with_name('captum_cnn.npz')
IMAGES, SIDE = 3, 12
MAPS = (3, 4)
HIDDEN, CLASSES = 6, 5
LABELS = (0, 3, 4)
OCCLUSION_WINDOW = 3  # pixels a side
UNITS = {'conv1': (1, 5, 4), 'conv2': (2, 3, 0)}  # map, row, column


class Method(NamedTuple):
    """The classes of captum for one backward rule, and the options of the first."""

    of_class: type
    of_unit: type
    options: dict


METHODS = {
    'gradient': Method(attr.Saliency, attr.NeuronGradient, {'abs': False}),
    'guided': Method(attr.GuidedBackprop, attr.NeuronGuidedBackprop, {}),
    'deconvnet': Method(attr.Deconvolution, attr.NeuronDeconvolution, {}),
}


class LeNet(torch.nn.Module):
    """The net of jaxdl.models.cnn, with one module for each activation: captum hooks into them."""

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
    """Returns {'<channels>/<what>': array}, where images and attributions are NHWC."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    warnings.filterwarnings('ignore')
    arrays = {}
    for channels in (1, 3):
        net = LeNet(channels)
        for name, tensor in attributions(net, channels).items():
            array = tensor.detach().numpy()
            if array.ndim == 4:
                array = array.transpose(0, 2, 3, 1)
            arrays[f'{channels}/{name}'] = array
        for name, parameter in net.named_parameters():
            our_name = name.replace('.', '_')
            arrays[f'{channels}/param/{our_name}'] = parameter.detach().numpy()
    return arrays


def attributions(net, channels):
    """Random images, their logits, and what captum attributes to their pixels (NCHW), by name."""
    images = torch.rand(IMAGES, channels, SIDE, SIDE)
    # A part of each image is flat, so that pooling windows have ties.
    images[:, :, :6, :7] = 0.5
    labels = torch.tensor(LABELS)
    tensors = {'images': images, 'labels': labels, 'logits': net(images)}
    for rule, method in METHODS.items():
        tensors[f'class/{rule}'] = method.of_class(net).attribute(
            images.clone().requires_grad_(), target=labels, **method.options
        )
        for layer, activation in (('conv1', net.relu1), ('conv2', net.relu2)):
            tensors[f'{layer}/{rule}'] = method.of_unit(net, activation).attribute(
                images.clone().requires_grad_(), UNITS[layer]
            )
    window = (channels, OCCLUSION_WINDOW, OCCLUSION_WINDOW)
    tensors['occlusion'] = attr.Occlusion(net).attribute(
        images,
        target=labels,
        sliding_window_shapes=window,
        strides=window,
        baselines=0.25,
    )
    return tensors


def tolerance(name):
    """How far an array may differ: captum rounds the occlusion to float32."""
    return 1e-6 if 'occlusion' in name else ROUNDING


if __name__ == '__main__':
    write_or_check(FILE, make(), f'captum and torch {torch.__version__}', tolerance)
