"""Runs what is missing of the reports' experiments: python -m experiments.reproduce --rows='E-*,D-add-*'."""

import dataclasses
import importlib
import json
import shutil
from pathlib import Path

from experiments.reports import catalogue as jobs, result_files as results
from experiments.training import workdir
from experiments.core.command import (
    CACHE_FLAG,
    command,
    settings,
    use_compilation_cache,
    use_loop_kernels,
)
from experiments.core.config import Config
from jaxdl import UserError, __version__

FLAGS = {
    'rows': (
        '*',
        'ids, with * for any text, separated by commas: of experiments/reported_results.csv, hidden-*, rate-*, batch-*, proof-*',
    ),
    'seeds': (0, 'of each row; 0: 100 of sequence tasks, 3 of images'),
    'workdir': ('runs/reproduce', 'folder of the runs, by id and seeds'),
    'results': (str(results.FOLDER), 'folder of what is kept of them, a file a row'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}
WIDTH = 1100  # of a picture, in pixels


def main(argv):
    given = settings(argv, FLAGS)
    if given['seeds'] < 0:
        raise UserError(f'--seeds={given["seeds"]} must not be negative')
    asked, kept = jobs.select(given['rows']), Path(given['results']).expanduser()
    kept.mkdir(parents=True, exist_ok=True)
    known, drawn = jobs.jobs(), jobs.pictures()
    rows = {name: jobs.home(drawn[name][0] if name in drawn else name, known) for name in asked}
    configs = {row: _config(row, known[row], given) for row in rows.values()}
    found = {row: results.read(row, config, kept) for row, config in configs.items()}
    for row in [
        row for row, result in found.items() if result
    ]:  # there may be more seeds than were asked for
        configs[row] = _config(row, known[row], given, found[row]['config']['seeds'])
    pictures = {
        name: rows[name]
        for name in asked
        if name in drawn and not results.read(name, configs[rows[name]], kept)
    }
    todo = {
        row: config
        for row, config in configs.items()
        if not found[row] or row in pictures.values() and not workdir.newest(Path(config.workdir))
    }
    print(
        f'{len(asked)} rows, {len(configs)} different trainings: {len(configs) - len(todo)} are done, {len(todo)} to do; {len(pictures)} rows of pictures to do'
    )
    use_loop_kernels()
    from jaxdl import parallel

    use_compilation_cache(given['compilation_cache'])
    parallel.start(None, False)
    _train_all(
        todo,
        kept,
        {
            seeds: [_config(row, config, given, seeds) for row, config in known.items()]
            for seeds in {config.seeds for config in todo.values()}
        },
    )
    for name, row in pictures.items():
        _draw(name, drawn[name], configs[row], kept)


def _config(row, config, given, seeds=0):
    """The Config of a row with so many seeds, and its folder, which other settings do not share."""
    config = dataclasses.replace(
        config, data_dir=given['data_dir'], seeds=seeds or given['seeds'] or jobs.SEEDS[config.task]
    )
    return dataclasses.replace(
        config, workdir=str(Path(given['workdir']).expanduser() / f'{row}-{workdir.key(config)}')
    )


def _train_all(todo, kept, rows):
    """Trains groups of Configs {id: Config}, the short ones first, and writes their files; rows {seeds: [Config]} are those that they may go on from."""
    from tqdm import tqdm

    costs = {name: jobs.cost(config) for name, config in todo.items()}
    groups = sorted(jobs.groups(todo), key=lambda names: sum(costs[name] for name in names))
    with tqdm(
        total=sum(costs.values()),
        unit='cost',
        desc='all rows',
        disable=not todo,
        smoothing=0,
        bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left',
    ) as bar:
        for names in groups:
            bar.set_description(f'all rows, now {", ".join(names)}')
            for name in names:
                _go_on(todo[name], rows[todo[name].seeds], bar.write)
            _train({name: todo[name] for name in names}, kept, bar.write)
            bar.update(sum(costs[name] for name in names))


def _go_on(config, rows, say):
    """Begins the run of a CNN that is not begun as a copy of the longest finished one of rows [Config] that is shorter and the same else: its epochs
    are the first ones of this run. Recurrent nets are faster trained together with others."""
    folder = Path(config.workdir)
    shorter = [
        Path(row.workdir)
        for row in sorted(rows, key=jobs.length)
        if jobs.is_shorter(row, config) and _is_whole(Path(row.workdir))
    ]
    if config.net() != 'cnn' or workdir.newest(folder) or workdir.results_of(folder) or not shorter:
        return
    draft = folder.with_name(f'{folder.name}.draft')
    for old in (draft, folder):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(shorter[-1] / 'checkpoints', draft / 'checkpoints')
    shutil.copy(shorter[-1] / 'metrics.jsonl', draft)
    workdir.write_json(draft / 'config.json', {'version': __version__, **config.identity()})
    draft.rename(folder)
    say(f'{folder} goes on from the run in {shorter[-1]}')


def _is_whole(folder):
    """Whether a run is finished, with its last checkpoint and records, all its epochs of one length."""
    found, file = workdir.results_of(folder), folder / 'metrics.jsonl'
    if not found or workdir.newest(folder) != found['epoch'] or not file.exists():
        return False
    ends = [
        record['step']
        for record in map(json.loads, file.read_text().splitlines())
        if record['kind'] == 'epoch'
    ]
    return ends == [ends[0] * epoch for epoch in range(1, found['epoch'] + 1)] and (
        len(ends) > 1 or not found['config']['steps']
    )


def _train(group, kept, say):
    """Trains Configs {id: Config} that differ in numbers alone; one that diverges leaves the others alone."""
    from experiments.training.epoch_metrics import Diverged
    from experiments.training.programs import mesh_of
    from experiments.training.run import describe_devices, population, versions

    try:
        trained = population([*group.values()], say=say)
    except Diverged as error:
        if len(group) > 1:
            for name, config in group.items():
                _train({name: config}, kept, say)
            return
        ((name, config),) = group.items()
        say(f'{name}: {error}')
        workdir.write_json(
            kept / f'{name}.json',
            results.of_failure(config, error, versions(), describe_devices(mesh_of(config))),
            indent=None,
        )
        return
    for name, (folder, _) in zip(group, trained):
        if name.startswith('proof-') and not (folder / 'proofs' / 'proofs.json').exists():
            importlib.import_module('experiments.prove').main(['prove', f'--workdir={folder}'])
        workdir.write_json(kept / f'{name}.json', results.of_run(folder), indent=None)
        say(f'{name}: {kept / name}.json')


def _draw(name, drawn, config, kept):
    """Runs the command of a row of pictures on the run of config, and keeps what it draws as small pictures; its file, with what it found, comes last."""
    _, module, what = drawn
    source = Path(config.workdir) / module
    if module != 'figures':
        shutil.rmtree(source, ignore_errors=True)
        importlib.import_module(f'experiments.{module}').main(
            [module, f'--workdir={config.workdir}', f'--data_dir={config.data_dir}', *what]
        )
    for old in kept.glob(f'{name}-*.jpg'):
        old.unlink()
    for file in (
        [source / f'{figure}.png' for figure in what]
        if module == 'figures'
        else sorted(source.glob('*.png'))
    ):
        _shrink(file, kept / f'{name}-{file.stem}.jpg')
    found = [workdir.results_of(file.parent, file.name) for file in source.glob('*.json')]
    workdir.write_json(
        kept / f'{name}.json',
        {'version': __version__, 'config': config.identity(), 'found': found},
        indent=None,
    )


def _shrink(file, to):
    from PIL import Image

    with Image.open(file) as image:
        image.convert('RGB').resize(
            (WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS
        ).save(to, quality=80)


if __name__ == '__main__':
    command(main, stopped='stopped; the same command goes on where it was')
