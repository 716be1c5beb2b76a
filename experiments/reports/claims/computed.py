"""Claims that are decided without training: by building a net, or by computing both sides."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import UserError
from jaxdl.data.sequences import DIGITS, recall, uniform_lengths
from jaxdl.metrics import classification
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN

SIZES = (14, 28, 56)  # rows of an image
TRAINED_SIZE = 28
COLUMNS = 28
CLASSES = 10
EXAMPLES = 1000  # of which two losses are compared

# The net that recalls with two units.
UNITS = 2
COUNTER, HOLDER = range(UNITS)  # the unit that counts digits, and the one that holds the answer
INPUT, FORGET, CANDIDATE, OUTPUT = range(4)  # the gates of an LSTM, in the order of torch
K = 3  # the digit that it answers
GATE = 50.0  # a sigmoid of this is 1 in float32, one of its negative 0 to 1e-21
COUNT_STEP = 0.2  # by which the counter's memory grows with each digit
SLOPE = 2000.0  # of the holder's gates, over the counter's state
SEQUENCES = 10_000
SHORTEST, LONGEST = 3, 10  # digits, as in report D


@functools.cache
def sizes_read_by_rnn() -> int:
    """How many of SIZES an RNN reads whose parameters are made for TRAINED_SIZE rows."""
    model = RNN(CLASSES, hidden=4, cell='rnn')
    trained_images = jnp.zeros((1, TRAINED_SIZE, COLUMNS))
    params = jax.eval_shape(model.init, jax.random.key(0), trained_images)
    read = 0
    for rows in SIZES:
        logits, _ = jax.eval_shape(model.apply, params, jnp.zeros((1, rows, COLUMNS)))
        read += logits.shape == (1, CLASSES)
    return read


@functools.cache
def sizes_read_by_cnn() -> int:
    """How many of SIZES the CNN reads whose parameters are made for TRAINED_SIZE."""
    params = _cnn_params(TRAINED_SIZE)
    read = 0
    for side in SIZES:
        try:
            # Elsewhere the dense layer has weights for another number of inputs.
            read += _cnn_params(side) == params
        except UserError:
            continue  # no two pools can halve it
    return read


def _cnn_params(side):
    """The shapes of the parameters of a CNN for square images of this side."""
    shape = (side, side, 1)
    model = CNN(shape=shape, hidden=4)
    return jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, *shape)))


@functools.cache
def largest_nll_difference() -> float:
    """The largest difference of NLL on log-softmax from the cross entropy, or of their gradients.

    Both of 1,000 random examples, in units of the rounding of one float32 near the values.
    """
    key = jax.random.key(0)
    logits = 5 * jax.random.normal(key, (EXAMPLES, CLASSES))
    labels = jax.random.randint(jax.random.fold_in(key, 1), (EXAMPLES,), 0, CLASSES)
    nll, nll_gradient = jax.value_and_grad(_nll)(logits, labels)
    cross_entropy, gradient = jax.value_and_grad(_cross_entropy)(logits, labels)
    return max(_in_roundings(nll, cross_entropy), _in_roundings(nll_gradient, gradient))


def _nll(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The mean negative log-likelihood of labels (N,), on the log-softmax of logits (N, K)."""
    log_probabilities = jax.nn.log_softmax(logits)
    return -jnp.mean(log_probabilities[jnp.arange(len(labels)), labels])


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return jnp.mean(classification(logits, labels)['loss'])


def _in_roundings(values: jax.Array, others: jax.Array) -> float:
    """The largest difference, in units of the rounding of a float32 near the largest value."""
    difference = jnp.abs(values - others).max()
    largest = jnp.abs(values).max()
    return float(difference / np.spacing(np.float32(largest)))


@functools.cache
def nll_operations_ratio() -> float:
    """The operations of NLL on log-softmax with its gradient, over those of the cross entropy.

    Both as XLA counts them in its compiled programs.
    """
    return _operations(_nll) / _operations(_cross_entropy)


def _operations(loss: Callable[[jax.Array, jax.Array], jax.Array]) -> float:
    """The operations of a loss of logits and labels with its gradient, as XLA counts them."""
    logits = jnp.zeros((EXAMPLES, CLASSES))
    labels = jnp.zeros(EXAMPLES, int)
    loss_and_gradient = jax.value_and_grad(functools.partial(loss, labels=labels))
    program = jax.jit(loss_and_gradient).lower(logits).compile()
    return program.cost_analysis()['flops']


def two_unit_params() -> dict[str, np.ndarray]:
    """Weights of an LSTM of two units that recalls the third digit of any sequence.

    The memory of the counter grows with each digit, so that its state counts. The input gate of
    the holder is open, and its forget gate closed, until K digits are counted; its memory
    therefore holds digit K from then on. Digits are evenly spaced numbers between -1 and 1, and
    the head chooses the nearest one.
    """
    weight_x = np.zeros((4, UNITS, DIGITS))  # [gate, unit, digit]
    weight_h = np.zeros((4, UNITS, UNITS))  # [gate, unit, unit whose state it reads]
    bias = np.zeros((4, UNITS))

    bias[[INPUT, FORGET, OUTPUT], COUNTER] = GATE
    bias[CANDIDATE, COUNTER] = np.arctanh(COUNT_STEP)

    # At digit t the counter's state is tanh((t - 1) COUNT_STEP): the threshold is between the
    # states at the digits K and K + 1.
    threshold = np.tanh((K - 0.5) * COUNT_STEP)
    weight_h[INPUT, HOLDER, COUNTER] = -SLOPE
    bias[INPUT, HOLDER] = SLOPE * threshold
    weight_h[FORGET, HOLDER, COUNTER] = SLOPE
    bias[FORGET, HOLDER] = -SLOPE * threshold
    memories = np.linspace(-0.9, 0.9, DIGITS)
    weight_x[CANDIDATE, HOLDER] = np.arctanh(memories)
    bias[OUTPUT, HOLDER] = GATE

    # The largest of the lines a x - a^2 / 2 is that of the number a nearest to x.
    states = np.tanh(memories)
    head = np.zeros((DIGITS, UNITS))
    head[:, HOLDER] = states
    return {
        'weight_ih_l0': weight_x.reshape(-1, DIGITS),
        'weight_hh_l0': weight_h.reshape(-1, UNITS),
        'bias_ih_l0': bias.reshape(-1),
        'bias_hh_l0': np.zeros(4 * UNITS),
        'head_weight': head,
        'head_bias': -(states**2) / 2,
    }


@functools.cache
def two_unit_recall() -> float:
    """The accuracy of that net on 10,000 random sequences of report D's lengths."""
    model = RNN(DIGITS, hidden=UNITS, cell='lstm')
    key = jax.random.key(0)
    lengths = uniform_lengths(key, SEQUENCES, SHORTEST, LONGEST)
    inputs, targets, lengths = recall(jax.random.fold_in(key, 1), lengths, LONGEST, K)
    params = {}
    for name, value in two_unit_params().items():
        params[name] = jnp.asarray(value, jnp.float32)
    logits, _ = jax.jit(model.apply)({'params': params}, inputs, lengths)
    answers = logits.argmax(-1)
    return float(jnp.mean(answers == targets))
