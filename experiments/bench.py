"""Ours beside what a user would pick instead, in one run: python -m experiments.bench (extra bench: torch and keras).

Same net, initial weights, examples, order, batch size and optimizer; the loss curves are compared. Passes alternate (ours,
theirs, ours, ...), times are medians, and compilation is told apart. We draw sequences anew within the step; peers get one pass of them ready made.
"""

import contextlib
import dataclasses
import functools
import statistics
import time
from pathlib import Path

from experiments.reports import presets
from experiments.training import workdir
from experiments.core.command import command, settings, use_loop_kernels
from experiments.core.config import Config
from jaxdl import UserError

ADD, RECALL, ROWS, CNN = (
    presets.TASKS[task] for task in ('binary_add', 'recall', 'mnist_rnn', 'mnist_cnn')
)
NETS = {  # name: Config, and the time of PyTorch over ours that we aim at
    'MNIST rows, LSTM-128': (ROWS, 1.3),
    'MNIST rows, LSTM-32': (dataclasses.replace(ROWS, hidden=32), 2),
    'MNIST rows, RNN-256': (dataclasses.replace(ROWS, cell='rnn', hidden=256), 1.3),
    'MNIST rows, GRU-128': (dataclasses.replace(ROWS, cell='gru'), 1.3),
    'MNIST rows, BiLSTM-128': (dataclasses.replace(ROWS, bidirectional=True), 1.3),
    'MNIST, LeNet': (dataclasses.replace(CNN, statistics_every=0), 1.2),
    'adder, LSTM-5': (ADD, 5),
    'adder, LSTM-5, one of 64': (dataclasses.replace(ADD, seeds=64), 10),
    'recall, LSTM-10': (RECALL, 5),
    'recall, LSTM-10, one of 64': (dataclasses.replace(RECALL, seeds=64), 10),
}
FLAGS = {
    'what': ('nets,commands,populations,scaling', 'which parts to measure, separated by commas'),
    'nets': (
        '',
        f'only the nets whose names hold one of these words, separated by commas; of {"; ".join(NETS)}',
    ),
    'steps': (150, 'training steps a pass'),
    'repeats': (5, 'passes of each, alternating'),
    'out': ('bench', 'folder for bench.json, bench.md and the figures'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    'help': (False, 'show this'),
}
COMPARED = 30  # steps over which loss curves are compared; rounding drives them apart later


def main(argv):
    given = settings(argv, FLAGS)
    words = [word for word in given['nets'].split(',') if word]
    nets = {
        name: net for name, net in NETS.items() if not words or any(word in name for word in words)
    }
    what = given['what'].split(',')
    if unknown := set(what) - {'nets', 'commands', 'populations', 'scaling'}:
        raise UserError(
            f'--what={given["what"]}: {", ".join(unknown)} is unknown; choose of nets, commands, populations, scaling'
        )
    if not nets:
        raise UserError(f'--nets={given["nets"]} names none of {"; ".join(NETS)}')
    for name in ('steps', 'repeats'):
        if given[name] < 1:
            raise UserError(f'--{name}={given[name]} must be at least 1')
    use_loop_kernels()
    from experiments.benchmark import timing as measure
    from jaxdl import parallel

    parallel.start(None, distributed=False)
    _torch_where_jax_is()
    folder = Path(given['out']).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    found = workdir.results_of(folder, 'bench.json') or {}
    found = (
        found if found.get('machine') == machine() else {'machine': machine()}
    )  # figures of another machine or day do not stay

    def keep(**parts):
        found.update(parts)
        workdir.write_json(folder / 'bench.json', found)

    if 'nets' in what:
        keep(peak=measure.matrix_product())
        for name, net in nets.items():
            keep(nets=found.get('nets', {}) | {name: _net(name, *net, given)})
    if 'commands' in what:
        keep(commands=measure.commands(given['repeats']))
    if 'populations' in what:
        keep(populations=measure.populations(ADD, given['steps'], given['repeats']))
    if 'scaling' in what:
        keep(scaling=measure.scaling())
    _report(folder, found)


def _torch_where_jax_is():
    import jax

    with contextlib.suppress(ImportError):
        import torch

        if jax.default_backend() == 'gpu' and torch.cuda.is_available():
            torch.set_default_device('cuda')


def machine():
    """What the figures are of: processor, devices, versions and day."""
    import importlib.metadata
    import platform

    import jax

    versions = {
        name: _version(importlib.metadata, name) for name in ('jax', 'flax', 'torch', 'keras')
    }
    processor = next(
        (
            line.split(':')[1].strip()
            for line in _lines('/proc/cpuinfo')
            if line.startswith('model name')
        ),
        platform.processor(),
    )
    return {
        'processor': processor,
        'devices': f'{len(jax.devices())} x {jax.devices()[0].device_kind}',
        'python': platform.python_version(),
        **versions,
        'day': time.strftime('%Y-%m-%d'),
    }


def _version(metadata, name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return 'absent'


def _lines(path):
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _net(name, config, aim, given):
    """Medians of a training step's seconds, ours and each peer's, after a first pass whose losses are compared."""
    from tqdm import tqdm

    from experiments.benchmark import timing as measure
    from experiments.benchmark.peers import PEERS

    config = dataclasses.replace(config, data_dir=given['data_dir'])
    ours = measure.Ours(config, given['steps'])
    orders = [ours.order(i) for i in range(given['repeats'] + 1)]
    contenders, absent = {'jaxdl': ours.epoch}, {}
    for peer, make in PEERS.items():
        try:
            epoch = make(config, ours.params, ours.arrays)
        except ImportError:
            absent[peer] = 'not installed'
            continue
        if epoch:
            contenders[peer] = functools.partial(lambda epoch, i: epoch(orders[i]), epoch)
    times = {peer: [] for peer in contenders}
    losses = {peer: epoch(0) for peer, epoch in contenders.items()}
    for i in tqdm(range(given['repeats']), desc=name, unit='round'):
        for peer, epoch in contenders.items():
            start = time.perf_counter()
            epoch(i + 1)
            times[peer].append(
                (time.perf_counter() - start)
                / given['steps']
                / (config.seeds if peer == 'jaxdl' else 1)
            )
    medians = {peer: statistics.median(taken) for peer, taken in times.items()}
    apart = {
        peer: float(abs(curve[:COMPARED] - losses['jaxdl'][:COMPARED]).max())
        for peer, curve in losses.items()
    }
    return {
        'aim': aim,
        'seconds': medians,
        'absent': absent,
        'compile': ours.clock['compile'],
        'loss_apart': apart,
        'flops': ours.flops(),
        'steps_per_epoch': ours.steps_per_epoch,
    }


def _report(folder, found):
    from experiments.benchmark import tables
    from jaxdl.figures import comparisons as charts, base as plots

    text = tables.markdown(found)
    (folder / 'bench.md').write_text(text)
    print(text)
    figures = {}
    if 'nets' in found:
        figures['ratios'] = charts.ratios(
            'Times faster than each',
            {name: tables.ratios(row) for name, row in found['nets'].items()},
        )
    panels = tables.panels(found)
    if panels:
        figures['scaling'] = charts.costs('Cost by size', panels)
    for name, figure in figures.items():
        (folder / f'{name}.png').write_bytes(plots.png(figure))
    print(
        f'files in {folder}: bench.json, bench.md, {", ".join(f"{name}.png" for name in figures)}'
    )


if __name__ == '__main__':
    command(main)
