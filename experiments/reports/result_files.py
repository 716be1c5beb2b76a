"""The files of experiments/results: what is kept of a row's run, small enough for the repository."""

import json
from pathlib import Path

from experiments.training import workdir
from jaxdl import __version__

FOLDER = Path(__file__).parents[1] / 'results'
POINTS = 25  # of a curve
FEW = 10  # seeds whose scores are kept for every epoch, not for the last one alone


def of_run(folder):
    """The content of a row's file, from the folder of its finished run."""
    found = workdir.results_of(folder)
    records = [json.loads(line) for line in (folder / 'metrics.jsonl').read_text().splitlines()]
    curve = {
        kind: [record for record in records if record['kind'] == kind]
        for kind in ('steps', 'epoch')
    }
    seconds = {
        'train': sum(record['seconds'] for record in curve['epoch']),
        **{name: value for name, value in found['seconds'].items() if name in ('compile', 'data')},
    }
    last = {
        name: found[name] for name in ('train', 'last_batch', 'validation', 'test') if name in found
    }
    few = found['config']['seeds'] <= FEW
    probed = [record for record in records if record['kind'] == 'statistics'][-1:]
    proofs = workdir.results_of(folder, 'proofs/proofs.json')
    kept = _short(
        {
            **{
                name: found[name]
                for name in ('version', 'versions', 'device', 'parameters', 'epoch', 'step')
            },
            'seconds': seconds,
            **last,
            'tested': found['tested'],
            'probed': [
                {
                    'step': record['step'],
                    'layers': {
                        name: {
                            key: row[key]
                            for key in ('mean', 'std', 'min', 'max', 'dead')
                            if key in row
                        }
                        for name, row in record['layers'].items()
                    },
                }
                for record in probed
            ],
            'curve': _thinned(curve['steps'], False) + _thinned(curve['epoch'], few),
            **({'proofs': proofs} if proofs else {}),
        }
    )
    return {**kept, 'config': found['config']}  # whole, to be compared with a Config


def of_failure(config, why, versions, device):
    """The content of the file of a run that came to no end."""
    return {
        'version': __version__,
        'versions': versions,
        'device': device,
        'config': config.identity(),
        'failed': str(why),
    }


def read(name, config, folder=FOLDER, say=print):
    """The content of a row's file if it is of this Config, with at least so many seeds, else None; why not is said."""
    file = folder / f'{name}.json'
    if not file.exists():
        return None
    found = workdir.results_of(folder, file.name)
    if not isinstance(found, dict) or not {'version', 'config'} <= found.keys():
        say(f'{file} cannot be read: ignored')
        return None
    if names := workdir.differences(config, found['config'], aside=('seeds',)):
        say(f'{file} is of other settings, {", ".join(names)}: ignored')
        return None
    if found['config']['seeds'] < config.seeds:
        say(f'{file} is of {found["config"]["seeds"]} seeds, fewer than {config.seeds}: ignored')
        return None
    return found


def _thinned(records, keep_seeds):
    """At most POINTS of the records, the last one among them."""
    stride = -(-len(records) // POINTS)
    return [
        record if keep_seeds else _without_seeds(record) for record in records[::-1][::stride][::-1]
    ]


def _without_seeds(tree):
    return (
        {key: _without_seeds(value) for key, value in tree.items() if key != 'seeds'}
        if isinstance(tree, dict)
        else tree
    )


def _short(tree):
    """Floats to five digits."""
    if isinstance(tree, dict):
        return {key: _short(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_short(value) for value in tree]
    return float(f'{tree:.5g}') if isinstance(tree, float) else tree
