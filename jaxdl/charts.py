"""Charts of measurements: bars of ratios, and costs over sizes."""
from jaxdl.plots import new_figure


def ratios(title, table):
    """Bars of how many times faster than each peer, {job: {peer: ratio}}, on a log axis with a line at 1."""
    figure = new_figure(9, .7 + .5 * len(table), title)
    axes = figure.subplots()
    peers = list(dict.fromkeys(peer for row in table.values() for peer in row))
    for i, peer in enumerate(peers):
        places = [(row - .8 * (i + .5) / len(peers) + .4, found[peer]) for row, found in enumerate(table.values()) if peer in found]
        bars = axes.barh(*zip(*places), .8 / len(peers), label=peer)
        axes.bar_label(bars, fmt='%.2f', fontsize=7, padding=2)
    axes.set_yticks(range(len(table)), table)
    axes.invert_yaxis()
    axes.axvline(1, color='black', linewidth=.8)
    axes.set_xscale('log')
    axes.set_xlabel('its time over ours')
    axes.legend(fontsize=8)
    return figure


def costs(title, panels):
    """Log-log lines, one panel each: {panel title: (xlabel, ylabel, {label: (xs, ys)})}."""
    figure = new_figure(5 * len(panels), 3.6, title)
    for axes, (name, (xlabel, ylabel, lines)) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items()):
        for label, (xs, ys) in lines.items():
            axes.plot(xs, ys, marker='o', markersize=4, label=label)
        axes.set_xscale('log', base=2)
        axes.set_yscale('log')
        axes.set(title=name, xlabel=xlabel, ylabel=ylabel)
        axes.grid(alpha=.3)
        axes.legend(fontsize=8)
    return figure
