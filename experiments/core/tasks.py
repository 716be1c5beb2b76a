"""What a task is made of: model, scores, batches, held-out examples and the final test."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.core import automaton_test, final_test
from experiments.core.automata import automaton_of, sampling_tables
from experiments.core.config import Config
from experiments.core.final_test import FinalTestResult
from jaxdl import UserError, metrics
from jaxdl.data import images, sequences
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.train import (
    DATA,
    ORDER,
    VALIDATION,
    Batch,
    Evaluation,
    Examples,
    Params,
    address,
    batches_in_order,
)

Notify = Callable[[str], None]  # takes a line of text for the user
Evaluate = Callable[[Params, Examples], Evaluation]


def say_nothing(line: str) -> None:
    """Takes a line of text for the user where nobody is to read it."""


class Task(NamedTuple):
    """What a task is made of.

    Attributes:
        model: A flax module whose apply returns (logits, intermediates).
        scores: (logits, targets, lengths) -> {'loss': (N,), ...}.
        batches: batches(data, key, epoch) opens an epoch and returns i -> Batch i.
        data: The training Examples, shared by all seeds; () where batches are sampled.
        steps_per_epoch: The number of batches.
        held_out: {'validation': Examples, ...}, scored after every epoch.
        prepare: From raw inputs to inputs of the model.
        final_test: (evaluate, params) -> FinalTestResult, after the training.
        vectorized: Whether seeds are vmapped; else they are done one after the other.
    """

    model: Any
    scores: Callable[..., dict[str, jax.Array]]
    batches: Callable[[Any, jax.Array, jax.Array], Callable[[jax.Array], Batch]]
    data: Any
    steps_per_epoch: int
    held_out: dict[str, Examples]
    prepare: Callable[[jax.Array], jax.Array]
    final_test: Callable[[Evaluate, Params], FinalTestResult]
    vectorized: bool = True


def make_task(config: Config, notify: Notify, with_images: bool = True) -> Task:
    """The Task of a Config, with its data.

    Args:
        config: The run's settings.
        notify: Takes a line of text for the user.
        with_images: Whether an image data set is loaded; else black images take its place, which
            serves where only the model and the shapes count.

    Raises:
        UserError: The data cannot be had, or the sizes asked for are not in it.
    """
    return TASKS[config.task](config, notify, with_images)


def _binary_add(config, notify, with_images):
    def sample(key, n):
        # Two keys, so that lengths and bits are independent.
        length_key, bits_key = address(key, 0), address(key, 1)
        lengths = sequences.uniform_lengths(length_key, n, config.min_length, config.max_length)
        return Examples(*sequences.binary_add(bits_key, lengths, config.max_length))

    if config.bidirectional:
        notify(
            'note: a bidirectional net sees later bits before it answers, so this is no causal '
            'adder'
        )
    model = _recurrent_net(config, outputs=1, every_step=True)
    return _sequence_task(config, model, metrics.bit_sequence, sample, final_test.adder)


def _recall(config, notify, with_images):
    def sample(key, n):
        length_key, digit_key = address(key, 0), address(key, 1)
        lengths = sequences.uniform_lengths(length_key, n, config.min_length, config.max_length)
        return Examples(*sequences.recall(digit_key, lengths, config.max_length, config.k))

    model = _recurrent_net(config, outputs=10)
    return _sequence_task(config, model, metrics.classification, sample, final_test.recall)


def _automaton(config, notify, with_images):
    automaton = automaton_of(config)
    tables = sampling_tables(automaton)

    def sample(key, n):
        length_key, word_key = address(key, 0), address(key, 1)
        lengths = sequences.uniform_lengths(length_key, n, config.min_length, config.max_length)
        words = sequences.automaton_words(word_key, lengths, config.max_length, tables)
        return Examples(*words)

    if config.bidirectional:
        notify('note: a bidirectional net sees later symbols before it answers: it is no automaton')
    model = _recurrent_net(config, outputs=automaton.outputs, every_step=True)
    return _sequence_task(config, model, metrics.answer_sequence, sample, automaton_test.automaton)


def _mnist_rnn(config, notify, with_images):
    splits = _load_splits(config, notify, with_images, lambda pixels: pixels)
    model = _recurrent_net(config, outputs=10)
    return _image_task(config, splits, model, vectorized=True)


def _cnn(config, notify, with_images):
    def to_net_size(pixels):
        return images.to_size_and_colour(pixels, config.image_size, config.colour, config.fit)

    splits = _load_splits(config, notify, with_images, to_net_size)
    model = CNN(
        10,
        splits['train'].inputs.shape[1:],
        hidden=config.hidden,
        activation=config.activation,
        dense_activation=config.dense_activation or config.activation,
        initializer=config.init,
        head_initializer=config.head_init or config.init,
        dropout=config.dropout,
    )
    # Under vmap the convolutions of all seeds would become the groups of one large convolution,
    # which is slow on a CPU.
    return _image_task(config, splits, model, vectorized=False)


TASKS = {
    'binary_add': _binary_add,
    'recall': _recall,
    'automaton': _automaton,
    'mnist_rnn': _mnist_rnn,
    'mnist_cnn': _cnn,
    'cifar_cnn': _cnn,
}


def _recurrent_net(config, outputs, every_step=False):
    return RNN(
        outputs,
        hidden=config.hidden,
        cell=config.cell,
        layers=config.layers,
        bidirectional=config.bidirectional,
        activation=config.activation,
        initializer=config.init,
        head_initializer=config.head_init or config.init,
        reset_after=config.reset_after,
        gate_bias=config.gate_bias,
        dropout=config.dropout,
        every_step=every_step,
        state_noise=config.state_noise,
    )


def _order_of_epoch(config, key, epoch, n):
    """The places of n examples in the order of an epoch."""
    if config.shuffle:
        return jax.random.permutation(address(key, ORDER, epoch), n)
    return jnp.arange(n)


def _sequence_task(config, model, scores, sample, test):
    """A task whose examples sample(key, n) draws."""
    make_batches = _fresh_batches if config.fresh else _fixed_set_batches
    draw_validation = jax.jit(lambda key: sample(address(key, VALIDATION), config.validation_size))
    return Task(
        model=model,
        scores=functools.partial(scores, loss=config.loss),
        batches=make_batches(config, sample),
        # Nothing lies on the device: examples are drawn inside the program.
        data=(),
        # Rounded up: the last batch may be ragged.
        steps_per_epoch=-(-config.train_size // config.batch_size),
        # The same examples for all seeds, so that their scores differ by the nets alone.
        held_out={'validation': draw_validation(jax.random.key(config.seed))},
        prepare=lambda inputs: inputs,
        final_test=functools.partial(test, config),
    )


def _fresh_batches(config, sample):
    """Batches that are sampled anew inside every step."""

    def batches(data, key, epoch):
        weights = jnp.ones(config.batch_size)
        epoch_key = address(key, DATA, epoch)

        def batch_at(i):
            return Batch(*sample(address(epoch_key, i), config.batch_size), weights)

        return batch_at

    return batches


def _fixed_set_batches(config, sample):
    """Batches from each seed's own fixed set of train_size examples."""

    def batches(data, key, epoch):
        examples = sample(address(key, DATA), config.train_size)
        order = _order_of_epoch(config, key, epoch, config.train_size)
        return batches_in_order(examples, order, config.batch_size)

    return batches


