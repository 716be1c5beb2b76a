"""Writes REPORT.md and report.html from what reproduce has kept: python -m experiments.report. Never trains."""
import dataclasses
from collections import Counter
from pathlib import Path

from experiments import claims, comparisons, jobs, results, verdicts
from experiments.cli import command, settings
from experiments.page import Page
from experiments.presets import PICTURES, rows
from experiments.records import show
from jaxdl import UserError, charts

FLAGS = {
    'results': (str(results.FOLDER), 'folder of what reproduce has kept'),
    'out': ('.', 'folder of REPORT.md and report.html'),
    'help': (False, 'show this'),
}
REPORTS = {'A': 'A (2023, PyTorch): LeNet on CIFAR-10, MNIST row by row', 'B': 'B (TensorFlow): LeNet on 10,000 images, small recurrent nets',
           'C': 'C (2021, TensorFlow): Adam against gradient descent, activations, three cells',
           'D': 'D (PyTorch): MNIST, recall, adders', 'E': 'E (2021, PyTorch): MNIST, recall, adders'}
PAPER = Path(__file__).with_name('zeiler_fergus.md')


def main(argv):
    given = settings(argv, FLAGS)
    kept, out = Path(given['results']).expanduser(), Path(given['out']).expanduser()
    if not kept.is_dir():
        raise UserError(f'--results={kept} is no folder; python -m experiments.reproduce makes it')
    out.mkdir(parents=True, exist_ok=True)
    known = jobs.jobs()
    found = {name: results.read(jobs.home(name, known), dataclasses.replace(config, seeds=1), kept) for name, config in known.items()}
    table = {row['id']: row for row in rows()}
    judged = {name: verdicts.judge(row, found[name]) for name, row in table.items() if name in found}
    found = {name: result if result and 'failed' not in result else None for name, result in found.items()}
    page = Page(out, (kept if out.absolute() in kept.absolute().parents else out) / 'figures')
    page.text('# Five reports, reproduced')
    _headline(page, table, judged, found)
    for report, title in REPORTS.items():
        page.text(f'## Report {title}')
        own = {name: row for name, row in table.items() if row['report'] == report}
        _table(page, own, judged, found)
        _curves(page, report, own, found)
        for name in own:
            _pictures(page, name, kept)
    page.text('## Claims that do not hold')
    claims.write(page, found, table)
    page.text('## Comparisons that the reports only talk about')
    comparisons.write(page, found)
    page.text('## Adders that are proved right at every length\n\nA net is proved right by sets of states that every input maps into each other with the right carry, checked in exact '
              'arithmetic (README, "Proofs for all lengths").')
    comparisons.proofs(page, found)
    page.text(PAPER.read_text().strip())
    _pictures(page, 'paper', kept)
    (out / 'REPORT.md').write_text(page.markdown())
    (out / 'report.html').write_text(page.html('Five reports, reproduced'))
    print(f'{headline(judged)}\nwrote {out / "REPORT.md"} and {out / "report.html"}')


def headline(judged):
    kinds = Counter(verdict.kind for verdict in judged.values())
    told = sum(verdict.reported is not None for verdict in judged.values())
    return (f'Of {told} reported accuracies {kinds["stands"]} stand and {kinds["differs"]} differ'
            + ''.join(f', {number} {kind}' for kind, number in
                      (('diverged', kinds['diverged']), ('are not run yet', sum(v.kind == 'not run' and v.reported is not None for v in judged.values()))) if number) + '.')


def _headline(page, table, judged, found):
    page.text(f'**{headline(judged)}** Many stand only because the scatter of seeds is wide: half-widths are in the tables.\n\n{verdicts.RULE}\n\n'
              'Every number here is computed from the files in `experiments/results`, by `python -m experiments.report`; they were made by `python -m experiments.reproduce`, '
              'seconds on the device named.')
    devices = Counter(result['device'].split(' (')[0].partition(' x ')[2] + ', Python {python}, jax {jax}, flax {flax}'.format(**result['versions'])
                      for result in found.values() if result and 'versions' in result)
    page.text('Made with: ' + '; '.join(f'{device} ({count} rows)' for device, count in devices.items()) + '.')
    adders = {name: found[name]['tested']['exact_match']['seeds'] for name in claims.ADDERS_E if found[name]}
    if adders:
        page.figure('luck', charts.seeds("Report E's adders: what one run says, and what a hundred say", 'whole sums right, lengths 1 to 20', adders,
                                         {name: float(table[name]['reported_test_acc']) for name in adders}), "Each dot is a seed, the star is the report's one run")


def _table(page, own, judged, found):
    lines = []
    for name, row in own.items():
        if name in PICTURES:
            lines.append([f'`{name}`', '', 'a picture, below', '', '', '', '', '', ''])
            continue
        verdict, result = judged[name], found[name]
        ours = show(verdict.ours, 100, 2) if verdict.ours else ''
        trained = result and 'seconds' in result
        lines.append([f'`{name}`', verdicts.score(row).replace('_', ' ') + (' of a training batch' if verdicts.reported(row)[0] == 'last_batch' else ''),
                      f'{100 * verdict.reported:.2f}' if verdict.reported is not None else '', ours, f'± {100 * verdict.half:.2f}' if verdict.half else '',
                      verdict.text(), result['config']['seeds'] if trained else '',
                      f'{float(row["reported_seconds"]):.0f}' if row['reported_seconds'] else '',
                      f'{result["seconds"]["train"] / result["config"]["seeds"]:.1f}' if trained and result['seconds']['train'] else ''])
    page.table(['row', 'score', 'reported, %', 'ours, mean and 95 % interval', 'held against', 'verdict', 'seeds', 'reported s', 'our s a seed'], lines)


def _curves(page, report, own, found):
    panels = {}
    for name, row in own.items():
        result, score = found.get(name), verdicts.score(row)
        if not result or 'curve' not in result:
            continue
        series = {}
        for label, split, kind in (('train', 'train', 'steps'), ('test', 'test', 'epoch'), ('validation', 'validation', 'epoch')):
            records = [record for record in result['curve'] if record['kind'] == kind and split in record]
            if records and not (label == 'validation' and 'test' in series):
                summaries = [record[split][score] for record in records]
                halves = [one['ci95'] for one in summaries]
                series[label] = [record['step'] for record in records], {'mean': [one['mean'] for one in summaries], 'ci95': None if None in halves else halves}
        panels[name] = series, verdicts.reported(row)[1]
    if panels:
        page.figure(f'curves-{report}', charts.curve_grid(f'Report {report}: accuracy by training step, mean and 95 % interval', panels), f'Report {report}: the curves of every row')


def _pictures(page, name, kept):
    for file in sorted(kept.glob(f'{name}-*.jpg')):
        page.picture(file, f'{name}: {file.stem.removeprefix(name + "-")}')


if __name__ == '__main__':
    command(main)
