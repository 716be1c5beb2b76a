"""How a net trained on MNIST reads the digits of other people, from the row D-handwriting."""

from collections.abc import Callable

import numpy as np

from experiments.reports.claims import statistics
from experiments.reports.claims.answer import Check, Finding, NotKept, Region
from experiments.reports.claims.checks import finding
from experiments.reports.claims.measures import PERCENT, TEST_ACCURACY, of_seeds
from experiments.reports.evidence import Evidence

PICTURES = 'D-handwriting'
NET = 'D-rnn256-adam'  # whose reading the row is
RAW, PREPARED = 'enlarged only', 'as MNIST'


def _accuracy(evidence: Evidence, form: str) -> np.ndarray:
    """The accuracy (S,) on other people's digits in one form of their images.

    Raises:
        NotKept: They were not read yet.
    """
    row = evidence.pictures.get(PICTURES)
    if row is None or not row.found or row.found[0] is None:
        raise NotKept(f'not drawn yet: {PICTURES}')
    return of_seeds(row.found[0].accuracy.get(form), f'accuracy on digits {form}')


def _check(label: str, region: Region, values: Callable[[Evidence], np.ndarray]) -> Check:
    def measured(evidence: Evidence, confidence: float) -> Finding:
        seeds = values(evidence)
        if len(seeds) < 2:
            raise NotKept(f'{PICTURES} has a single seed, hence no interval')
        return finding(label, statistics.mean(seeds, confidence), region, PERCENT, PERCENT.level)

    return Check((NET,), measured)


def _share_mended(evidence: Evidence) -> np.ndarray:
    """The share of the loss against MNIST that the preparation mends (S,)."""
    raw, prepared = _accuracy(evidence, RAW), _accuracy(evidence, PREPARED)
    on_mnist = TEST_ACCURACY.values(evidence.results[NET])
    # The row may have been drawn for fewer seeds than there are today.
    return (prepared - raw) / (on_mnist[: len(raw)] - raw)


def accuracy_unprepared(region: Region) -> Check:
    """The accuracy on images that are only enlarged."""
    label = f'{NET}, accuracy on digits of other people, enlarged only'
    return _check(label, region, lambda evidence: _accuracy(evidence, RAW))


def share_mended(region: Region) -> Check:
    """The share of the loss against MNIST that is mended by preparing images as MNIST's were."""
    label = f'{NET}, share of the loss that preparation as MNIST mends'
    return _check(label, region, _share_mended)
