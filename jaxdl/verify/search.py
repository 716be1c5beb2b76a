"""The search for sets that prove an adder (see check.py for the theorem): gradient descent on interval bounds, in JAX.

Nothing here is trusted. Sets are boxes, one for each label of an automaton: a carry, and perhaps the last inputs. Boxes
and, unless frozen, weights move together until every box is mapped into the next ones with something to spare.
In shapes: L labels, A arrays in a state (h, or h and c), H hidden.
"""
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

FORMAT = 'jaxdl adder certificate 1'
INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
ARRAYS = {'rnn': 1, 'gru': 1, 'lstm': 2}


class Automaton(NamedTuple):
    """What the sets stand for: label 0 is the start."""
    carry: np.ndarray  # (L,)
    next: np.ndarray   # (L, 4) the label after each of INPUTS


class Boxes(NamedTuple):
    centre: Any  # (L, A, H)
    width: Any   # (L, A, H) log of half the width


def automaton(history=0):
    """The Automaton that knows the carry and the last `history` inputs."""
    labels, following, at = [(0, ())], [], 0
    while at < len(labels):
        carry, last = labels[at]
        row = []
        for number, bits in enumerate(INPUTS):
            label = (carry + bits.sum()) // 2, (*last, number)[-history:] if history else ()
            if label not in labels:
                labels.append(label)
            row.append(labels.index(label))
        following.append(row)
        at += 1
    return Automaton(np.array([int(carry) for carry, _ in labels]), np.array(following))


def _affine(weight, bias, lo, hi):
    centre, radius = (lo + hi) / 2, (hi - lo) / 2
    middle, reach = weight @ centre, jnp.abs(weight) @ radius
    middle = middle + (bias if middle.ndim == 1 else bias[:, None])
    return middle - reach, middle + reach


def _product(x, y):
    ends = jnp.stack([a * b for a in x for b in y])
    return ends.min(0), ends.max(0)


def _each(f, x):
    return f(x[0]), f(x[1])


def step(cell, params, lo, hi, bits):
    """Bounds (lo, hi), each (A, H), of the state after a step from any state of a box, by interval arithmetic."""
    w_x, w_h, b_x, b_h = (params[f'{name}_l0'] for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))
    z_x, z_h = w_x @ bits + b_x, _affine(w_h, b_h, lo[0], hi[0])
    if cell == 'rnn':
        return _each(lambda z: jnp.tanh(z_x + z)[None], z_h)
    if cell == 'lstm':
        i, f, g, o = zip(*(jnp.split(z_x + z, 4) for z in z_h))
        kept, added = _product(_each(jax.nn.sigmoid, f), (lo[1], hi[1])), _product(_each(jax.nn.sigmoid, i), _each(jnp.tanh, g))
        c = kept[0] + added[0], kept[1] + added[1]
        h = _product(_each(jax.nn.sigmoid, o), _each(jnp.tanh, c))
        return jnp.stack([h[0], c[0]]), jnp.stack([h[1], c[1]])
    (r_x, u_x, n_x), (r_h, u_h, n_h) = jnp.split(z_x, 3), zip(*(jnp.split(z, 3) for z in z_h))
    reset, update = (_each(lambda z, z_x=z_x: jax.nn.sigmoid(z_x + z), z) for z_x, z in ((r_x, r_h), (u_x, u_h)))
    new = _each(jnp.tanh, _each(lambda z: n_x + z, _product(reset, n_h)))
    blend = [[n + u * (h - n) for u in update] for n, h in zip(new, (lo[0], hi[0]))]
    return jnp.minimum(*blend[0])[None], jnp.maximum(*blend[1])[None]


def ends(boxes):
    """(lo, hi), each (L, A, H)."""
    return boxes.centre - jnp.exp(boxes.width), boxes.centre + jnp.exp(boxes.width)


def _images(cell, params, lo, hi):
    """Bounds (lo, hi), each (L, 4, A, H), of where each box goes on each of INPUTS."""
    inputs = jnp.asarray(INPUTS, lo.dtype)
    return jax.vmap(lambda lo, hi: jax.vmap(lambda bits: step(cell, params, lo, hi, bits))(inputs))(lo, hi)


def gaps(cell, params, boxes, sets):
    """How much there is to spare, negative where a condition fails: (closure (L, 4, 2, A, H), logits (L, 4), start (2, A, H))."""
    lo, hi = ends(boxes)
    image = _images(cell, params, lo, hi)
    closure = jnp.stack([image[0] - lo[sets.next], hi[sets.next] - image[1]], 2)
    low, high = _affine(params['head_weight'], params['head_bias'], image[0][:, :, 0, :, None], image[1][:, :, 0, :, None])
    odd = (sets.carry[:, None] + INPUTS.sum(1)) % 2 == 1
    return closure, jnp.where(odd, low[..., 0, 0], -high[..., 0, 0]), jnp.stack([-lo[0], hi[0]])


