"""Where a Config starts from: a task's defaults, or a row of reported_results.csv by its id."""

import csv
import difflib
from dataclasses import replace
from pathlib import Path

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS as TASKS
from jaxdl import UserError

SUBSET = {'train_size': 0, 'per_class': 1000, 'test_per_class': 100}

# What the CSV's columns do not say of a row but its provenance does, by the start of the id; later entries win.
PROVENANCE = {
    'A-': {'standardize': True},
    'A-cifar': {'dense_activation': 'tanh'},
    'B-': {'shuffle': False, 'head_init': 'normal'},
    'C-': {'rmsprop_decay': 0.9, 'rmsprop_start': 1.0, 'head_init': 'normal'},
    'B-cifar': {'shuffle': True, 'head_init': '', **SUBSET},
    'C-cifar': {'rmsprop_decay': 0.99, 'rmsprop_start': 0.0, 'head_init': '', **SUBSET},
    'C-lstm': {'forget_bias': 1.0},
    'D-recall': {'k': 3, 'fresh': False},
    'D-add': {'fresh': False},
    'E-recall': {'k': 3},
}
# Rows whose settings the reports do not give: the row or task they start from, and what is chosen here.
CHOSEN = {
    'A-cifar-tuned-ep1': (
        'A-cifar-base',
        {'epochs': 30},
    ),  # "tuned" were weights carried over: the same net, trained on
    'A-cifar-tuned-ep2': ('A-cifar-tuned-ep1', {}),
    'B-cnn-compare': (
        'mnist_cnn',
        {'batch_size': 50, 'steps': 5500, 'validation_size': 0, 'shuffle': False},
    ),  # as long as B's recurrent nets
    'A-cnn-assignment1': ('B-cnn-compare', {}),
    'B-cifar-unreported': ('B-cifar-relu-adam', {'optimizer': 'adagrad', 'learning_rate': 1e-4}),
}
# Rows that are pictures: the row whose net they show, the command, and its flags.
PICTURES = {
    'A-actmax': ('A-cifar-base', 'visualize', ('--what=maximize',)),
    'B-cifar-vis': ('B-cifar-relu-adam', 'visualize', ('--what=filters,activations',)),
    'B-deconv-all': ('B-cifar-relu-adam', 'visualize', ('--what=deconvnet',)),
    'B-deconv-top9': ('B-cifar-relu-adam', 'visualize', ('--what=top9',)),
    'D-handwriting': ('D-rnn256-adam', 'predict', ()),
}
NAMES = {
    'torch_default': 'torch',
    'truncnormal0.1': 'truncated_normal',
    'softmax_ce': 'cross_entropy',
    'nll_logsoftmax': 'cross_entropy',
    'bce': 'cross_entropy',
}
COLUMNS = {
    'hidden': ('hidden', int),
    'layers': ('layers', int),
    'activation': ('activation', str),
    'init': ('init', str),
    'optimizer': ('optimizer', str),
    'lr': ('learning_rate', float),
    'weight_decay': ('weight_decay', float),
    'l2': ('l2', float),
    'dropout': ('dropout', float),
    'batch_size': ('batch_size', int),
    'loss': ('loss', str),
}


def rows():
    """The rows of reported_results.csv as dicts of strings, in order."""
    with open(Path(__file__).with_name('reported_results.csv'), newline='') as file:
        return list(csv.DictReader(file))


def _preset(row):
    fields = {
        name: kind(NAMES.get(row[column], row[column]))
        for column, (name, kind) in COLUMNS.items()
        if row[column]
    }
    if row['task'] not in ('mnist_cnn', 'cifar_cnn'):
        fields |= {'cell': row['model'], 'bidirectional': row['bidirectional'] == '1'}
    if float(row['momentum'] or 0):
        fields |= {'optimizer': 'momentum', 'momentum': float(row['momentum'])}
    if row['task'] == 'mnist_rnn':
        fields['validation_size'] = 60_000 - int(row['train_size'])
        if row['steps'] and not float(row['epochs']).is_integer():
            fields['steps'] = int(row['steps'])
    elif row['task'] == 'cifar_cnn':
        fields['validation_size'] = 0
        if row['steps'] and not row['epochs']:
            fields['steps'] = int(row['steps'])
    elif row['train_size']:
        fields['train_size'] = int(row['train_size'])
    if row['epochs'] and 'steps' not in fields:
        fields['epochs'] = int(row['epochs'])
    if row['train_length']:
        first, _, last = row['train_length'].partition('-')
        fields |= {'min_length': int(first), 'max_length': int(last or first)}
    for start, known in PROVENANCE.items():
        fields |= known if row['id'].startswith(start) else {}
    return replace(TASKS[row['task']], **fields)


def presets():
    """{id: Config} of every row of reported_results.csv that trains a net, in order."""
    known = {row['id']: _preset(row) for row in rows() if row['task'] in TASKS and row['lr']}
    for name, (start, fields) in CHOSEN.items():
        known[name] = replace((TASKS | known)[start], **fields)
    return {row['id']: known[row['id']] for row in rows() if row['id'] in known}


def near(name, names):
    """Those of names that look like name; all, if none does."""
    return difflib.get_close_matches(name, names, n=5, cutoff=0.4) or list(names)


def preset(name, task=None):
    """The Config of a reported row. Raises UserError for an unknown name."""
    known = presets()
    if name in PICTURES:
        row, module, flags = PICTURES[name]
        raise UserError(
            f'--preset={name} is a picture of the net of {row}: train that one, then '
            f'{" ".join(["python -m experiments." + module, "--workdir=RUN", *flags])}'
        )
    if name not in known:
        raise UserError(f'--preset={name} is unknown; near ones: {", ".join(near(name, known))}')
    if task not in (None, known[name].task):
        raise UserError(f'--preset={name} is a {known[name].task} row; leave --task={task} out')
    return known[name]
