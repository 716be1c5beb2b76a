"""The folder of a run: who owns it, what it holds, and the log that writes there."""
import hashlib
import json
import os
import shutil
from pathlib import Path

from experiments.config import Config
from jaxdl import UserError, __version__, plots

OURS = ('config.json', 'metrics.jsonl', 'results.json', 'checkpoints', 'tensorboard', 'figures')


def path_of(config: Config):
    """--workdir, or runs/<task>-<cell><hidden>-<hash>: the same Config always finds its own folder."""
    if config.workdir:
        return Path(config.workdir).expanduser()
    key = hashlib.sha256(json.dumps(config.identity(), sort_keys=True).encode()).hexdigest()[:8]
    return Path('runs') / f'{config.task}-{config.cell}{config.hidden}-{key}'


def claim(config: Config, resume):
    """The folder, made if absent, with config.json in it. Without resume an earlier run's files are removed first.

    Raises UserError if the path is a file, cannot be written, or holds a run of another Config.
    """
    folder = path_of(config)
    if folder.exists() and not folder.is_dir():
        raise UserError(f'--workdir={folder} is a file; name a folder')
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'--workdir={folder} cannot be made ({error.strerror}); name another folder') from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f'--workdir={folder} is not writable; name another folder')
    file = folder / 'config.json'
    if file.exists() and not resume:
        for name in OURS:
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(missing_ok=True)
    elif file.exists():
        _same_run(file, config)
    write_json(file, {'version': __version__, **config.identity()})
    return folder


def _same_run(file, config):
    try:
        found = json.loads(file.read_text())
    except ValueError:
        raise UserError(f'{file} cannot be read; use another --workdir, or --noresume to replace that run') from None
    mine = config.identity()
    names = [name for name in {**mine, **found} if name != 'version' and mine.get(name) != found.get(name)]
    if names:
        differences = ', '.join(f'{name} ({found.get(name)} there, {mine.get(name)} here)' for name in names)
        raise UserError(f'{file.parent} holds another run; it differs in {differences}. '
                        'Use another --workdir, or --noresume to replace that run')


def write_json(file, content):
    """Writes JSON whole or not at all."""
    draft = file.with_suffix('.draft')
    draft.write_text(json.dumps(content, indent=1) + '\n')
    os.replace(draft, file)


def results_of(folder):
    """The results of a finished run; None if there are none that can be read."""
    try:
        return json.loads((folder / 'results.json').read_text())
    except (FileNotFoundError, ValueError):
        return None


class Log:
    """metrics.jsonl and the TensorBoard events of a run; a context, at whose end the events are closed."""

    def __init__(self, folder):
        self.folder, self.records, self.events = folder, [], None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.events:
            self.events.close()

    def start(self, epoch):
        """Goes on after `epoch`: what was written of later ones is dropped."""
        from tensorboardX import SummaryWriter
        file = self.folder / 'metrics.jsonl'
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        kept = [line for line in lines if line.endswith('\n') and json.loads(line)['epoch'] <= epoch]
        file.write_text(''.join(kept))
        self.records = [json.loads(line) for line in kept]
        done = self.records[-1]['step'] if self.records else 0
        self.events = SummaryWriter(str(self.folder / 'tensorboard'), purge_step=done + 1 if done else None)

    def write(self, record):
        """Adds a record: {'kind', 'epoch', 'step', split: {score: {'mean', 'ci95'}}, ...}."""
        self.records.append(record)
        with open(self.folder / 'metrics.jsonl', 'a') as file:
            file.write(json.dumps(record) + '\n')
        for split, scores in record.items():
            if isinstance(scores, dict):
                for name, summary in scores.items():
                    tag = f'{split}/{name}' + ('_by_step' if record['kind'] == 'steps' else '')
                    self.events.add_scalar(tag, summary['mean'], record['step'])

    def draw(self, figures):
        """Writes figures {name: Figure} as PNG files and as TensorBoard images."""
        from tensorboardX.proto.summary_pb2 import Summary
        (self.folder / 'figures').mkdir(exist_ok=True)
        for name, figure in figures.items():
            png = plots.png(figure)
            (self.folder / 'figures' / f'{name}.png').write_bytes(png)
            image = Summary.Image(encoded_image_string=png, colorspace=4)
            self.events.file_writer.add_summary(Summary(value=[Summary.Value(tag=name, image=image)]))
