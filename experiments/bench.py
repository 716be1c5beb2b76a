"""jaxdl beside what a user would pick instead: python -m experiments.bench.

The peers are PyTorch, Keras 3 on JAX and flax's nn.RNN; the extra `bench` installs the first two.
Each trains the same net from the same weights on the same examples in the same order, with the
same optimizer, and the first losses are compared. Times are medians of passes that alternate
between the libraries. Compilation is measured apart. We sample new sequences within each step;
peers get those of one pass ready made.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.benchmark.nets import ADDER, NETS, BenchmarkNet
from experiments.core.command import run_command
from experiments.core.config import Config
from experiments.core.flags import HELP_FLAG, Flag, flag_values
from jaxdl import UserError, backend

PARTS = ('nets', 'commands', 'populations', 'scaling')
FLAGS = {
    'what': Flag(','.join(PARTS), 'which parts to measure, separated by commas'),
    'nets': Flag(
        '',
        'only the nets whose names contain one of these words, separated by commas; of '
        f'{"; ".join(NETS)}',
    ),
    'steps': Flag(150, 'training steps a pass'),
    'repeats': Flag(5, 'passes of each, alternating'),
    'out': Flag('bench', 'folder for bench.json, bench.md and the figures'),
    'data_dir': Flag(Config.data_dir, 'folder of the image data'),
    **HELP_FLAG,
}


def main(argv: Sequence[str]) -> None:
    """Measures what the flags ask for, and writes and prints the results.

    Raises:
        UserError: A flag has a bad value.
    """
    settings = flag_values(argv, FLAGS)
    parts = _chosen_parts(settings['what'])
    nets = _chosen_nets(settings['nets'])
    for name in ('steps', 'repeats'):
        if settings[name] < 1:
            raise UserError(f'--{name}={settings[name]} must be at least 1')
    backend.configure(small_loops=True)
    _start_devices()
    _measure(Path(settings['out']).expanduser(), parts, nets, settings)


def _start_devices() -> None:
    """Makes the cores of a CPU devices of JAX, and lets PyTorch compute where JAX does."""
    from jaxdl import parallel

    parallel.initialize_devices(axes=None, distributed=False)
    with suppress(ImportError):  # without PyTorch, the others are measured
        from experiments.benchmark.peers import pytorch

        pytorch.use_device_of_jax()


def _chosen_parts(what: str) -> list[str]:
    """The parts to measure."""
    parts = what.split(',')
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise UserError(
            f'--what={what}: {", ".join(unknown)} is unknown; choose from {", ".join(PARTS)}'
        )
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
    from experiments.benchmark.timing import matrix_product_speed
    from experiments.benchmark.whole_commands import measure_commands
    from experiments.core import file_schema

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'bench.json'
    machine = describe_machine()
    results = file_schema.read_json(file, BenchResults)
    if results is None or results.machine != machine:
        results = BenchResults(machine)  # those of another machine or day are not comparable
    steps, repeats = settings['steps'], settings['repeats']
    if 'nets' in parts:
        results.peak = matrix_product_speed()
        for name, net in nets.items():
            results.nets[name] = measure_net(name, net, settings['data_dir'], steps, repeats)
            file_schema.write_json(file, results)
    if 'commands' in parts:
        results.commands = measure_commands(repeats)
        file_schema.write_json(file, results)
    if 'populations' in parts:
        results.populations = measure_populations(ADDER, steps, repeats)
        file_schema.write_json(file, results)
    if 'scaling' in parts:
        results.scaling = measure_scaling()
        file_schema.write_json(file, results)
    write_output(folder, results)


if __name__ == '__main__':
    run_command(main)
