"""The table of proved nets in docs/automata.md is that of the result files."""

import json
from pathlib import Path

import pytest

from experiments.reports.catalogue import RESULTS_FOLDER, machine_id
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick
PAGE = Path(__file__).parents[2] / 'docs' / 'automata.md'
CELLS = ('rnn', 'gru', 'lstm')  # in the order of the columns


def counts_in_files(machine, cell):
    """'as trained / in all', or '' if the row was not run."""
    file = RESULTS_FOLDER / f'{machine_id(machine, cell)}.json'
    if not file.exists():
        return ''
    verdicts = json.loads(file.read_text(encoding='utf-8'))['proofs']['seeds'].values()
    changes = [verdict['change'] for verdict in verdicts if 'slack' in verdict]
    return f'{changes.count(0)} / {len(changes)}'


def test_every_row_is_there_and_right():
    _, _, section = PAGE.read_text(encoding='utf-8').partition('## How many are proved')
    shown = {}
    for line in section.splitlines():
        if line.startswith('| `'):
            name, _, *counts = [cell.strip() for cell in line.strip('|').split('|')]
            shown[name.strip('`')] = counts
    expected = {}
    for machine in MACHINES:
        counts = [counts_in_files(machine, cell) for cell in CELLS]
        if any(counts):
            expected[machine] = counts
    assert shown == expected
