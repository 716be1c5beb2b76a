"""Reads handwriting with a net trained on MNIST: python -m experiments.predict --workdir=RUN.

--images=seven.jpg,two.png names photos or scans of one digit each. Without it, digits of other
writers are read, with and without MNIST's form. The command never trains.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from PIL import Image

from experiments.core import file_schema
from experiments.core.command import run_command
from experiments.core.flags import BACKEND_FLAGS, DATA_FLAG, HELP_FLAG, Flag, flag_values
from experiments.core.schemas.command_files import Predictions
from experiments.core.tasks import Task
from experiments.training import finished_run
from jaxdl import UserError, backend
from jaxdl.data import handwriting_photos, images
from jaxdl.durable_files import write_whole
from jaxdl.figures.base import to_png
from jaxdl.figures.grids import handwriting_predictions
from jaxdl.metrics import Summary, summarize
from jaxdl.train import Params

TASKS = ('mnist_rnn', 'mnist_cnn')
FLAGS = {
    'workdir': Flag('', 'folder of a run of mnist_rnn or mnist_cnn on mnist'),
    'images': Flag(
        '',
        'image files of one digit each, separated by commas; '
        "empty: scikit-learn's digits, which other people wrote",
    ),
    **DATA_FLAG,
    **BACKEND_FLAGS,
    **HELP_FLAG,
}
AS_MNIST = 'as MNIST'
ENLARGED_ONLY = 'enlarged only'
SHOWN = 40  # images in the figure
MNIST_SIDE = 28
LARGE_SIDE = 100  # of a digit before it is brought into MNIST's form


class Handwriting(NamedTuple):
    """n images of digits to read.

    Attributes:
        forms: {form: (n, 28, 28) uint8}, the images in one or more forms; AS_MNIST is among them.
        names: (n,), the files or the digits.
        digits: (n,) int, the true digits, or None if they are not known.
    """

    forms: dict[str, np.ndarray]
    names: Sequence[str]
    digits: np.ndarray | None


def main(argv: Sequence[str]) -> None:
    """Reads images by all seeds of a run, and shows what they are read as.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    if not flags['workdir']:
        raise UserError('--workdir=RUN is needed: the folder of a run of mnist_rnn or mnist_cnn')
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    folder = Path(flags['workdir']).expanduser()
    config = finished_run.read_config(folder)
    if config.dataset != 'mnist':
        raise UserError(f'{folder} holds a net for {config.dataset}; name a run on mnist')
    if flags['images']:
        handwriting_images = read_files(flags['images'].split(','))
    else:
        handwriting_images = digits_of_other_writers()

    # Of MNIST itself only the mean and the deviation are needed, and these for one form of pixels.
    needs_mnist = config.pixels == 'standardized'
    population = finished_run.load_population(
        folder, TASKS, flags['data_dir'], with_images=needs_mnist
    )
    params = population.params_at(population.epochs[-1])
    probabilities = {}
    for form, pixels in handwriting_images.forms.items():
        probabilities[form] = class_probabilities(population.task, params, pixels)
    accuracy = accuracies(probabilities, handwriting_images.digits)
    mean_probabilities = probabilities[AS_MNIST].mean(0)

    if handwriting_images.digits is None:
        for name, row in zip(handwriting_images.names, mean_probabilities, strict=True):
            print(f'{name}: {row.argmax()} ({row.max():.0%})')
    for form, summary in accuracy.items():
        print(
            f'{len(handwriting_images.names)} digits of other writers, {form}: '
            f'{summary.mean:.1%} right (mean of {len(summary.seeds)} seeds)'
        )
    write_predictions(folder / 'predict', handwriting_images, mean_probabilities, accuracy)


def read_files(files: Sequence[str]) -> Handwriting:
    """Photos or scans of one digit each, in MNIST's form.

    Raises:
        UserError: A file cannot be read, or is blank.
    """
    forms = []
    for file in files:
        photo = handwriting_photos.read(os.path.expanduser(file))
        forms.append(handwriting_photos.to_mnist(photo, file))
    return Handwriting({AS_MNIST: np.stack(forms)}, files, None)


def digits_of_other_writers() -> Handwriting:
    """scikit-learn's test digits, brought into MNIST's form, and merely enlarged."""
    digits = images.load('digits', '')
    as_mnist = []
    enlarged = []
    for pixels in digits.test_images:
        # A photo of a digit is large and has a margin.
        with_margin = np.pad(pixels, 1)
        as_mnist.append(handwriting_photos.to_mnist(_enlarge(with_margin, LARGE_SIDE)))
        enlarged.append(_enlarge(pixels, MNIST_SIDE))
    forms = {AS_MNIST: np.stack(as_mnist), ENLARGED_ONLY: np.stack(enlarged)}
    names = [str(digit) for digit in digits.test_labels]
    return Handwriting(forms, names, digits.test_labels)


def _enlarge(pixels, side):
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def class_probabilities(task: Task, params: Params, pixels: np.ndarray) -> np.ndarray:
    """The probabilities (S, n, 10) that S seeds give to the classes of images (n, 28, 28)."""
    input_shape = task.held_out['test'].inputs.shape[1:]
    inputs = task.prepare(pixels.reshape(len(pixels), *input_shape))

    def probabilities_of_seed(seed_params):
        logits, _ = task.model.apply(seed_params, inputs)
        return jax.nn.softmax(logits)

    return np.asarray(jax.vmap(probabilities_of_seed)(params))


def accuracies(
    probabilities: dict[str, np.ndarray], digits: np.ndarray | None
) -> dict[str, Summary]:
    """The accuracy of each form over seeds; nothing if the true digits are not known.

    Args:
        probabilities: {form: (S, n, 10)}.
        digits: (n,), the true digits, or None.
    """
    if digits is None:
        return {}
    accuracy = {}
    for form, form_probabilities in probabilities.items():
        right = form_probabilities.argmax(-1) == digits
        accuracy[form] = summarize(right.mean(-1), keep_seeds=True)
    return accuracy


def write_predictions(
    folder: Path,
    handwriting_images: Handwriting,
    probabilities: np.ndarray,
    accuracy: dict[str, Summary],
) -> None:
    """Writes predictions.png and predictions.json, and says so.

    Args:
        folder: Made if it is absent.
        handwriting_images: What was read.
        probabilities: (n, 10) of the images as MNIST, the mean over seeds.
        accuracy: By form.
    """
    folder.mkdir(exist_ok=True)
    predictions = Predictions(
        images=list(handwriting_images.names),
        read_as=probabilities.argmax(-1).tolist(),
        probability=probabilities.max(-1).round(4).tolist(),
        accuracy=accuracy,
    )
    file_schema.write_json(folder / 'predictions.json', predictions)

    names = []
    for name in handwriting_images.names[:SHOWN]:
        # A dollar sign would begin a formula in a figure.
        names.append(Path(name).name.replace('$', r'\$'))
    digits = handwriting_images.digits
    figure = handwriting_predictions(
        'In the form of MNIST, read by all seeds together',
        handwriting_images.forms[AS_MNIST][:SHOWN],
        names,
        probabilities[:SHOWN],
        digits=None if digits is None else digits[:SHOWN],
    )
    write_whole(folder / 'predictions.png', to_png(figure))
    print(f'wrote predictions.png and predictions.json in {folder}')


if __name__ == '__main__':
    run_command(main)
