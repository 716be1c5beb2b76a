"""The search for sets that prove a net (see check.py for the theorem): gradient descent on bounds by affine forms, in JAX.

Nothing here is trusted. Sets are parallelotopes, one for each label: a memory of the machine, and perhaps the last inputs.
They and, unless frozen, the weights move together until every set is mapped into the next ones with something to spare.
In shapes: L labels, X inputs, n = A*H numbers in a state (h, or h and c), K logits.
"""

import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from jaxdl.verify.automaton import ARRAYS, demands


class Labels(NamedTuple):
    """What the sets stand for: label 0 is the start."""

    memory: np.ndarray  # (L,)
    next: np.ndarray  # (L, X) the label after each input


class Sets(NamedTuple):
    """The states centre + edges y, for every |y_i| <= 1."""

    centre: Any  # (L, n)
    edges: Any  # (L, n, n)


class Form(NamedTuple):
    """The numbers mid + rows y + e, for every |y_i| <= 1 and every |e_i| <= error_i."""

    mid: Any  # (n,)
    rows: Any  # (n, m)
    error: Any  # (n,)


def labels(machine, history=0):
    """The Labels that know the memory of the machine and the last `history` inputs."""
    start = 0, ()
    known, numbers, following = [start], {start: 0}, []
    for memory, last in known:
        row = [
            (machine.next[memory][x], (*last, x)[-history:] if history else ())
            for x in range(len(machine.inputs))
        ]
        for label in row:
            if label not in numbers:
                numbers[label] = len(known)
                known.append(label)
        following.append([numbers[label] for label in row])
    return Labels(np.array([memory for memory, _ in known]), np.array(following))


def _reach(x):
    return jnp.abs(x.rows).sum(1) + x.error


def _affine(weight, bias, x):
    return Form(weight @ x.mid + bias, weight @ x.rows, jnp.abs(weight) @ x.error)


def _ends(x):
    return x.mid - _reach(x), x.mid + _reach(x)


def _planar(slopes, low, high, *xs):
    """A function of xs that is within low..high of the plane of these slopes."""
    mid, rows, error = (
        sum(slope * each for slope, each in zip(scale, part))
        for scale, part in zip(
            (slopes, [a[:, None] for a in slopes], map(jnp.abs, slopes)), zip(*xs)
        )
    )
    return Form(mid + (low + high) / 2, rows, error + (high - low) / 2)


def _near_zero(low, high):
    """The number nearest 0 in each range."""
    return jnp.maximum(low, 0.0) + jnp.minimum(high, 0.0)


def _curve(f, slope, x):
    """A rising f whose slope is least at an end of any range: less a line of that slope it still rises."""
    low, high = _ends(x)
    a = jnp.minimum(slope(f(low)), slope(f(high)))
    return _planar([a], f(low) - a * low, f(high) - a * high, x)


def _tanh(x):
    return _curve(jnp.tanh, lambda t: 1 - t * t, x)


def _sigmoid(x):
    return _curve(jax.nn.sigmoid, lambda s: s * (1 - s), x)


def _times(x, y):
    """xy = a x + b y - ab + (x - b)(y - a), with the a and b nearest 0, so that neither factor's sign keeps from 0."""
    (x_low, x_high), (y_low, y_high) = _ends(x), _ends(y)
    a, b = _near_zero(y_low, y_high), _near_zero(x_low, x_high)
    low = jnp.minimum((x_low - b) * (y_high - a), (x_high - b) * (y_low - a))
    high = jnp.maximum((x_low - b) * (y_low - a), (x_high - b) * (y_high - a))
    return _planar([a, b], low - a * b, high - a * b, x, y)


def _blend(u, n, h):
    """(1 - u) n + u h: less the plane (1 - u_high) n + u_low h + a u it is linear in u, so extreme at an end of u."""
    (u_low, u_high), (n_low, n_high), (h_low, h_high) = map(_ends, (u, n, h))
    a = _near_zero(*_ends(Form(h.mid - n.mid, h.rows - n.rows, h.error + n.error)))
    width = u_high - u_low
    low = jnp.minimum(width * n_low - a * u_low, width * h_low - a * u_high)
    high = jnp.maximum(width * n_high - a * u_low, width * h_high - a * u_high)
    return _planar([a, 1 - u_high, u_low], low, high, u, n, h)


def _split(x, parts):
    return [Form(*each) for each in zip(*(jnp.split(values, parts) for values in x))]


def step(cell, params, state, vector):
    """The Form of the states after a step on an input vector from those of a Form."""
    h, *c = _split(state, ARRAYS[cell])
    z_x = params['weight_ih_l0'] @ vector + params['bias_ih_l0']
    z_h = _affine(params['weight_hh_l0'], params['bias_hh_l0'], h)
    if cell == 'gru':
        (r, u, new), x = (
            _split(z_h._replace(mid=z_h.mid + z_x.at[-len(h.mid) :].set(0.0)), 3),
            z_x[-len(h.mid) :],
        )
        new = _times(_sigmoid(r), new)
        new = _tanh(new._replace(mid=new.mid + x))
        return _blend(_sigmoid(u), new, h)
    z = z_h._replace(mid=z_h.mid + z_x)
    if cell == 'rnn':
        return _tanh(z)
    i, f, g, o = _split(z, 4)
    c = Form(*map(operator.add, _times(_sigmoid(f), *c), _times(_sigmoid(i), _tanh(g))))
    h = _times(_sigmoid(o), _tanh(c))
    return Form(*(jnp.concatenate(pair) for pair in zip(h, c)))


