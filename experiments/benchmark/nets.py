"""The nets that are compared with other libraries."""

from dataclasses import replace
from typing import NamedTuple

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS


class BenchmarkNet(NamedTuple):
    """A net to train in every library.

    Attributes:
        config: Its settings.
        aim: How many times faster than PyTorch we want to train it.
    """

    config: Config
    aim: float


ADDER = TASK_DEFAULTS['binary_add']
RECALL = TASK_DEFAULTS['recall']
MNIST_ROWS = TASK_DEFAULTS['mnist_rnn']
MNIST_CNN = TASK_DEFAULTS['mnist_cnn']

NETS = {
    'MNIST rows, LSTM-128': BenchmarkNet(MNIST_ROWS, 1.3),
    'MNIST rows, LSTM-32': BenchmarkNet(replace(MNIST_ROWS, hidden=32), 2),
    'MNIST rows, RNN-256': BenchmarkNet(replace(MNIST_ROWS, cell='rnn', hidden=256), 1.3),
    'MNIST rows, GRU-128': BenchmarkNet(replace(MNIST_ROWS, cell='gru'), 1.3),
    'MNIST rows, BiLSTM-128': BenchmarkNet(replace(MNIST_ROWS, bidirectional=True), 1.3),
    # The other libraries record no layer statistics.
    'MNIST, LeNet': BenchmarkNet(replace(MNIST_CNN, statistics_every=0), 1.2),
    'adder, LSTM-5': BenchmarkNet(ADDER, 5),
    'adder, LSTM-5, one of 64': BenchmarkNet(replace(ADDER, seeds=64), 10),
    'recall, LSTM-10': BenchmarkNet(RECALL, 5),
    'recall, LSTM-10, one of 64': BenchmarkNet(replace(RECALL, seeds=64), 10),
}
