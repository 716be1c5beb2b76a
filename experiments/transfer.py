"""Do a CNN's features serve another data set? python -m experiments.transfer --workdir=RUN --dataset=mnist.

Retrains only the last layer of a run's net on so many images of each class of another data set, and trains the same net
from scratch on the same images (Zeiler & Fergus 2013, section 5.2 and figure 9, in small).
"""
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments import trained, workdir
from experiments.cli import command, help_text, parse
from experiments.config import CHOICES, Config
from jaxdl import UserError

FLAGS = {
    'workdir': ('', 'folder of a run of cifar_cnn or mnist_cnn, whose features are used'),
    'dataset': ('mnist', f'the other data set ({" | ".join(CHOICES["dataset"])})'),
    'per_class': ('1,3,10,30,100,300', 'numbers of training images of each class, separated by commas'),
    'steps': (500, 'training steps of each net'),
    'batch_size': (50, 'images a step, or all there are'),
    'learning_rate': (1e-3, "Adam's step size"),
    'seeds': (3, 'nets of each kind, each with its own choice of images'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    'help': (False, 'show this'),
}


def main(argv):
    given = {name: default for name, (default, _) in FLAGS.items()} | parse(argv, FLAGS)
    if given['help']:
        print(help_text(FLAGS))
        return
    sizes = _checked(given)
    folder = Path(given['workdir']).expanduser()
    if trained.read_config(folder).net() != 'cnn':
        raise UserError(f'{folder} has no CNN; name a run of mnist_cnn or cifar_cnn')
    net = trained.load(folder, given['data_dir'])
    _compare(net, given, sizes, folder / f'transfer-{given["dataset"]}')


def _checked(given):
    if not given['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of cifar_cnn or mnist_cnn')
    if given['dataset'] not in CHOICES['dataset']:
        raise UserError(f'--dataset={given["dataset"]} is unknown; choose one of {", ".join(CHOICES["dataset"])}')
    for name in ('steps', 'batch_size', 'learning_rate', 'seeds'):
        if not given[name] > 0:
            raise UserError(f'--{name}={given[name]} must be greater than 0')
    words = given['per_class'].split(',')
    if not all(word.isdigit() and int(word) for word in words):
        raise UserError(f'--per_class={given["per_class"]} must be whole numbers above 0, separated by commas')
    return sorted(map(int, words))


def _compare(net, given, sizes, folder):
    """Trains what transfer.json does not hold yet, and writes table and figure."""
    from tqdm import tqdm

    from jaxdl import plots
    from jaxdl.data import images
    from jaxdl.metrics import interval
    data = images.load(given['dataset'], given['data_dir'])
    train, test = (images.as_form(split, net.config.image_size, net.config.colour) for split in (data.train_images, data.test_images))
    kinds = _kinds(net, given)
    settings = {name: given[name] for name in ('steps', 'batch_size', 'learning_rate')} | {'epoch': net.epoch}
    folder.mkdir(exist_ok=True)
    known = workdir.results_of(folder) or {}
    done = known.get('accuracy', {}) if known.get('settings') == settings else {}
    jobs = [(kind, size, seed) for size in sizes for seed in range(given['seeds']) for kind in kinds]
    for kind, size, seed in tqdm([job for job in jobs if '/'.join(map(str, job)) not in done], unit='net'):
        chosen = images.choose(data.train_labels, size, seed)
        done[f'{kind}/{size}/{seed}'] = kinds[kind](train[chosen], data.train_labels[chosen].astype(np.int32),
                                                    test, data.test_labels.astype(np.int32), seed)
        workdir.write_json(folder / 'results.json', {'settings': settings, 'accuracy': done})
    table = {}
    for kind in kinds:
        per_seed = [[done[f'{kind}/{size}/{seed}'] for size in sizes] for seed in range(given['seeds'])]
        table[kind] = {'lengths': sizes, 'accuracy': interval(per_seed)}
    figure = plots.accuracy_by_length(f'{given["dataset"]} by a net trained on {net.config.dataset}, {given["seeds"]} seeds',
                                      'training images of each class', table)
    (folder / 'accuracy.png').write_bytes(plots.png(figure))
    for kind, row in table.items():
        print(f'{kind:28s} ' + '  '.join(f'{n}: {100 * mean:.2f} %' for n, mean in zip(sizes, row['accuracy']['mean'])))
    print(f'files in {folder}: results.json, accuracy.png')


def _kinds(net, given):
    """{kind: (train, labels, test, labels, seed) -> test accuracy}."""
    from jaxdl.models.cnn import Linear
    features = jax.jit(lambda pixels: net.model.apply(net.params, net.prepare(pixels))[1]['dense'])

    def of_features(pixels):
        return np.concatenate([features(pixels[i:i + 500]) for i in range(0, len(pixels), 500)])

    def last_layer(train, labels, test, test_labels, seed):
        return _train(Linear(10), lambda x: x, given, of_features(train), labels, of_features(test), test_labels, seed)

    def scratch(train, labels, test, test_labels, seed):
        return _train(net.model, net.prepare, given, train, labels, test, test_labels, seed)
    return {'last layer on its features': last_layer, 'the same net from scratch': scratch}


def _train(model, prepare, given, inputs, labels, test, test_labels, seed):
    """Accuracy on the test set of one seed of a model, trained by the library's own epoch."""
    from jaxdl import metrics
    from jaxdl.train import ORDER, address, in_order, init_state, make_epoch, make_evaluate, make_optimizer, make_step
    optimizer = make_optimizer('adam', given['learning_rate'])
    size = min(given['batch_size'], len(labels))

    def batches(data, key, index):
        def batch_at(i):
            per_epoch = -(-len(labels) // size)
            order = jax.random.permutation(address(key, ORDER, i // per_epoch), len(labels))
            batch = in_order((*data, None), order, size)(i % per_epoch)
            return batch._replace(inputs=prepare(batch.inputs))
        return batch_at
    keys = jax.random.key(seed)[None]
    states = jax.vmap(lambda key: init_state(model, optimizer, key, prepare(inputs[:1]), None))(keys)
    step = make_step(model, optimizer, metrics.classification)
    epoch = jax.jit(make_epoch(step, batches, given['steps'], vectorized=False))
    states, *_ = epoch(states, keys, (jnp.asarray(inputs), jnp.asarray(labels)), 0)
    scores, _ = make_evaluate(model, metrics.classification, prepare, seeds_at_once=1)(states.params, (test, test_labels, None))
    return float(scores['accuracy'].mean())


if __name__ == '__main__':
    command(main)
