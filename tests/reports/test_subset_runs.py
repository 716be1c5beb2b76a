"""Rows on other subsets of the images differ from the reported ones in the subset alone."""

from dataclasses import replace

import pytest

from experiments.reports import catalogue
from experiments.reports.presets import presets
from experiments.reports.subset_runs import SUBSETS_OF_ROWS, first_seeds, subset_runs

pytestmark = pytest.mark.quick


def test_only_the_seed_and_the_test_images_differ():
    reported = presets()
    runs = subset_runs(reported)
    for row in SUBSETS_OF_ROWS:
        assert reported[row].per_class > 0
        for name in first_seeds(row):
            as_reported = replace(runs[name], seed=0, test_per_class=reported[row].test_per_class)
            assert as_reported == reported[row]
            assert runs[name].test_per_class == 0


def test_no_two_nets_of_a_row_share_an_initialization():
    runs = subset_runs(presets())
    for row in SUBSETS_OF_ROWS:
        seeds = set(range(catalogue.usual_seeds(row, presets()[row])))
        for name in first_seeds(row):
            count = catalogue.usual_seeds(name, runs[name])
            of_run = set(range(runs[name].seed, runs[name].seed + count))
            assert not seeds & of_run
            seeds |= of_run
