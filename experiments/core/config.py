"""The one Config of a run: every field with its type, default and help.

The command-line flags are made from it. This module does not import JAX.
"""

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from experiments.core.own_machines import machine_name, machine_of
from jaxdl import UserError
from jaxdl.backend import PRECISIONS
from jaxdl.names import unknown
from jaxdl.verify.machines import MACHINES

# Spelled out, since the modules that hold the functions import JAX. A test compares them.
INITIALIZERS = (
    'torch',
    'glorot_uniform',
    'glorot_joint',
    'lecun_normal',
    'truncated_normal',
    'normal',
)
CHOICES = {
    'task': ('binary_add', 'recall', 'automaton', 'mnist_rnn', 'mnist_cnn', 'cifar_cnn'),
    'dataset': ('mnist', 'digits', 'cifar10'),
    'cell': ('rnn', 'lstm', 'gru'),
    'activation': ('tanh', 'relu', 'sigmoid', 'leaky_relu'),
    'dense_activation': ('', 'tanh', 'relu', 'sigmoid', 'leaky_relu'),
    'init': INITIALIZERS,
    'head_init': ('', *INITIALIZERS),
    'optimizer': ('adam', 'sgd', 'momentum', 'rmsprop', 'adagrad'),
    'l2_of': ('squares', 'norms'),
    'loss': ('cross_entropy', 'mse'),
    'pixels': ('unit', 'standardized', 'signed'),
    'fit': ('crop', 'resize'),
    'precision': PRECISIONS,
}
DATASETS = {
    'mnist_rnn': ('mnist', 'digits'),
    'mnist_cnn': ('mnist', 'digits'),
    'cifar_cnn': ('cifar10',),
}
CNN_TASKS = ('mnist_cnn', 'cifar_cnn')
CELLS_WITH_GATES = ('lstm', 'gru')
VMAPPED = ('learning_rate', 'momentum', 'weight_decay', 'l2')  # may differ within a population
RESTART_EPOCHS = 3  # of training that each of several initializations is given
PRECISION_HELP = 'of products: float32, or less with high and default on a GPU or TPU'
MESH_AXES = ('seeds', 'data')  # as in jaxdl.parallel, which cannot be imported without JAX
PLACES = ('mesh', 'workdir', 'data_dir')  # where a run is trained and stored, not what it is

POSITIVE = (
    'hidden',
    'layers',
    'batch_size',
    'epochs',
    'min_length',
    'k',
    'seeds',
    'restarts',
    'learning_rate',
)
NOT_NEGATIVE = (
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
)
MOST_LAYERS = 1000  # each is compiled apart, in seconds
LARGEST_INTEGER = 2**31 - 1  # programs count in 32 bits
LARGEST_FLOAT = 3.4e38
BELOW_ONE = ('dropout', 'momentum', 'rmsprop_decay')


def field(default: Any, help: str) -> Any:
    """A field of Config with its help."""
    return dataclasses.field(default=default, metadata={'help': help})


