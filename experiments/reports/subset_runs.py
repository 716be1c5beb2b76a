"""Rows of the reports on other subsets of the images, to see how much the choice of one matters."""

from collections.abc import Mapping
from dataclasses import replace

from experiments.core.config import Config

PREFIX = 'subset-'
# How many subsets: of the cheapest row of report C that learns, and of the first row of report B,
# which trains five times as long.
SUBSETS_OF_ROWS = {'C-cifar-adam-1e-3': 6, 'B-cifar-relu-adam': 3}
SEEDS_OF_A_SUBSET = 2  # the fewest that tell the scatter of seeds from that of subsets
FIRST_SEEDS_APART = 10  # so that no two subsets share an initialization


def subset_runs(reported: Mapping[str, Config]) -> dict[str, Config]:
    """The Config, of one seed, of every run on another subset: subset-<row>-<seed of the subset>.

    All of them are tested on all test images. So the scores of two subsets do not differ because
    the test images do, which would be counted twice: one more run has other test images anyway.

    Args:
        reported: The Configs of the reports' rows, by id.
    """
    runs = {}
    for row in SUBSETS_OF_ROWS:
        for name, seed in first_seeds(row).items():
            # The seed decides the subset, and which seeds the nets have.
            runs[name] = replace(reported[row], seed=seed, test_per_class=0)
    return runs


def first_seeds(row: str) -> dict[str, int]:
    """By the id of each run of a row on another subset, its first seed."""
    seeds = {}
    for number in range(1, SUBSETS_OF_ROWS[row] + 1):
        seed = number * FIRST_SEEDS_APART
        seeds[f'{PREFIX}{row}-{seed}'] = seed
    return seeds
