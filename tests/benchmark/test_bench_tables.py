"""The tables and panels of bench, from results made up by hand."""

import json
from dataclasses import replace

import pytest
from fake_workers import conditions

from experiments.benchmark.output_files import write_output
from experiments.benchmark.results import (
    BenchResults,
    CommandResults,
    Machine,
    NetRow,
    PopulationResults,
    PopulationRow,
    ScalingResults,
    ScalingRow,
)
from experiments.benchmark.tables import is_busy, markdown, panels
from experiments.core import file_schema

pytestmark = pytest.mark.quick
MACHINE = Machine(
    'a CPU', '2 x cpu', '3.12', '0.10', '0.12', '2.13', 'absent', 'c0de', '2026-01-31'
)
ADDER = NetRow(
    aim=5,
    times={'jaxdl': [0.001, 0.002, 0.001], 'PyTorch': [0.008, 0.008, 0.004]},
    absent={'Keras': 'not installed'},
    compile=1.25,
    loss_apart={'jaxdl': 0.0, 'PyTorch': 2e-6},
    flops=4_000_000,
    steps_per_epoch=157,
    conditions=conditions(3, speed=100e9),
)
RESULTS = BenchResults(
    MACHINE,
    nets={'adder': ADDER},
    commands=CommandResults(
        times={'jaxdl, cold': [6.0, 7.0, 8.0], 'PyTorch': [24.0, 28.0, 16.0]},
        parts={
            'jaxdl, cold': {'import': [1.0, 1.0, 2.0], 'rest': [5.0, 6.0, 6.0]},
            'PyTorch': {'rest': [1.0, 2.0, 4.0]},
        },
        conditions=conditions(3, speed=100e9),
    ),
    populations=PopulationResults(
        rows=[
            PopulationRow(seeds=1, times=[0.001, 0.001, 0.002], bytes=2**20, steps=2000),
            PopulationRow(seeds=4, times=[0.002, 0.002, 0.004], bytes=2**22, steps=2000),
        ],
        too_slow=[1024, 4096],
        conditions=conditions(3, speed=100e9),
    ),
    scaling=ScalingResults(
        rows=[
            ScalingRow(devices=1, split='seeds', strong=[0.008], weak=[0.002], bytes=0),
            ScalingRow(devices=2, split='seeds', strong=[0.004], weak=[0.003], bytes=0),
            ScalingRow(devices=1, split='data', strong=[0.016], weak=[0.004], bytes=1234),
        ],
        conditions=conditions(3, speed=100e9),
    ),
)


def rows_of(text):
    """The cells of every row of the tables."""
    rows = []
    for line in text.splitlines():
        if line.startswith('| '):
            rows.append(line.strip('| ').split(' | '))
    return rows


def test_tables_say_what_was_measured():
    text = markdown(RESULTS)
    assert '2026-01-31, a CPU, 2 x cpu, Python 3.12, jax 0.10' in text
    assert 'ran at 100 GFLOP/s, 100 to 100.' in text
    rows = rows_of(text)
    ratio = '4.00 [4.00, 8.00]'  # of 8, 4 and 4, the ratios of the rounds
    assert rows[0] == ['ms a step', 'jaxdl', 'PyTorch', 'PyTorch over jaxdl', 'aim']
    assert ['adder', '1.00', '8.00', ratio, '5'] in rows
    times = ['1.00 [1.00, 2.00]', '8.00 [4.00, 8.00]', 'not installed']
    assert ['adder', *times, '0.16', '1.2', '2e-06', '4.0 (4 %)'] in rows
    host = ['0.0 [0.0, 0.0]', '100 [100, 100]']
    assert ['adder', ratio, 'not installed', '5', *host] in rows
    assert ['jaxdl, cold', '7.0 [6.0, 8.0]', '0.25 [0.25, 0.50]', '1.8'] in rows
    assert ['jaxdl, cold', '1.00 [1.00, 2.00]', '6.00 [5.00, 6.00]'] in rows
    assert ['PyTorch', '', '2.00 [1.00, 4.00]'] in rows
    assert ['4', '2.00 [2.00, 4.00]', '500.0 [500.0, 1000.0]', '1.0', '4.0'] in rows
    assert 'longer than a second: 1,024, 4,096.' in text
    assert ['1', 'data', '16.00 [16.00, 16.00]', '4.00 [4.00, 4.00]', '1,234'] in rows


def test_aims_that_are_missed_are_named():
    reached = {'adder': replace(ADDER, aim=4)}
    assert 'Missed aims: none of 1.' in markdown(BenchResults(MACHINE, reached))
    nets = {
        'adder': replace(ADDER, aim=9),
        'other': replace(ADDER, aim=None, times={**ADDER.times, 'Keras': [0.001, 0.002, 0.001]}),
    }
    text = markdown(BenchResults(MACHINE, nets))
    assert 'Missed aims, 2 of 2: adder (4.00 of PyTorch, aim 9); other (1.00 of Keras' in text


@pytest.mark.parametrize(
    ('others', 'speeds', 'busy'),
    [
        ([0.02, 0.03], [100, 104, 96], False),
        ([0.02, 0.12], [100, 100, 100], True),
        ([0.0, 0.0], [100, 100, 89], True),
    ],
)
def test_a_busy_host_shows(others, speeds, busy):
    measured = replace(conditions(2), others=others, products=[float(speed) for speed in speeds])
    quiet = conditions(2, speed=100.0)
    assert is_busy([quiet, measured]) is busy
    row = replace(ADDER, conditions=measured)
    text = markdown(BenchResults(MACHINE, nets={'adder': row}))
    assert ('Taken on a busy host' in text) is busy


def test_the_text_says_what_the_intervals_are():
    assert 'there are too few rounds' in markdown(RESULTS)
    of_six = {library: 2 * times for library, times in ADDER.times.items()}
    row = replace(ADDER, times=of_six, conditions=conditions(6))
    assert 'with 95 % intervals' in markdown(BenchResults(MACHINE, nets={'adder': row}))


def test_parts_that_were_not_measured_have_no_table():
    results = BenchResults(MACHINE, commands=RESULTS.commands)
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
    assert content['nets']['adder']['times']['PyTorch'] == [0.008, 0.008, 0.004]
    assert content['populations']['rows'][1]['seeds'] == 4


def test_output_names_its_files(tmp_path, capsys):
    write_output(tmp_path, RESULTS)
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.endswith('bench.json, bench.md, ratios.png, scaling.png')
    assert (tmp_path / 'bench.md').read_text() == markdown(RESULTS)
    for name in ('ratios.png', 'scaling.png'):
        assert (tmp_path / name).read_bytes().startswith(b'\x89PNG')
