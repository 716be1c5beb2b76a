"""The trusted part of the proof that an adder is right at every length: a few lines of exact interval arithmetic, no JAX.

Theorem. Let F(s, x) be one step of a recurrent net from state s on input bits x = (a, b), and y(s) its logit. Let there be
finitely many sets of states, each with a carry 0 or 1, such that
  1. the zero state lies in set 0, whose carry is 0;
  2. for every set S of carry c and each of the four inputs, F(S, x) lies in a set whose carry is that of a + b + c;
  3. there y(F(s, x)) is greater than 0 if a + b + c is odd, and less than 0 if it is even, for all s in S.
Then the net answers every sum of two binary numbers, of whatever length, right at every bit. (Induction over the steps:
after each the state lies in a set whose carry is the carry of the addition so far.)

Here the sets are boxes: an interval for each state unit, c and h of an LSTM alike. The weights and the ends of the boxes are
taken as the exact rational numbers that their floats are; bounds are computed in ball arithmetic (Arb), whose balls contain
the exact values.

What it does not cover: the theorem is about the real-number function F. A computer that rounds at each step follows it
within an error of at most e in each state unit; `slack` is an e for which conditions 2 and 3 still hold, with half of the
logits' margin left, and float32_error bounds e for IEEE single precision, if the machine's tanh and sigmoid err by 16 * 2**-24
at most. Nor does it cover how this file is run: Python, python-flint and Arb are trusted.
"""
import hashlib
import json
import math
import struct
from typing import NamedTuple

from flint import arb, ctx

PRECISION = 128  # bits
INPUTS = ((0, 0), (0, 1), (1, 0), (1, 1))
GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}
STATES = {'rnn': 1, 'gru': 1, 'lstm': 2}  # arrays in a state: h, or h and c
FORMAT = 'jaxdl adder certificate 1'


class Refused(Exception):
    """Which condition fails, and where."""


class Interval(NamedTuple):
    """All numbers from the least of the ball lo to the greatest of the ball hi."""
    lo: arb
    hi: arb


def _times(w, x):
    """A number times an interval."""
    return Interval(w * x.lo, w * x.hi) if w >= 0 else Interval(w * x.hi, w * x.lo)


def _plus(*xs):
    return Interval(sum((x.lo for x in xs), arb(0)), sum((x.hi for x in xs), arb(0)))


def _product(x, y):
    ends = [a * b for a in x for b in y]
    lo, hi = ends[0], ends[0]
    for end in ends[1:]:
        lo, hi = lo.min(end), hi.max(end)
    return Interval(lo, hi)


def _blend(u, n, h):
    """(1 - u) n + u h for u within [0, 1]: rising in n and h, and linear in u, so its extremes are at the ends."""
    def at(n, h):
        return [n + v * (h - n) for v in u]
    low, high = at(n.lo, h.lo), at(n.hi, h.hi)
    return Interval(low[0].min(low[1]), high[0].max(high[1]))


def _tanh(x):
    return Interval(x.lo.tanh(), x.hi.tanh())


def _sigmoid(x):
    return Interval(*(1 / (1 + (-end).exp()) for end in x))


def _affine(rows, biases, xs):
    """The intervals of W x + b."""
    return [_plus(Interval(b, b), *(_times(w, x) for w, x in zip(row, xs, strict=True)))
            for row, b in zip(rows, biases, strict=True)]


