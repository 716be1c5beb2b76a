"""Training as pure functions: the state, one step, one epoch as a scan over steps, and evaluation.

Keys have addresses and are never carried along: each is `fold_in` of the run's seed key with what
it is for, the epoch and the step. So the state after an epoch is a function of the seed and the
epoch alone, and a resumed run is the run that never stopped.

Shapes: N examples, T time steps, D inputs, S seeds (models trained at once).
"""

import functools
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from jaxdl import UserError
from jaxdl.arguments import require_leading_axis, require_shape
from jaxdl.metrics import weighted_mean
from jaxdl.names import look_up

# What a key is for: the first part of its address.
INIT, DATA, ORDER, DROPOUT, VALIDATION, TEST, RESTART = range(7)

Params = Any  # a pytree of arrays, as flax's model.init makes it
Scores = dict[str, jax.Array]


def address(key: jax.Array, *path: int | jax.Array) -> jax.Array:
    """The key at an address: `fold_in` of `key` with each number of the path."""
    return functools.reduce(jax.random.fold_in, path, key)


class TrainState(NamedTuple):
    """What training changes."""

    params: Params
    opt_state: optax.OptState


class Population(NamedTuple):
    """What tells the S models of a population apart.

    Attributes:
        keys: (S,) the key of each model's seed.
        hyperparameters: {name: (S,)}, those in which the models differ. A step is given them as
            keyword arguments.
    """

    keys: jax.Array
    hyperparameters: dict[str, jax.Array]


class Examples(NamedTuple):
    """Examples to train or to test on.

    Attributes:
        inputs: (N, T, D) sequences or (N, H, W, C) images.
        targets: (N,) classes, or (N, T) bits.
        lengths: (N,) int, the steps that count, or None where all T do.
    """

    inputs: jax.Array
    targets: jax.Array
    lengths: jax.Array | None


class Batch(NamedTuple):
    """Examples with weights (N,) float: 0 for the padding of a ragged last batch, else 1."""

    inputs: jax.Array
    targets: jax.Array
    lengths: jax.Array | None
    weights: jax.Array


class EpochResult(NamedTuple):
    """What an epoch of S models gives.

    Attributes:
        states: The TrainState of each model after the epoch.
        means: {score: (S, steps)}, the mean over each batch, before its update.
        statistics: A pytree of (S, rows, ...), the layer statistics; () if there are none.
        finite: (S,) bool, whether all parameters are finite.
    """

    states: TrainState
    means: Scores
    statistics: Any
    finite: jax.Array


class Evaluation(NamedTuple):
    """How S models did on N examples.

    Attributes:
        scores: {'loss': (S, N), ...}.
        outputs: The most likely class (S, N), or the bits (S, N, T) of a model with one output.
    """

    scores: dict[str, np.ndarray]
    outputs: np.ndarray


class OptimizerSettings(NamedTuple):
    """An optimizer of OPTIMIZERS by name, with the settings that it may have.

    Attributes:
        rmsprop_start: The mean square before the first step; 1 in TensorFlow 1, else 0.
        weight_decay: Times all parameters, added to the gradient first, as torch.optim does.
    """

    name: str
    learning_rate: float | jax.Array
    momentum: float | jax.Array = 0.0
    weight_decay: float | jax.Array = 0.0
    rmsprop_decay: float = 0.99
    rmsprop_start: float = 0.0


def _rmsprop(settings):
    return optax.rmsprop(
        settings.learning_rate,
        settings.rmsprop_decay,
        eps_in_sqrt=False,
        initial_scale=settings.rmsprop_start,
    )


OPTIMIZERS: dict[str, Callable[[OptimizerSettings], optax.GradientTransformation]] = {
    'adam': lambda settings: optax.adam(settings.learning_rate),
    'sgd': lambda settings: optax.sgd(settings.learning_rate),
    'momentum': lambda settings: optax.sgd(settings.learning_rate, settings.momentum),
    'rmsprop': _rmsprop,
    'adagrad': lambda settings: optax.adagrad(settings.learning_rate),
}


def make_optimizer(settings: OptimizerSettings) -> optax.GradientTransformation:
    """The optax optimizer of these settings, behind its weight decay.

    Raises:
        UserError: There is none of this name.
    """
    weight_decay = optax.add_decayed_weights(settings.weight_decay)
    return optax.chain(weight_decay, look_up('optimizer', settings.name, OPTIMIZERS)(settings))


def squared_weights(params: Params) -> jax.Array:
    """The sum of squares over all weights; biases are left out."""
    total = 0
    for weight in _weights(params):
        total += jnp.sum(weight**2)
    return total


