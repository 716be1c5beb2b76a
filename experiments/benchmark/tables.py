"""The results of bench as Markdown tables and as panels of a chart."""

import statistics
from collections.abc import Mapping, Sequence

from experiments.benchmark import spread
from experiments.benchmark.nets import OTHER_PEERS_AIM
from experiments.benchmark.results import (
    OURS,
    REFERENCE_PEER,
    BenchResults,
    CommandResults,
    Conditions,
    Machine,
    NetRow,
    PopulationResults,
    ScalingResults,
    ScalingRow,
    ratios_to,
)
from experiments.benchmark.spread import Spread
from experiments.benchmark.whole_commands import MOST_OF_PYTORCH
from jaxdl.figures.comparisons import Line, Panel

# A host is busy if other processes take more than this share of its cores, or if the speed of a
# matrix product is ever further from its median than this share of it.
BUSY_SHARE = 0.05
BUSY_MOVE = 0.1


def markdown(results: BenchResults) -> str:
    """All tables: a small one for README first, then all that was measured."""
    parts = []
    if results.nets:
        parts.append(_short_table(results.nets))
        parts.append(_missed_aims(results.nets))
    parts.append(_describe(results))
    if results.nets:
        parts.append('### Training steps\n')
        parts.append(_net_table(results.nets))
        parts.append(_ratio_table(results.nets))
    if results.commands:
        parts.append('### Whole commands\n')
        parts.append(_command_table(results.commands))
        parts.append(_part_table(results.commands))
    if results.populations:
        parts.append('### Populations\n')
        parts.append(_population_table(results.populations))
    if results.scaling:
        parts.append('### Scaling over CPU devices\n')
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
            lines = _scaling_lines(results.scaling.rows, kind)
            panels_by_title[f'{kind} scaling'] = Panel('CPU devices', 'ms a step', lines)
    return panels_by_title


def is_busy(conditions: Sequence[Conditions]) -> bool:
    """Whether the host had other work to do during any of these measurements."""
    most_used = max(statistics.mean(condition.others) for condition in conditions)
    return most_used > BUSY_SHARE or _move(_products(conditions)) > BUSY_MOVE


def _products(conditions):
    """The speeds of the matrix product in all measurements."""
    return [speed for condition in conditions for speed in condition.products]


def _move(speeds):
    """How far speeds move from their median, as a share of it."""
    median = statistics.median(speeds)
    return max(abs(speed / median - 1) for speed in speeds)


def _describe(results: BenchResults) -> str:
    """The machine, how it was measured, and what else the machine did."""
    conditions = results.conditions()
    lines = [_machine(results.machine)]
    if conditions:
        lines.append(_measurement(conditions))
        lines.append(_host(conditions))
    return '\n'.join(lines) + '\n'


def _machine(machine: Machine) -> str:
    return (
        f'{machine.day}, {machine.processor}, {machine.devices}, Python {machine.python}, '
        f'jax {machine.jax}, flax {machine.flax}, torch {machine.torch}, keras {machine.keras}, '
        f'code {machine.code}.'
    )


def _measurement(conditions: Sequence[Conditions]) -> str:
    pass_seconds = min(condition.pass_seconds for condition in conditions)
    fewest_rounds = min(condition.rounds for condition in conditions)
    text = (
        f'Passes of at least {pass_seconds:g} s, {fewest_rounds} rounds or more: medians with '
        '[smallest, largest].'
    )
    if fewest_rounds < spread.FEWEST_FOR_INTERVAL:
        return f'{text} Ratios too: for an interval of 95 % there are too few rounds.'
    return f'{text} Ratios: medians of the ratios of each round, with 95 % intervals.'


def _host(conditions: Sequence[Conditions]) -> str:
    products = _products(conditions)
    others = [share for condition in conditions for share in condition.others]
    gigaflops = Spread(*(speed / 1e9 for speed in spread.of_times(products)))
    text = (
        f'Other processes used {100 * statistics.mean(others):.1f} % of the cores (up to '
        f'{100 * max(others):.1f} % in a round). A matrix product of 2000 x 2000 ran at '
        f'{gigaflops.median:.0f} GFLOP/s, {gigaflops.low:.0f} to {gigaflops.high:.0f}.'
    )
    if is_busy(conditions):
        return f'**Taken on a busy host.** {text}'
    return text


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    separator = ['---'] * len(header)
    lines = []
    for cells in (header, separator, *rows):
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _cell(values: Spread, scale: float = 1, digits: int = 2) -> str:
    """'median [low, high]'."""
    median, low, high = (f'{scale * value:.{digits}f}' for value in values)
    return f'{median} [{low}, {high}]'


def _time_cell(net: NetRow, library: str) -> str:
    """Milliseconds of a step, or why there are none."""
    if library in net.times:
        return _cell(spread.of_times(net.times[library]), scale=1e3)
    return net.absent.get(library, '')


def _ratio_cell(net: NetRow, peer: str) -> str:
    """The time of a peer over ours."""
    ratios = net.ratios()
    if peer not in ratios:
        return net.absent.get(peer, '')
    return _cell(spread.of_ratios(ratios[peer]))


def _aim_cell(net: NetRow) -> str:
    return '' if net.aim is None else f'{net.aim:g}'


def _short_table(nets: Mapping[str, NetRow]) -> str:
    header = ['ms a step', OURS, REFERENCE_PEER, f'{REFERENCE_PEER} over {OURS}', 'aim']
    rows = []
    for name, net in nets.items():
        cells = [_median_cell(net, OURS), _median_cell(net, REFERENCE_PEER)]
        rows.append([name, *cells, _ratio_cell(net, REFERENCE_PEER), _aim_cell(net)])
    return _table(header, rows)


