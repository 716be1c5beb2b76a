"""What is measured of the nets of which rows, by the id of its result file."""

from typing import NamedTuple

# By quantity (see take.py), the rows whose nets it is taken of.
ROWS_OF_QUANTITIES = {
    'filters': ('A-cifar-base', 'B-cifar-relu-adam'),
    'purity': ('A-cifar-base',),
    'ascent': ('A-cifar-base',),
    'projections': ('A-cifar-base', 'B-cifar-relu-adam'),
    'carry': ('D-add-mse-h1', 'D-add-mse-h3', 'D-add-mse-h5'),
    'early-rows': ('E-lstm64', 'E-lstm128', 'B-rnn20', 'B-lstm20'),
    'closed-gate': ('B-lstm20',),
}


class Measurement(NamedTuple):
    """A quantity that is measured of the nets of a row.

    Attributes:
        row: The id of the row.
        quantity: A key of ROWS_OF_QUANTITIES.
    """

    row: str
    quantity: str


def measurement_id(quantity: str, row: str) -> str:
    """The id of a measurement, which names its result file."""
    return f'measure-{quantity}-{row}'


def measurements() -> dict[str, Measurement]:
    """All measurements by id."""
    by_id = {}
    for quantity, rows in ROWS_OF_QUANTITIES.items():
        for row in rows:
            by_id[measurement_id(quantity, row)] = Measurement(row, quantity)
    return by_id
