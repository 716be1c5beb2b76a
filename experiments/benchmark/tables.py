"""The results of bench as Markdown tables and as panels of a chart."""

from collections.abc import Mapping, Sequence

from experiments.benchmark.results import (
    OURS,
    BenchResults,
    NetRow,
    PopulationRow,
    ScalingRow,
)
from jaxdl.figures.comparisons import Line, Panel

REFERENCE_PEER = 'PyTorch'


def markdown(results: BenchResults) -> str:
    """All tables, below a line on the machine."""
    machine = results.machine
    parts = [
        f'{machine.day}, {machine.processor}, {machine.devices}, Python {machine.python}, '
        f'jax {machine.jax}, flax {machine.flax}, torch {machine.torch}, keras {machine.keras}. '
        'Medians.\n'
    ]
    if results.nets:
        parts.append(_net_table(results.nets, results.peak))
        speed = results.peak / 1e9
        parts.append(f'A matrix product of 2000 x 2000 runs at {speed:.0f} GFLOP/s.\n')
    if results.commands:
        parts.append(_command_table(results.commands))
    if results.populations:
        parts.append(_population_table(results.populations))
    if results.scaling:
        parts.append(_scaling_table(results.scaling))
    return '\n'.join(parts)


def panels(results: BenchResults) -> dict[str, Panel]:
    """Panels for `comparisons.cost_by_size`, by title: populations, strong and weak scaling."""
    panels_by_title = {}
    if results.populations:
        line = _population_line(results.populations)
        panels_by_title['populations'] = Panel(
            'adders trained at once', 'us a step and model', {'LSTM-5': line}
        )
    if results.scaling:
        for kind in ('strong', 'weak'):
            lines = _scaling_lines(results.scaling, kind)
            panels_by_title[f'{kind} scaling'] = Panel('CPU devices', 'ms a step', lines)
    return panels_by_title


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    separator = ['---'] * len(header)
    lines = []
    for cells in (header, separator, *rows):
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _net_table(nets: Mapping[str, NetRow], peak: float) -> str:
    libraries = _libraries(nets)
    header = [
        'ms a step',
        *libraries,
        f'{REFERENCE_PEER} over ours',
        'aim',
        'epoch, s',
        'compile, s',
        'losses apart',
        'GFLOP/s (of a product)',
    ]
    rows = []
    for name, net in nets.items():
        rows.append([name, *_net_cells(net, libraries, peak)])
    return _table(header, rows)


def _libraries(nets: Mapping[str, NetRow]) -> list[str]:
    """The names of all libraries, measured or not, in the order in which they first appear."""
    libraries = []
    for net in nets.values():
        for library in (*net.seconds, *net.absent):
            if library not in libraries:
                libraries.append(library)
    return libraries


def _net_cells(net: NetRow, libraries: Sequence[str], peak: float) -> list[str]:
    cells = []
    for library in libraries:
        if library in net.seconds:
            cells.append(f'{1e3 * net.seconds[library]:.2f}')
        else:
            cells.append(net.absent.get(library, ''))
    ratio = net.ratios().get(REFERENCE_PEER)
    our_seconds = net.seconds[OURS]
    flops_per_second = net.flops / our_seconds
    cells += [
        f'{ratio:.2f}' if ratio else '',
        f'{net.aim:g}',
        f'{our_seconds * net.steps_per_epoch:.2f}',
        f'{net.compile:.1f}',
        f'{max(net.loss_apart.values()):.0e}',
        f'{flops_per_second / 1e9:.1f} ({100 * flops_per_second / peak:.0f} %)',
    ]
    return cells


def _command_table(commands: Mapping[str, float]) -> str:
    rows = []
    for name, seconds in commands.items():
        share = ''
        if REFERENCE_PEER in commands:
            share = f'{seconds / commands[REFERENCE_PEER]:.2f}'
        rows.append([name, f'{seconds:.1f}', share])
    return _table(['whole command, adder LSTM-5', 'seconds', f"of {REFERENCE_PEER}'s"], rows)


def _population_table(populations: Sequence[PopulationRow]) -> str:
    header = [
        'adders at once',
        'ms a step',
        'us a step and model',
        'adders a second (ten epochs each)',
        'MiB a device',
    ]
    rows = []
    for population in populations:
        cells = [
            str(population.seeds),
            f'{1e3 * population.seconds:.2f}',
            f'{1e6 * population.seconds / population.seeds:.1f}',
            f'{population.models_per_second:.1f}',
            f'{population.bytes / 2**20:.1f}',
        ]
        rows.append(cells)
    return _table(header, rows)


def _population_line(populations: Sequence[PopulationRow]) -> Line:
    sizes = []
    microseconds = []
    for population in populations:
        sizes.append(population.seeds)
        microseconds.append(1e6 * population.seconds / population.seeds)
    return Line(sizes, microseconds)


def _scaling_table(scaling: Sequence[ScalingRow]) -> str:
    header = [
        'CPU devices',
        'split',
        'strong, ms a step',
        'weak, ms a step',
        'bytes exchanged a step',
    ]
    rows = []
    for row in scaling:
        cells = [
            str(row.devices),
            row.split,
            f'{1e3 * row.strong:.2f}',
            f'{1e3 * row.weak:.2f}',
            f'{row.bytes:,}',
        ]
        rows.append(cells)
    return _table(header, rows)


def _scaling_lines(scaling: Sequence[ScalingRow], kind: str) -> dict[str, Line]:
    """Milliseconds by number of devices, a line for each split; kind: 'strong' or 'weak'."""
    lines = {}
    for row in scaling:
        line = lines.setdefault(row.split, Line([], []))
        line.x.append(row.devices)
        line.y.append(1e3 * getattr(row, kind))
    return lines
