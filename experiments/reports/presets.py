"""The Config of every reported row: what the table says, and what its provenance adds.

A run with one of them: python -m experiments.main --preset=E-lstm128.
"""

import functools
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from experiments.core.config import CNN_TASKS, Config
from experiments.core.defaults import TASK_DEFAULTS
from experiments.reports.reported import ReportedRow, reported_rows
from jaxdl import UserError
from jaxdl.names import did_you_mean

# The columns of the table that are fields of Config: {column: field}.
CONFIG_FIELDS = {
    'hidden': 'hidden',
    'layers': 'layers',
    'activation': 'activation',
    'init': 'init',
    'optimizer': 'optimizer',
    'lr': 'learning_rate',
    'weight_decay': 'weight_decay',
    'l2': 'l2',
    'dropout': 'dropout',
    'batch_size': 'batch_size',
    'loss': 'loss',
}
# What the reports call initializers and losses, in the words of Config.
CONFIG_WORDS = {
    'torch_default': 'torch',
    'truncnormal0.1': 'truncated_normal',
    'softmax_ce': 'cross_entropy',
    'nll_logsoftmax': 'cross_entropy',
    'bce': 'cross_entropy',
}
MNIST_TRAIN_IMAGES = 60_000
TASKS_IN_STEPS = ('mnist_rnn', 'cifar_cnn')  # whose length a report may give in steps

# The CIFAR-10 subset of reports B and C.
SUBSET = {'train_size': 0, 'per_class': 1000, 'test_per_class': 100}
# Settings that are not in the columns of a row but in its provenance, by the beginning of its id.
# A later entry overrides an earlier one.
PROVENANCE_SETTINGS: dict[str, dict[str, Any]] = {
    'A-': {'pixels': 'standardized'},
    'A-cifar': {'dense_activation': 'tanh'},
    'B-': {'shuffle': False, 'head_init': 'normal'},
    'C-': {'rmsprop_decay': 0.9, 'rmsprop_start': 1.0, 'head_init': 'normal'},
    'B-cifar': {'shuffle': True, 'head_init': '', **SUBSET},
    'C-cifar': {'rmsprop_decay': 0.99, 'rmsprop_start': 0.0, 'head_init': '', **SUBSET},
    # The cells of TensorFlow 1.
    'B-lstm': {'gate_bias': 1.0},
    'B-gru': {'gate_bias': 1.0, 'reset_after': False},
    'C-lstm': {'gate_bias': 1.0},
    'C-gru': {'gate_bias': 1.0, 'reset_after': False},
    'D-recall': {'k': 3, 'fresh': False},
    'D-add': {'fresh': False},
    'E-rnn': {'pixels': 'standardized'},
    'E-lstm': {'pixels': 'standardized'},
    'E-gru': {'pixels': 'standardized'},
    'E-bilstm': {'pixels': 'standardized'},
    'E-lstm128-l2': {'l2_of': 'norms'},
    'E-recall': {'k': 3, 'train_size': 10_000, 'fresh': True},
    'E-recall-gru10-k2': {'k': 2},
    'E-add': {'train_size': 10_000, 'fresh': True},
}


class ChosenSettings(NamedTuple):
    """The settings of a row whose report does not give them.

    Attributes:
        base: The row or the task that they start from.
        settings: What is chosen here.
    """

    base: str
    settings: dict[str, Any]


CHOSEN = {
    # The weights of the "tuned" net were carried over: it is the same net, trained on.
    'A-cifar-tuned-ep1': ChosenSettings('A-cifar-base', {'epochs': 30}),
    'A-cifar-tuned-ep2': ChosenSettings('A-cifar-tuned-ep1', {}),
    # As many steps as the recurrent nets of report B.
    'B-cnn-compare': ChosenSettings(
        'mnist_cnn',
        {'batch_size': 50, 'steps': 5500, 'validation_size': 0, 'shuffle': False},
    ),
    'A-cnn-assignment1': ChosenSettings('B-cnn-compare', {}),
    'B-cifar-unreported': ChosenSettings(
        'B-cifar-relu-adam', {'optimizer': 'adagrad', 'learning_rate': 1e-4}
    ),
}


class Picture(NamedTuple):
    """A row that is pictures of a net.

    Attributes:
        row: The id of the row whose net they show.
        command: The command that draws them; '' if the run of the net has drawn them itself.
        flags: Of the command.
        figures: The names of the run's own figures, where there is no command.
    """

    row: str
    command: str = ''
    flags: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


