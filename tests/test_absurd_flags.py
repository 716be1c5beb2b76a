"""Flags with absurd values: each ends in one line, or trains; none aborts, hangs or is killed."""

import jax
import pytest
from command_line import TINY, error_line, start

from experiments.training import run as run_module
from jaxdl import parallel

pytestmark = pytest.mark.usefixtures('quick_compilation')

HUGE = 10**9
LARGEST = 2**31 - 1
ADDER = ('--task=binary_add',)
RECALL = ('--task=recall',)
LENET = ('--task=mnist_cnn', '--dataset=digits')


@pytest.fixture
def nothing_is_made(monkeypatch):
    """No data is drawn or read, and no program compiled."""
    monkeypatch.delattr(run_module, 'make_task')


@pytest.mark.quick
@pytest.mark.parametrize(
    'flags, advice',
    [
        ((*ADDER, f'--hidden={HUGE}'), 'lower --hidden or --layers'),
        ((*ADDER, f'--hidden={LARGEST}', '--cell=rnn'), 'lower --hidden or --layers'),
        ((*ADDER, '--hidden=20000', '--layers=1000'), 'lower --hidden or --layers'),
        ((*LENET, f'--hidden={HUGE}'), 'lower --hidden or --image_size'),
        ((*ADDER, '--seeds=2000000000'), 'lower --seeds or --hidden'),
        ((*LENET, '--seeds=1000000'), 'lower --seeds or --hidden'),
        ((*ADDER, f'--batch_size={HUGE}'), 'lower --batch_size, --max_length or --hidden'),
        ((*LENET, f'--batch_size={HUGE}'), 'lower --batch_size or --image_size'),
        (('--task=mnist_rnn', f'--batch_size={HUGE}'), 'lower --batch_size, --hidden or --layers'),
        ((*ADDER, f'--max_length={HUGE}'), 'lower --validation_size or --max_length'),
        (
            (*ADDER, f'--max_length={HUGE}', '--validation_size=1', '--batch_size=5000'),
            'lower --batch_size, --max_length or --hidden',
        ),
        ((*ADDER, f'--max_length={HUGE}', '--batch_size=1', '--validation_size=1'), '--max_length'),
        ((*RECALL, f'--max_length={HUGE}', f'--min_length={HUGE}', f'--k={HUGE}'), '--max_length'),
        ((*ADDER, f'--validation_size={HUGE}'), 'lower --validation_size or --max_length'),
        ((*ADDER, f'--train_size={HUGE}', '--nofresh'), 'lower --train_size or --max_length'),
        ((*ADDER, f'--train_size={LARGEST}', '--batch_size=1', '--seeds=1000'), '--train_size'),
        (
            (*ADDER, f'--train_size={HUGE}', '--batch_size=1', '--statistics_every=1'),
            'lower --train_size, or raise --statistics_every',
        ),
        ((*LENET, '--image_size=1000000'), '--image_size'),
        ((*LENET, '--image_size=1000000', '--hidden=1', '--batch_size=1'), '--image_size'),
    ],
)
def test_what_needs_too_much_memory_is_refused(flags, advice, nothing_is_made, capsys, tmp_path):
    line = error_line(capsys, *flags, f'--workdir={tmp_path}')
    assert 'GiB of memory are needed' in line
    assert 'GiB are free: lower --' in line
    assert advice in line


INTEGERS = (
    'hidden',
    'layers',
    'batch_size',
    'epochs',
    'steps',
    'train_size',
    'validation_size',
    'per_class',
    'test_per_class',
    'image_size',
    'min_length',
    'max_length',
    'k',
    'seed',
    'seeds',
    'restarts',
    'statistics_every',
)


@pytest.mark.quick
@pytest.mark.parametrize('name', INTEGERS)
@pytest.mark.parametrize('value', [2**31, 10**12, 10**4000])
def test_integers_beyond_32_bits_are_refused(name, value, capsys):
    line = error_line(capsys, f'--{name}={value}')
    assert f'--{name}={value}' in line


@pytest.mark.quick
def test_so_many_layers_are_refused(capsys):
    assert '--layers=1000000 must be at most 1000' in error_line(capsys, '--layers=1000000')


@pytest.mark.quick
@pytest.mark.parametrize('value', ['nan', 'inf', '-inf', '1e309', '1e308', '-4e38'])
@pytest.mark.parametrize('name', ['learning_rate', 'dropout', 'l2', 'gate_bias', 'state_noise'])
def test_numbers_beyond_single_precision_are_refused(name, value, capsys):
    line = error_line(capsys, f'--{name}={value}')
    assert f'--{name}={float(value)} must be a finite number in single precision' in line


@pytest.mark.quick
def test_a_mesh_of_a_million_devices(tmp_path, capsys):
    flags = '--mesh=seeds:1000000', f'--workdir={tmp_path / "run"}'
    assert 'needs 1000000 devices' in error_line(capsys, *flags)
    digits = '9' * 5000
    assert 'is not understood' in error_line(capsys, f'--mesh=seeds:{digits}')


@pytest.mark.quick
def test_a_cpu_is_not_made_a_million_devices(monkeypatch):
    """JAX would try, and the command would say nothing for minutes."""
    numbers = []
    monkeypatch.setattr(parallel, '_cores', lambda: 2)
    monkeypatch.setattr(jax.config, 'update', lambda name, number: numbers.append(number))
    parallel.initialize_devices({'seeds': 1000, 'data': 1000}, distributed=False)
    assert numbers == [64]


def stop_after_an_epoch(*args):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    'flags',
    [
        (f'--epochs={LARGEST}',),
        (f'--epochs={LARGEST}', f'--train_size={64 * 50}', f'--statistics_every={LARGEST}'),
        (f'--steps={LARGEST}',),
        (f'--seed={2**31 - 2}',),
    ],
)
def test_these_train(flags, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run_module, 'show_progress', stop_after_an_epoch)
    assert start(*TINY['binary_add'], '--cell=rnn', *flags, f'--workdir={tmp_path}') == 130
    assert (tmp_path / 'checkpoints' / '1').is_dir()


FLOATS = (
    'learning_rate',
    'weight_decay',
    'l2',
    'gate_bias',
    'state_noise',
    'rmsprop_start',
)


@pytest.mark.slow
@pytest.mark.parametrize('name', FLOATS)
@pytest.mark.parametrize('value', ['3e38', '-3e38', '1e-308'])
def test_the_largest_and_the_smallest_numbers(name, value, tmp_path, capsys):
    flags = [*TINY['binary_add'], '--epochs=1', '--optimizer=rmsprop', f'--{name}={value}']
    exit_code = start(*flags, f'--workdir={tmp_path}')
    assert exit_code in (0, 2)
    error = capsys.readouterr().err
    assert 'Traceback' not in error
    if exit_code:
        assert f'--{name}' in error or 'is not finite' in error
