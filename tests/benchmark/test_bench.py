"""The bench command: its flags, and that results of another machine do not stay."""

import dataclasses

import pytest

from experiments import bench
from experiments.benchmark import whole_commands
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.results import BenchResults
from experiments.core import file_schema
from jaxdl import UserError


@pytest.mark.quick
@pytest.mark.parametrize(
    ('flag', 'message'),
    [
        ('--what=nets,speed', 'speed is unknown; choose from nets, commands'),
        ('--nets=transformer', 'names none of MNIST rows, LSTM-128; '),
        ('--steps=0', '--steps=0 must be at least 1'),
        ('--repeats=0', '--repeats=0 must be at least 1'),
    ],
)
def test_bad_flags(flag, message):
    with pytest.raises(UserError, match=message):
        bench.main(['bench', flag])


def test_nets_are_chosen_by_words():
    names = list(bench._chosen_nets('adder,LeNet'))
    assert names == ['MNIST, LeNet', 'adder, LSTM-5', 'adder, LSTM-5, one of 64']
    assert bench._chosen_nets('') == bench.NETS


def test_results_of_the_same_machine_and_day_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(whole_commands, 'measure_commands', lambda repeats: {'jaxdl, cold': 7.0})
    file = tmp_path / 'bench.json'
    machine = describe_machine()
    file_schema.write_json(file, BenchResults(machine, peak=1e9))
    argv = ['bench', '--what=commands', f'--out={tmp_path}']
    bench.main(argv)
    results = file_schema.read_json(file, BenchResults)
    assert results.peak == 1e9
    assert results.commands == {'jaxdl, cold': 7.0}

    earlier = dataclasses.replace(machine, day='2020-01-01')
    file_schema.write_json(file, BenchResults(earlier, peak=1e9))
    bench.main(argv)
    results = file_schema.read_json(file, BenchResults)
    assert results.machine == machine
    assert results.peak is None