def norms_of_weights(params: Params) -> jax.Array:
    """The sum of the Frobenius norms of all weight matrices and kernels; biases are left out.

    The gradient at a weight of zeros is zero, where the norm has none.
    """
    total = 0
    for weight in _weights(params):
        square = jnp.sum(weight**2)
        is_zero = square == 0
        # The root of 0 has an infinite gradient, and infinity times 0 is not a number.
        total += jnp.where(is_zero, 0, jnp.sqrt(jnp.where(is_zero, 1, square)))
    return total


PENALTIES: dict[str, Callable[[Params], jax.Array]] = {
    'squares': squared_weights,
    'norms': norms_of_weights,
}


def _weights(params: Params) -> list[jax.Array]:
    """The parameters that are no biases."""
    weights = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if 'weight' in jax.tree_util.keystr(path):
            weights.append(leaf)
    return weights


def init_state(
    model: Any,
    optimizer: optax.GradientTransformation,
    key: jax.Array,
    inputs: jax.Array,
    lengths: jax.Array | None,
) -> TrainState:
    """The state before the first step, with parameters drawn at the address (key, INIT)."""
    params = model.init(address(key, INIT), inputs, lengths)
    return TrainState(params, optimizer.init(params))


def make_step(
    model: Any,
    optimizer: optax.GradientTransformation,
    scores: Callable[[jax.Array, jax.Array, jax.Array | None], Scores],
    l2: float | jax.Array = 0.0,
    penalty: Callable[[Params], jax.Array] = squared_weights,
) -> Callable[[TrainState, Batch, jax.Array], tuple[TrainState, Scores]]:
    """Makes one training step.

    Args:
        model: Its apply(params, inputs, lengths, train, rngs) returns (logits, intermediates).
        optimizer: An optax optimizer.
        scores: (logits, targets, lengths) -> {'loss': (N,), ...}.
        l2: The factor of the penalty in the objective.
        penalty: A function of the parameters, one of PENALTIES.

    Returns:
        step(state, batch, key) -> (state, means). One update that lowers the batch's mean loss
        + l2 * penalty(params). `means` holds the batch's mean of each score before it.
    """

    def step(state, batch, key):
        require_shape('the weights of a batch', batch.weights, len(batch.inputs))

        def objective(params):
            rngs = {'dropout': key}
            logits, _ = model.apply(params, batch.inputs, batch.lengths, train=True, rngs=rngs)
            means = weighted_mean(scores(logits, batch.targets, batch.lengths), batch.weights)
            return means['loss'] + l2 * penalty(params), means

        # The scores come along with the gradient: no second forward pass.
        grads, means = jax.grad(objective, has_aux=True)(state.params)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        return TrainState(optax.apply_updates(state.params, updates), opt_state), means

    return step


def make_epoch(
    step: Callable[..., tuple[TrainState, Scores]],
    batches: Callable[[Any, jax.Array, jax.Array], Callable[[jax.Array], Batch]],
    steps: int,
    layer_statistics: Callable[[Params], Any] | None = None,
    statistics_every: int = 0,
    seeds_at_once: int | None = None,
) -> Callable[[TrainState, Population, Any, jax.Array], EpochResult]:
    """Makes the training of S models for one epoch, all steps in one program.

    Args:
        step: (state, batch, key, **hyperparameters) -> (state, means), as make_step makes it.
        batches: batches(data, key, epoch) opens an epoch and returns i -> Batch i.
        steps: The number of steps.
        layer_statistics: A function of the parameters that returns a pytree of arrays.
        statistics_every: It is taken before the steps 0, statistics_every, 2 * statistics_every,
            ...; 0 for never.
        seeds_at_once: So many models are vmapped, and such groups trained one after the other.
            None for all of them at once.

    Returns:
        train_epoch(states, population, data, epoch) -> EpochResult. `states` and `population`
        have a leading axis of seeds, `data` has none.

    Raises:
        UserError: Statistics are due and there is no function for them. train_epoch raises it if a
            leading axis is missing.
    """
    if statistics_every and layer_statistics is None:
        raise UserError(f'statistics_every={statistics_every} needs layer_statistics, a function')

    def train_one(state_and_identity, data, epoch):
        state, identity = state_and_identity
        # Opening the epoch once, here, keeps the permutation out of the loop over steps.
        batch_at = batches(data, identity.keys, epoch)
        dropout_key = address(identity.keys, DROPOUT, epoch)

        def record(statistics, row, params):
            def write(rows, new):
                return rows.at[row].set(new)

            return jax.tree.map(write, statistics, layer_statistics(params))

        def skip(statistics, row, params):
            return statistics

        def body(carry, i):
            state, statistics = carry
            if statistics_every:
                due = i % statistics_every == 0
                row = i // statistics_every
                # cond, since the statistics cost about as much as a step.
                statistics = lax.cond(due, record, skip, statistics, row, state.params)
            step_key = address(dropout_key, i)
            state, means = step(state, batch_at(i), step_key, **identity.hyperparameters)
            return (state, statistics), means

        statistics = ()
        if statistics_every:
            rows = -(-steps // statistics_every)
            statistics = _empty_rows(layer_statistics, state.params, rows)
        # One scan over all steps: no Python between them.
        (state, statistics), means = lax.scan(body, (state, statistics), jnp.arange(steps))
        return EpochResult(state, means, statistics, _all_finite(state.params))

    def train_epoch(states, population, data, epoch):
        require_shape('population.keys', population.keys, 'S')
        require_leading_axis('states', states, len(population.keys))
        require_leading_axis(
            'population.hyperparameters', population.hyperparameters, len(population.keys)
        )
        models = states, population
        if seeds_at_once is None:
            return jax.vmap(train_one, in_axes=(0, None, None))(models, data, epoch)
        # A group of one is not vmapped: an axis of size one would make convolutions slow.
        group = None if seeds_at_once == 1 else seeds_at_once
        train_this_epoch = functools.partial(train_one, data=data, epoch=epoch)
        return lax.map(train_this_epoch, models, batch_size=group)

    return train_epoch


def _empty_rows(function, params, rows):
    """Zeros for `rows` results of function(params)."""
    shapes = jax.eval_shape(function, params)
    return jax.tree.map(lambda x: jnp.zeros((rows, *x.shape), x.dtype), shapes)


def _all_finite(params):
    finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(params)]
    return jnp.stack(finite).all()