@dataclass(frozen=True)
class Config:
    """The settings of a run. The help of each field says what it is.

    Raises:
        UserError: A setting is invalid, alone or together with another one.
    """

    task: str = field('binary_add', 'what to learn')
    dataset: str = field('mnist', 'images of the image tasks; digits needs no download')
    cell: str = field('lstm', 'recurrent cell')
    hidden: int = field(5, "units in each recurrent layer, or in the CNN's dense layer")
    layers: int = field(1, 'recurrent layers')
    bidirectional: bool = field(False, 'a second set of layers reads backwards')
    activation: str = field('tanh', "the cell's activation in place of tanh, or the CNN's")
    dense_activation: str = field('', "activation of the CNN's dense layer; empty: as --activation")
    init: str = field(
        'torch',
        'initializer of all layers; truncated_normal has standard deviation .1, and biases .1; '
        'glorot_joint has one kernel over the inputs and states of a cell, as TensorFlow 1',
    )
    head_init: str = field('', 'initializer of the output layer; empty: as --init')
    reset_after: bool = field(
        True, 'GRU: reset after the product with the state, as torch; else before, as TensorFlow 1'
    )
    gate_bias: float = field(
        0.0,
        "added to the bias of the LSTM's forget gate, or of both gates of a GRU, at the start; 1 "
        'in TensorFlow 1',
    )
    dropout: float = field(
        0.0, 'share of units dropped between recurrent layers and before the output layer'
    )
    state_noise: float = field(
        0.0, 'standard deviation of Gaussian noise on every recurrent state in training'
    )
    optimizer: str = field('adam', 'optimizer')
    learning_rate: float = field(1e-2, 'step size')
    momentum: float = field(0.0, 'momentum of --optimizer=momentum')
    rmsprop_decay: float = field(0.99, 'decay of the running mean square of --optimizer=rmsprop')
    rmsprop_start: float = field(
        0.0, 'mean square before the first step of --optimizer=rmsprop; 1 in TensorFlow 1'
    )
    weight_decay: float = field(
        0.0, "times all parameters, added to the gradient (torch.optim's weight_decay)"
    )
    l2: float = field(0.0, 'times the --l2_of all weights, added to the loss; no biases')
    l2_of: str = field(
        'squares', 'what --l2 sums: squares of weights, or Frobenius norms of weight matrices'
    )
    loss: str = field('cross_entropy', 'loss; mse is taken on the sigmoid or softmax output')
    batch_size: int = field(64, 'examples in a training step')
    epochs: int = field(10, 'passes over train_size examples')
    steps: int = field(0, 'stop after so many steps; 0: after the epochs')
    train_size: int = field(10_000, 'training examples in an epoch; 0: all images not held out')
    validation_size: int = field(
        1000, 'examples held out for choosing the best checkpoint; 0, images only: by training loss'
    )
    fresh: bool = field(True, 'sequence tasks: draw new examples every epoch, not one fixed set')
    shuffle: bool = field(True, 'a new order every epoch; without, the order of the file')
    pixels: str = field(
        'unit',
        'images: values from 0 to 1 (unit), from -1 to 1 (signed), or of mean 0 and deviation 1 '
        'over the training images (standardized)',
    )
    per_class: int = field(
        0, 'images: train on so many of each class, a choice set by --seed; 0: on all'
    )
    test_per_class: int = field(
        0, 'images: test on so many of each class, a choice set by --seed; 0: on all'
    )
    image_size: int = field(28, 'CNN: side of the images in pixels, to which --fit brings them')
    fit: str = field(
        'crop',
        'CNN: crop larger images and set smaller ones in black, or resize them bilinearly',
    )
    colour: bool = field(False, 'CNN: red, green and blue, not grey')
    min_length: int = field(
        1, 'sequence tasks: shortest training sequence (bits of a summand, digits, symbols)'
    )
    max_length: int = field(20, 'sequence tasks: longest training sequence')
    k: int = field(3, 'recall: which digit to answer, counted from 1')
    machine: str = field(
        'parity',
        f'automaton: what to follow, one of {", ".join(MACHINES)}, or a file of your own that ends '
        'in .json',
    )
    seed: int = field(0, 'first seed')
    seeds: int = field(
        1,
        'models trained at once, with seeds seed, seed+1, ...; results are mean and 95 % interval',
    )
    restarts: int = field(
        1, 'sequence tasks: try so many initializations of each seed for 3 epochs; train the best'
    )
    statistics_every: int = field(
        0,
        'record every layer and its weights on 100 fixed examples every so many steps of an epoch',
    )
    snapshots: bool = field(False, 'keep the checkpoints of epochs 1, 2, 5, 10, 20, 50, ... too')
    precision: str = field('highest', PRECISION_HELP)
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
        _check_choices(self)
        _check_numbers(self)
        # An optimizer and a momentum that contradict each other are a mistake of the user.
        if (self.optimizer == 'momentum') != (self.momentum > 0):
            raise UserError(
                f'--optimizer={self.optimizer} with --momentum={self.momentum}: use '
                '--optimizer=momentum with a --momentum above 0 (0.9, say), or neither'
            )
        _check_net(self)
        self.mesh_axes()  # for its error, before any data is loaded
        machine_of(self.machine)  # for its error too
        if self.is_of_images():
            _check_images(self)
        else:
            _check_sequences(self)

    def mesh_axes(self) -> dict[str, int] | None:
        """The mesh as {'seeds': 4, 'data': 2}, with 1 for an axis left out; None for 'auto'.

        Raises:
            UserError: The mesh cannot be understood.
        """
        if self.mesh == 'auto':
            return None
        axes = dict.fromkeys(MESH_AXES, 1)
        named = set()
        for part in self.mesh.split(','):
            name, _, size = part.partition(':')
            is_size = size.isdecimal() and len(size) < 10 and int(size) > 0
            if name not in MESH_AXES or name in named or not is_size:
                raise UserError(
                    f'--mesh={self.mesh} is not understood; write auto, or seeds:4,data:2 for '
                    'eight devices, say'
                )
            named.add(name)
            axes[name] = int(size)
        return axes

    def is_of_images(self) -> bool:
        """Whether the task is one of images, not of sequences."""
        return self.task in DATASETS

    def net(self) -> str:
        """The kind of net in a word: 'cnn', or the recurrent cell."""
        return 'cnn' if self.task in CNN_TASKS else self.cell

    def describe(self) -> str:
        """What a figure is about, for its title."""
        if self.net() == 'cnn':
            colours = 'colour' if self.colour else 'grey'
            net = f'{self.activation} CNN on {colours} images'
        elif self.bidirectional:
            net = f'bidirectional {self.cell}'
        else:
            net = self.cell
        parts = [net, f'{self.hidden} units']
        if self.is_of_images():
            parts.insert(0, self.dataset)
        if self.task == 'automaton':
            parts.insert(0, machine_name(self.machine))
        if self.seeds > 1:
            parts.append(f'{self.seeds} seeds with 95 % intervals')
        return ', '.join(parts)

    def identity(self) -> dict[str, Any]:
        """The fields that say what the run is, without those that say where it lies."""
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if name not in PLACES}

    def key(self) -> str:
        """Eight characters that tell runs apart.

        Fields at their default are left out, so that a new field changes no run's key.
        """
        settings = {}
        for name, value in self.identity().items():
            # A dataclass keeps a field's default as a class attribute.
            if value != getattr(type(self), name):
                settings[name] = value
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _check_choices(config):
    for name, choices in CHOICES.items():
        value = getattr(config, name)
        if value not in choices:
            raise unknown(f'--{name}={value}', value, choices)


