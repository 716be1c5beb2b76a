"""Recurrent nets: plain RNN, LSTM and GRU, any number of layers, in one or both directions.

Equations, parameter names and shapes are those of torch.nn.RNN, LSTM and GRU, so weights copy over
by name. The GRU of TensorFlow 1, which resets the state before its product, has them too.

Letters in shapes: N batch, T time, D inputs, H hidden units, G gates, K outputs. Inside this module
time is the first axis, as in jaxdl.models.recurrence.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array
from jax.nn.initializers import Initializer

from jaxdl import UserError
from jaxdl.arguments import require_floats, require_integers, require_range, require_shape
from jaxdl.models.activations import ACTIVATIONS
from jaxdl.models.initializers import INITIALIZERS, recurrent_initializers
from jaxdl.models.recurrence import CELLS, Cell, unroll
from jaxdl.models.reset_before_gru import unroll_reset_before
from jaxdl.names import look_up

# The values inside a net: layer name -> hidden states of all steps.
Intermediates = dict[str, Array]


def _reverse(x: Array, lengths: Array | None) -> Array:
    """Reverses each sequence of x (T, N, D) within its length. The padding stays where it is."""
    if lengths is None:
        return x[::-1]
    time = jnp.arange(len(x))[:, None]
    is_valid = time < lengths
    source = jnp.where(is_valid, lengths - 1 - time, time)
    return jnp.take_along_axis(x, source[..., None], axis=0)


def _final_state(x: Array, lengths: Array | None) -> Array:
    """The state (N, H) after the last valid step of each sequence of states x (T, N, H)."""
    if lengths is None:
        return x[-1]
    last_step = (lengths - 1)[None, :, None]
    return jnp.take_along_axis(x, last_step, axis=0)[0]


def _with_gate_bias(
    bias_init: Initializer, cell: Cell, hidden: int, gate_bias: float
) -> Callable[[Array, tuple[int]], Array]:
    """An initializer of a bias (G*H,) that adds gate_bias in the biased gates of a cell."""

    def initializer(key, shape):
        bias = bias_init(key, shape)
        for gate in cell.biased_gates:
            bias = bias.at[gate * hidden : (gate + 1) * hidden].add(gate_bias)
        return bias

    return initializer


class RNN(nn.Module):
    """Stacked recurrent layers and a linear head.

    Attributes:
      outputs: K, the number of logits.
      hidden: H, the number of hidden units of each layer and direction.
      cell: a key of CELLS.
      layers: the number of recurrent layers.
      bidirectional: whether each layer also reads the sequence backwards. The layer's states are
        then those of both directions, joined.
      activation: a key of ACTIVATIONS, for the cell.
      initializer: a key of INITIALIZERS, for the recurrent layers.
      head_initializer: a key of INITIALIZERS, for the head.
      reset_after: whether a GRU's reset gate acts after the product with the hidden state, as in
        torch, or before it, as in TensorFlow 1.
      gate_bias: added to the initial input bias of an LSTM's forget gate, or of both gates of a
        GRU.
      dropout: the probability of dropout between layers and before the head, in training.
      every_step: whether there are logits after every step, or after the last one only.
      state_noise: the standard deviation of Gaussian noise on each state, in training.
    """

    outputs: int
    hidden: int = 128
    cell: str = 'lstm'
    layers: int = 1
    bidirectional: bool = False
    activation: str = 'tanh'
    initializer: str = 'torch'
    head_initializer: str = 'torch'
    reset_after: bool = True
    gate_bias: float = 0.0
    dropout: float = 0.0
    every_step: bool = False
    state_noise: float = 0.0

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        lengths: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, Intermediates]:
        """Applies the net to a batch of sequences.

        Padding never reaches a valid step. The states over the padding are computed all the same
        and must not overflow, as they may with relu over a padding much longer than the sequence.

        Args:
          inputs: (N, T, D).
          lengths: (N,) int, the valid steps of each sequence, or None if all T are valid.
          train: whether dropout and state noise are on. They draw from the 'dropout' key.

        Returns:
          Logits and intermediates. Logits are (N, T, K) with every_step. Otherwise they are (N, K),
          after the last valid step; in a bidirectional net each direction gives its own final
          state. Intermediates map 'layer0', 'layer1', ... to hidden states (N, T, H), or (N, T, 2H)
          if bidirectional.

        Raises:
          UserError: an argument has another shape or type, or a field of the net is unknown.
        """
        for name in ('outputs', 'hidden', 'layers'):
            if getattr(self, name) < 1:
                raise UserError(f'{name}={getattr(self, name)} must be 1 at least')
        require_shape('inputs', inputs, 'N', 'T', 'D')
        require_floats('inputs', inputs)
        if lengths is not None:
            n, steps, _ = inputs.shape
            require_shape('lengths', lengths, n)
            require_integers('lengths', lengths)
            require_range('lengths', lengths, 1, steps)
        intermediates = {}
        x = inputs.swapaxes(0, 1)
        for layer in range(self.layers):
            if layer > 0:
                x = self._drop(x, train)
            x, final_state = self._layer(x, lengths, f'l{layer}', train)
            intermediates[f'layer{layer}'] = x.swapaxes(0, 1)
        features = x.swapaxes(0, 1) if self.every_step else final_state
        features = self._drop(features, train)
        return self._head(features), intermediates

    def _drop(self, x, train):
        dropout = nn.Dropout(self.dropout, deterministic=not train)
        return dropout(x)

    def _layer(self, x, lengths, suffix, train):
        """Runs a layer over inputs x (T, N, D).

        Returns:
          The states (T, N, H), or (T, N, 2H) if bidirectional, and the final states (N, H) or
          (N, 2H).
        """
        forward = self._direction(x, suffix, train)
        if not self.bidirectional:
            return forward, _final_state(forward, lengths)
        # The backward states are in reversed time, so their final state is the last valid one too.
        backward = self._direction(_reverse(x, lengths), f'{suffix}_reverse', train)
        final_forward = _final_state(forward, lengths)
        final_backward = _final_state(backward, lengths)
        final_state = jnp.concatenate([final_forward, final_backward], axis=-1)
        backward = _reverse(backward, lengths)
        states = jnp.concatenate([forward, backward], axis=-1)
        return states, final_state

    def _direction(self, x, suffix, train):
        """The hidden states (T, N, H) of one direction of a layer, over inputs x (T, N, D)."""
        cell = look_up('cell', self.cell, CELLS)
        act = look_up('activation', self.activation, ACTIVATIONS)
        steps, batch_size, inputs = x.shape
        weight_init, bias_init = recurrent_initializers(
            self.initializer, inputs, self.hidden, cell.kernels
        )
        input_bias_init = _with_gate_bias(bias_init, cell, self.hidden, self.gate_bias)

        rows = cell.gates * self.hidden
        w_x = self.param(f'weight_ih_{suffix}', weight_init, (rows, inputs))
        w_h = self.param(f'weight_hh_{suffix}', weight_init, (rows, self.hidden))
        b_x = self.param(f'bias_ih_{suffix}', input_bias_init, (rows,))
        b_h = self.param(f'bias_hh_{suffix}', bias_init, (rows,))

        noise = None
        if train and self.state_noise:
            key = self.make_rng('dropout')
            shape = (steps, cell.carry_size, batch_size, self.hidden)
            # Drawn flat: the same numbers, but XLA need not find each index of the shape.
            normal = jax.random.normal(key, (math.prod(shape),)).reshape(shape)
            noise = self.state_noise * normal
        if self.cell == 'gru' and not self.reset_after:
            return unroll_reset_before(act, x, w_x, w_h, b_x, b_h, noise)
        return unroll(cell, act, x, w_x, w_h, b_x, b_h, noise)

    def _head(self, features):
        """The logits (..., K) of features (..., H) or (..., 2H)."""
        inputs = features.shape[-1]
        head_initializers = look_up('initializer', self.head_initializer, INITIALIZERS)
        weight_init, bias_init = head_initializers(inputs)
        weight = self.param('head_weight', weight_init, (self.outputs, inputs))
        bias = self.param('head_bias', bias_init, (self.outputs,))
        return features @ weight.T + bias