def batches_in_order(
    examples: Examples, order: jax.Array, batch_size: int
) -> Callable[[jax.Array], Batch]:
    """Makes i -> Batch i of the examples `order` (n,); the last batch may be ragged."""
    n = len(order)
    # The padding repeats example 0, which its weight of 0 takes out of every mean.
    padded = jnp.pad(order, (0, -n % batch_size))

    def batch_at(i):
        first = i * batch_size
        rows = lax.dynamic_slice(padded, (first,), (batch_size,))
        inputs, targets, lengths = jax.tree.map(lambda array: jnp.asarray(array)[rows], examples)
        weights = (first + jnp.arange(batch_size) < n).astype(jnp.float32)
        return Batch(inputs, targets, lengths, weights)

    return batch_at


def make_score_batch(
    model: Any,
    scores: Callable[[jax.Array, jax.Array, jax.Array | None], Scores],
    prepare: Callable[[jax.Array], jax.Array],
    seeds_at_once: int = 8,
) -> Callable[..., Evaluation]:
    """Makes the evaluation of S models on one batch of examples.

    Args:
        model: Its apply(params, inputs, lengths) returns (logits, intermediates).
        scores: (logits, targets, lengths) -> {'loss': (N,), ...}.
        prepare: From raw inputs to the model's.
        seeds_at_once: So many models are vmapped, and such groups done one after the other.

    Returns:
        score_batch(params (S, ...), inputs, targets, lengths) -> Evaluation.
    """

    def score_batch(params, inputs, targets, lengths):
        def score_one(params):
            logits, _ = model.apply(params, prepare(inputs), lengths)
            answers_with_a_bit = logits.shape[-1] == 1
            # A bit is 1 where the sigmoid is above one half, which is where the logit is above 0.
            outputs = logits[..., 0] > 0 if answers_with_a_bit else logits.argmax(-1)
            # int8 holds every class and bit, and is a quarter of what the host has to fetch.
            return Evaluation(scores(logits, targets, lengths), outputs.astype(jnp.int8))

        return lax.map(score_one, params, batch_size=seeds_at_once)

    return score_batch


def evaluate_in_batches(
    score_batch: Callable[..., Evaluation],
    params: Params,
    examples: Examples,
    batch_size: int = 250,
) -> Evaluation:
    """The Evaluation of params (S, ...) on any number of examples, as NumPy arrays.

    All batches have the same size, the last one filled up, so one compiled program serves all.
    """
    n = len(examples.inputs)

    def fill_up(array):
        padding = [(0, -n % batch_size)] + [(0, 0)] * (array.ndim - 1)
        return np.pad(array, padding, mode='edge')

    padded = jax.tree.map(fill_up, jax.device_get(examples))
    parts = []
    for first in range(0, n, batch_size):
        rows = slice(first, first + batch_size)
        batch = jax.tree.map(operator.itemgetter(rows), padded)
        # Fetched batch by batch, so that no device holds the outputs of all.
        parts.append(jax.device_get(score_batch(params, *batch)))

    def join(*arrays):
        return np.concatenate(arrays, axis=1)[:, :n]

    return jax.tree.map(join, *parts)
