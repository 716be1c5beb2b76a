"""Small trained CNNs, and commands that look into them, run inside the test's own process."""

from contextlib import contextmanager

import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from experiments.core.command import run_command
from experiments.main import main as train
from jaxdl.data import images
from jaxdl.data.sources import Images

GREY_RUN = (
    '--task=mnist_cnn',
    '--dataset=digits',
    '--hidden=8',
    '--epochs=3',
    '--train_size=320',
    '--seeds=2',
    '--statistics_every=0',
)
COLOUR_RUN = (
    '--task=cifar_cnn',
    '--colour',
    '--image_size=16',
    '--hidden=8',
    '--epochs=1',
    '--validation_size=20',
    '--statistics_every=0',
)


def exit_code(main, *flags):
    """Runs a command with these flags, and returns its exit code."""
    with pytest.raises(SystemExit) as stopped:
        run_command(main, ['command', *flags])
    return stopped.value.code or 0


def error_line(capsys, main, *flags):
    """The one line that a user's error gives, beside a progress bar."""
    capsys.readouterr()
    assert exit_code(main, *flags) == 2
    lines = []
    for line in capsys.readouterr().err.splitlines():
        if line and '0/1 [' not in line:
            lines.append(line)
    assert len(lines) == 1
    assert lines[0].startswith('error: ')
    return lines[0]


def train_run(folder, *flags):
    """Trains a run in a folder."""
    assert exit_code(train, *flags, f'--workdir={folder}') == 0


def photographs():
    """A data set as small as CIFAR-10 is large: 32 x 32 crops of scikit-learn's photographs.

    The class of a crop goes by its place.
    """
    crops = []
    for photograph in load_sample_images().images:
        for row in range(0, 80, 4):
            for column in range(0, 300, 60):
                crops.append(photograph[row : row + 320 : 10, column : column + 320 : 10])
    pixels = np.stack(crops)
    labels = np.tile(np.arange(10), len(crops) // 10).astype(np.uint8)
    return Images(
        train_images=pixels[:140],
        train_labels=labels[:140],
        test_images=pixels[140:],
        test_labels=labels[140:],
    )


@contextmanager
def small_cifar():
    """CIFAR-10 is `photographs` for a while."""
    load = images.load

    def load_small(name, *args):
        if name == 'cifar10':
            return photographs()
        return load(name, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, 'load', load_small)
        yield