def simulate(cell, params, bits):
    """(states (N, T, A, H), logits (N, T)) of a net on input bits (N, T, 2), from the zero state."""
    hidden = params['weight_hh_l0'].shape[1]

    def body(state, bits):
        state, _ = jax.vmap(lambda state, bits: step(cell, params, state, state, bits))(state, bits)
        return state, (state, state[:, 0] @ params['head_weight'][0] + params['head_bias'][0])
    start = jnp.zeros((len(bits), ARRAYS[cell], hidden))
    _, (states, logits) = lax.scan(body, start, jnp.asarray(bits, start.dtype).swapaxes(0, 1))
    return states.swapaxes(0, 1), logits.T


def reached(cell, params, sets, key, strings=256, steps=40):
    """Boxes about the states that the net reaches on random strings and on strings of long constant runs."""
    kinds = [jax.random.bernoulli(jax.random.fold_in(key, run), .5, (strings, -(-steps // run), 2)).repeat(run, axis=1)[:, :steps]
             for run in (1, 10)]
    bits = jnp.concatenate(kinds).astype(int)
    states, _ = simulate(cell, params, bits)

    def walk(label, bits):
        label = jnp.asarray(sets.next)[label, 2 * bits[:, 0] + bits[:, 1]]
        return label, label
    _, labels = lax.scan(walk, jnp.zeros(len(bits), int), bits.swapaxes(0, 1))
    here = (labels.T[..., None] == jnp.arange(len(sets.carry)))[..., None, None]  # (N, T, L, 1, 1)
    lo = jnp.where(here, states[:, :, None], jnp.inf).min((0, 1))
    hi = jnp.where(here, states[:, :, None], -jnp.inf).max((0, 1))
    lo, hi = jnp.where(lo <= hi, lo, 0.), jnp.where(lo <= hi, hi, 0.)             # a start that is never come back to
    lo, hi = lo.at[0].min(0.), hi.at[0].max(0.)
    return Boxes((lo + hi) / 2, jnp.log((hi - lo) / 2 + .02))


def close(cell, params, boxes, sets, spare=2e-4, iterations=400):
    """Boxes that the net, its weights as they are, maps into each other with `spare` to spare, if it contracts them.

    Each box is replaced by the hull of what is mapped into it, and `spare` more on each side, again and again.
    """
    def body(ends, _):
        image = _images(cell, params, *ends)
        lo = jnp.full_like(ends[0], jnp.inf).at[sets.next].min(image[0])
        hi = jnp.full_like(ends[1], -jnp.inf).at[sets.next].max(image[1])
        lo, hi = jnp.where(lo <= hi, lo, 0.), jnp.where(lo <= hi, hi, 0.)  # a start that is never come back to
        return (lo.at[0].min(0.) - spare, hi.at[0].max(0.) + spare), None
    (lo, hi), _ = lax.scan(body, ends(boxes), length=iterations)
    return Boxes((lo + hi) / 2, jnp.log((hi - lo) / 2))


def search(cell, params, boxes, sets, steps=6000, learning_rate=3e-3, margin=.01, logit_margin=.1):
    """(params, boxes) after `steps` steps of Adam, on weights and boxes together, on what the gaps fall short of their margins."""
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, steps, .05))

    def loss(found):
        closure, logits, start = gaps(cell, *found, sets)
        return (jax.nn.relu(margin - closure).sum() + jax.nn.relu(logit_margin - logits).sum()
                + jax.nn.relu(margin - start).sum())

    def body(carry, _):
        found, opt_state = carry
        updates, opt_state = optimizer.update(jax.grad(loss)(found), opt_state)
        return (optax.apply_updates(found, updates), opt_state), None
    (found, _), _ = lax.scan(body, ((params, boxes), optimizer.init((params, boxes))), length=steps)
    return found


def certificate(cell, params, boxes, sets):
    """The claim for check.check, of one net, still without its digest: see there. Floats are written in hexadecimal, so exactly."""
    lo, hi = ends(boxes)

    def exact(x):
        return [exact(each) for each in x] if isinstance(x, list) else x.hex()
    lo, hi, weights = jax.tree.map(lambda x: exact(np.asarray(x, float).tolist()), (lo, hi, params))
    return {'format': FORMAT, 'cell': cell, 'weights': weights,
            'sets': [{'carry': int(carry), 'next': row.tolist(), 'lo': low, 'hi': high}
                     for carry, row, low, high in zip(sets.carry, sets.next, lo, hi)]}
