"""Whether the features of a run's net serve another data set.

Two learners see the same few images of each class: one trains the last layer alone, on the features
of the run's net, the other trains the same net from scratch. This is section 5.2 and figure 9 of
Zeiler & Fergus (2013), in small.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from experiments.core import file_schema
from experiments.core.schemas.command_files import TransferResults
from experiments.core.schemas.final_tests import LengthTable
from experiments.training.finished_run import FinishedRun
from jaxdl import metrics
from jaxdl.data import images
from jaxdl.data.sources import Images
from jaxdl.models.cnn import Linear
from jaxdl.train import (
    ORDER,
    Examples,
    OptimizerSettings,
    Params,
    Population,
    address,
    batches_in_order,
    evaluate_in_batches,
    init_state,
    make_epoch,
    make_optimizer,
    make_score_batch,
    make_step,
)

CLASSES = 10
FEATURES_BATCH = 500  # images whose features are computed at once

Function = Callable[[Any], Any]


class TransferSettings(NamedTuple):
    """How the learners are trained.

    Attributes:
        sizes: Numbers of training images of each class, in rising order.
        steps: Training steps of each net.
        batch_size: Images in a step, or all that there are.
        learning_rate: Adam's step size.
        seeds: Nets of each learner and size, each with its own choice of images.
    """

    sizes: Sequence[int]
    steps: int
    batch_size: int
    learning_rate: float
    seeds: int


class Learner(NamedTuple):
    """A way to learn the other data set.

    Attributes:
        model: What is trained.
        encode: From pixels to what is kept on the device. Done once for all steps.
        prepare: From that to the model's inputs. Done inside each step.
    """

    model: Any
    encode: Function
    prepare: Function


class Job(NamedTuple):
    """One net to train: the learner, the number of images of each class, and the seed."""

    learner: str
    size: int
    seed: int

    def name(self) -> str:
        """What results.json calls the net."""
        return f'{self.learner}/{self.size}/{self.seed}'


def _unchanged(values):
    return values


def last_layer(run: FinishedRun) -> Learner:
    """Trains one layer on the features of the run's net, its dense layer (N, hidden)."""

    @jax.jit
    def features_of_batch(pixels):
        _, layers = run.model.apply(run.params, run.prepare(pixels))
        return layers['dense']

    def features(pixels):
        parts = []
        for first in range(0, len(pixels), FEATURES_BATCH):
            parts.append(features_of_batch(pixels[first : first + FEATURES_BATCH]))
        return np.concatenate(parts)

    return Learner(Linear(CLASSES), encode=features, prepare=_unchanged)


def from_scratch(run: FinishedRun) -> Learner:
    """Trains a new net of the run's kind."""
    return Learner(run.model, encode=_unchanged, prepare=run.prepare)


LEARNERS: dict[str, Callable[[FinishedRun], Learner]] = {
    'last layer on its features': last_layer,
    'the same net from scratch': from_scratch,
}


def compare_learners(
    run: FinishedRun,
    data: Images,
    settings: TransferSettings,
    folder: Path,
) -> dict[str, LengthTable]:
    """Trains what results.json does not hold yet, and adds it there net by net.

    Args:
        run: The run whose features are used.
        data: The other data set.
        settings: How the learners are trained.
        folder: Where results.json is, made if it is absent.

    Returns:
        {learner: LengthTable}, whose lengths are the numbers of images of each class.

    Raises:
        UserError: A class has too few images.
    """
    train_net = _make_train_net(run, data, settings)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'results.json'
    identity = _comparable_settings(run, settings)
    accuracy = known_accuracies(file, identity)
    for job in tqdm(_jobs_left(settings, accuracy), unit='net'):
        accuracy[job.name()] = train_net(job)
        # Written after every net, so that a command that was stopped goes on here.
        file_schema.write_json(file, TransferResults(identity, accuracy))
    return _tables(accuracy, settings)


