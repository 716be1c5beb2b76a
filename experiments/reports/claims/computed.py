"""Claims that are decided without training: by building a net, or by computing both sides."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.data.sequences import DIGITS, recall, uniform_lengths
from jaxdl.metrics import classification
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN

SIZES = (14, 28, 56)  # rows of an image
TRAINED_SIZE = 28
COLUMNS = 28
CLASSES = 10
LOGITS = (1000, CLASSES)

# The net that recalls with two units.
UNITS = 2
K = 3  # the digit that it answers
GATE = 50.0  # a sigmoid of this is 1 in float32, one of its negative 0 to 1e-21
COUNT_STEP = 0.2  # by which the first unit's memory grows with each digit
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
    model = CNN(hidden=4)
    trained_images = jnp.zeros((1, TRAINED_SIZE, TRAINED_SIZE, 1))
    params = jax.eval_shape(model.init, jax.random.key(0), trained_images)
    read = 0
    for side in SIZES:
        try:
            jax.eval_shape(model.apply, params, jnp.zeros((1, side, side, 1)))
        except (TypeError, ValueError):
            continue  # its dense layer has weights for another number of inputs
        read += 1
    return read


@functools.cache
def largest_nll_difference() -> float:
    """The largest difference of NLL on log-softmax from the cross entropy, or of their gradients.

    Both of 1,000 random examples, in units of the rounding of one float32 near the values.
    """
    key = jax.random.key(0)
    logits = 5 * jax.random.normal(key, LOGITS)
    labels = jax.random.randint(jax.random.fold_in(key, 1), LOGITS[:1], 0, CLASSES)

    def nll(logits):
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(labels)), labels])

    def cross_entropy(logits):
        return jnp.mean(classification(logits, labels)['loss'])

    loss, gradient = jax.value_and_grad(nll)(logits)
    other_loss, other_gradient = jax.value_and_grad(cross_entropy)(logits)
    in_loss = abs(loss - other_loss) / np.spacing(np.float32(loss))
    largest = jnp.abs(gradient).max()
    in_gradient = jnp.abs(gradient - other_gradient).max() / np.spacing(np.float32(largest))
    return float(max(in_loss, in_gradient))


@functools.cache
def nll_operations_ratio() -> float:
    """The operations of NLL on log-softmax with its gradient, over those of the cross entropy.

    Both as XLA counts them in its compiled programs.
    """
    logits = jnp.zeros(LOGITS)
    labels = jnp.zeros(LOGITS[0], int)

    def nll(logits):
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(labels)), labels])

    def cross_entropy(logits):
        return jnp.mean(classification(logits, labels)['loss'])

    operations = []
    for loss in (nll, cross_entropy):
        program = jax.jit(jax.value_and_grad(loss)).lower(logits).compile()
        operations.append(program.cost_analysis()['flops'])
    return operations[0] / operations[1]


def two_unit_params() -> dict[str, np.ndarray]:
    """Weights of an LSTM of two units that recalls the third digit of any sequence.

    The memory of the first unit grows with each digit, so that its state counts. The input gate
    of the second unit is open, and its forget gate closed, until the first has counted K digits;
    its memory therefore holds digit K from then on. Digits are evenly spaced numbers between -1
    and 1, and the head chooses the nearest one.
    """
    weight_x = np.zeros((4, UNITS, DIGITS))  # by gate: input, forget, candidate, output
    weight_h = np.zeros((4, UNITS, UNITS))
    bias = np.zeros((4, UNITS))
    levels = np.linspace(-0.9, 0.9, DIGITS)

    bias[:, 0] = [GATE, GATE, np.arctanh(COUNT_STEP), GATE]
    # At digit t the first state is tanh((t - 1) COUNT_STEP): the threshold is between K and K + 1.
    threshold = np.tanh((K - 0.5) * COUNT_STEP)
    slope = 2000.0
    weight_h[0, 1, 0], bias[0, 1] = -slope, slope * threshold
    weight_h[1, 1, 0], bias[1, 1] = slope, -slope * threshold
    weight_x[2, 1] = np.arctanh(levels)
    bias[3, 1] = GATE

    # The largest of the lines a x - a^2 / 2 is that of the number a nearest to x.
    states = np.tanh(levels)
    head = np.zeros((DIGITS, UNITS))
    head[:, 1] = states
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
    params = {name: jnp.asarray(value, jnp.float32) for name, value in two_unit_params().items()}
    logits, _ = jax.jit(model.apply)({'params': params}, inputs, lengths)
    return float(jnp.mean(logits.argmax(-1) == targets))
