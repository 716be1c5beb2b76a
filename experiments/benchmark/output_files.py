"""The files that bench writes beside bench.json: bench.md and the figures."""

import statistics
from pathlib import Path

from experiments.benchmark import tables
from experiments.benchmark.results import BenchResults, NetRow
from jaxdl.figures.base import to_png
from jaxdl.figures.comparisons import cost_by_size, speed_ratios


def write_output(folder: Path, results: BenchResults) -> None:
    """Writes bench.md, ratios.png and scaling.png, as far as measured, and prints the tables."""
    text = tables.markdown(results)
    (folder / 'bench.md').write_text(text)
    print(text)
    figures = {}
    ratios = {name: _median_ratios(row) for name, row in results.nets.items()}
    if any(ratios.values()):  # there may be no peer
        figures['ratios.png'] = speed_ratios('Times faster than each', ratios)
    panels = tables.panels(results)
    if panels:
        figures['scaling.png'] = cost_by_size('Cost by size', panels)
    for name, figure in figures.items():
        (folder / name).write_bytes(to_png(figure))
    print(f'files in {folder}: {", ".join(["bench.json", "bench.md", *figures])}')


def _median_ratios(row: NetRow) -> dict[str, float]:
    return {peer: statistics.median(ratios) for peer, ratios in row.ratios().items()}
