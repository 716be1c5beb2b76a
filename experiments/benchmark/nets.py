"""The nets that are compared with other libraries."""

from dataclasses import replace
from typing import NamedTuple

from experiments.core.config import Config
from experiments.core.defaults import TASK_DEFAULTS

OTHER_PEERS_AIM = 1.2  # how many times faster than Keras and flax any net is to train


class BenchmarkNet(NamedTuple):
    """A net to train in every library.

    Attributes:
        config: Its settings.
        aim: How many times faster than PyTorch we want to train it, or None.
        peer_processes: How many processes of a single thread train it at once in PyTorch.
    """

    config: Config
    aim: float | None
    peer_processes: int = 1


ADDER = TASK_DEFAULTS['binary_add']
RECALL = TASK_DEFAULTS['recall']
MNIST_ROWS = TASK_DEFAULTS['mnist_rnn']
MNIST_CNN = TASK_DEFAULTS['mnist_cnn']

NETS = {
    'MNIST rows, LSTM-128': BenchmarkNet(MNIST_ROWS, aim=1.0),
    'MNIST rows, LSTM-32': BenchmarkNet(replace(MNIST_ROWS, hidden=32), aim=1.3),
    'MNIST rows, RNN-256': BenchmarkNet(replace(MNIST_ROWS, cell='rnn', hidden=256), aim=2),
    'MNIST rows, GRU-128': BenchmarkNet(replace(MNIST_ROWS, cell='gru'), aim=2),
    'MNIST rows, BiLSTM-128': BenchmarkNet(replace(MNIST_ROWS, bidirectional=True), aim=1.0),
    # A seed on each of two cores, beside two processes of a single thread.
    'MNIST rows, LSTM-128, one of two': BenchmarkNet(
        replace(MNIST_ROWS, seeds=2), aim=None, peer_processes=2
    ),
    # The other libraries record no layer statistics.
    'MNIST, LeNet': BenchmarkNet(replace(MNIST_CNN, statistics_every=0), aim=1.05),
    'adder, LSTM-5': BenchmarkNet(ADDER, aim=5),
    'adder, LSTM-5, one of 64': BenchmarkNet(replace(ADDER, seeds=64), aim=12),
    'recall, LSTM-10': BenchmarkNet(RECALL, aim=4),
    'recall, LSTM-10, one of 64': BenchmarkNet(replace(RECALL, seeds=64), aim=8),
}
