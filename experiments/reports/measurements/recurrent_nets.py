"""What the states of recurrent nets hold, by linear probes, and what a forget gate does.

Shapes: N sequences, T steps, H units.
"""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.reports.measurements.net import Net
from jaxdl.data import sequences
from jaxdl.train import Params
from jaxdl.visualize import linear_probe
from jaxdl.visualize.ablation import close_forget_gate

ADDITIONS = 2000


def readable_carry(net: Net) -> dict[str, float]:
    """How well a probe reads the carry of an addition from the state after each step.

    Returns:
        {'explained': the share of the variance of the carry, on sums that the probe was not fitted
        on}.
    """
    bits = net.config.max_length
    lengths = jnp.full(ADDITIONS, bits)
    inputs, targets, lengths = sequences.binary_add(jax.random.key(0), lengths, bits)
    _, layers = jax.jit(net.task.model.apply)(net.params, inputs, lengths)
    # A bit of the sum is odd where one or all three of both bits and the carry into it are 1.
    carry_in = (np.asarray(inputs).sum(-1) + np.asarray(targets)) % 2
    states = np.asarray(layers['layer0'])[:, :-1]
    return {'explained': _held_out_share(states, carry_in[:, 1:, None])}


def readable_early_rows(net: Net) -> dict[str, float]:
    """How well a probe reads the upper half of an image from the state after its last row.

    Returns:
        {'explained': the share of the variance of its pixels, on test images that the probe was not
        fitted on}.
    """
    rows = net.task.held_out['test'].inputs

    @jax.jit
    def last_states(params, rows):
        _, layers = net.task.model.apply(params, net.task.prepare(rows))
        return layers['layer0'][:, -1]

    states = np.asarray(last_states(net.params, rows))
    upper_half = np.asarray(rows)[:, : rows.shape[1] // 2]
    targets = upper_half.reshape(len(rows), 1, -1) / 255
    return {'explained': _held_out_share(states[:, None], targets)}


def _held_out_share(states: np.ndarray, targets: np.ndarray) -> float:
    """The share that a probe explains of every second sequence, fitted on the others.

    Args:
        states: (N, T, H).
        targets: (N, T, D), what is to be read from each state.
    """

    def all_steps(values):
        return values.reshape(-1, values.shape[-1])

    probe = linear_probe.fit(all_steps(states[::2]), all_steps(targets[::2]))
    return linear_probe.explained_share(probe, all_steps(states[1::2]), all_steps(targets[1::2]))


def accuracy_with_closed_gate(net: Net) -> dict[str, float]:
    """The test accuracy of an LSTM as it is, and with its forget gate held at 0.

    Returns:
        {'whole': accuracy, 'closed': accuracy}. The net is not trained again.
    """
    closed = close_forget_gate(net.params, net.config.hidden)
    return {
        'whole': _test_accuracy(net, net.params),
        'closed': _test_accuracy(net, closed),
    }


def _test_accuracy(net: Net, params: Params) -> float:
    test = net.task.held_out['test']

    @jax.jit
    def answers(params, rows):
        logits, _ = net.task.model.apply(params, net.task.prepare(rows))
        return logits.argmax(-1)

    return float(np.mean(np.asarray(answers(params, test.inputs)) == np.asarray(test.targets)))