def _make_train_net(run, data, settings):
    """A function from a Job to the accuracy of its net on the test set."""
    # All choices come first, so that a class with too few images is an error at once.
    choices = _choose_images(data.train_labels, settings)
    train_pixels, test_pixels = _in_form_of_run(run, data)
    train_labels = data.train_labels.astype(np.int32)
    test_labels = data.test_labels.astype(np.int32)

    @functools.cache
    def make_learner(name):
        return LEARNERS[name](run)

    # The features of a whole test set take a while: all nets of a learner share them.
    @functools.cache
    def test_examples(name):
        inputs = make_learner(name).encode(test_pixels)
        return Examples(inputs, test_labels, None)

    # Seeds share a compiled program, which depends on the number of images.
    @functools.cache
    def trainer(name, size):
        return make_trainer(make_learner(name), settings, CLASSES * size)

    def train_net(job):
        rows = choices[job.size, job.seed]
        inputs = make_learner(job.learner).encode(train_pixels[rows])
        examples = Examples(jnp.asarray(inputs), jnp.asarray(train_labels[rows]), None)
        train = trainer(job.learner, job.size)
        return train(examples, test_examples(job.learner), job.seed)

    return train_net


def _choose_images(labels, settings):
    """{(size, seed): the places of the training images}."""
    choices = {}
    for size in settings.sizes:
        for seed in range(settings.seeds):
            choices[size, seed] = images.balanced_subset(labels, size, seed)
    return choices


def _in_form_of_run(run, data):
    """The training and the test pixels, in the size and colours that the run's net takes."""
    config = run.config
    form = (config.image_size, config.colour, config.fit)
    train = images.to_size_and_colour(data.train_images, *form)
    test = images.to_size_and_colour(data.test_images, *form)
    return train, test


def _comparable_settings(run, settings):
    """What two results must have in common to be compared."""
    # Size and seed are in each net's name.
    return {
        'steps': settings.steps,
        'batch_size': settings.batch_size,
        'learning_rate': settings.learning_rate,
        'net': _digest(run.params),
    }


def _digest(params: Params) -> str:
    """SHA-256 of the parameters, so that results of another net are not taken for this one's."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        digest.update(np.ascontiguousarray(leaf))
    return digest.hexdigest()


def known_accuracies(file: Path, identity: dict[str, Any]) -> dict[str, float]:
    """The accuracies in a results.json, by net, if they are of the same settings; else none."""
    results = file_schema.read_json(file, TransferResults)
    if results is None or results.settings != identity:
        return {}
    return results.accuracy


def _jobs_left(settings, accuracy):
    """The nets whose accuracy is not known, those with few images first."""
    jobs = []
    for size in settings.sizes:
        for learner in LEARNERS:
            for seed in range(settings.seeds):
                job = Job(learner, size, seed)
                if job.name() not in accuracy:
                    jobs.append(job)
    return jobs


def _tables(accuracy, settings):
    tables = {}
    for learner in LEARNERS:
        rows = []
        for seed in range(settings.seeds):
            rows.append([accuracy[Job(learner, size, seed).name()] for size in settings.sizes])
        tables[learner] = LengthTable(list(settings.sizes), accuracy=metrics.summarize_each(rows))
    return tables


def make_trainer(
    learner: Learner,
    settings: TransferSettings,
    count: int,
) -> Callable[[Examples, Examples, int], float]:
    """Makes the training of one net, compiled for all seeds.

    Args:
        learner: What is trained.
        settings: How.
        count: The number of training examples.

    Returns:
        train(examples, test, seed) -> the accuracy on the test examples. The inputs of both are
        encoded, those of `examples` as JAX arrays.
    """
    model, _, prepare = learner
    optimizer = make_optimizer(OptimizerSettings('adam', settings.learning_rate))
    batch_size = min(settings.batch_size, count)
    batches_per_pass = -(-count // batch_size)

    def batches(examples, key, epoch):
        # All steps are one epoch. Its passes over the images differ in their order.
        def batch_at(i):
            order_key = address(key, ORDER, i // batches_per_pass)
            order = jax.random.permutation(order_key, count)
            batch = batches_in_order(examples, order, batch_size)(i % batches_per_pass)
            return batch._replace(inputs=prepare(batch.inputs))

        return batch_at

    # The population of one seed: the axis of seeds is kept, but not vmapped.
    step = make_step(model, optimizer, metrics.classification)
    train_epoch = jax.jit(make_epoch(step, batches, settings.steps, seeds_at_once=1))
    score_batch = jax.jit(make_score_batch(model, metrics.classification, prepare, seeds_at_once=1))

    def train(examples, test, seed):
        keys = jax.random.key(seed)[None]
        first_input = prepare(examples.inputs[:1])

        def init(key):
            return init_state(model, optimizer, key, first_input, None)

        states = jax.vmap(init)(keys)
        result = train_epoch(states, Population(keys, {}), examples, 0)
        evaluation = evaluate_in_batches(score_batch, result.states.params, test)
        return float(evaluation.scores['accuracy'].mean())

    return train
