"""Writes REPORT.md and report.html from what reproduce has kept: python -m experiments.report. Never trains."""

import dataclasses
from collections import Counter
from pathlib import Path

from experiments.reports import (
    claims,
    sections as comparisons,
    catalogue as jobs,
    result_files as results,
    agreement as verdicts,
)
from experiments.training import workdir
from experiments.core.command import command, settings
from experiments.reports.page import Page
from experiments.reports.presets import CHOSEN, PICTURES, rows
from experiments.training.epoch_metrics import show
from jaxdl import UserError
from jaxdl.figures import comparisons as charts, base as plots

FLAGS = {
    'results': (str(results.FOLDER), 'folder of what reproduce has kept'),
    'out': ('.', 'folder of REPORT.md and report.html'),
    'help': (False, 'show this'),
}
REPORTS = {
    'A': 'A (2023, PyTorch): LeNet on CIFAR-10, MNIST row by row',
    'B': 'B (TensorFlow): LeNet on 10,000 images, small recurrent nets',
    'C': 'C (2021, TensorFlow): Adam against gradient descent, activations, three cells',
    'D': 'D (PyTorch): MNIST, recall, adders',
    'E': 'E (2021, PyTorch): MNIST, recall, adders',
}
SUMMARY = Path(__file__).parent / 'reports' / 'zeiler_fergus.md'


def main(argv):
    given = settings(argv, FLAGS)
    kept, out = Path(given['results']).expanduser(), Path(given['out']).expanduser()
    if not kept.is_dir():
        raise UserError(f'--results={kept} is no folder; python -m experiments.reproduce makes it')
    out.mkdir(parents=True, exist_ok=True)
    known = jobs.jobs()
    results_of = {
        name: results.read(jobs.home(name, known), dataclasses.replace(config, seeds=1), kept)
        for name, config in known.items()
    }
    failed = {name for name, result in results_of.items() if result and 'failed' in result}
    found = {name: None if name in failed else result for name, result in results_of.items()}
    table = {row['id']: row for row in rows()}
    judged = {
        name: verdicts.judge(row, results_of[name]) for name, row in table.items() if name in known
    }
    page = Page(out, (kept if out.absolute() in kept.absolute().parents else out) / 'figures')
    page.text('# Five reports, reproduced')
    _headline(page, table, judged, found)
    for report, title in REPORTS.items():
        page.text(f'## Report {title}')
        own = {name: row for name, row in table.items() if row['report'] == report}
        _table(page, own, judged, results_of)
        _curves(page, report, own, found)
        for name in own:
            _pictures(page, name, kept)
    page.text('## Claims that do not hold, or mean something else')
    claims.write(page, found, failed, table)
    page.text('## Comparisons that the reports only talk about')
    comparisons.write(page, found, failed)
    page.text('## Samples')
    _pictures(page, 'samples-mnist', kept)
    _pictures(page, 'samples-cifar', kept)
    page.text(
        '## Adders that are proved right at every length\n\nA net is proved right by sets of states that every input maps into each other with the right carry, checked in exact '
        'arithmetic (README, "Proofs for all lengths").'
    )
    comparisons.proofs(page, found)
    page.text(SUMMARY.read_text().strip())
    _pictures(page, 'paper', kept)
    (out / 'REPORT.md').write_text(page.markdown())
    (out / 'report.html').write_text(page.html('Five reports, reproduced'))
    print(f'{headline(judged)}\nwrote {out / "REPORT.md"} and {out / "report.html"}')


def headline(judged):
    """How many reported numbers stand. Rows that are one run under two names, and one number, count once."""
    known = jobs.jobs()
    verdict_of = {
        (jobs.home(name, known), verdict.reported): verdict
        for name, verdict in judged.items()
        if verdict.reported is not None
    }
    kinds = Counter(verdict.kind for verdict in verdict_of.values())
    rest = ''.join(
        f', {kinds[kind]} {text}'
        for kind, text in (
            ('diverged', 'diverged'),
            ('one seed', 'of one seed'),
            ('not run', 'not run yet'),
        )
        if kinds[kind]
    )
    return f'Of {len(verdict_of)} reported accuracies {kinds["stands"]} stand, {kinds["differs"]} differ{rest}.'