def _median_cell(net: NetRow, library: str) -> str:
    if library in net.times:
        return f'{1e3 * statistics.median(net.times[library]):.2f}'
    return net.absent.get(library, '')


def _missed_aims(nets: Mapping[str, NetRow]) -> str:
    """Which ratios are below their aims."""
    compared = 0
    missed = []
    for name, net in nets.items():
        for peer, ratios in net.ratios().items():
            aim = net.aim if peer == REFERENCE_PEER else OTHER_PEERS_AIM
            if aim is None:
                continue
            compared += 1
            ratio = statistics.median(ratios)
            if ratio < aim:
                missed.append(f'{name} ({ratio:.2f} of {peer}, aim {aim:g})')
    if missed:
        return f'Missed aims, {len(missed)} of {compared}: {"; ".join(missed)}.\n'
    return f'Missed aims: none of {compared}.\n'


def _libraries(nets: Mapping[str, NetRow]) -> list[str]:
    """The names of all libraries, measured or not, in the order in which they first appear."""
    libraries = []
    for net in nets.values():
        for library in (*net.times, *net.absent):
            if library not in libraries:
                libraries.append(library)
    return libraries


def _net_table(nets: Mapping[str, NetRow]) -> str:
    libraries = _libraries(nets)
    header = [
        'ms a step',
        *libraries,
        'epoch, s',
        'compile, s',
        'losses apart',
        'GFLOP/s (of a product)',
    ]
    rows = []
    for name, net in nets.items():
        rows.append([name, *_net_cells(net, libraries)])
    return _table(header, rows)


def _net_cells(net: NetRow, libraries: Sequence[str]) -> list[str]:
    cells = [_time_cell(net, library) for library in libraries]
    our_seconds = statistics.median(net.times[OURS])
    flops_per_second = net.flops / our_seconds
    share = flops_per_second / statistics.median(net.conditions.products)
    cells += [
        f'{our_seconds * net.steps_per_epoch:.2f}',
        f'{net.compile:.1f}',
        f'{max(net.loss_apart.values()):.0e}',
        f'{flops_per_second / 1e9:.1f} ({100 * share:.0f} %)',
    ]
    return cells


def _ratio_table(nets: Mapping[str, NetRow]) -> str:
    """The times of all peers over ours, with what is known of the host."""
    peers = [library for library in _libraries(nets) if library != OURS]
    header = [
        f'time over that of {OURS}',
        *peers,
        f'aim for {REFERENCE_PEER}',
        'other processes, % of the cores',
        'product, GFLOP/s',
    ]
    rows = []
    for name, net in nets.items():
        ratios = [_ratio_cell(net, peer) for peer in peers]
        others = spread.of_times(net.conditions.others)
        products = spread.of_times(net.conditions.products)
        host = [_cell(others, 100, digits=1), _cell(products, 1e-9, digits=0)]
        rows.append([name, *ratios, _aim_cell(net), *host])
    return _table(header, rows)


def _command_table(commands: CommandResults) -> str:
    rows = []
    for name, times in commands.times.items():
        share = ''
        if REFERENCE_PEER in commands.times:
            share = _cell(spread.of_ratios(ratios_to(commands.times, name, REFERENCE_PEER)))
        aim = f'{MOST_OF_PYTORCH[name]:g}' if name in MOST_OF_PYTORCH else ''
        rows.append([name, _cell(spread.of_times(times), digits=1), share, aim])
    header = ['whole command, adder LSTM-5', 'seconds', f"of {REFERENCE_PEER}'s", 'aim: at most']
    return _table(header, rows)


def _part_table(commands: CommandResults) -> str:
    """What each command spends its time on."""
    names = []
    for parts in commands.parts.values():
        for name in parts:
            if name not in names:
                names.append(name)
    rows = []
    for command, parts in commands.parts.items():
        cells = []
        for name in names:
            cells.append(_cell(spread.of_times(parts[name])) if name in parts else '')
        rows.append([command, *cells])
    return _table(['seconds', *names], rows)


def _population_table(populations: PopulationResults) -> str:
    header = [
        'adders at once',
        'ms a step',
        'us a step and model',
        'adders a second (ten epochs each)',
        'MiB a device',
    ]
    rows = []
    for population in populations.rows:
        step_seconds = spread.of_times(population.times)
        cells = [
            f'{population.seeds:,}',
            _cell(step_seconds, scale=1e3),
            _cell(step_seconds, scale=1e6 / population.seeds, digits=1),
            f'{population.models_per_second():.1f}',
            f'{population.bytes / 2**20:.1f}',
        ]
        rows.append(cells)
    table = _table(header, rows)
    if populations.too_slow:
        sizes = ', '.join(f'{size:,}' for size in populations.too_slow)
        table += f'\nNot measured, as a step would take longer than a second: {sizes}.\n'
    return table


def _population_line(populations: PopulationResults) -> Line:
    sizes = []
    microseconds = []
    for population in populations.rows:
        sizes.append(population.seeds)
        microseconds.append(1e6 * statistics.median(population.times) / population.seeds)
    return Line(sizes, microseconds)


def _scaling_table(scaling: ScalingResults) -> str:
    header = [
        'CPU devices',
        'split',
        'strong, ms a step',
        'weak, ms a step',
        'bytes exchanged a step',
    ]
    rows = []
    for row in scaling.rows:
        cells = [
            str(row.devices),
            row.split,
            _cell(spread.of_times(row.strong), scale=1e3),
            _cell(spread.of_times(row.weak), scale=1e3),
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
        line.y.append(1e3 * statistics.median(getattr(row, kind)))
    return lines
