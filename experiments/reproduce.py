"""Runs what is missing of the reports' experiments: python -m experiments.reproduce --rows='E-*,D-add-*'."""
import dataclasses
import importlib
import shutil
from pathlib import Path

from experiments import jobs, results, workdir
from experiments.cli import CACHE_FLAG, command, settings, use_compilation_cache, use_loop_kernels
from experiments.config import Config
from jaxdl import UserError

FLAGS = {
    'rows': ('*', "ids, with * for any text, separated by commas: of experiments/reported_results.csv, hidden-*, rate-*, batch-*, proof-*"),
    'seeds': (0, 'of each row; 0: 100 of sequence tasks, 3 of images'),
    'workdir': ('runs/reproduce', 'folder of the runs, by id and seeds'),
    'results': (str(results.FOLDER), 'folder of what is kept of them, a file a row'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}
WIDTH = 1100  # of a picture, in pixels
SAMPLES = ('E-lstm128', 'B-cifar-relu-adam')  # rows of which the picture of test images, one of each class and some at random, is kept


def main(argv):
    given = settings(argv, FLAGS)
    if given['seeds'] < 0:
        raise UserError(f'--seeds={given["seeds"]} must not be negative')
    asked, kept, drawn = jobs.select(given['rows']), Path(given['results']).expanduser(), jobs.pictures()
    kept.mkdir(parents=True, exist_ok=True)
    known, configs = jobs.jobs(), {}
    for name in asked:
        row = jobs.home(drawn[name][0] if name in drawn else name, known)
        config = dataclasses.replace(known[row], data_dir=given['data_dir'], seeds=given['seeds'] or jobs.SEEDS[known[row].task])
        configs[row] = dataclasses.replace(config, workdir=str(Path(given['workdir']) / f'{row}-{config.seeds}seeds'))
    todo = {name: config for name, config in configs.items() if not results.read(name, config, kept)}
    pictures = [name for name in asked if name in drawn and not [*kept.glob(f'{name}-*.jpg')]]
    print(f'{len(asked)} rows, {len(configs)} different trainings: {len(configs) - len(todo)} are done, {len(todo)} to do; {len(pictures)} rows of pictures to do')
    use_loop_kernels()
    from jaxdl import parallel
    use_compilation_cache(given['compilation_cache'])
    parallel.start(None, False)
    _train_all(todo, kept)
    for name in pictures:
        row = jobs.home(drawn[name][0], known)
        _draw(name, drawn[name], Path(configs[row].workdir), kept, given)


def _train_all(todo, kept):
    """Trains groups of Configs {id: Config}, the short ones first, and writes their files."""
    from tqdm import tqdm
    costs = {name: jobs.cost(config) for name, config in todo.items()}
    groups = sorted(jobs.groups(todo), key=lambda names: sum(costs[name] for name in names))
    with tqdm(total=sum(costs.values()), unit='cost', desc='all rows', disable=not todo,
              bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left') as bar:
        for names in groups:
            bar.set_description(f'all rows, now {", ".join(names)}')
            _train({name: todo[name] for name in names}, kept, bar.write)
            bar.update(sum(costs[name] for name in names))


def _train(group, kept, say):
    """Trains Configs {id: Config} that differ in numbers alone; one that diverges leaves the others alone."""
    from experiments.records import Diverged
    from experiments.run import population
    try:
        trained = population([*group.values()], say=say)
    except Diverged as error:
        if len(group) > 1:
            for name, config in group.items():
                _train({name: config}, kept, say)
            return
        (name, config), = group.items()
        say(f'{name}: {error}')
        workdir.write_json(kept / f'{name}.json', results.of_failure(config, error), indent=None)
        return
    for name, (folder, _) in zip(group, trained):
        if name.startswith('proof-') and not (folder / 'proofs' / 'proofs.json').exists():
            importlib.import_module('experiments.prove').main(['prove', f'--workdir={folder}'])
        workdir.write_json(kept / f'{name}.json', results.of_run(folder), indent=None)
        if name in SAMPLES:
            _shrink(folder / 'figures' / 'samples.png', kept / f'{name}-samples.jpg')
        say(f'{name}: {kept / name}.json')


def _draw(name, drawn, folder, kept, given):
    """Runs the command of a row of pictures on the run in folder, and keeps what it draws as small pictures, and its JSON."""
    _, module, flags = drawn
    if not folder.is_dir():  # trained over more seeds
        folder = max(folder.parent.glob(f'{folder.name.rpartition("-")[0]}-*seeds'), default=folder)
    shutil.rmtree(folder / module, ignore_errors=True)
    importlib.import_module(f'experiments.{module}').main([module, f'--workdir={folder}', f'--data_dir={given["data_dir"]}', *flags])
    for file in sorted((folder / module).glob('*.png')):
        _shrink(file, kept / f'{name}-{file.stem}.jpg')
    for file in (folder / module).glob('*.json'):
        shutil.copy(file, kept / f'{name}.json')


def _shrink(file, to):
    from PIL import Image
    with Image.open(file) as image:
        image.convert('RGB').resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS).save(to, quality=80)


if __name__ == '__main__':
    command(main, stopped='stopped; the same command goes on where it was')