PICTURES = {
    'A-actmax': Picture('A-cifar-base', 'visualize', ('--what=maximize',)),
    'B-cifar-vis': Picture('B-cifar-relu-adam', 'visualize', ('--what=filters,activations',)),
    'B-deconv-all': Picture('B-cifar-relu-adam', 'visualize', ('--what=deconvnet',)),
    'B-deconv-top9': Picture('B-cifar-relu-adam', 'visualize', ('--what=top9',)),
    'D-handwriting': Picture('D-rnn256-adam', 'predict'),
}


@functools.cache  # asked for again and again, and the table does not change
def presets() -> Mapping[str, Config]:
    """The Config, of one seed, of every reported row that trains a net, in the table's order."""
    rows = reported_rows()
    configs = {}
    for name, row in rows.items():
        # Rows without a rate are pictures, or are in CHOSEN.
        if row.task in TASK_DEFAULTS and row.lr is not None:
            configs[name] = replace(TASK_DEFAULTS[row.task], **settings_of(row))
    for name, chosen in CHOSEN.items():
        base = TASK_DEFAULTS.get(chosen.base) or configs[chosen.base]
        configs[name] = replace(base, **chosen.settings)
    return MappingProxyType({name: configs[name] for name in rows if name in configs})


def settings_of(row: ReportedRow) -> dict[str, Any]:
    """The settings of a row that is not in CHOSEN, beside the defaults of its task."""
    settings = {
        **_column_settings(row),
        **_net_settings(row),
        **_data_settings(row),
        **_duration_settings(row),
        **_sequence_length_settings(row),
    }
    if row.momentum is not None:
        settings['momentum'] = row.momentum
    if row.momentum:
        # In the table momentum is a column; in Config an optimizer.
        settings['optimizer'] = 'momentum'
    for prefix, known_settings in PROVENANCE_SETTINGS.items():
        if row.id.startswith(prefix):
            settings |= known_settings
    return settings


def _column_settings(row: ReportedRow) -> dict[str, Any]:
    settings = {}
    for column, field in CONFIG_FIELDS.items():
        value = getattr(row, column)
        if value is not None:
            settings[field] = CONFIG_WORDS.get(value, value)
    return settings


def _net_settings(row: ReportedRow) -> dict[str, Any]:
    if row.task in CNN_TASKS:
        return {}  # all CNNs are the LeNet of the task's defaults
    return {'cell': row.model, 'bidirectional': bool(row.bidirectional)}


def _data_settings(row: ReportedRow) -> dict[str, Any]:
    """How many examples the net is trained on."""
    settings: dict[str, Any] = {}
    if row.task == 'mnist_rnn':
        # The images that a report does not train on are held out.
        settings['validation_size'] = MNIST_TRAIN_IMAGES - row.train_size
    elif row.task == 'cifar_cnn':
        settings['validation_size'] = 0
    elif row.train_size is not None:
        settings['train_size'] = row.train_size
    return settings


def _duration_settings(row: ReportedRow) -> dict[str, Any]:
    """How long the net is trained."""
    # A report that counts steps may stop within an epoch. The number of epochs is then missing or
    # not whole.
    has_whole_epochs = row.epochs is not None and row.epochs.is_integer()
    if row.task in TASKS_IN_STEPS and row.steps is not None and not has_whole_epochs:
        return {'steps': row.steps}
    if row.epochs is not None:
        return {'epochs': int(row.epochs)}
    return {}


def _sequence_length_settings(row: ReportedRow) -> dict[str, Any]:
    """The lengths of the training sequences."""
    if row.train_length is None:
        return {}
    shortest, _, longest = row.train_length.partition('-')
    return {'min_length': int(shortest), 'max_length': int(longest or shortest)}


def preset(name: str, task: str | None = None) -> Config:
    """The Config of a reported row.

    Args:
        name: The row's id.
        task: The task that the user asks for, if any.

    Raises:
        UserError: There is no such row, it is a picture, or its task is another one.
    """
    if name in PICTURES:
        picture = PICTURES[name]
        words = [f'python -m experiments.{picture.command}', '--workdir=RUN', *picture.flags]
        raise UserError(
            f'--preset={name} is a picture of the net of {picture.row}: train that one, then '
            f'{" ".join(words)}'
        )
    configs = presets()
    if name not in configs:
        raise UserError(
            f'--preset={name} is unknown{did_you_mean(name, configs)}; all ids are those of '
            'experiments/reports/reported_results.csv'
        )
    config = configs[name]
    if task not in (None, config.task):
        raise UserError(f'--preset={name} is a {config.task} row; leave --task={task} out')
    return config
