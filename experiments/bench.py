"""jaxdl beside what a user would pick instead: python -m experiments.bench.

The peers are PyTorch, Keras 3 on JAX and flax's nn.RNN; the extra `bench` installs the first two.
Each trains the same net from the same weights on the same examples in the same order, with the
same optimizer, and the first losses are compared. Each library of each net has a process of its
own, and one computes at a time, in passes that alternate. We sample new sequences within each
step; peers get those of one epoch ready made.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from experiments.benchmark.nets import NETS, BenchmarkNet
from experiments.core.command import run_command
from experiments.core.flags import DATA_FLAG, HELP_FLAG, Flag, flag_values
from jaxdl import UserError
from jaxdl.names import unknown

PARTS = ('nets', 'commands', 'populations', 'scaling')
FLAGS = {
    'what': Flag(','.join(PARTS), 'which parts to measure, separated by commas'),
    'nets': Flag(
        '',
        'only the nets whose names contain one of these words, separated by commas; of '
        f'{"; ".join(NETS)}',
    ),
    'seconds': Flag(2.0, 'how long a pass takes at least'),
    'repeats': Flag(9, 'passes of each, alternating; six or more for intervals of ratios'),
    'resume': Flag(
        True,
        'keep what the folder holds of the same machine, versions, day, --seconds and --repeats; '
        '--noresume measures it again',
    ),
    'out': Flag('bench', 'folder for bench.json, bench.md and the figures'),
    **DATA_FLAG,
    **HELP_FLAG,
}
STOPPED = 'stopped; the same command continues after the last finished net'
# How many measurements each part is, beside one for each net.
MEASUREMENTS = {'commands': 1, 'populations': 1, 'scaling': 2}


def main(argv: Sequence[str]) -> None:
    """Measures what the flags ask for, and writes and prints the results.

    Raises:
        UserError: A flag has a bad value, or a library failed.
    """
    settings = flag_values(argv, FLAGS, __doc__)
    parts = _chosen_parts(settings['what'])
    nets = _chosen_nets(settings['nets']) if 'nets' in parts else {}
    if settings['repeats'] < 1:
        raise UserError(f'--repeats={settings["repeats"]} must be at least 1')
    if not 0 < settings['seconds'] < math.inf:
        raise UserError(f'--seconds={settings["seconds"]} must be greater than 0')
    _measure(Path(settings['out']).expanduser(), parts, nets, settings)


def _chosen_parts(what: str) -> list[str]:
    """The parts to measure."""
    parts = what.split(',')
    for part in parts:
        if part not in PARTS:
            raise unknown(f'--what={what}: {part}', part, PARTS)
    return parts


def _chosen_nets(names: str) -> dict[str, BenchmarkNet]:
    """The nets whose names contain one of the words; all without words."""
    words = [word for word in names.split(',') if word]
    if not words:
        return NETS
    nets = {}
    for name, net in NETS.items():
        if any(word in name for word in words):
            nets[name] = net
    if not nets:
        raise UserError(f'--nets={names} names none of {"; ".join(NETS)}')
    return nets


def _measure(
    folder: Path,
    parts: Sequence[str],
    nets: Mapping[str, BenchmarkNet],
    settings: Mapping[str, Any],
) -> None:
    """Measures the parts, writing results as they come, then tables and figures."""
    # Imported here, as these import JAX, for which --help need not wait.
    from experiments.benchmark.against_peers import measure_net
    from experiments.benchmark.machine import describe_machine
    from experiments.benchmark.output_files import write_output
    from experiments.benchmark.populations import measure_populations
    from experiments.benchmark.results import BenchResults
    from experiments.benchmark.scaling import measure_scaling
    from experiments.benchmark.stopwatch import Stopwatch, product_request
    from experiments.benchmark.whole_commands import measure_commands
    from experiments.benchmark.worker_process import start_worker
    from experiments.core import file_schema

    measure_part = {
        'commands': measure_commands,
        'populations': measure_populations,
        'scaling': measure_scaling,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'bench.json'
    seconds, repeats = settings['seconds'], settings['repeats']
    with start_worker('matrix product') as product:
        machine = describe_machine(product.prepare(product_request(seconds)).devices)
        results = file_schema.read_json(file, BenchResults)
        if results is None or results.machine != machine:
            # Those of another machine, day or version are not comparable.
            results = BenchResults(machine)

        def is_to_do(measured):
            return not settings['resume'] or not _is_finished(measured, seconds, repeats)

        nets = {name: net for name, net in nets.items() if is_to_do(results.nets.get(name))}
        parts = [
            name for name in measure_part if name in parts and is_to_do(getattr(results, name))
        ]
        measurements = len(nets) + sum(MEASUREMENTS[name] for name in parts)
        with tqdm(total=measurements * (repeats + 1), unit='round') as bar:
            stopwatch = Stopwatch(seconds, repeats, product, bar)
            for name, net in nets.items():
                results.nets[name] = measure_net(name, net, settings['data_dir'], stopwatch)
                file_schema.write_json(file, results)
            for name in parts:
                setattr(results, name, measure_part[name](stopwatch))
                file_schema.write_json(file, results)
    write_output(folder, results)


def _is_finished(measured: Any, seconds: float, repeats: int) -> bool:
    """Whether these results, or None, were measured with the same passes and rounds."""
    if measured is None:
        return False
    conditions = measured.conditions
    return conditions.pass_seconds == seconds and conditions.rounds == repeats


if __name__ == '__main__':
    run_command(main, stopped=STOPPED)
