"""What a task is made of: model, scores, batches and the examples it is tested on. One builder per task."""

import functools
from typing import Any, Callable, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.core import final_test as evaluate
from jaxdl import UserError, metrics
from jaxdl.data import images, sequences
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.train import DATA, ORDER, VALIDATION, Batch, address, in_order


class Task(NamedTuple):
    model: Any
    scores: Callable  # (logits, targets, lengths) -> {'loss': (N,), ...}
    batches: Callable  # (data, key, epoch) -> (i -> Batch)
    data: Any  # arrays, shared by all seeds
    steps_per_epoch: int
    held_out: dict  # {'validation': examples, ...}, scored after every epoch
    prepare: Callable  # raw inputs -> inputs of the model
    test: Callable  # (evaluate, params) -> (results, figures), after training
    vectorized: bool = True  # seeds are vmapped; else done one after the other


def _rnn(config, outputs, every_step=False):
    return RNN(
        outputs,
        config.hidden,
        config.cell,
        config.layers,
        config.bidirectional,
        config.activation,
        config.init,
        config.head_init or config.init,
        config.forget_bias,
        config.dropout,
        every_step,
        config.state_noise,
    )


def _epoch_order(config, key, epoch, n):
    return (
        jax.random.permutation(address(key, ORDER, epoch), n) if config.shuffle else jnp.arange(n)
    )


def _sequence_batches(config, sample):
    """Batches sampled inside the step: fresh at every step, or from the seed's own fixed set of train_size."""

    def batches(data, key, epoch):
        if config.fresh:
            ones, epoch_key = jnp.ones(config.batch_size), address(key, DATA, epoch)
            return lambda i: Batch(*sample(address(epoch_key, i), config.batch_size), ones)
        return in_order(
            sample(address(key, DATA), config.train_size),
            _epoch_order(config, key, epoch, config.train_size),
            config.batch_size,
        )

    return batches


def _sequence_task(config, model, scores, sample, test):
    validation = jax.jit(lambda key: sample(address(key, VALIDATION), config.validation_size))(
        jax.random.key(config.seed)
    )
    return Task(
        model,
        functools.partial(scores, loss=config.loss),
        _sequence_batches(config, sample),
        (),
        -(-config.train_size // config.batch_size),
        {'validation': validation},
        lambda inputs: inputs,
        test,
    )


def binary_add(config, say):
    def sample(key, n):
        lengths = sequences.uniform_lengths(
            address(key, 0), n, config.min_length, config.max_length
        )
        return sequences.binary_add(address(key, 1), lengths, config.max_length)

    if config.bidirectional:
        say(
            'note: a bidirectional net sees later bits before it answers, so this is no causal adder'
        )
    return _sequence_task(
        config,
        _rnn(config, 1, every_step=True),
        metrics.bit_sequence,
        sample,
        functools.partial(evaluate.binary_add, config),
    )


def recall(config, say):
    def sample(key, n):
        lengths = sequences.uniform_lengths(
            address(key, 0), n, config.min_length, config.max_length
        )
        return sequences.recall(address(key, 1), lengths, config.max_length, config.k)

    return _sequence_task(
        config,
        _rnn(config, 10),
        metrics.classification,
        sample,
        functools.partial(evaluate.recall, config),
    )


def _splits(config, form, say):
    """{'train': (pixels, labels, None), 'test', and 'validation' if asked for}; form(images) -> those of the net."""
    data = images.load(config.dataset, config.data_dir, say)
    available = len(data.train_images) - config.validation_size
    size = config.train_size or available
    if not 0 < size <= available:
        raise UserError(
            f'--train_size={config.train_size} --validation_size={config.validation_size}: '
            f'{config.dataset} has {len(data.train_images):,} training images, too few for both'
        )

    def split(pixels, labels, per_class=0):
        if per_class:
            chosen = images.balanced_subset(labels, per_class, config.seed)
            pixels, labels = pixels[chosen], labels[chosen]
        return form(pixels), labels.astype(np.int32), None

    splits = {
        'train': split(data.train_images[:size], data.train_labels[:size], config.per_class),
        'test': split(data.test_images, data.test_labels, config.test_per_class),
    }
    if config.validation_size:
        splits['validation'] = split(data.train_images[available:], data.train_labels[available:])
    if config.per_class or config.test_per_class:
        say(
            f'{config.dataset}: {len(splits["train"][0]):,} training and {len(splits["test"][0]):,} test images, '
            f'chosen by seed {config.seed}'
        )
    return splits


def _image_task(config, say, form, make_model, vectorized):
    splits = _splits(config, form, say)
    train = splits.pop('train')
    size = len(train[0])
    mean, deviation = 0.0, 1.0
    if config.standardize:  # of each channel
        mean, deviation = (
            of(train[0], axis=(0, 1, 2)).astype(np.float32) / 255 for of in (np.mean, np.std)
        )

    def prepare(pixels):
        return (pixels.astype(jnp.float32) / 255 - mean) / deviation

    def batches(train, key, epoch):
        batch_at = in_order(train, _epoch_order(config, key, epoch, size), config.batch_size)

        def prepared_batch(i):
            batch = batch_at(i)
            return batch._replace(inputs=prepare(batch.inputs))

        return prepared_batch

    return Task(
        make_model(train[0].shape[1:]),
        functools.partial(metrics.classification, loss=config.loss),
        batches,
        train,
        -(-size // config.batch_size),
        splits,
        prepare,
        functools.partial(evaluate.images, config, splits['test']),
        vectorized,
    )


def mnist_rnn(config, say):
    return _image_task(
        config, say, lambda pixels: pixels, lambda shape: _rnn(config, 10), vectorized=True
    )


def cnn(config, say):
    def model(shape):
        return CNN(
            10,
            shape,
            hidden=config.hidden,
            activation=config.activation,
            dense_activation=config.dense_activation or config.activation,
            initializer=config.init,
            head_initializer=config.head_init or config.init,
            dropout=config.dropout,
        )

    # Under vmap each seed's convolution would be a group of one large convolution, which is slow on a CPU.
    return _image_task(
        config,
        say,
        lambda pixels: images.to_size_and_colour(pixels, config.image_size, config.colour),
        model,
        vectorized=False,
    )


TASKS = {
    'binary_add': binary_add,
    'recall': recall,
    'mnist_rnn': mnist_rnn,
    'mnist_cnn': cnn,
    'cifar_cnn': cnn,
}
