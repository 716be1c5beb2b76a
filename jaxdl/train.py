"""Training as pure functions: the state, one step, one epoch as a scan over steps, and evaluation.

Keys are addressed, never carried: each is fold_in of the run's seed key with what it is for, the epoch and the
step. So the state after epoch e is a function of the seed and e alone, and a resumed run is the run never stopped.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from jaxdl.metrics import weighted_mean

INIT, DATA, ORDER, DROPOUT, VALIDATION, TEST, START = range(7)  # what a key is for


def address(key, *path):
    """The key at an address: fold_in along a path of ints."""
    return functools.reduce(jax.random.fold_in, path, key)


class TrainState(NamedTuple):
    params: Any
    opt_state: Any


class Members(NamedTuple):
    """What tells the models of a population apart."""

    keys: jax.Array  # (S,)
    numbers: (
        dict  # {name: (S,)}, the settings in which they differ; of the step's keyword arguments
    )


class Batch(NamedTuple):
    inputs: jax.Array  # (N, T, D)
    targets: jax.Array  # (N,) or (N, T)
    lengths: Any  # (N,) int, or None where all T steps count
    weights: jax.Array  # (N,) float, 0 for the padding of a ragged last batch


OPTIMIZERS = {
    'adam': lambda rate, momentum, decay, start: optax.adam(rate),
    'sgd': lambda rate, momentum, decay, start: optax.sgd(rate),
    'momentum': lambda rate, momentum, decay, start: optax.sgd(rate, momentum),
    'rmsprop': lambda rate, momentum, decay, start: optax.rmsprop(
        rate, decay, eps_in_sqrt=False, initial_scale=start
    ),
    'adagrad': lambda rate, momentum, decay, start: optax.adagrad(rate),
}


def make_optimizer(
    name, learning_rate, momentum=0.0, rmsprop_decay=0.99, weight_decay=0.0, rmsprop_start=0.0
):
    """An optimizer of OPTIMIZERS; weight_decay adds weight_decay * params to the gradient first, as torch.optim does."""
    return optax.chain(
        optax.add_decayed_weights(weight_decay),
        OPTIMIZERS[name](learning_rate, momentum, rmsprop_decay, rmsprop_start),
    )


def squared_weights(params):
    """Sum of squares over all weights; biases are left out."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return sum(jnp.sum(leaf**2) for path, leaf in leaves if 'weight' in jax.tree_util.keystr(path))


def init_state(model, optimizer, key, inputs, lengths):
    """The state at step 0: parameters drawn at address (key, INIT)."""
    params = model.init(address(key, INIT), inputs, lengths)
    return TrainState(params, optimizer.init(params))


def make_step(model, optimizer, scores, l2=0.0):
    """step(state, batch, key) -> (state, means): one update on the batch's mean loss + l2 * sum of squared weights.

    scores(logits, targets, lengths) -> {'loss': (N,), ...}; means holds the batch's mean of each, before the update.
    """

    def step(state, batch, key):
        def objective(params):
            logits, _ = model.apply(
                params, batch.inputs, batch.lengths, train=True, rngs={'dropout': key}
            )
            means = weighted_mean(scores(logits, batch.targets, batch.lengths), batch.weights)
            return means['loss'] + l2 * squared_weights(params), means

        grads, means = jax.grad(objective, has_aux=True)(state.params)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        return TrainState(optax.apply_updates(state.params, updates), opt_state), means

    return step


def make_epoch(step, batches, steps, probe=None, every=0, seeds_at_once=None):
    """epoch(states, members, data, index) -> (states, means (S, steps), probed): `steps` steps of S models in one program.

    step(state, batch, key, **numbers); batches(data, key, epoch) -> (i -> Batch) opens an epoch; states and members have a leading axis, data none.
    probed stacks probe(params), a pytree, of the parameters before steps 0, every, 2 * every, ...; () without `every`.
    So many seeds at once are vmapped, None: all, and such groups done one after the other.
    """

    def epoch(state, member, data, index):
        batch_at, dropout_key = (
            batches(data, member.keys, index),
            address(member.keys, DROPOUT, index),
        )

        def body(carry, i):
            state, probed = carry
            if every:
                probed = lax.cond(
                    i % every == 0,
                    record,
                    lambda probed, *_: probed,
                    probed,
                    i // every,
                    state.params,
                )
            state, means = step(state, batch_at(i), address(dropout_key, i), **member.numbers)
            return (state, probed), means

        def record(probed, row, params):
            return jax.tree.map(lambda rows, new: rows.at[row].set(new), probed, probe(params))

        rows = -(-steps // every) if every else 0
        probed = (
            jax.tree.map(
                lambda x: jnp.zeros((rows, *x.shape), x.dtype), jax.eval_shape(probe, state.params)
            )
            if every
            else ()
        )
        (state, probed), means = lax.scan(body, (state, probed), jnp.arange(steps))
        return state, means, probed

    if seeds_at_once is None:
        return jax.vmap(epoch, in_axes=(0, 0, None, None))
    group = (
        None if seeds_at_once == 1 else seeds_at_once
    )  # a group of one would be vmapped, which makes slow convolutions
    return lambda states, members, data, index: lax.map(
        lambda one: epoch(*one, data, index), (states, members), batch_size=group
    )


def in_order(arrays, order, batch_size):
    """i -> Batch i of the examples `order` (n,) of arrays (inputs, targets, lengths); the last one may be ragged."""
    n = len(order)
    padded = jnp.pad(order, (0, -n % batch_size))

    def batch_at(i):
        rows = lax.dynamic_slice(padded, (i * batch_size,), (batch_size,))
        taken = jax.tree.map(lambda array: jnp.asarray(array)[rows], arrays)
        return Batch(*taken, (i * batch_size + jnp.arange(batch_size) < n).astype(jnp.float32))

    return batch_at


def make_evaluate(model, scores, prepare, compile=jax.jit, batch_size=250, seeds_at_once=8):
    """evaluate(params, (inputs, targets, lengths)) -> ({'loss': (S, N), ...}, outputs (S, N, ...)) as NumPy arrays.

    params has a leading axis of S seeds; the N examples are the same for all, and go through `prepare` and one
    program of batch_size examples. outputs is the most likely class (S, N), or the bits (S, N, T) of a model with one
    output. compile(f) makes the program of a pure function f.
    """

    @compile
    def score(params, inputs, targets, lengths):
        def one_seed(params):
            logits, _ = model.apply(params, prepare(inputs), lengths)
            outputs = logits.argmax(-1) if logits.shape[-1] > 1 else logits[..., 0] > 0
            return scores(logits, targets, lengths), outputs.astype(jnp.int8)

        return lax.map(one_seed, params, batch_size=seeds_at_once)

    def evaluate(params, examples):
        n = len(examples[0])
        padded = jax.tree.map(
            lambda x: np.pad(x, [(0, -n % batch_size)] + [(0, 0)] * (x.ndim - 1), mode='edge'),
            jax.device_get(examples),
        )
        parts = [
            jax.device_get(score(params, *jax.tree.map(lambda x: x[i : i + batch_size], padded)))
            for i in range(0, n, batch_size)
        ]
        return jax.tree.map(lambda *part: np.concatenate(part, axis=1)[:, :n], *parts)

    return evaluate
