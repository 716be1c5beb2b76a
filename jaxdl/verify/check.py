"""The trusted part of the proof that a recurrent net is right at every length: exact affine arithmetic, no JAX.

Theorem. Let a finite machine (machine.py) say what is right: it has a memory m, and for each input x the memory next(m, x)
and the answer(m, x). Let F(s, x) be one step of the net from state s. Let there be finitely many sets of states, each with
a memory, such that
  1. the zero state lies in set 0, whose memory is 0, the start;
  2. for every set S of memory m and every input x, F(S, x) lies in a set whose memory is next(m, x);
  3. there the net's answer is answer(m, x): each sum of logits that machine.demands names is greater than 0.
Then the net answers right at every step of every sequence of inputs, of whatever length. (Induction over the steps: after
each the state lies in a set whose memory is the machine's.) An adder's memory is the carry; that of a net which recalls
the k-th digit is the digit, once it was read.

Here a set is a parallelotope {centre + edges y: every |y_i| <= 1} of the states (h, for LSTM h and then c); a box is one.
Its image is bounded by affine forms mid + rows y +- error: tanh and sigmoid become a line of the least slope on the range
that they meet, and an error. The weights and sets are taken as the exact rational numbers that their floats are; every
number below is a ball (Arb) that contains the exact real one.

What it does not cover: the theorem is about the real-number function F. A computer that rounds at each step follows it
within an error of at most e in each state unit; `slack` is an e for which conditions 2 and 3 still hold, with half of the
logits' margin left, and float32_error bounds e for IEEE single precision, if the computer's tanh and sigmoid err by 16 * 2**-24
at most. Nor does it cover how this file is run: Python, python-flint and Arb are trusted.
"""

import functools
import hashlib
import json
import math

from flint import arb, arb_mat, ctx

from jaxdl.verify.affine import (
    Form,
    affine,
    blend,
    cut,
    entrywise,
    ends,
    magnitudes,
    moved,
    reach,
    sigmoid,
    tanh,
    times,
)
from jaxdl.verify.automaton import ARRAYS, GATES, demands, machine
from jaxdl.verify.rounding import float32_error

PRECISION = 128  # bits
FORMAT = 'jaxdl certificate 2'


class Refused(Exception):
    """Which condition fails, and where."""


def step(cell, weights, state, vector):
    """The Form of the states after a step on an input vector, from those of a Form (torch's equations).

    weights: {name: arb_mat}, named as in torch.nn, with biases as columns.
    """
    h, *c = cut(state, ARRAYS[cell])
    z_x = weights['weight_ih_l0'] * arb_mat([[arb(x)] for x in vector]) + weights['bias_ih_l0']
    z_h = affine(weights['weight_hh_l0'], weights['bias_hh_l0'], h)
    parts = zip(cut(z_h, GATES[cell]), cut(z_x, GATES[cell]))
    if cell == 'gru':
        (r, r_x), (u, u_x), (new, new_x) = parts
        new = times(sigmoid(moved(r, r_x)), new)
        return blend(sigmoid(moved(u, u_x)), tanh(moved(new, new_x)), h)
    z = [moved(part, x) for part, x in parts]
    if cell == 'rnn':
        return tanh(*z)
    i, f, g, o = z
    kept, written = times(sigmoid(f), *c), times(sigmoid(i), tanh(g))
    c = Form(*(a + b for a, b in zip(kept, written)))
    return Form(*(arb_mat(a.tolist() + b.tolist()) for a, b in zip(times(sigmoid(o), tanh(c)), c)))


def check(certificate):
    """(slack, margin) of a certificate, as floats rounded down. Raises Refused if it proves nothing or is malformed.

    certificate: {'format', 'task', 'k', 'cell', 'weights': {name: nested lists of hex floats}, 'sets': [{'memory', 'next': the set
    for each input, 'centre': hex floats, 'edges': rows of hex floats}], 'sha256': see digest}.
    """
    try:
        return _checked(certificate)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise Refused(f'it is damaged ({type(error).__name__}: {error})') from None


def _checked(certificate):
    ctx.prec = PRECISION
    if certificate.get('format') != FORMAT:
        raise Refused(f'this is not a {FORMAT!r}')
    cell, sets, right = (
        certificate['cell'],
        certificate['sets'],
        machine(certificate['task'], certificate['k']),
    )
    weights = {name: _matrix(value) for name, value in certificate['weights'].items()}
    _require_shapes(cell, weights, right)
    hidden = weights['head_weight'].ncols()
    if any(
        type(number) is not int or not 0 <= number < stop
        for each in sets
        for number, stop in [
            (each['memory'], len(right.next)),
            *((target, len(sets)) for target in each['next']),
        ]
    ):
        raise Refused('a set names a memory or a set that there is not')
    centres, edges = (
        [_matrix(each['centre']) for each in sets],
        [_matrix(each['edges']) for each in sets],
    )
    inverses = [
        _inverse(matrix, ARRAYS[cell] * hidden, number) for number, matrix in enumerate(edges)
    ]
    if (
        sets[0]['memory'] != 0
        or not _gap(inverses[0], Form(-centres[0], edges[0] * arb(0), centres[0] * arb(0))) >= 0
    ):
        raise Refused('the start state is not in set 0, or its memory is not 0')
    slack = margin = arb('inf')
    for number, each in enumerate(sets):
        form = Form(centres[number], edges[number], centres[number] * arb(0))
        for x, (vector, target) in enumerate(zip(right.inputs, each['next'], strict=True)):
            where = f'set {number} (memory {each["memory"]}) on input {vector}'
            memory, answer = right.next[each['memory']][x], right.answer[each['memory']][x]
            if sets[target]['memory'] != memory:
                raise Refused(
                    f'{where}: set {target} has memory {sets[target]["memory"]}, it must be {memory}'
                )
            image = step(cell, weights, form, vector)
            gap = _gap(inverses[target], moved(image, -centres[target]))
            if not gap > 0:
                raise Refused(f'{where}: the next state may leave set {target}')
            slack = slack.min(gap)
            if answer is not None:
                least, most = _answered(
                    demands(right.outputs, answer), weights, cut(image, ARRAYS[cell])[0]
                )
                if not least > 0:
                    raise Refused(f'{where}: the answer may not be {answer}')
                margin = margin.min(least)
                slack = slack.min(
                    least / (2 * most)
                )  # half of the margin is left for the logits' own rounding
    if certificate['sha256'] != digest(certificate):
        raise Refused('sets or weights were changed after the proof was written (SHA-256 differs)')
    return _down(slack), _down(margin)


