"""Reads handwriting with a net trained on MNIST: python -m experiments.predict --workdir=RUN --images=seven.jpg,two.png. Never trains."""

import os
from pathlib import Path

import numpy as np

from experiments.core.command import CACHE_FLAG, command, settings, use_compilation_cache
from experiments.core.config import Config
from jaxdl import UserError

FLAGS = {
    'workdir': ('', 'folder of a run of mnist_rnn or mnist_cnn on mnist'),
    'images': (
        '',
        "image files of one digit each, separated by commas; empty: scikit-learn's digits, which other people wrote",
    ),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}
SHOWN = 40


def main(argv):
    given = settings(argv, FLAGS)
    if not given['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of mnist_rnn or mnist_cnn')
    from experiments.training import finished_run as trained, workdir
    from jaxdl.figures import grids as pictures, base as plots

    use_compilation_cache(given['compilation_cache'])
    folder = Path(given['workdir']).expanduser()
    if (dataset := trained.read_config(folder).dataset) != 'mnist':
        raise UserError(f'{folder} holds a net for {dataset}; name a run on mnist')
    forms, labels = _read(given['images']) if given['images'] else _strangers()
    _, task, epochs, params_at = trained.population(
        folder, ('mnist_rnn', 'mnist_cnn'), given['data_dir']
    )
    params = params_at(epochs[-1])
    found = {name: _probabilities(task, params, images) for name, images in forms.items()}
    out = folder / 'predict'
    out.mkdir(exist_ok=True)
    said, results = found['as MNIST'].mean(0), {}
    if given['images']:
        for file, row in zip(labels, said):
            print(f'{file}: {row.argmax()} ({row.max():.0%})')
    else:
        from jaxdl.metrics import spread

        results = {
            name: spread((rows.argmax(-1) == labels).mean(-1)) for name, rows in found.items()
        }
        for name, accuracy in results.items():
            print(
                f'{len(labels)} digits of other writers, {name}: {accuracy["mean"]:.1%} right (mean of {len(found[name])} seeds)'
            )
    names = [
        Path(file).name.replace('$', r'\$') if given['images'] else int(file)
        for file in labels[:SHOWN]
    ]
    figure = pictures.read_as(
        'In the form of MNIST, read by all seeds together',
        forms['as MNIST'][:SHOWN],
        names,
        said[:SHOWN],
    )
    (out / 'predictions.png').write_bytes(plots.png(figure))
    workdir.write_json(
        out / 'predictions.json',
        {
            'images': [str(name) for name in labels],
            'read as': said.argmax(-1).tolist(),
            'probability': said.max(-1).round(4).tolist(),
            'accuracy': results,
        },
    )
    print(f'wrote predictions.png and predictions.json in {out}')


def _read(text):
    from jaxdl.data import handwriting

    files = text.split(',')
    return {
        'as MNIST': np.stack(
            [
                handwriting.to_mnist(handwriting.read(os.path.expanduser(file)), file)
                for file in files
            ]
        )
    }, files


def _strangers():
    """scikit-learn's test digits, brought into MNIST's form and merely enlarged: ({form: (n, 28, 28)}, labels)."""
    from PIL import Image

    from jaxdl.data import handwriting, images

    digits = images.load('digits', '')
    large = np.stack(
        [
            np.asarray(
                Image.fromarray(np.pad(image, 1)).resize((100, 100), Image.Resampling.BICUBIC)
            )
            for image in digits.test_images
        ]
    )
    enlarged = np.stack(
        [
            np.asarray(Image.fromarray(image).resize((28, 28), Image.Resampling.BICUBIC))
            for image in digits.test_images
        ]
    )
    return {
        'as MNIST': np.stack([handwriting.to_mnist(image) for image in large]),
        'enlarged only': enlarged,
    }, digits.test_labels


def _probabilities(task, params, images):
    """(S, n, 10) of images (n, 28, 28)."""
    import jax

    shaped = images.reshape(len(images), *task.held_out['test'][0].shape[1:])
    return np.asarray(
        jax.vmap(lambda one: jax.nn.softmax(task.model.apply(one, task.prepare(shaped))[0]))(params)
    )


if __name__ == '__main__':
    command(main)
