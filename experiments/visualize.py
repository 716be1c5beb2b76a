"""Looks inside a trained CNN: python -m experiments.visualize --workdir=RUN --what=filters,top9. Never trains."""

import importlib
import os
from pathlib import Path

import numpy as np

from experiments.core.command import CACHE_FLAG, command, settings, use_compilation_cache
from experiments.core.config import Config
from jaxdl import UserError

WHAT = {
    'filters': 'passes',
    'activations': 'passes',
    'deconvnet': 'passes',
    'top9': 'passes',
    'maximize': 'passes',
    'occlusion': 'perturbations',
    'evolution': 'passes',
    'invariance': 'perturbations',
    'correspondence': 'perturbations',
}
FLAGS = {
    'workdir': ('', 'folder of a run of mnist_cnn or cifar_cnn'),
    'what': (','.join(WHAT), 'passes, separated by commas'),
    'images': (
        '',
        'numbers of test images, or image files of the right size, separated by commas; empty: the first of each class',
    ),
    'unit': (
        '',
        'units for maximize, maps and units for deconvnet, separated by commas: conv1:3, conv2:60, dense:7, head:2 or head:cat',
    ),
    'rule': (
        'deconvnet',
        'how signals pass back through rectifiers (deconvnet | guided | gradient)',
    ),
    'parametrization': ('fourier', 'of the images of maximize (fourier | pixel | sphere)'),
    'maps': (False, 'maximize: the mean of the whole map, not its middle unit'),
    'shared_scale': (False, 'filters: one scale for all, not each its own'),
    'window': (0, 'occlusion: side of the covering square in pixels; 0: a quarter of the image'),
    'fill': (0.5, 'occlusion, correspondence: value of the square, 0 (black) to 1 (white)'),
    'seed': (-1, "which of the run's seeds; -1: the first"),
    'epoch': (-1, 'which checkpoint, 0 for the untrained net; -1: the newest'),
    'data_dir': (Config.data_dir, 'folder of the image data'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}


def main(argv):
    given = settings(argv, FLAGS)
    what = _checked(given)
    from experiments.training import finished_run as trained

    use_compilation_cache(given['compilation_cache'])
    net = trained.load(
        given['workdir'],
        trained.CNNS,
        given['data_dir'],
        *(None if given[name] == -1 else given[name] for name in ('seed', 'epoch')),
    )
    asked = _asked(given, net)
    folder = Path(given['workdir']).expanduser() / 'visualize'
    folder.mkdir(exist_ok=True)
    _look(net, asked, what, folder)


def _checked(given):
    """The passes asked for. Raises UserError for a flag that cannot be."""
    if not given['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of mnist_cnn or cifar_cnn')
    from jaxdl.models.activations import RULES
    from jaxdl.visualize.maximize import PARAMETRIZATIONS

    for name, choices in (('rule', RULES), ('parametrization', PARAMETRIZATIONS)):
        if given[name] not in choices:
            raise UserError(
                f'--{name}={given[name]} is unknown; choose one of {", ".join(choices)}'
            )
    what = given['what'].split(',')
    for name in what:
        if name not in WHAT:
            raise UserError(f'--what={name} is unknown; choose of {", ".join(WHAT)}')
    if not 0 <= given['fill'] <= 1:
        raise UserError(f'--fill={given["fill"]} must be from 0 (black) to 1 (white)')
    return what


def _asked(given, net):
    from experiments.views.passes import Asked
    from jaxdl.data.images import CLASSES

    classes = list(CLASSES.get(net.config.dataset, map(str, range(10))))
    pixels, labels, names = _images(given['images'], net, classes)
    side = pixels.shape[1]
    window = given['window'] or side // 4
    if not 0 < window <= side:
        raise UserError(f'--window={window} must be from 1 to {side}, the side of the images')
    return Asked(
        pixels,
        labels,
        names,
        classes,
        _units(given['unit'], net, classes),
        given['rule'],
        given['parametrization'],
        given['maps'],
        given['shared_scale'],
        window,
        given['fill'],
    )


def _images(text, net, classes):
    """(pixels, labels, names) of the images asked for."""
    if not text:
        text = ','.join(
            str(np.flatnonzero(net.labels == label)[0]) for label in np.unique(net.labels)
        )
    pixels, labels, names = [], [], []
    for word in text.split(','):
        if word.isdecimal():
            if int(word) >= len(net.inputs):
                raise UserError(
                    f'--images={word}: the test set has {len(net.inputs):,} images, numbered from 0'
                )
            pixels.append(np.asarray(net.inputs[int(word)]))
            labels.append(int(net.labels[int(word)]))
            names.append(f'{classes[labels[-1]]}, no. {word}')
        else:
            pixels.append(_read(word, net.inputs.shape[1:]))
            labels.append(
                int(net.model.apply(net.params, net.prepare(pixels[-1][None]))[0].argmax())
            )
            names.append(f'{Path(word).name}:\n{classes[labels[-1]]}?'.replace('$', r'\$'))
    return np.stack(pixels), np.array(labels), names


def _read(file, shape):
    """An image file as uint8 of `shape` (H, W, C)."""
    from PIL import Image

    try:
        with Image.open(os.path.expanduser(file)) as image:
            found = np.asarray(image.convert('RGB' if shape[-1] == 3 else 'L')).reshape(
                image.height, image.width, shape[-1]
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise UserError(
            f'--images={file} is neither the number of a test image nor an image file that can be read'
        ) from None
    if found.shape != shape:
        raise UserError(
            f'--images={file} has {found.shape[1]} x {found.shape[0]} pixels; this net takes {shape[1]} x {shape[0]}'
        )
    return found


def _units(text, net, classes):
    """{layer: [numbers]} of 'conv2:5,head:cat'."""
    sizes = {
        layer: len(net.params['params'][f'{layer}_bias'])
        for layer in ('conv1', 'conv2', 'dense', 'head')
    }
    units = {}
    for word in filter(None, text.split(',')):
        layer, _, number = word.partition(':')
        if layer == 'head' and number in classes:
            number = str(classes.index(number))
        if layer not in sizes or not number.isdecimal() or int(number) >= sizes[layer]:
            raise UserError(
                f'--unit={word} is unknown; units are '
                + ', '.join(f'{layer}:0..{size - 1}' for layer, size in sizes.items())
            )
        units.setdefault(layer, []).append(int(number))
    return units


def _look(net, asked, what, folder):
    """Runs the passes and says what each wrote."""
    from tqdm import tqdm

    from jaxdl.figures import base as plots

    with tqdm(what, unit='pass') as bar:
        for name in bar:
            bar.set_description(name)
            show = getattr(
                importlib.import_module(f'experiments.views.{WHAT[name]}'), f'show_{name}'
            )
            arrays, figures, text = show(net, asked)
            np.savez_compressed(folder / f'{name}.npz', **arrays)
            for figure, drawn in figures.items():
                (folder / f'{name}-{figure}.png').write_bytes(plots.png(drawn))
            files = ', '.join([f'{name}.npz', *(f'{name}-{figure}.png' for figure in figures)])
            bar.write(f'{name}: {text + "; " if text else ""}wrote {files} in {folder}')


if __name__ == '__main__':
    command(main, stopped='stopped; what was written is whole')