def gaps(cell, params, sets, labels, machine):
    """How much there is to spare, negative where a condition fails: (closure (L, X, n), demands (L, X, M), start (n,), into (L, n)).

    closure and start are in lengths of the target's edges, demands in logits; an error of 1 in every state is at most `into` edges.
    """
    inverse = jnp.linalg.inv(sets.edges)
    into = jnp.abs(inverse).sum(-1)
    table = jnp.array(
        [demands(machine.outputs, answer) for answer in range(max(machine.outputs, 2))], float
    )
    weight, bias = table @ params['head_weight'], table @ params['head_bias']
    answers = np.array(
        [[-1 if answer is None else answer for answer in row] for row in machine.answer]
    )[labels.memory]

    def transition(centre, edges, vector, target, answer):
        image = step(cell, params, Form(centre, edges, jnp.zeros(len(centre))), vector)
        inside = _affine(inverse[target], 0.0, image._replace(mid=image.mid - sets.centre[target]))
        logits = _affine(
            weight[answer], bias[answer], Form(*(values[: weight.shape[-1]] for values in image))
        )
        return (
            1 - jnp.abs(inside.mid) - _reach(inside),
            jnp.where(answer < 0, jnp.inf, logits.mid - _reach(logits)),
        )

    each_input = jax.vmap(transition, (None, None, 0, 0, 0))
    closure, logits = jax.vmap(each_input, (0, 0, None, 0, 0))(
        *sets, jnp.array(machine.inputs, float), labels.next, answers
    )
    return closure, logits, 1 - jnp.abs(inverse[0] @ sets.centre[0]), into


def simulate(cell, params, inputs):
    """(states (N, T, n), logits (N, T, K)) of a net on input vectors (N, T, D), from the zero state."""
    n = ARRAYS[cell] * params['weight_hh_l0'].shape[1]

    def one(state, vector):
        return step(cell, params, Form(state, jnp.zeros((n, 0)), jnp.zeros(n)), vector).mid

    def body(state, vectors):
        state = jax.vmap(one)(state, vectors)
        return state, (
            state,
            state[:, : n // ARRAYS[cell]] @ params['head_weight'].T + params['head_bias'],
        )

    start = jnp.zeros((len(inputs), n))
    _, (states, logits) = lax.scan(body, start, jnp.asarray(inputs, float).swapaxes(0, 1))
    return states.swapaxes(0, 1), logits.swapaxes(0, 1)


def reached(cell, params, labels, machine, key, strings=256, steps=40):
    """Boxes, as Sets, about the states that the net reaches on random strings and on strings of long constant runs."""
    numbers = jnp.concatenate(
        [
            jax.random.randint(
                jax.random.fold_in(key, run), (strings, -(-steps // run)), 0, len(machine.inputs)
            ).repeat(run, axis=1)[:, :steps]
            for run in (1, 10)
        ]
    )
    states, _ = simulate(cell, params, jnp.array(machine.inputs)[numbers])

    def walk(label, number):
        label = jnp.asarray(labels.next)[label, number]
        return label, label

    _, at = lax.scan(walk, jnp.zeros(len(numbers), int), numbers.T)

    def ends(label):
        here = (at.T == label)[..., None]
        return jnp.where(here, states, jnp.inf).min((0, 1)), jnp.where(here, states, -jnp.inf).max(
            (0, 1)
        )

    lo, hi = lax.map(ends, jnp.arange(len(labels.memory)))
    lo, hi = (
        jnp.where(lo <= hi, lo, 0.0),
        jnp.where(lo <= hi, hi, 0.0),
    )  # a start that is never come back to
    lo, hi = lo.at[0].min(0.0), hi.at[0].max(0.0)
    return Sets((lo + hi) / 2, jax.vmap(jnp.diag)((hi - lo) / 2 + 0.02))


def search(cell, params, sets, labels, machine, tune=True, steps=6000):
    """(params, sets) after `steps` steps of Adam, from boxes, on what the gaps fall short of their margins.

    tune: weights and boxes move together, which is quick; else the weights stay as they are, and the boxes may become any
    parallelotopes, with smaller margins.
    """
    scale = jax.vmap(jnp.diag)(sets.edges)
    identity = jnp.eye(scale.shape[-1])

    def moved(found):
        weights, centre, edges = found
        if tune:
            return weights, Sets(
                sets.centre + centre, (scale * jnp.exp(edges))[..., None] * identity
            )
        return params, Sets(sets.centre + scale * centre, scale[..., None] * (identity + edges))

    def loss(found):
        closure, logits, start, into = gaps(cell, *moved(found), labels, machine)
        into = into[labels.next]
        short = 0.01 - closure / into if tune else 0.003 + 2e-4 * into - closure
        return (
            jax.nn.relu(short).sum()
            + jax.nn.relu((0.1 if tune else 0.01) - logits).sum()
            + jax.nn.relu(0.01 - start).sum()
        )

    optimizer = optax.adam(optax.cosine_decay_schedule(3e-3 if tune else 1e-2, steps, 0.05))

    def body(carry, _):
        found, opt_state = carry
        updates, opt_state = optimizer.update(jax.grad(loss)(found), opt_state)
        return (optax.apply_updates(found, updates), opt_state), None

    found = (
        (params, jnp.zeros_like(scale), jnp.zeros_like(scale))
        if tune
        else ({}, jnp.zeros_like(scale), jnp.zeros_like(sets.edges))
    )
    (found, _), _ = lax.scan(body, (found, optimizer.init(found)), length=steps)
    return moved(found)