def _load_splits(config, notify, with_images, to_net_size):
    """The Examples of 'train', 'test' and, if asked for, 'validation', with pixels as uint8.

    to_net_size(pixels) brings the images to the size and colours that the net takes.
    """
    if with_images:
        data = images.load(config.dataset, config.data_dir, notify)
    else:
        data = images.blank(config.dataset)
    available = len(data.train_images) - config.validation_size
    size = config.train_size or available
    if not 0 < size <= available:
        raise UserError(
            f'--train_size={config.train_size} --validation_size={config.validation_size}: '
            f'{config.dataset} has {len(data.train_images):,} training images, too few for both'
        )

    def split(pixels, labels, per_class=0):
        if per_class:
            # One choice for all seeds, since they share the data on the device.
            chosen = images.balanced_subset(labels, per_class, config.seed)
            pixels, labels = pixels[chosen], labels[chosen]
        return Examples(to_net_size(pixels), labels.astype(np.int32), None)

    splits = {
        'train': split(data.train_images[:size], data.train_labels[:size], config.per_class),
        'test': split(data.test_images, data.test_labels, config.test_per_class),
    }
    if config.validation_size:
        # The last images of the file, so that train_size does not change them.
        held_out = slice(available, None)
        splits['validation'] = split(data.train_images[held_out], data.train_labels[held_out])
    if config.per_class or config.test_per_class:
        train_count, test_count = len(splits['train'].inputs), len(splits['test'].inputs)
        notify(
            f'{config.dataset}: {train_count:,} training and {test_count:,} test images, '
            f'chosen by seed {config.seed}'
        )
    return splits


def _image_task(config, splits, model, vectorized):
    train = splits['train']
    held_out = {name: examples for name, examples in splits.items() if name != 'train'}
    size = len(train.inputs)
    prepare = _make_prepare(config, train.inputs)

    def batches(train, key, epoch):
        order = _order_of_epoch(config, key, epoch, size)
        batch_at = batches_in_order(train, order, config.batch_size)

        def prepared_batch(i):
            batch = batch_at(i)
            return batch._replace(inputs=prepare(batch.inputs))

        return prepared_batch

    return Task(
        model=model,
        scores=functools.partial(metrics.classification, loss=config.loss),
        batches=batches,
        data=train,
        steps_per_epoch=-(-size // config.batch_size),
        held_out=held_out,
        prepare=prepare,
        final_test=functools.partial(final_test.images, config, splits['test']),
        vectorized=vectorized,
    )


def _make_prepare(config, train_pixels):
    """A function from uint8 pixels to the numbers that the net takes."""
    mean, standard_deviation = 0.0, 1.0
    if config.pixels == 'signed':
        mean, standard_deviation = 0.5, 0.5
    elif config.pixels == 'standardized':
        # Over images, rows and columns: one mean for each channel.
        mean = np.mean(train_pixels, axis=(0, 1, 2)).astype(np.float32) / 255
        standard_deviation = np.std(train_pixels, axis=(0, 1, 2)).astype(np.float32) / 255

    def prepare(pixels):
        return (pixels.astype(jnp.float32) / 255 - mean) / standard_deviation

    return prepare
