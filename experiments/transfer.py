"""Do a CNN's features serve another data set? python -m experiments.transfer --workdir=RUN --dataset=mnist.

Retrains only the last layer of a run's net on so many images of each class of another data set, and trains the same net
from scratch on the same images (Zeiler & Fergus 2013, section 5.2 and figure 9, in small).
"""

import functools
import hashlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.training import finished_run as trained, workdir
from experiments.core.command import CACHE_FLAG, command, settings, use_compilation_cache
from experiments.core.config import CHOICES, Config
from jaxdl import UserError

FLAGS = {
    'workdir': ('', 'folder of a run of cifar_cnn or mnist_cnn, whose features are used'),
    'dataset': ('mnist', f'the other data set ({" | ".join(CHOICES["dataset"])})'),
    'per_class': (
        '1,3,10,30,100,300',
        'numbers of training images of each class, separated by commas',
    ),
    'steps': (500, 'training steps of each net'),
    'batch_size': (50, 'images a step, or all there are'),
    'learning_rate': (1e-3, "Adam's step size"),
    'seeds': (3, 'nets of each kind, each with its own choice of images'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}


def main(argv):
    given = settings(argv, FLAGS)
    sizes = _checked(given)
    use_compilation_cache(given['compilation_cache'])
    folder = Path(given['workdir']).expanduser()
    _compare(
        trained.load(folder, trained.CNNS, given['data_dir']),
        given,
        sizes,
        folder / 'transfer' / given['dataset'],
    )


def _checked(given):
    if not given['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of cifar_cnn or mnist_cnn')
    if given['dataset'] not in CHOICES['dataset']:
        raise UserError(
            f'--dataset={given["dataset"]} is unknown; choose one of {", ".join(CHOICES["dataset"])}'
        )
    for name in ('steps', 'batch_size', 'learning_rate', 'seeds'):
        if not given[name] > 0:
            raise UserError(f'--{name}={given[name]} must be greater than 0')
    words = given['per_class'].split(',')
    if not all(word.isdecimal() and int(word) for word in words):
        raise UserError(
            f'--per_class={given["per_class"]} must be whole numbers above 0, separated by commas'
        )
    return sorted(set(map(int, words)))


def _compare(net, given, sizes, folder):
    """Trains what results.json does not hold yet, and writes table and figure."""
    from tqdm import tqdm

    from jaxdl.figures import base as plots
    from jaxdl.data import images
    from jaxdl.metrics import interval

    data = images.load(given['dataset'], given['data_dir'])
    chosen = {
        (size, seed): images.balanced_subset(data.train_labels, size, seed)
        for size in sizes
        for seed in range(given['seeds'])
    }
    train, test = (
        images.to_size_and_colour(split, net.config.image_size, net.config.colour)
        for split in (data.train_images, data.test_images)
    )
    labels, test_labels = (
        split.astype(np.int32) for split in (data.train_labels, data.test_labels)
    )
    settings = {name: given[name] for name in ('steps', 'batch_size', 'learning_rate')} | {
        'net': _digest(net.params)
    }
    folder.mkdir(parents=True, exist_ok=True)
    known = workdir.results_of(folder) or {}
    done = known.get('accuracy', {}) if known.get('settings') == settings else {}
    jobs = [
        (kind, size, seed)
        for size in sizes
        for kind in KINDS
        for seed in range(given['seeds'])
        if f'{kind}/{size}/{seed}' not in done
    ]
    inputs_of = {kind: of(net) for kind, of in KINDS.items()}
    tests = {kind: inputs_of[kind](test) for kind in {job[0] for job in jobs}}
    trainer = functools.cache(lambda kind, size: _trainer(net, kind, given, 10 * size))
    for kind, size, seed in tqdm(jobs, unit='net'):
        rows = chosen[size, seed]
        done[f'{kind}/{size}/{seed}'] = trainer(kind, size)(
            inputs_of[kind](train[rows]), labels[rows], tests[kind], test_labels, seed
        )
        workdir.write_json(folder / 'results.json', {'settings': settings, 'accuracy': done})
    table = {
        kind: {
            'lengths': sizes,
            'accuracy': interval(
                [
                    [done[f'{kind}/{size}/{seed}'] for size in sizes]
                    for seed in range(given['seeds'])
                ]
            ),
        }
        for kind in KINDS
    }
    figure = plots.accuracy_by_length(
        f'{given["dataset"]} by a net trained on {net.config.dataset}, {given["seeds"]} seeds',
        'training images of each class',
        table,
    )
    (folder / 'accuracy.png').write_bytes(plots.png(figure))
    for kind, row in table.items():
        print(
            f'{kind:28s} '
            + '  '.join(
                f'{n}: {100 * mean:.2f} %' for n, mean in zip(sizes, row['accuracy']['mean'])
            )
        )
    print(f'files in {folder}: results.json, accuracy.png')


def _digest(params):
    """SHA-256 of the parameters, so that results of another net are not taken for this one's."""
    total = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        total.update(np.ascontiguousarray(leaf))
    return total.hexdigest()


def _features(net):
    """pixels -> the values of the dense layer (N, hidden)."""
    features = jax.jit(lambda pixels: net.model.apply(net.params, net.prepare(pixels))[1]['dense'])
    return lambda pixels: np.concatenate(
        [features(pixels[i : i + 500]) for i in range(0, len(pixels), 500)]
    )


KINDS = {
    'last layer on its features': _features,
    'the same net from scratch': lambda net: lambda pixels: pixels,
}


def _trainer(net, kind, given, count):
    """(inputs, labels, test inputs, test labels, seed) -> accuracy, of nets that train on `count` examples."""
    from jaxdl import metrics
    from jaxdl.models.cnn import Linear
    from jaxdl.train import (
        ORDER,
        Members,
        address,
        in_order,
        init_state,
        make_epoch,
        make_evaluate,
        make_optimizer,
        make_step,
    )

    scratch = KINDS[kind] is not _features
    model, prepare = (
        (net.model, net.prepare) if scratch else (Linear(10), lambda features: features)
    )
    optimizer = make_optimizer('adam', given['learning_rate'])
    size = min(given['batch_size'], count)
    per_epoch = -(-count // size)

    def batches(data, key, index):
        def batch_at(i):
            order = jax.random.permutation(address(key, ORDER, i // per_epoch), count)
            batch = in_order((*data, None), order, size)(i % per_epoch)
            return batch._replace(inputs=prepare(batch.inputs))

        return batch_at

    epoch = jax.jit(
        make_epoch(
            make_step(model, optimizer, metrics.classification),
            batches,
            given['steps'],
            seeds_at_once=1,
        )
    )
    evaluate = make_evaluate(model, metrics.classification, prepare, seeds_at_once=1)

    def train(inputs, labels, test, test_labels, seed):
        keys = jax.random.key(seed)[None]
        states = jax.vmap(lambda key: init_state(model, optimizer, key, prepare(inputs[:1]), None))(
            keys
        )
        states, *_ = epoch(states, Members(keys, {}), (jnp.asarray(inputs), jnp.asarray(labels)), 0)
        return float(evaluate(states.params, (test, test_labels, None))[0]['accuracy'].mean())

    return train


if __name__ == '__main__':
    command(main, stopped='stopped; the same command goes on with the nets that are left')
