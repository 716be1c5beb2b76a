import functools
from importlib.util import find_spec

import jax
import numpy as np
import pytest
from experiments.core.config import SETS, Config
from experiments.benchmark.peers import PEERS
from jaxdl import metrics
from jaxdl.data import sequences
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.train import Batch, TrainState, make_optimizer, make_step

N, BATCH = 12, 4
KERAS = 'Keras 3 on JAX'  # its Adam takes epsilon otherwise
LIBRARIES = {'PyTorch': 'torch', KERAS: 'keras', 'flax nn.RNN': 'flax'}


def _config(task, **fields):
    dataset = {'dataset': 'cifar10'} if task == 'cifar_cnn' else {}
    return Config(
        task=task,
        batch_size=BATCH,
        learning_rate=0.02,
        min_length=3,
        max_length=6,
        **dataset,
        **fields,
    )


@functools.cache
def _arrays(task, shape):
    rng = np.random.default_rng(0)
    if task in SETS:
        return rng.integers(0, 256, (N, *shape), np.uint8), rng.integers(0, 10, N, np.int32), None
    sample = functools.partial(sequences.recall, k=3) if task == 'recall' else sequences.binary_add
    return jax.device_get(
        jax.jit(sample, static_argnums=2)(
            jax.random.key(0), rng.permutation(np.resize(np.arange(3, 7), N)), 6
        )
    )


@functools.cache
def _ours(config, shape=(28, 28)):
    """Our parameters at the start, the order of two epochs (2, N), and our losses (2, steps) in it."""
    inputs, targets, lengths = arrays = _arrays(config.task, shape)
    if config.net() == 'cnn':
        model = CNN(
            10,
            shape,
            (3, 5),
            config.hidden,
            config.activation,
            config.dense_activation or config.activation,
        )
    else:
        adding = config.task == 'binary_add'
        model = RNN(
            1 if adding else 10,
            config.hidden,
            config.cell,
            bidirectional=config.bidirectional,
            every_step=adding,
        )
    scores = metrics.bit_sequence if config.task == 'binary_add' else metrics.classification
    optimizer = make_optimizer('adam', config.learning_rate)
    step = jax.jit(make_step(model, optimizer, scores))
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs.astype(np.float32), lengths)
    rng = np.random.default_rng(1)
    start = jax.tree.map(lambda leaf: rng.uniform(-0.4, 0.4, leaf.shape).astype(np.float32), shapes)
    state, losses = TrainState(start, optimizer.init(start)), []
    orders = np.stack(
        [np.random.default_rng(epoch).permutation(N).astype(np.int32) for epoch in range(2)]
    )
    for rows in orders.reshape(-1, BATCH):
        x, *rest = (None if array is None else array[rows] for array in arrays)
        x = x.astype(np.float32) / 255 if config.is_of_images() else x
        state, means = step(state, Batch(x, *rest, np.ones(BATCH, np.float32)), jax.random.key(0))
        losses.append(float(means['loss']))
    return start, orders, np.array(losses).reshape(2, -1)


def _skip_without(name):
    if find_spec(LIBRARIES[name]) is None:
        pytest.skip(f'{LIBRARIES[name]} is not installed')


def _agrees(name, config, shape=(28, 28)):
    _skip_without(name)
    params, orders, known = _ours(config, shape)
    epoch = PEERS[name](config, params, _arrays(config.task, shape))
    found = np.stack([epoch(order) for order in orders])
    np.testing.assert_allclose(found, known, rtol=1e-3 if name == KERAS else 1e-5)


@pytest.mark.parametrize('name', PEERS)
@pytest.mark.parametrize(
    'task, cell',
    [
        ('mnist_rnn', 'rnn'),
        ('mnist_rnn', 'lstm'),
        ('mnist_rnn', 'gru'),
        ('recall', 'rnn'),
        ('recall', 'lstm'),
        ('binary_add', 'lstm'),
        ('binary_add', 'gru'),
    ],
)
def test_losses_of_recurrent_nets_are_ours(name, task, cell):
    _agrees(name, _config(task, cell=cell, hidden=7))


@pytest.mark.parametrize('name', PEERS)
@pytest.mark.parametrize(
    'task, cell', [('mnist_rnn', 'lstm'), ('recall', 'gru'), ('binary_add', 'rnn')]
)
def test_losses_of_bidirectional_nets_are_ours(name, task, cell):
    _agrees(name, _config(task, cell=cell, hidden=5, bidirectional=True))


@pytest.mark.parametrize('name', ['PyTorch', KERAS])
@pytest.mark.parametrize(
    'task, shape, activation, dense',
    [('mnist_cnn', (8, 12, 1), 'relu', ''), ('cifar_cnn', (8, 12, 3), 'leaky_relu', 'sigmoid')],
)
def test_losses_of_cnns_are_ours(name, task, shape, activation, dense):
    _agrees(name, _config(task, hidden=11, activation=activation, dense_activation=dense), shape)


@pytest.mark.parametrize('name', PEERS)
def test_nets_that_a_library_lacks_are_none(name):
    _skip_without(name)
    assert PEERS[name](_config('recall', layers=2), None, None) is None
    assert PEERS[name](_config('recall', activation='relu'), None, None) is None
    assert name != 'flax nn.RNN' or PEERS[name](_config('mnist_cnn'), None, None) is None
