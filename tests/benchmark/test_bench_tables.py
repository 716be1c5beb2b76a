"""The tables and panels of bench, from results made up by hand."""

import json

import pytest

from experiments.benchmark.output_files import write_output
from experiments.benchmark.results import (
    BenchResults,
    Machine,
    NetRow,
    PopulationRow,
    ScalingRow,
)
from experiments.benchmark.tables import markdown, panels
from experiments.core import file_schema

MACHINE = Machine('a CPU', '2 x cpu', '3.12', '0.10', '0.12', '2.13', 'absent', '2026-01-31')
ADDER = NetRow(
    aim=5,
    seconds={'jaxdl': 0.001, 'PyTorch': 0.008},
    absent={'Keras': 'not installed'},
    compile=1.25,
    loss_apart={'jaxdl': 0.0, 'PyTorch': 2e-6},
    flops=4_000_000,
    steps_per_epoch=157,
)
RESULTS = BenchResults(
    MACHINE,
    peak=100e9,
    nets={'adder': ADDER},
    commands={'jaxdl, cold': 6.0, 'PyTorch': 24.0},
    populations=[
        PopulationRow(seeds=1, seconds=0.001, bytes=2**20, models_per_second=0.5),
        PopulationRow(seeds=4, seconds=0.002, bytes=2**22, models_per_second=1.0),
    ],
    scaling=[
        ScalingRow(devices=1, split='seeds', strong=0.008, weak=0.002, bytes=0),
        ScalingRow(devices=2, split='seeds', strong=0.004, weak=0.003, bytes=0),
        ScalingRow(devices=1, split='data', strong=0.016, weak=0.004, bytes=1234),
    ],
)


def rows_of(text):
    """The cells of every row of the tables."""
    rows = []
    for line in text.splitlines():
        if line.startswith('| '):
            rows.append(line.strip('| ').split(' | '))
    return rows


@pytest.mark.quick
def test_tables_say_what_was_measured():
    text = markdown(RESULTS)
    assert text.startswith('2026-01-31, a CPU, 2 x cpu, Python 3.12, jax 0.10')
    assert '100 GFLOP/s' in text
    rows = rows_of(text)
    net_row = ['adder', '1.00', '8.00', 'not installed', '8.00', '5', '0.16', '1.2']
    assert [*net_row, '2e-06', '4.0 (4 %)'] in rows
    assert ['jaxdl, cold', '6.0', '0.25'] in rows
    assert ['4', '2.00', '500.0', '1.0', '4.0'] in rows
    assert ['1', 'data', '16.00', '4.00', '1,234'] in rows


def test_parts_that_were_not_measured_have_no_table():
    results = BenchResults(MACHINE, commands={'jaxdl, cold': 6.0})
    text = markdown(results)
    assert 'whole command' in text
    assert 'adders at once' not in text
    assert panels(results) == {}


def test_panels_have_a_line_for_each_split():
    panels_by_title = panels(RESULTS)
    assert panels_by_title.keys() == {'populations', 'strong scaling', 'weak scaling'}
    population_line = panels_by_title['populations'].lines['LSTM-5']
    assert population_line.x == [1, 4]
    assert population_line.y == pytest.approx([1000, 500])
    strong_lines = panels_by_title['strong scaling'].lines
    assert strong_lines['seeds'].x == [1, 2]
    assert strong_lines['seeds'].y == pytest.approx([8, 4])
    assert strong_lines['data'].y == pytest.approx([16])


def test_results_are_written_and_read(tmp_path):
    file = tmp_path / 'bench.json'
    file_schema.write_json(file, RESULTS)
    assert file_schema.read_json(file, BenchResults) == RESULTS
    content = json.loads(file.read_text())
    assert content['nets']['adder']['seconds']['PyTorch'] == 0.008
    assert content['populations'][1]['seeds'] == 4


def test_output_names_its_files(tmp_path, capsys):
    write_output(tmp_path, RESULTS)
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.endswith('bench.json, bench.md, ratios.png, scaling.png')
    assert (tmp_path / 'bench.md').read_text() == markdown(RESULTS)
    for name in ('ratios.png', 'scaling.png'):
        assert (tmp_path / name).read_bytes().startswith(b'\x89PNG')
