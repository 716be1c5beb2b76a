"""The folder of a run: who owns it, what it holds, and the log that writes there."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from experiments.core.config import Config
from jaxdl import UserError, __version__, parallel
from jaxdl.figures import base as plots

OURS = (
    'config.json',
    'metrics.jsonl',
    'results.json',
    'checkpoints',
    'tensorboard',
    'figures',
    'visualize',
    'transfer',
    'proofs',
    'predict',
)


def path_of(config: Config):
    """--workdir, or runs/<task>-<net><hidden>-<hash>: the same Config always finds its own folder."""
    if config.workdir:
        return Path(os.path.expanduser(config.workdir))
    return Path('runs') / f'{config.task}-{config.net()}{config.hidden}-{key(config)}'


def key(config: Config):
    """Eight characters that tell Configs apart."""
    return hashlib.sha256(json.dumps(config.identity(), sort_keys=True).encode()).hexdigest()[:8]


def check(config: Config, resume):
    """The folder of the run, made if absent; nothing in it is changed.

    Raises UserError if the path is a file, cannot be written, holds files of ours that are no run's, or, with resume,
    a run of another Config that has come to a checkpoint or to results.
    """
    folder = path_of(config)
    if folder.exists() and not folder.is_dir():
        raise UserError(f'--workdir={folder} is a file; name a folder')
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f'--workdir={folder} cannot be made ({error.strerror}); name another folder'
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f'--workdir={folder} is not writable; name another folder')
    found = config_of(folder)
    taken = [name for name in OURS if (folder / name).exists()]
    if found is None and taken:
        raise UserError(
            f'{folder} holds {", ".join(taken)}, but not of a run of this program; use another --workdir'
        )
    if found and resume and _holds_run(folder):
        if names := differences(config, found):
            raise UserError(
                f'{folder} holds another run; it differs in {", ".join(names)}. '
                'Use another --workdir, or --noresume to replace that run'
            )
    return folder


def differences(config, found, aside=('version',)):
    """['hidden (5 there, 3 here)', ...]: where settings found in a file are not those of config; one that is newer than the file was at its default."""
    mine, found = config.identity(), {**Config().identity(), **found}
    return [
        f'{name} ({found[name]} there, {mine.get(name)} here)'
        for name in found
        if name not in aside and mine.get(name) != found[name]
    ]


def config_of(folder):
    """The content of config.json, a dict, if a run wrote it, or None."""
    try:
        found = json.loads((folder / 'config.json').read_text())
    except (FileNotFoundError, ValueError):
        return None
    return (
        found if isinstance(found, dict) and {'version', 'task', 'seeds'} <= found.keys() else None
    )


def newest(folder):
    """The epoch of the newest checkpoint, 0 without any."""
    return max(
        (int(path.name) for path in (folder / 'checkpoints').glob('*') if path.name.isdigit()),
        default=0,
    )


def _holds_run(folder):
    """Whether a run came to a checkpoint or to results here; one that failed before leaves the folder free."""
    return (folder / 'results.json').exists() or newest(folder) > 0


def begin(folder, config: Config, resume):
    """Writes config.json; an earlier run's files go first, without resume or where it came to nothing."""
    if resume and _holds_run(folder):
        return
    for name in OURS[::-1]:  # config.json, which makes the folder ours, goes last
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(
            missing_ok=True
        )
    write_json(folder / 'config.json', {'version': __version__, **config.identity()})


def write_json(file, content, indent=1):
    """Writes JSON whole or not at all."""
    draft = file.with_suffix('.draft')
    draft.write_text(json.dumps(content, indent=indent) + '\n')
    os.replace(draft, file)


def results_of(folder, name='results.json'):
    """The results of a finished run; None if there are none that can be read."""
    try:
        return json.loads((folder / name).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _summary_writer():
    """tensorboardX.SummaryWriter, without torch, which it would import where there is one: two seconds for nothing we use."""
    absent = 'torch' not in sys.modules
    if absent:
        sys.modules['torch'] = None
    try:
        from tensorboardX import SummaryWriter
    finally:
        if absent:
            del sys.modules['torch']
    return SummaryWriter


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
        """Goes on after `epoch`: what was written of later ones is dropped, and the events are written anew.

        Raises UserError if the records do not reach that epoch.
        """
        file = self.folder / 'metrics.jsonl'
        try:
            lines = file.read_text().splitlines(keepends=True) if epoch else []
            kept = [
                record
                for record in map(json.loads, filter(lambda line: line.endswith('\n'), lines))
                if record['epoch'] <= epoch
            ]
            whole = [record['epoch'] for record in kept if record['kind'] == 'epoch'] == list(
                range(1, epoch + 1)
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            raise UserError(
                f'{file} does not hold the records up to epoch {epoch}; start afresh with --noresume'
            )
        parallel.wait('all have read the log')
        self.records = kept
        if not parallel.first():
            return
        file.write_text('')
        shutil.rmtree(self.folder / 'tensorboard', ignore_errors=True)
        self.events = _summary_writer()(str(self.folder / 'tensorboard'))
        self._write(kept)

    def write(self, records):
        """Adds records: {'kind', 'epoch', 'step', split: {score: {'mean', 'ci95'}}, ...}, for the kind 'epoch' with each seed's 'seeds',
        the split 'last_batch' and the 'seconds' of training, or for the kind 'statistics'
        {'kind', 'epoch', 'step', 'layers': {layer: {'mean', 'std', ..., 'range', 'histogram'}}}."""
        self.records += records
        if parallel.first():
            self._write(records)

    def _write(self, records):
        with open(self.folder / 'metrics.jsonl', 'a') as file:
            file.writelines(json.dumps(record) + '\n' for record in records)
        for record in records:
            if record['kind'] == 'statistics':
                self._histograms(record)
                continue
            for split, scores in record.items():
                for name, summary in scores.items() if isinstance(scores, dict) else ():
                    tag = f'{split}/{name}' + ('_by_step' if record['kind'] == 'steps' else '')
                    self.events.add_scalar(tag, summary['mean'], record['step'])
                    if summary['ci95'] is not None:
                        self.events.add_scalar(f'{tag}_ci95', summary['ci95'], record['step'])

    def _histograms(self, record):
        for layer, found in record['layers'].items():
            edges, counts = (
                np.linspace(*found['range'], len(found['histogram']) + 1),
                np.array(found['histogram']),
            )
            centres = (edges[1:] + edges[:-1]) / 2
            self.events.add_histogram_raw(
                f'layers/{layer}',
                *found['range'],
                int(counts.sum()),
                float(counts @ centres),
                float(counts @ centres**2),
                edges[1:].tolist(),
                counts.tolist(),
                record['step'],
            )

    def draw(self, figures):
        """Writes figures {name: Figure} as PNG files and as TensorBoard images."""
        if not parallel.first():
            return
        from tensorboardX.proto.summary_pb2 import Summary

        (self.folder / 'figures').mkdir(exist_ok=True)
        for name, figure in figures.items():
            png = plots.png(figure)
            (self.folder / 'figures' / f'{name}.png').write_bytes(png)
            image = Summary.Image(encoded_image_string=png, colorspace=4)
            self.events.file_writer.add_summary(
                Summary(value=[Summary.Value(tag=name, image=image)])
            )
