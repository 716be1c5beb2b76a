"""The one Config of a run: every field with its type, default and help. Command-line flags are made from it."""

import dataclasses
import math
import os
from dataclasses import dataclass

from jaxdl import UserError

CHOICES = {
    'task': ('binary_add', 'recall', 'mnist_rnn', 'mnist_cnn', 'cifar_cnn'),
    'dataset': ('mnist', 'digits', 'cifar10'),
    'cell': ('rnn', 'lstm', 'gru'),
    'activation': ('tanh', 'relu', 'sigmoid', 'leaky_relu'),
    'dense_activation': ('', 'tanh', 'relu', 'sigmoid', 'leaky_relu'),
    'init': ('torch', 'glorot_uniform', 'lecun_normal', 'truncated_normal', 'normal'),
    'head_init': ('', 'torch', 'glorot_uniform', 'lecun_normal', 'truncated_normal', 'normal'),
    'optimizer': ('adam', 'sgd', 'momentum', 'rmsprop', 'adagrad'),
    'loss': ('cross_entropy', 'mse'),
}
SETS = {
    'mnist_rnn': ('mnist', 'digits'),
    'mnist_cnn': ('mnist', 'digits'),
    'cifar_cnn': ('cifar10',),
}
NUMBERS = (
    'learning_rate',
    'momentum',
    'weight_decay',
    'l2',
)  # in which the runs of one population may differ
TRIAL = 3  # epochs that each of several starts is given
AXES = ('seeds', 'data')  # of the mesh of devices
PLACES = ('mesh', 'workdir', 'data_dir')  # where a run is, not what it is


def field(default, help):
    return dataclasses.field(default=default, metadata={'help': help})