def _answered(rows, weights, h):
    """The least of the sums of logits that these rows of coefficients ask for, and the most that one changes when h does by 1."""
    rows = arb_mat([list(map(arb, row)) for row in rows])
    head = rows * weights['head_weight']
    low, _ = ends(affine(head, rows * weights['head_bias'], h))
    return _least(low), functools.reduce(arb.max, magnitudes(head).entries())


def digest(certificate):
    """SHA-256 of what the proof is about, in hexadecimal: any change shows, even one that leaves it a proof."""
    content = [certificate[name] for name in ('format', 'task', 'k', 'cell', 'weights', 'sets')]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _inverse(edges, n, number):
    if (edges.nrows(), edges.ncols()) != (n, n):
        raise Refused(f'the edges of set {number} are not {n} by {n}')
    try:
        return edges.inv()
    except ZeroDivisionError:
        raise Refused(f'the edges of set {number} are not independent') from None


def _gap(inverse, x):
    """An error of each number of x by so much leaves x in the set around 0 of these inverse edges; negative if x itself is not."""
    inside = affine(inverse, arb_mat(x.mid.nrows(), 1), x)
    return _least(
        entrywise(
            lambda mid, radius, into: (1 - abs(mid) - radius) / into,
            inside.mid,
            reach(inside),
            magnitudes(inverse),
        )
    )


def _least(matrix):
    return functools.reduce(arb.min, matrix.entries())


def _matrix(value):
    """Nested lists of hex floats as a matrix of the exact numbers, which must be finite; a list as a column."""
    rows = [
        [float.fromhex(number) for number in (row if isinstance(row, list) else [row])]
        for row in value
    ]
    if not all(math.isfinite(number) for row in rows for number in row):
        raise ValueError('a number is not finite')
    if len({len(row) for row in rows}) != 1:
        raise ValueError('rows differ in length')
    return arb_mat([list(map(arb, row)) for row in rows])


def _require_shapes(cell, weights, right):
    """Raises Refused unless the weights are those of one layer and one direction, with the machine's inputs and outputs."""
    hidden, rows = weights['head_weight'].ncols(), GATES[cell] * weights['head_weight'].ncols()
    shapes = {
        'weight_ih_l0': (rows, len(right.inputs[0])),
        'weight_hh_l0': (rows, hidden),
        'bias_ih_l0': (rows, 1),
        'bias_hh_l0': (rows, 1),
        'head_weight': (right.outputs, hidden),
        'head_bias': (right.outputs, 1),
    }
    if weights.keys() != shapes.keys():
        raise Refused(f'the weights are {", ".join(weights)}; expected {", ".join(shapes)}')
    for name, shape in shapes.items():
        if (weights[name].nrows(), weights[name].ncols()) != shape:
            raise Refused(f'{name} is not of shape {shape}')


def _down(x):
    """A float that is not greater than any number of the ball x."""
    value = float(x.lower().mid())
    return value - abs(value) * 2**-50


def certificate(task, k, cell, params, sets, labels):
    """The claim for check, of one net and its arrays of sets. Floats are written in hexadecimal, so exactly."""

    def exact(values):
        return [exact(each) for each in values] if isinstance(values, list) else float(values).hex()

    claim = {
        'format': FORMAT,
        'task': task,
        'k': k,
        'cell': cell,
        'weights': {name: exact(value.tolist()) for name, value in params.items()},
        'sets': [
            {'memory': memory, 'next': following, 'centre': exact(centre), 'edges': exact(edges)}
            for memory, following, centre, edges in zip(
                *(
                    values.tolist()
                    for values in (labels.memory, labels.next, sets.centre, sets.edges)
                )
            )
        ],
    }
    return claim | {'sha256': digest(claim)}


def check_file(path):
    """(slack, margin, float32 error, what the net does) of a certificate file. Raises Refused, also for a file that is none."""
    try:
        with open(path) as file:
            certificate = json.load(file)
    except (ValueError, RecursionError) as error:
        raise Refused(f'it is no JSON ({error})') from None
    slack, margin = check(certificate)
    does = (
        'adds rightly'
        if certificate['task'] == 'binary_add'
        else f'recalls digit {certificate["k"]} rightly'
    )
    return slack, margin, float32_error(certificate, margin), does
