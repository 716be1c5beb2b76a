"""The peers start from our parameters and have our losses, in every kind of net that they have."""

import functools
from importlib.util import find_spec
from typing import NamedTuple

import jax
import numpy as np
import pytest

from experiments.benchmark.peers import PEERS, make_peer
from experiments.core.config import Config
from jaxdl import metrics
from jaxdl.data import sequences
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.train import (
    Batch,
    Examples,
    OptimizerSettings,
    TrainState,
    make_optimizer,
    make_step,
)

pytestmark = pytest.mark.usefixtures('quick_compilation')

EXAMPLES = 12
BATCH_SIZE = 4
EPOCHS = 2
SEQUENCE_LENGTHS = np.arange(3, 7)
IMAGE_SHAPE = (28, 28)
LIBRARIES = {'PyTorch': 'torch', 'Keras 3 on JAX': 'keras', 'flax nn.RNN': 'flax'}
# Keras's Adam adds epsilon in another place.
TOLERANCES = {'PyTorch': 1e-5, 'Keras 3 on JAX': 1e-3, 'flax nn.RNN': 1e-5}


class OurTraining(NamedTuple):
    """Two epochs of our own training."""

    params: dict  # at the start
    orders: np.ndarray  # (EPOCHS, EXAMPLES)
    losses: np.ndarray  # (EPOCHS, steps)


def make_config(task, **fields):
    dataset = 'cifar10' if task == 'cifar_cnn' else 'mnist'
    return Config(
        task=task,
        dataset=dataset,
        batch_size=BATCH_SIZE,
        learning_rate=0.02,
        min_length=int(SEQUENCE_LENGTHS[0]),
        max_length=int(SEQUENCE_LENGTHS[-1]),
        **fields,
    )


@functools.cache
def make_examples(config, image_shape):
    rng = np.random.default_rng(0)
    if config.is_of_images():
        images = rng.integers(0, 256, (EXAMPLES, *image_shape), np.uint8)
        return Examples(images, rng.integers(0, 10, EXAMPLES, np.int32), None)
    lengths = rng.permutation(np.resize(SEQUENCE_LENGTHS, EXAMPLES))
    if config.task == 'recall':
        sample = functools.partial(sequences.recall, k=3)
    else:
        sample = sequences.binary_add
    sample = jax.jit(sample, static_argnums=2)
    arrays = sample(jax.random.key(0), lengths, config.max_length)
    return Examples(*jax.device_get(arrays))


def make_model(config, image_shape):
    if config.net() == 'cnn':
        return CNN(
            10,
            image_shape,
            (3, 5),
            config.hidden,
            config.activation,
            config.dense_activation or config.activation,
        )
    is_adder = config.task == 'binary_add'
    return RNN(
        1 if is_adder else 10,
        config.hidden,
        config.cell,
        bidirectional=config.bidirectional,
        every_step=is_adder,
    )


@functools.cache
def train_ours(config, image_shape):
    examples = make_examples(config, image_shape)
    model = make_model(config, image_shape)
    is_adder = config.task == 'binary_add'
    scores = metrics.bit_sequence if is_adder else metrics.classification
    optimizer = make_optimizer(OptimizerSettings('adam', config.learning_rate))
    step = jax.jit(make_step(model, optimizer, scores))
    params = random_params(model, examples)
    state = TrainState(params, optimizer.init(params))
    orders = []
    losses = []
    for epoch in range(EPOCHS):
        order = np.random.default_rng(epoch).permutation(EXAMPLES).astype(np.int32)
        orders.append(order)
        for rows in order.reshape(-1, BATCH_SIZE):
            batch = make_batch(config, examples, rows)
            state, means = step(state, batch, jax.random.key(0))
            losses.append(float(means['loss']))
    return OurTraining(params, np.stack(orders), np.reshape(losses, (EPOCHS, -1)))


def random_params(model, examples):
    rng = np.random.default_rng(1)
    inputs = examples.inputs.astype(np.float32)
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs, examples.lengths)

    def draw(leaf):
        return rng.uniform(-0.4, 0.4, leaf.shape).astype(np.float32)

    return jax.tree.map(draw, shapes)


def make_batch(config, examples, rows):
    inputs = examples.inputs[rows]
    if config.is_of_images():
        inputs = inputs.astype(np.float32) / 255
    lengths = examples.lengths
    if lengths is not None:
        lengths = lengths[rows]
    return Batch(inputs, examples.targets[rows], lengths, np.ones(BATCH_SIZE, np.float32))


def skip_without(peer):
    library = LIBRARIES[peer]
    if find_spec(library) is None:
        pytest.skip(f'{library} is not installed')


def check_losses(peer, config, image_shape=IMAGE_SHAPE):
    skip_without(peer)
    ours = train_ours(config, image_shape)
    train_epoch = make_peer(peer, config, ours.params, make_examples(config, image_shape))
    losses = np.stack([train_epoch(order) for order in ours.orders])
    np.testing.assert_allclose(losses, ours.losses, rtol=TOLERANCES[peer])


@pytest.mark.parametrize('peer', PEERS)
@pytest.mark.parametrize(
    ('task', 'cell'),
    [
        ('mnist_rnn', 'gru'),
        ('recall', 'rnn'),
        ('binary_add', 'lstm'),
        pytest.param('mnist_rnn', 'rnn', marks=pytest.mark.slow),
        pytest.param('mnist_rnn', 'lstm', marks=pytest.mark.slow),
        pytest.param('recall', 'lstm', marks=pytest.mark.slow),
        pytest.param('binary_add', 'gru', marks=pytest.mark.slow),
    ],
)
def test_losses_of_recurrent_nets_are_ours(peer, task, cell):
    check_losses(peer, make_config(task, cell=cell, hidden=7))


@pytest.mark.parametrize('peer', PEERS)
@pytest.mark.parametrize(
    ('task', 'cell'),
    [
        ('mnist_rnn', 'lstm'),
        pytest.param('recall', 'gru', marks=pytest.mark.slow),
        pytest.param('binary_add', 'rnn', marks=pytest.mark.slow),
    ],
)
def test_losses_of_bidirectional_nets_are_ours(peer, task, cell):
    check_losses(peer, make_config(task, cell=cell, hidden=5, bidirectional=True))


@pytest.mark.parametrize('peer', ['PyTorch', 'Keras 3 on JAX'])
@pytest.mark.parametrize(
    ('task', 'image_shape', 'activation', 'dense_activation'),
    [
        ('mnist_cnn', (8, 12, 1), 'relu', ''),
        ('cifar_cnn', (8, 12, 3), 'leaky_relu', 'sigmoid'),
    ],
)
def test_losses_of_cnns_are_ours(peer, task, image_shape, activation, dense_activation):
    config = make_config(task, hidden=11, activation=activation, dense_activation=dense_activation)
    check_losses(peer, config, image_shape)


@pytest.mark.quick
@pytest.mark.parametrize('peer', PEERS)
def test_nets_that_a_library_lacks_are_none(peer):
    skip_without(peer)
    assert make_peer(peer, make_config('recall', layers=2), None, None) is None
    assert make_peer(peer, make_config('recall', activation='relu'), None, None) is None
    if peer == 'flax nn.RNN':
        assert make_peer(peer, make_config('mnist_cnn'), None, None) is None