def _check_numbers(config):
    for name, value in dataclasses.asdict(config).items():
        # Not `>`, which is false of what is not a number.
        if isinstance(value, float) and not abs(value) <= LARGEST_FLOAT:
            raise UserError(f'--{name}={value} must be a finite number in single precision')
        if isinstance(value, int) and value > LARGEST_INTEGER:
            raise UserError(f'--{name}={value} must be at most {LARGEST_INTEGER}')
    for name in POSITIVE:
        if not getattr(config, name) > 0:
            raise UserError(f'--{name}={getattr(config, name)} must be greater than 0')
    for name in NOT_NEGATIVE:
        if not getattr(config, name) >= 0:
            raise UserError(f'--{name}={getattr(config, name)} must not be negative')
    for name in BELOW_ONE:
        if not 0 <= getattr(config, name) < 1:
            raise UserError(f'--{name}={getattr(config, name)} must be at least 0 and less than 1')
    if config.layers > MOST_LAYERS:
        raise UserError(f'--layers={config.layers} must be at most {MOST_LAYERS}')
    if config.seed + config.seeds > 2**31:
        raise UserError(
            f'--seed={config.seed} --seeds={config.seeds}: the last seed must be less than '
            '2147483648'
        )


def _check_net(config):
    net = config.net()
    if not config.reset_after and net != 'gru':
        raise UserError(f'--noreset_after is for --cell=gru; leave it out with {net}')
    if config.gate_bias and net not in CELLS_WITH_GATES:
        raise UserError(
            f'--gate_bias={config.gate_bias} is for --cell=lstm and --cell=gru; leave it out with '
            f'{net}, which has no gates'
        )
    if config.fit != 'crop' and net != 'cnn':
        raise UserError(
            f'--fit={config.fit} is for {" and ".join(CNN_TASKS)}: a recurrent net reads images '
            'of any size'
        )


def _check_images(config):
    datasets = DATASETS[config.task]
    if config.restarts > 1:
        raise UserError(f'--restarts={config.restarts} is for sequence tasks')
    if config.dataset not in datasets:
        raise UserError(
            f'--task={config.task} --dataset={config.dataset}: choose one of {", ".join(datasets)}'
        )
    if config.image_size < 8 or config.image_size % 4:
        raise UserError(
            f'--image_size={config.image_size} must be a multiple of 4, and 8 at least: two pools '
            'halve it'
        )
    if config.per_class and config.train_size:
        raise UserError(
            f'--per_class={config.per_class} and --train_size={config.train_size}: use one of them'
        )


def _check_sequences(config):
    if config.max_length < config.min_length:
        raise UserError(
            f'--max_length={config.max_length} is less than --min_length={config.min_length}'
        )
    if config.task == 'recall' and config.k > config.min_length:
        raise UserError(
            f'--k={config.k} is greater than --min_length={config.min_length}: a sequence that '
            'short has no such digit'
        )
    for name in ('train_size', 'validation_size'):
        if getattr(config, name) == 0:
            raise UserError(f'--{name}=0: {config.task} needs a number of sequences')