@dataclass(frozen=True)
class Config:
    task: str = field('binary_add', 'what to learn')
    dataset: str = field('mnist', 'images of the image tasks; digits needs no download')
    cell: str = field('lstm', 'recurrent cell')
    hidden: int = field(5, "units in each recurrent layer, or in the CNN's dense layer")
    layers: int = field(1, 'recurrent layers')
    bidirectional: bool = field(False, 'a second set of layers reads backwards')
    activation: str = field('tanh', "the cell's activation in place of tanh, or the CNN's")
    dense_activation: str = field('', "activation of the CNN's dense layer; empty: as --activation")
    init: str = field(
        'torch', 'initializer of all layers; truncated_normal has deviation .1, and biases .1'
    )
    head_init: str = field('', 'initializer of the output layer; empty: as --init')
    forget_bias: float = field(0.0, "added to the LSTM forget gate's bias at the start")
    dropout: float = field(
        0.0, 'share of units dropped between recurrent layers and before the output layer'
    )
    state_noise: float = field(
        0.0, 'deviation of Gaussian noise added to every recurrent state in training'
    )
    optimizer: str = field('adam', 'optimizer')
    learning_rate: float = field(1e-2, 'step size')
    momentum: float = field(0.0, 'of --optimizer=momentum')
    rmsprop_decay: float = field(0.99, 'of the running mean square in --optimizer=rmsprop')
    rmsprop_start: float = field(0.0, 'that mean square before the first step; 1 in TensorFlow 1')
    weight_decay: float = field(
        0.0, "times all parameters, added to the gradient (torch.optim's weight_decay)"
    )
    l2: float = field(0.0, 'times the sum of squared weights, added to the loss; no biases')
    loss: str = field('cross_entropy', 'loss; mse is taken on the sigmoid or softmax output')
    batch_size: int = field(64, 'examples a step')
    epochs: int = field(10, 'passes over train_size examples')
    steps: int = field(0, 'stop after so many steps; 0: after the epochs')
    train_size: int = field(10_000, 'training examples an epoch; 0: all images not held out')
    validation_size: int = field(
        1000, 'examples held out for choosing the best checkpoint; 0, images only: by training loss'
    )
    fresh: bool = field(True, 'sequence tasks: draw new examples every epoch, not one fixed set')
    shuffle: bool = field(True, 'a new order every epoch; without, the order of the file')
    standardize: bool = field(
        False, 'images: subtract the training mean, divide by the deviation; else only /255'
    )
    per_class: int = field(
        0, 'images: train on so many of each class, a choice set by --seed; 0: on all'
    )
    test_per_class: int = field(
        0, 'images: test on so many of each class, a choice set by --seed; 0: on all'
    )
    image_size: int = field(
        28, 'CNN: side of the images in pixels; larger ones are cropped, smaller ones set in black'
    )
    colour: bool = field(False, 'CNN: red, green and blue, not grey')
    min_length: int = field(
        1, 'sequence tasks: shortest training sequence (bits of a summand, digits)'
    )
    max_length: int = field(20, 'sequence tasks: longest training sequence')
    k: int = field(3, 'recall: which digit to answer, counted from 1')
    seed: int = field(0, 'first seed')
    seeds: int = field(
        1,
        'models trained at once, with seeds seed, seed+1, ...; results are mean and 95 % interval',
    )
    starts: int = field(
        1,
        'sequence tasks: so many initializations of each seed are trained for 3 epochs, and that of least loss for the epochs',
    )
    statistics_every: int = field(
        0,
        'record every layer and its weights on 100 fixed examples every so many steps of an epoch',
    )
    snapshots: bool = field(False, 'keep the checkpoints of epochs 1, 2, 5, 10, 20, 50, ... too')
    mesh: str = field(
        'auto',
        "devices along seeds and along the batch, 'seeds:4,data:2' say; a CPU's cores are devices",
    )
    workdir: str = field(
        '', 'folder of the run; empty: runs/<task>-<cell><hidden>-<hash of these fields>'
    )
    data_dir: str = field(
        os.environ.get('TFDS_DATA_DIR', '~/tensorflow_datasets'),
        'folder of the image data, shared with TFDS',
    )

    def __post_init__(self):
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UserError(
                    f'--{name}={getattr(self, name)} is unknown; choose one of {", ".join(choices)}'
                )
        for name, value in dataclasses.asdict(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise UserError(f'--{name}={value} must be a finite number')
        for name in (
            'hidden',
            'layers',
            'batch_size',
            'epochs',
            'min_length',
            'k',
            'seeds',
            'starts',
            'learning_rate',
        ):
            if not getattr(self, name) > 0:
                raise UserError(f'--{name}={getattr(self, name)} must be greater than 0')
        for name in (
            'momentum',
            'weight_decay',
            'l2',
            'rmsprop_start',
            'state_noise',
            'steps',
            'train_size',
            'validation_size',
            'seed',
            'per_class',
            'test_per_class',
            'statistics_every',
        ):
            if not getattr(self, name) >= 0:
                raise UserError(f'--{name}={getattr(self, name)} must not be negative')
        for name in ('dropout', 'momentum', 'rmsprop_decay'):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(
                    f'--{name}={getattr(self, name)} must be at least 0 and less than 1'
                )
        if self.seed + self.seeds > 2**31:
            raise UserError(
                f'--seed={self.seed} --seeds={self.seeds}: the last seed must be less than 2147483648'
            )
        if (self.optimizer == 'momentum') != (self.momentum > 0):
            raise UserError(
                f'--optimizer={self.optimizer} with --momentum={self.momentum}: use '
                '--optimizer=momentum with a --momentum above 0 (0.9, say), or neither'
            )
        self.axes()
        if self.is_of_images():
            self._check_images()
        else:
            self._check_sequences()

    def _check_images(self):
        if self.starts > 1:
            raise UserError(f'--starts={self.starts} is for sequence tasks')
        if self.dataset not in SETS[self.task]:
            raise UserError(
                f'--task={self.task} --dataset={self.dataset}: choose one of {", ".join(SETS[self.task])}'
            )
        if self.image_size < 8 or self.image_size % 4:
            raise UserError(
                f'--image_size={self.image_size} must be a multiple of 4, and 8 at least: two pools halve it'
            )
        if self.per_class and self.train_size:
            raise UserError(
                f'--per_class={self.per_class} and --train_size={self.train_size}: use one of them'
            )

    def _check_sequences(self):
        if self.max_length < self.min_length:
            raise UserError(
                f'--max_length={self.max_length} is less than --min_length={self.min_length}'
            )
        if self.task == 'recall' and self.k > self.min_length:
            raise UserError(
                f'--k={self.k} is greater than --min_length={self.min_length}: '
                'a sequence that short has no such digit'
            )
        for name in ('train_size', 'validation_size'):
            if getattr(self, name) == 0:
                raise UserError(f'--{name}=0: {self.task} needs a number of sequences')

    def axes(self):
        """The mesh as {'seeds': 4, 'data': 2}, where an axis left out is 1; None of auto."""
        if self.mesh == 'auto':
            return None
        parts = [part.partition(':')[::2] for part in self.mesh.split(',')]
        if any(
            name not in AXES or not size.isdecimal() or not int(size) for name, size in parts
        ) or len(dict(parts)) < len(parts):
            raise UserError(
                f'--mesh={self.mesh} is not understood; write auto, or seeds:4,data:2 for eight devices, say'
            )
        return dict.fromkeys(AXES, 1) | {name: int(size) for name, size in parts}

    def is_of_images(self):
        return self.task in SETS

    def net(self):
        """The kind of net in a word: cnn, or the cell."""
        return 'cnn' if self.task in ('mnist_cnn', 'cifar_cnn') else self.cell

    def describe(self):
        """What a figure is of, for its title."""
        data = f'{self.dataset}, ' if self.is_of_images() else ''
        seeds = f', {self.seeds} seeds with 95 % intervals' if self.seeds > 1 else ''
        net = (
            f'{self.activation} CNN on {"colour" if self.colour else "grey"} images'
            if self.net() == 'cnn'
            else f'{"bidirectional " * self.bidirectional}{self.cell}'
        )
        return f'{data}{net}, {self.hidden} units{seeds}'

    def identity(self):
        """The fields that say what the run is, as a dict; where it lies is left out."""
        return {
            name: value for name, value in dataclasses.asdict(self).items() if name not in PLACES
        }
