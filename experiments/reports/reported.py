"""What the five reports say: who they are, and their nets and numbers from a table.

reported_results.csv has a row for every net and every picture of the reports. Its last column says
where each entry comes from: stated in the report, read from its code or the course text, or
assumed.
"""

import csv
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).with_name('reported_results.csv')


class Report(NamedTuple):
    """One of the five reports.

    Attributes:
        title: A heading.
        description: What it trains and what it shows, in two lines.
    """

    title: str
    description: str


REPORTS = {
    'A': Report(
        'A (2023, PyTorch): LeNet on CIFAR-10, MNIST row by row',
        'trains a LeNet on all of CIFAR-10 in grey, studies its filters and activations, and '
        'searches for images that maximize them. It reads MNIST row by row with large RNNs, LSTMs '
        'and GRUs.',
    ),
    'B': Report(
        'B (TensorFlow): LeNet on 10,000 images, small recurrent nets',
        'trains a LeNet on a small grey subset of CIFAR-10 with several activations, '
        'initializations, optimizers and regularizers, and projects activations back to pixels. '
        'It compares small recurrent nets with a CNN on MNIST.',
    ),
    'C': Report(
        'C (2021, TensorFlow): Adam against gradient descent, activations, three cells',
        'trains a LeNet on the same kind of subset, with Adam and with plain gradient descent, '
        'and gives the mean and the variance of its activations. It compares an LSTM, a GRU and '
        'RNNs of three sizes on MNIST.',
    ),
    'D': Report(
        'D (PyTorch): MNIST, recall, adders',
        'reads MNIST with RNNs and LSTMs under two optimizers, and tries its best net on the '
        "author's own handwriting. It trains LSTMs to recall one digit of a sequence, and to add "
        'binary numbers.',
    ),
    'E': Report(
        'E (2021, PyTorch): MNIST, recall, adders',
        'compares six recurrent nets on MNIST, class by class, with training times. It trains '
        'three kinds of cell to recall one digit of a sequence, and adders with cross entropy and '
        'with the squared error.',
    ),
}


class ReportedRow(NamedTuple):
    """A row of reported_results.csv: a net, or a picture, of one report.

    The fields are the table's columns. None where a cell is empty.

    Attributes:
        id: The report's letter and a name.
        report: 'A' to 'E'.
        task: A task of Config, or what a picture shows.
        model: 'lenet5', 'cnn', or the recurrent cell.
        hidden: Units in each recurrent layer.
        layers: Recurrent layers.
        bidirectional: Whether a second set of layers reads backwards.
        activation, init, optimizer, loss: As the report names them.
        lr: Learning rate.
        momentum, weight_decay, l2, dropout: Settings of training.
        batch_size: Examples a step.
        epochs: Not a whole number where the report counts steps.
        steps: Of training.
        train_size, test_size: Examples.
        train_length: Of the training sequences: '5', or '1-20' for a range.
        reported_train_acc, reported_val_acc, reported_test_acc: Accuracies, from 0 to 1.
        reported_test_loss: In nats.
        reported_seconds: Of the whole training.
        provenance: Where the entries come from.
    """

    id: str
    report: str
    task: str
    model: str | None = None
    hidden: int | None = None
    layers: int | None = None
    bidirectional: bool | None = None
    activation: str | None = None
    init: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    l2: float | None = None
    dropout: float | None = None
    batch_size: int | None = None
    epochs: float | None = None
    steps: int | None = None
    loss: str | None = None
    train_size: int | None = None
    test_size: int | None = None
    train_length: str | None = None
    reported_train_acc: float | None = None
    reported_val_acc: float | None = None
    reported_test_acc: float | None = None
    reported_test_loss: float | None = None
    reported_seconds: float | None = None
    provenance: str = ''


def _read_flag(text: str) -> bool:
    return text == '1'


# How the cells of a column are read; those of the other columns are texts.
READERS = {
    'hidden': int,
    'layers': int,
    'bidirectional': _read_flag,
    'lr': float,
    'momentum': float,
    'weight_decay': float,
    'l2': float,
    'dropout': float,
    'batch_size': int,
    'epochs': float,
    'steps': int,
    'train_size': int,
    'test_size': int,
    'reported_train_acc': float,
    'reported_val_acc': float,
    'reported_test_acc': float,
    'reported_test_loss': float,
    'reported_seconds': float,
}


def reported_rows() -> dict[str, ReportedRow]:
    """The rows of reported_results.csv by their ids, in the table's order."""
    rows = {}
    with open(TABLE, newline='') as file:
        for cells in csv.DictReader(file):
            row = _read_row(cells)
            rows[row.id] = row
    return rows


def _read_row(cells: dict[str, str]) -> ReportedRow:
    values: dict[str, Any] = {}
    for column, text in cells.items():
        if text:
            read = READERS.get(column, str)
            values[column] = read(text)
    return ReportedRow(**values)
