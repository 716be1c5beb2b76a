"""The default Config of each task, from which flags and presets start."""

from dataclasses import replace

from experiments.core.config import Config
from jaxdl.names import unknown

TASK_DEFAULTS = {
    'binary_add': Config(),
    'recall': Config(task='recall', hidden=10, min_length=3, max_length=10, epochs=30),
    # Without restarts many nets never find the states; without noise they drift out of them.
    'automaton': Config(
        task='automaton', cell='rnn', hidden=10, state_noise=0.1, restarts=8, epochs=20
    ),
    'mnist_rnn': Config(
        task='mnist_rnn',
        hidden=128,
        learning_rate=1e-3,
        epochs=5,
        train_size=0,
        validation_size=10_000,
    ),
    'mnist_cnn': Config(
        task='mnist_cnn',
        hidden=1024,
        activation='relu',
        learning_rate=1e-3,
        epochs=5,
        train_size=0,
        validation_size=10_000,
        batch_size=128,
        statistics_every=100,
        snapshots=True,
    ),
    'cifar_cnn': Config(
        task='cifar_cnn',
        dataset='cifar10',
        hidden=1024,
        activation='relu',
        learning_rate=1e-3,
        epochs=10,
        train_size=0,
        validation_size=5000,
        batch_size=128,
        statistics_every=100,
        snapshots=True,
    ),
}

# scikit-learn's digits are few and small: what differs for them.
_DIGITS = {
    'dataset': 'digits',
    'hidden': 64,
    'learning_rate': 3e-3,
    'epochs': 30,
    'validation_size': 137,
}
DIGITS_DEFAULTS = {
    'mnist_rnn': _DIGITS,
    'mnist_cnn': {
        **_DIGITS,
        'epochs': 10,
        'image_size': 8,
        'batch_size': 64,
        'statistics_every': 5,
    },
}


def base(task: str | None = None, dataset: str | None = None) -> Config:
    """The Config that the flags of a task start from.

    Args:
        task: By default that of Config.
        dataset: 'digits' has defaults of its own.

    Raises:
        UserError: The task is unknown.
    """
    task = task or Config.task
    if task not in TASK_DEFAULTS:
        raise unknown(f'--task={task}', task, TASK_DEFAULTS)
    config = TASK_DEFAULTS[task]
    if dataset == 'digits':
        config = replace(config, **DIGITS_DEFAULTS.get(task, {}))
    return config