def step(cell, weights, state, inputs):
    """Bounds of the state after a step from any state of a box: lists of Interval, h first (torch's equations).

    weights: {name: rows of arb}, named as in torch.nn; inputs: the two bits.
    """
    h = state[0]
    z_x = _affine(weights['weight_ih_l0'], weights['bias_ih_l0'], [Interval(arb(bit), arb(bit)) for bit in inputs])
    z_h = _affine(weights['weight_hh_l0'], weights['bias_hh_l0'], h)
    n = len(h)
    if cell == 'rnn':
        return [[_tanh(_plus(a, b)) for a, b in zip(z_x, z_h)]]
    if cell == 'lstm':
        z = [_plus(a, b) for a, b in zip(z_x, z_h)]
        i, f, o = ([_sigmoid(x) for x in z[at * n:(at + 1) * n]] for at in (0, 1, 3))
        g = [_tanh(x) for x in z[2 * n:3 * n]]
        c = [_plus(_product(f, c), _product(i, g)) for f, c, i, g in zip(f, state[1], i, g)]
        return [[_product(o, _tanh(c)) for o, c in zip(o, c)], c]
    r, u = ([_sigmoid(_plus(a, b)) for a, b in zip(z_x[at * n:(at + 1) * n], z_h[at * n:(at + 1) * n])] for at in (0, 1))
    new = [_tanh(_plus(a, _product(r, b))) for r, a, b in zip(r, z_x[2 * n:], z_h[2 * n:])]
    return [[_blend(u, n, h) for u, n, h in zip(u, new, h)]]


def check(certificate):
    """(slack, margin) of a certificate, as floats rounded down. Raises Refused if it proves nothing, ValueError if it is malformed.

    certificate: {'format', 'cell', 'weights': {name: nested lists of hex floats}, 'sets': [{'carry', 'next': the set for each of
    INPUTS, 'lo' and 'hi': for each array of the state a list of hex floats}], 'sha256': see digest}.
    """
    ctx.prec = PRECISION
    if certificate.get('format') != FORMAT:
        raise Refused(f'this is not a {FORMAT!r}')
    cell, sets = certificate['cell'], certificate['sets']
    weights = {name: _exact(value) for name, value in certificate['weights'].items()}
    _require_shapes(cell, weights)
    boxes = [[[Interval(lo, hi) for lo, hi in zip(*ends, strict=True)] for ends in zip(_exact(each['lo']), _exact(each['hi']), strict=True)]
             for each in sets]  # one with its ends swapped is empty: no image of a box with numbers in it lies within
    if any(len(box) != STATES[cell] for box in boxes):
        raise Refused(f'a set is not of {STATES[cell]} arrays')
    if sets[0]['carry'] != 0 or not all(x.lo <= 0 <= x.hi for part in boxes[0] for x in part):
        raise Refused('the start state is not in set 0, or its carry is not 0')
    slack = margin = arb('inf')
    for number, each in enumerate(sets):
        for bits, target in zip(INPUTS, each['next'], strict=True):
            total = sum(bits) + each['carry']
            where = f'set {number} (carry {each["carry"]}) on {bits[0]} + {bits[1]}'
            if sets[target]['carry'] != total // 2:
                raise Refused(f'{where}: set {target} has carry {sets[target]["carry"]}, the sum has {total // 2}')
            image = step(cell, weights, boxes[number], bits)
            gap = _gap(image, boxes[target])
            if not gap > 0:
                raise Refused(f'{where}: the next state may leave set {target}')
            logit, = _affine(weights['head_weight'], weights['head_bias'], image[0])
            signed = logit.lo if total % 2 else -logit.hi
            if not signed > 0:
                raise Refused(f'{where}: the answer may not be {total % 2}')
            slack, margin = slack.min(gap), margin.min(signed)
    reach = sum((abs(w) for w in weights['head_weight'][0]), arb(0))
    slack = slack.min(margin / (2 * reach))  # half of the margin is left for the rounding of the logit itself
    if certificate['sha256'] != digest(certificate):
        raise Refused('sets or weights were changed after the proof was written (SHA-256 differs)')
    return _down(slack), _down(margin)


def digest(certificate):
    """SHA-256 of what the proof is about, in hexadecimal: any change shows, even one that leaves it a proof."""
    content = [certificate[name] for name in ('format', 'cell', 'weights', 'sets')]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _gap(image, box):
    """The least distance from the image's ends to the box's, negative where it sticks out."""
    gaps = [end for part, target in zip(image, box, strict=True) for x, y in zip(part, target, strict=True)
            for end in (x.lo - y.lo, y.hi - x.hi)]
    least = gaps[0]
    for gap in gaps[1:]:
        least = least.min(gap)
    return least


