"""The table of the scatter between subsets, from made-up results."""

import math

import pytest
from results_with_seeds import results_of

from experiments.reports import catalogue
from experiments.reports.evidence import Evidence
from experiments.reports.page.blocks import Table, Text
from experiments.reports.page.subset_table import HEADER, subset_blocks
from experiments.reports.subset_runs import SUBSETS_OF_ROWS, first_seeds

pytestmark = pytest.mark.quick
ROW, OTHER_ROW = SUBSETS_OF_ROWS


def blocks_of(results):
    return subset_blocks(Evidence({}, list(catalogue.runs()), results, {}, {}, {}))


def lines_of(blocks):
    """The cells of the only table, as texts."""
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert tuple(table.header) == HEADER
    return [[cell.text for cell in row.cells] for row in table.rows]


def results_on_subsets(row, deviation):
    """Of a row: three subsets, with two nets each on either side of .4, .5 and .6."""
    results = {}
    for name, mean in zip(list(first_seeds(row))[:3], (0.4, 0.5, 0.6), strict=True):
        results[name] = results_of(mean - deviation, mean + deviation)
    return results


def test_without_any_runs_there_is_no_table():
    assert [type(block) for block in blocks_of({})] == [Text]


def test_points_are_of_the_share_of_right_answers():
    """Two nets at ±2 points have a deviation of 2 sqrt(2), and their mean one of 2."""
    (line,) = lines_of(blocks_of(results_on_subsets(ROW, 0.02)))
    assert line[:3] == [ROW, '3', '50.0']
    # The logit is a little steeper at .4 and .6 than at .5.
    assert float(line[3]) == pytest.approx(2 * math.sqrt(2), abs=0.1)
    assert float(line[4]) == pytest.approx(math.sqrt(10**2 - 2**2), abs=0.3)
    assert line[7].endswith('(2, 3)')


def test_the_page_says_whether_there_is_a_scatter():
    """F is 2 x 100/8 = 25 where nets are at ±2 points, and 2 x 100/800 where at ±20."""
    seen = blocks_of(results_on_subsets(ROW, 0.02))[-1].text
    assert seen.startswith('Subsets scatter by more') and '9.9 points' in seen
    unseen = blocks_of(results_on_subsets(ROW, 0.2))[-1].text
    assert 'do not scatter' in unseen and '0.0 points' in unseen


def test_a_difference_on_equal_subsets_does_not_scatter_with_them():
    results = results_on_subsets(ROW, 0.02) | results_on_subsets(OTHER_ROW, -0.02)
    lines = lines_of(blocks_of(results))
    assert [line[0] for line in lines] == [ROW, OTHER_ROW, 'together', f'{ROW} less {OTHER_ROW}']
    assert [line[1] for line in lines] == ['3', '3', '6', '3']
    assert lines[2][7].endswith('(4, 6)')
    # Its nets are 4 points on either side of 0, on each subset.
    assert float(lines[3][3]) == pytest.approx(4 * math.sqrt(2), abs=0.2)
    assert lines[3][4] == '0.00'