def _headline(page, table, judged, found):
    wide = sum(verdict.kind == 'stands' and verdict.half > 0.1 for verdict in judged.values())
    page.text(
        f'**{headline(judged)}** {wide} rows stand only within ten points or more to either side, so far do seeds scatter.\n\n{verdicts.RULE}\n\n'
        'Every number here is computed from the files in `experiments/results`, by `python -m experiments.report`; they were made by `python -m experiments.reproduce`. '
        'Seconds are of training, a seed, on the device named.'
    )
    versions = Counter(
        'Python {python}, jax {jax}, flax {flax}, optax {optax}'.format(**result['versions'])
        for result in found.values()
        if result
    )
    page.text(
        'Made with '
        + '; '.join(f'{version} ({count} rows)' for version, count in versions.items())
        + '.'
    )
    adders = {
        name: found[name]['tested']['exact_match']['seeds']
        for name in claims.ADDERS_E
        if found[name]
    }
    if adders:
        page.figure(
            'luck',
            charts.seeds(
                "Report E's adders: what one run says, and what a hundred say",
                'whole sums right, lengths 1 to 20',
                adders,
                {name: float(table[name]['reported_test_acc']) for name in adders},
            ),
            "Each dot is a seed, the star is the report's one run",
        )


def _table(page, own, judged, results_of):
    """A line for each row of a report."""
    lines = []
    for name, row in own.items():
        label = f'`{name}`' + ' (settings chosen here)' * (name in CHOSEN)
        if name in PICTURES:
            lines.append([label, 'a picture, below', *[''] * 8])
            continue
        verdict, result = judged[name], results_of[name]
        score = verdicts.score(row).replace('_', ' ') + ' of a training batch' * (
            verdicts.reported(row)[0] == 'last_batch'
        )
        told = (
            ''
            if verdict.reported is None
            else '≈ ' * verdicts.about(row) + f'{100 * verdict.reported:.2f}'
        )
        seconds = result['seconds']['train'] / result['config']['seeds'] if verdict.ours else 0
        lines.append(
            [
                label,
                score,
                told,
                show(verdict.ours, 100, 2) if verdict.ours else '',
                '' if verdict.half is None else f'± {100 * verdict.half:.2f}',
                verdict.text(),
                result['config']['seeds'] if verdict.ours else '',
                row['reported_seconds'].partition('.')[0],
                (f'{seconds:.0f}' if seconds >= 10 else f'{seconds:.2g}') if seconds else '',
                result['device'] if result else '',
            ]
        )
    page.table(
        [
            'row',
            'score',
            'reported, %',
            'ours, mean and 95 % interval',
            'held against',
            'verdict',
            'seeds',
            'reported s',
            'our s',
            'device',
        ],
        lines,
    )


def _curves(page, report, own, found):
    panels = {}
    for name, row in own.items():
        result, score = found.get(name), verdicts.score(row)
        if not result or 'curve' not in result:
            continue
        series = {}
        for label, split, kind in (
            ('train', 'train', 'steps'),
            ('test', 'test', 'epoch'),
            ('validation', 'validation', 'epoch'),
        ):
            records = [
                record for record in result['curve'] if record['kind'] == kind and split in record
            ]
            if records and not (label == 'validation' and 'test' in series):
                series[label] = (
                    [record['step'] for record in records],
                    plots.summaries([record[split][score] for record in records]),
                )
        panels[name] = series, verdicts.reported(row)[1]
    if panels:
        page.figure(
            f'curves-{report}',
            charts.curve_grid(
                f'Report {report}: accuracy by training step, mean and 95 % interval', panels
            ),
            f'Report {report}: the curves of every row',
        )


def _pictures(page, name, kept):
    found = workdir.results_of(kept, f'{name}.json')
    for accuracies in (
        [one['accuracy'] for one in found['found'] if one] if found and 'found' in found else ()
    ):
        page.text(
            f'`{name}`: '
            + '; '.join(
                f'{form} {show(accuracy, 100, 1)} % right' for form, accuracy in accuracies.items()
            )
            + " of scikit-learn's digits, which other people wrote."
        )
    for file in sorted(kept.glob(f'{name}-*.jpg')):
        page.picture(file, f'{name}: {file.stem.removeprefix(name + "-")}')


if __name__ == '__main__':
    command(main)
