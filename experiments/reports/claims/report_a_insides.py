"""What decides the claims of report A about what its CNN has learnt inside."""

from experiments.reports.claims.answer import Check, Region
from experiments.reports.claims.checks import ABOVE_ZERO, MOST, level
from experiments.reports.claims.claim_test import ClaimTest
from experiments.reports.claims.measured import (
    CONV1_OF_THE_POSSIBLE,
    PURITY_GAIN,
    beyond_test_images,
    fitted_beyond_chance,
    fitted_filters,
    purity,
    recorded_switches_lead,
    turned_filters_lead,
)

BASE = 'A-cifar-base'
PROJECTED_NETS = (BASE, 'B-cifar-relu-adam')  # of both reports that show projections
NEARLY_ALL = Region(low=0.95)


def _flipped_both_ways() -> list[Check]:
    checks = []
    for row in PROJECTED_NETS:
        for turn in ('unturned', 'upside down', 'mirrored'):
            checks.append(level(row, turned_filters_lead(turn), ABOVE_ZERO))
    return checks


def _recorded_switches() -> list[Check]:
    checks = []
    for row in PROJECTED_NETS:
        for switches in ('random', 'centred'):
            checks.append(level(row, recorded_switches_lead(switches), ABOVE_ZERO))
    return checks


ANSWERS = {
    'A-c04-filters-edges': ClaimTest(
        'share of the filters of conv1 of which one straight edge explains half the variance or '
        'more, above 50 %, and above that of the untrained nets',
        [
            level(BASE, fitted_filters('edge'), MOST),
            level(BASE, fitted_beyond_chance('edge'), ABOVE_ZERO),
        ],
    ),
    'A-c05-maximization': ClaimTest(
        'eight units of each convolution, ascended from two images each: those of conv1 reach more '
        'than 95 % of the largest value that any image gives, and more than 95 % of both lie above '
        'all test images',
        [
            level(BASE, CONV1_OF_THE_POSSIBLE, NEARLY_ALL),
            level(BASE, beyond_test_images('conv1'), NEARLY_ALL),
            level(BASE, beyond_test_images('conv2'), NEARLY_ALL),
        ],
    ),
    'A-c06-edges-to-objects': ClaimTest(
        'share of the commonest class among the nine images that excite a map most, the mean over '
        'active maps: conv2 less conv1 above 0, and conv2 above 50 %',
        [level(BASE, PURITY_GAIN, ABOVE_ZERO), level(BASE, purity('conv2'), MOST)],
    ),
    'A-c07-flip': ClaimTest(
        'correlation of the projection from pool2 with the gradient: filters flipped both ways '
        'less unflipped ones, and less those flipped one way, above 0',
        _flipped_both_ways(),
    ),
    'A-c08-switches': ClaimTest(
        'correlation of the projection from pool2 with the image: recorded less random and less '
        'centred switches, above 0',
        _recorded_switches(),
    ),
}
