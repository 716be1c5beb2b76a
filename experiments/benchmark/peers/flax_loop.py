"""The peer flax.linen: its RNN and optax, a jitted step in a Python loop."""

import numpy as np

from experiments.benchmark.peers.common import shares_of, sides, supported


def _flax_cell(cell, weights, suffix):
    """Our parameters of a direction as those of flax's SimpleCell, OptimizedLSTMCell or GRUCell."""
    gates = {'rnn': [''], 'lstm': 'ifgo', 'gru': 'rzn'}[cell]
    found = {}
    for gate, w_x, w_h, b_x, b_h in zip(gates, *sides(weights, suffix, len(gates))):
        found[f'i{gate}'], found[f'h{gate}'] = {'kernel': w_x.T}, {'kernel': w_h.T}
        if cell == 'gru' and gate == 'n':
            found['in']['bias'], found['hn']['bias'] = b_x, b_h
        else:
            found[f'{"h" if cell == "lstm" else "i"}{gate}']['bias'] = b_x + b_h
    return {'params': {'cell': found}}


def _flax_loss(config, outputs):
    """mean_loss(params, x (N, T, D), targets, lengths (N,) or None, shares (N, T) or None), params as of flax_loop."""
    import jax.numpy as jnp
    import optax
    from flax import linen as nn

    cell = {'rnn': nn.SimpleCell, 'lstm': nn.OptimizedLSTMCell, 'gru': nn.GRUCell}[config.cell](
        config.hidden
    )

    def mean_loss(params, x, targets, lengths, shares):
        x = x if lengths is not None else x.astype(jnp.float32) / 255
        states = [nn.RNN(cell).apply(params['l0'], x)]
        if config.bidirectional:
            states.append(
                nn.RNN(cell, reverse=True, keep_order=True).apply(
                    params['l0_reverse'], x, seq_lengths=lengths
                )
            )
        if shares is None:  # the last state of each direction
            steps = x.shape[1] - 1 if lengths is None else lengths - 1, 0
            states = [states[jnp.arange(len(x)), step] for states, step in zip(states, steps)]
        logits = nn.Dense(outputs).apply(params['head'], jnp.concatenate(states, axis=-1))
        if shares is None:
            return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()
        return jnp.sum(optax.sigmoid_binary_cross_entropy(logits[..., 0], targets) * shares)

    return mean_loss


def flax_loop(config, params, arrays):
    """flax.linen.RNN in one jitted step with optax, in a Python loop over batches from the host."""
    import jax
    import optax

    if config.net() == 'cnn' or not supported(config):
        return None
    weights = params['params']
    params = {
        suffix: _flax_cell(config.cell, weights, suffix)
        for suffix in ('l0', 'l0_reverse')[: 1 + config.bidirectional]
    }
    params['head'] = {'params': {'kernel': weights['head_weight'].T, 'bias': weights['head_bias']}}
    twos = jax.tree_util.tree_map_with_path(
        lambda path, _: (
            path[0].key != 'head' and path[-1].key == 'bias' and path[-2].key not in ('in', 'hn')
        ),
        params,
    )
    optimizer = optax.chain(optax.adam(config.learning_rate), optax.masked(optax.scale(2.0), twos))
    mean_loss = _flax_loss(config, len(weights['head_bias']))

    @jax.jit
    def step(params, state, batch):
        loss, gradients = jax.value_and_grad(mean_loss)(params, *batch)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    state, data = optimizer.init(params), (*arrays, shares_of(config, arrays))

    def epoch(order):
        nonlocal params, state
        losses = []
        for rows in order.reshape(-1, config.batch_size):
            params, state, loss = step(
                params, state, [None if array is None else array[rows] for array in data]
            )
            losses.append(loss)
        return np.array(jax.device_get(losses))

    return epoch
