"""What claims compare that is measured of the nets of a run themselves, not of their scores."""

from typing import NamedTuple

import numpy as np

from experiments.reports.claims.answer import NotKept
from experiments.reports.claims.measures import (
    CORRELATION,
    PERCENT,
    POINTS,
    Unit,
    of_seeds,
)
from experiments.reports.evidence import Evidence
from experiments.reports.measurements.rows import measurement_id


class Measured(NamedTuple):
    """A value of each seed of a run, which a measurement of its nets has.

    Attributes:
        name: What it is, in words.
        unit: Of the values.
        quantity: The measurement, see ROWS_OF_QUANTITIES.
        value: Its name in the file of the measurement.
        less: The name of another value, which is subtracted net by net; '' for none.
    """

    name: str
    unit: Unit
    quantity: str
    value: str
    less: str = ''

    def of_row(self, evidence: Evidence, row: str) -> np.ndarray:
        """The values (S,) of the nets of a run.

        Raises:
            NotKept: They were not measured yet.
        """
        measurement = measurement_id(self.quantity, row)
        taken = evidence.measured.get(measurement)
        if taken is None:
            raise NotKept(f'not measured yet: {measurement}')
        values = of_seeds(taken.measured.get(self.value), self.value)
        if self.less:
            values = values - of_seeds(taken.measured.get(self.less), self.less)
        return values


def fitted_filters(shape: str) -> Measured:
    """The share of filters of conv1 of which a 'plane' or an 'edge' explains half the variance."""
    name = f'filters of conv1 that single {shape}s fit well'
    return Measured(name, PERCENT, 'filters', f'{shape}, trained')


def fitted_beyond_chance(shape: str) -> Measured:
    """That share less that of the same nets before their training."""
    return Measured(
        f'filters of conv1 that single {shape}s fit well, less those of the untrained nets',
        POINTS,
        'filters',
        f'{shape}, trained',
        f'{shape}, untrained',
    )


def purity(layer: str) -> Measured:
    """The class purity of the nine images that excite a map of a convolution most."""
    return Measured(f'class purity of nine images, {layer}', PERCENT, 'purity', layer)


PURITY_GAIN = Measured(
    'class purity of nine images, conv2 less conv1', POINTS, 'purity', 'conv2', 'conv1'
)
CONV1_OF_THE_POSSIBLE = Measured(
    'ascended units of conv1, share of the largest possible value',
    PERCENT,
    'ascent',
    'conv1, of the possible',
)
CARRY = Measured('variance of the carry that a probe reads', PERCENT, 'carry', 'explained')
EARLY_ROWS = Measured(
    'variance of the upper half of the image that a probe reads from the last state',
    PERCENT,
    'early-rows',
    'explained',
)
CLOSED_GATE_LOSS = Measured(
    'test accuracy with the forget gate held at 0 less that of the whole net',
    POINTS,
    'closed-gate',
    'closed',
    'whole',
)


def beyond_test_images(layer: str) -> Measured:
    """The share of ascended units of a convolution that are above all test images."""
    name = f'ascents in {layer} beyond all test images'
    return Measured(name, PERCENT, 'ascent', f'{layer}, beyond test images')


def turned_filters_lead(turn: str) -> Measured:
    """The likeness to the gradient of projections with turned filters, less another turn's."""
    return Measured(
        f'likeness of projections to the gradient, filters flipped both ways less {turn}',
        CORRELATION,
        'projections',
        'gradient, turned',
        f'gradient, {turn}',
    )


def recorded_switches_lead(switches: str) -> Measured:
    """The likeness to the image of projections with recorded switches, less that of others."""
    return Measured(
        f'likeness of projections to the image, recorded less {switches} switches',
        CORRELATION,
        'projections',
        'image, turned, sharp',
        f'image, {switches}',
    )


def sharp_images_lead(turn: str) -> Measured:
    """The likeness of projections to sharp images, less that of those of blurred ones to these."""
    return Measured(
        f'likeness of projections to the image, {turn} filters, sharp less blurred',
        CORRELATION,
        'projections',
        f'image, {turn}, sharp',
        f'image, {turn}, blurred',
    )


TURNED_BEFORE_TRANSPOSED = Measured(
    'likeness of projections to the image, turned less transposed filters',
    CORRELATION,
    'projections',
    'image, turned, sharp',
    'image, transposed, sharp',
)
