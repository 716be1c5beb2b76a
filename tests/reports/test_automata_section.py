"""The table of proofs by machine and cell."""

from types import SimpleNamespace

import pytest

from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.reports import catalogue
from experiments.reports.page.blocks import Chapter, Table
from experiments.reports.page.sequence_sections import automata
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick


def evidence_of(**results):
    return SimpleNamespace(results=results)


def test_a_cell_says_how_many_nets_are_proved_covered_and_falsified():
    proved = SeedVerdict('proved', None, slack=0.01, covers_float32=True, change=0.0)
    proved_roughly = SeedVerdict('falsified', '0 x 9', slack=0.01, covers_float32=False, change=0.2)
    unproved = SeedVerdict('unknown', None, closure_gap=-0.25)
    verdicts = {'0': proved, '1': proved_roughly, '2': unproved, '3': proved}
    results = SimpleNamespace(
        config={'hidden': 5}, proofs=ProofResults('fine-tuned', epoch=1, seeds=verdicts)
    )
    chapter = Chapter()
    automata(chapter, evidence_of(**{catalogue.machine_id('parity', 'gru'): results}))
    (table,) = [block for block in chapter.blocks if isinstance(block, Table)]
    assert list(table.header) == ['machine', 'states', 'units', 'rnn', 'lstm', 'gru']
    (row,) = table.rows
    text = '2 as trained, 3 of 4 in all, 2 with float32; 1 falsified; closure gaps -0.25 to -0.25'
    assert [cell.text for cell in row.cells] == ['`parity`', '2', '5', '', '', text]


def test_without_results_there_is_no_table():
    chapter = Chapter()
    automata(chapter, evidence_of())
    assert chapter.blocks == []


def test_every_machine_has_a_run_for_each_cell():
    configs = catalogue.runs()
    for machine in MACHINES:
        for cell in catalogue.CELLS:
            config = configs[catalogue.machine_id(machine, cell)]
            assert (config.task, config.machine, config.cell) == ('automaton', machine, cell)
            assert catalogue.usual_seeds('', config) == 100
