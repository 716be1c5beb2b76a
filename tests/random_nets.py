"""Untrained nets of every cell, whose weights are large enough to bend the functions."""

import jax
import jax.numpy as jnp

from jaxdl.models.rnn import RNN


def random_net(cell, hidden, seed):
    """(model, params) of a net with the inputs and output of an adder."""
    model = RNN(1, hidden, cell, every_step=True)
    params = jax.jit(model.init)(jax.random.key(seed), jnp.zeros((1, 3, 2)))
    return model, jax.tree.map(lambda leaf: 2 * leaf, params)
