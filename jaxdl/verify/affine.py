"""Affine arithmetic in balls: what many numbers may be when all are functions of the same few. Trusted (see check.py).

Every entry is a ball (Arb) that holds the exact real number for which a line below is true.
"""

from typing import NamedTuple

from flint import arb, arb_mat


class Form(NamedTuple):
    """The n numbers mid + rows y + e, for every y of m numbers within -1..1 and every e within -error..error."""

    mid: arb_mat  # (n, 1)
    rows: arb_mat  # (n, m)
    error: arb_mat  # (n, 1)


def entrywise(f, *matrices):
    """f of the entries at each place."""
    return arb_mat(
        [
            [f(*entries) for entries in zip(*rows)]
            for rows in zip(*(matrix.tolist() for matrix in matrices))
        ]
    )


def _scaled(column, matrix):
    """Each row times its number."""
    return arb_mat(
        [
            [number * entry for entry in row]
            for (number,), row in zip(column.tolist(), matrix.tolist())
        ]
    )


def magnitudes(matrix):
    """The sum of the magnitudes in each row, (n, 1)."""
    return arb_mat([[sum(map(abs, row), arb(0))] for row in matrix.tolist()])


def reach(x):
    """The largest distance from mid."""
    return magnitudes(x.rows) + x.error


def ends(x):
    return x.mid - reach(x), x.mid + reach(x)


def cut(x, parts):
    """A Form or matrix in so many of equal length."""
    if isinstance(x, Form):
        return [Form(*each) for each in zip(*(cut(matrix, parts) for matrix in x))]
    rows, n = x.tolist(), x.nrows() // parts
    return [arb_mat(rows[at * n : (at + 1) * n]) for at in range(parts)]


def affine(weight, bias, x):
    return Form(weight * x.mid + bias, weight * x.rows, entrywise(abs, weight) * x.error)


def _planar(slopes, low, high, *xs):
    """A function of xs that is within low..high of the plane of these slopes."""
    mid, rows, error = (
        (low + high) * arb(0.5),
        _scaled(slopes[0], xs[0].rows) * arb(0),
        (high - low) * arb(0.5),
    )
    for a, x in zip(slopes, xs):
        mid, rows, error = (
            mid + _scaled(a, x.mid),
            rows + _scaled(a, x.rows),
            error + _scaled(entrywise(abs, a), x.error),
        )
    return Form(mid, rows, error)


def _near_zero(low, high):
    """The number nearest 0 in each range."""
    return entrywise(lambda low, high: low.max(arb(0)) + high.min(arb(0)), low, high)


def _curve(f, slope, x):
    """A rising f whose slope(f) is least at an end of any range: less a line of that slope, or a lesser, it still rises."""
    low, high = ends(x)
    a = entrywise(lambda low, high: slope(f(low)).min(slope(f(high))).lower(), low, high)
    return _planar(
        [a], entrywise(f, low) - _scaled(a, low), entrywise(f, high) - _scaled(a, high), x
    )


def tanh(x):
    return _curve(arb.tanh, lambda t: 1 - t * t, x)


def sigmoid(x):
    return _curve(lambda z: 1 / (1 + (-z).exp()), lambda s: s * (1 - s), x)


def times(x, y):
    """xy = a x + b y - ab + (x - b)(y - a), whose last product is extreme where both factors are at ends.

    a and b, the numbers nearest 0 in the ranges of y and x, make 0 lie in the range of either factor.
    """
    (x_low, x_high), (y_low, y_high) = ends(x), ends(y)
    a, b = _near_zero(y_low, y_high), _near_zero(x_low, x_high)
    low = entrywise(
        lambda p, q, r, s: (p * s).min(q * r), x_low - b, x_high - b, y_low - a, y_high - a
    )
    high = entrywise(
        lambda p, q, r, s: (p * r).max(q * s), x_low - b, x_high - b, y_low - a, y_high - a
    )
    return _planar([a, b], low - _scaled(a, b), high - _scaled(a, b), x, y)


def blend(u, n, h):
    """(1 - u) n + u h for u within u_low..u_high, less the plane (1 - u_high) n + u_low h + a u, for any a.

    What is left, (u_high - u) n + (u - u_low) h - a u, is linear in u, so extreme at an end of u: (u_high - u_low) n - a u_low
    or (u_high - u_low) h - a u_high.
    """
    (u_low, u_high), (n_low, n_high), (h_low, h_high) = map(ends, (u, n, h))
    a = _near_zero(*ends(Form(h.mid - n.mid, h.rows - n.rows, h.error + n.error)))
    width, at_low, at_high = u_high - u_low, _scaled(a, u_low), _scaled(a, u_high)
    low = entrywise(arb.min, _scaled(width, n_low) - at_low, _scaled(width, h_low) - at_high)
    high = entrywise(arb.max, _scaled(width, n_high) - at_low, _scaled(width, h_high) - at_high)
    return _planar([a, entrywise(lambda u: 1 - u, u_high), u_low], low, high, u, n, h)


def moved(x, by):
    return x._replace(mid=x.mid + by)