def _exact(value):
    """Nested lists of hex floats as the exact numbers, which must be finite: infinity times zero is no number."""
    if isinstance(value, list):
        return [_exact(each) for each in value]
    number = float.fromhex(value)
    if not math.isfinite(number):
        raise ValueError(f'{value} is not finite')
    return arb(number)


def _require_shapes(cell, weights):
    """Raises Refused unless the weights are those of one layer, one direction and one output."""
    hidden = len(weights['head_weight'][0])
    rows = GATES[cell] * hidden
    shapes = {'weight_ih_l0': (rows, 2), 'weight_hh_l0': (rows, hidden), 'bias_ih_l0': (rows,), 'bias_hh_l0': (rows,),
              'head_weight': (1, hidden), 'head_bias': (1,)}
    if weights.keys() != shapes.keys():
        raise Refused(f'the weights are {", ".join(weights)}; expected {", ".join(shapes)}')
    for name, shape in shapes.items():
        rows = weights[name]
        if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows if len(shape) == 2):
            raise Refused(f'{name} is not of shape {shape}')


def _down(x):
    """A float that is not greater than any number of the ball x."""
    value = float(x.lower().mid())
    return value - abs(value) * 2 ** -50


def float32_error(certificate, margin):
    """A bound on the error of one step in IEEE single precision, in each state unit, for states in the certificate's sets.

    With u = 2**-24: a sum of n products errs by at most 2 n u times the sum of their magnitudes; tanh and sigmoid have
    slopes 1 and 1/4 at most and err by 16 u themselves; each further product or sum rounds once. Products are taken to be
    IEEE ones (no TF32). Infinite where that does not hold or the logit could lose half of `margin`: weights that are no
    normal single-precision numbers, or a last layer whose own rounding is too large.
    """
    u = 2. ** -24
    magnitude = [max([1.] + [abs(float.fromhex(x)) for each in certificate['sets'] for ends in ('lo', 'hi') for x in each[ends][part]])
                 for part in range(STATES[certificate['cell']])]  # of h, and of c
    weights = {name: [[abs(float.fromhex(x)) for x in row] if isinstance(row, list) else abs(float.fromhex(row)) for row in value]
               for name, value in certificate['weights'].items()}
    reach = max(sum(x) + sum(h) * magnitude[0] + b_x + b_h for x, h, b_x, b_h in
                zip(*(weights[f'{name}_l0'] for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))))
    numbers = [x for value in weights.values() for row in value for x in (row if isinstance(row, list) else [row])]
    logit = 2 * (len(weights['head_weight'][0]) + 2) * u * (sum(weights['head_weight'][0]) * magnitude[0] + weights['head_bias'][0])
    if not all(x == 0 or 2. ** -100 < x < 2. ** 100 and struct.unpack('f', struct.pack('f', x))[0] == x for x in numbers) or logit >= margin / 2:
        return math.inf
    z = 2 * (len(weights['head_weight'][0]) + 4) * u * reach
    tanh, sigmoid = z + 16 * u, z / 4 + 16 * u
    if certificate['cell'] == 'rnn':
        return tanh
    if certificate['cell'] == 'gru':
        return tanh + (reach + 2 * magnitude[0]) * sigmoid + (2 * reach + 8 * magnitude[0]) * u
    c = (magnitude[1] + 1) * sigmoid + tanh + 4 * u * (magnitude[1] + 1)
    return sigmoid + c + 20 * u


def check_file(path):
    """(slack, margin, float32 error) of a certificate file. Raises Refused, also for a file that is none."""
    try:
        with open(path) as file:
            certificate = json.load(file)
        slack, margin = check(certificate)
        return slack, margin, float32_error(certificate, margin)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise Refused(f'the file is damaged ({type(error).__name__}: {error})') from None
