"""The bench command: its flags, and which results stay."""

import dataclasses
from contextlib import contextmanager

import pytest
from fake_workers import FakeWorker, conditions, ready

from experiments import bench
from experiments.benchmark import (
    against_peers,
    stopwatch,
    whole_commands,
    worker_process,
)
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.results import BenchResults, CommandResults, NetRow
from experiments.core import file_schema
from jaxdl import UserError

MACHINE = describe_machine('2 x cpu')
COMMANDS = CommandResults({'jaxdl, cold': [7.0, 7.5]}, {}, conditions(2))
EARLIER_COMMANDS = CommandResults({'jaxdl, cold': [1.0, 1.5]}, {}, conditions(2))


@pytest.mark.quick
@pytest.mark.parametrize(
    ('flag', 'message'),
    [
        ('--what=nets,speed', 'speed is unknown; choose one of nets, commands'),
        ('--nets=transformer', 'names none of MNIST rows, LSTM-128; '),
        ('--seconds=0', '--seconds=0.0 must be greater than 0'),
        ('--seconds=inf', '--seconds=inf must be greater than 0'),
        ('--repeats=0', '--repeats=0 must be at least 1'),
    ],
)
def test_bad_flags(flag, message):
    with pytest.raises(UserError, match=message):
        bench.main(['bench', flag])


@pytest.mark.quick
def test_nets_are_chosen_by_words():
    names = list(bench._chosen_nets('adder,LeNet'))
    assert names == ['MNIST, LeNet', 'adder, LSTM-5', 'adder, LSTM-5, one of 64']
    assert bench._chosen_nets('') == bench.NETS


@pytest.fixture
def measured(monkeypatch):
    """The names of all that is measured, by stand-ins that take no time."""
    names = []

    @contextmanager
    def start_worker(name, variables=None):
        yield FakeWorker(lambda request: ready(devices='2 x cpu'))

    def measure_commands(watch):
        names.append('commands')
        return COMMANDS

    def measure_net(name, net, data_dir, watch):
        names.append(name)
        times = {'jaxdl': [1.0, 1.0]}
        return NetRow(net.aim, times, {}, 1.0, {'jaxdl': 0.0}, 1, 1, conditions(2))

    monkeypatch.setattr(worker_process, 'start_worker', start_worker)
    monkeypatch.setattr(whole_commands, 'measure_commands', measure_commands)
    monkeypatch.setattr(against_peers, 'measure_net', measure_net)
    monkeypatch.setattr(stopwatch, 'SETTLE_SECONDS', 0)
    return names


def run_bench(folder, *flags):
    """Runs bench with the passes and rounds of the stand-ins; returns its bench.json."""
    bench.main(['bench', '--seconds=.5', '--repeats=2', f'--out={folder}', *flags])
    return file_schema.read_json(folder / 'bench.json', BenchResults)


@pytest.mark.parametrize(
    'change', [{'day': '2020-01-01'}, {'code': 'of before'}, {'jax': '0.1'}, {'devices': '1 x gpu'}]
)
def test_results_of_another_machine_or_version_go(tmp_path, measured, change):
    earlier = BenchResults(dataclasses.replace(MACHINE, **change), commands=EARLIER_COMMANDS)
    file_schema.write_json(tmp_path / 'bench.json', earlier)
    results = run_bench(tmp_path, '--what=nets', '--nets=LeNet')
    assert results.machine == MACHINE
    assert results.commands is None
    assert results.nets.keys() == {'MNIST, LeNet'}


def test_finished_parts_stay_and_are_not_measured_again(tmp_path, measured):
    earlier = BenchResults(MACHINE, commands=EARLIER_COMMANDS)
    file_schema.write_json(tmp_path / 'bench.json', earlier)
    results = run_bench(tmp_path, '--what=nets,commands', '--nets=LeNet')
    assert results.commands == EARLIER_COMMANDS
    assert measured == ['MNIST, LeNet']
    run_bench(tmp_path, '--what=nets,commands', '--nets=LeNet,LSTM-32')
    assert measured == ['MNIST, LeNet', 'MNIST rows, LSTM-32']


@pytest.mark.parametrize('flag', ['--noresume', '--repeats=3', '--seconds=.6'])
def test_other_passes_or_noresume_measure_again(tmp_path, measured, flag):
    earlier = BenchResults(MACHINE, commands=EARLIER_COMMANDS)
    file_schema.write_json(tmp_path / 'bench.json', earlier)
    results = run_bench(tmp_path, '--what=commands', flag)
    assert measured == ['commands']
    assert results.commands == COMMANDS


def test_a_failure_leaves_the_finished_nets(tmp_path, measured, monkeypatch):
    def fail(watch):
        raise UserError('PyTorch failed')

    monkeypatch.setattr(whole_commands, 'measure_commands', fail)
    with pytest.raises(UserError, match='PyTorch failed'):
        run_bench(tmp_path, '--what=nets,commands', '--nets=LeNet')
    results = file_schema.read_json(tmp_path / 'bench.json', BenchResults)
    assert results.nets.keys() == {'MNIST, LeNet'}


@pytest.mark.slow
def test_a_net_from_end_to_end(tmp_path, monkeypatch):
    """Processes of their own, with a peer that is always installed."""
    monkeypatch.setattr(against_peers, 'PEERS', {'flax nn.RNN': 'flax_loop'})
    flags = ['--what=nets', '--nets=recall, LSTM-10', '--seconds=.05', '--repeats=2']
    bench.main(['bench', *flags, f'--out={tmp_path}'])
    results = file_schema.read_json(tmp_path / 'bench.json', BenchResults)
    row = results.nets['recall, LSTM-10']
    assert row.times.keys() == {'jaxdl', 'flax nn.RNN'}
    assert row.loss_apart['flax nn.RNN'] < 1e-3
    assert len(row.conditions.products) == 3
    assert (tmp_path / 'bench.md').read_text().startswith('| ms a step | jaxdl |')
