"""Affine arithmetic in balls: bounds on vectors that are functions of the same unknowns.

Trusted (see check.py). An affine form bounds a vector x, a function of unknowns y in [-1, 1]^m, by

    x = centre + coefficients y + e  for some e with |e_i| <= error_i.

Linear maps act on affine forms directly. A nonlinear function is replaced by a plane, and the
largest distance from the plane is added to the error. For tanh and sigmoid this is the bound of
DeepZ (Singh et al., Fast and Effective Robustness Certification, NeurIPS 2018).

The docstrings speak of real numbers. The code computes with Arb balls, and every ball contains the
real number that it stands for.
"""

from collections.abc import Callable
from typing import NamedTuple

from flint import arb, arb_mat


class AffineForm(NamedTuple):
    """The vectors centre + coefficients y + e, for y in [-1, 1]^m and |e_i| <= error_i.

    Attributes:
        centre: (n, 1).
        coefficients: (n, m).
        error: (n, 1), not negative.
    """

    centre: arb_mat
    coefficients: arb_mat
    error: arb_mat


# Matrices of balls


def map_entries(function: Callable[..., arb], *matrices: arb_mat) -> arb_mat:
    """Applies a function to the entries of matrices of one shape, place by place."""
    lists_of_rows = [matrix.tolist() for matrix in matrices]
    rows = []
    for row_of_each in zip(*lists_of_rows, strict=True):
        rows.append(list(map(function, *row_of_each)))
    return arb_mat(rows)


def absolute(matrix: arb_mat) -> arb_mat:
    """The absolute value of every entry."""
    return map_entries(abs, matrix)


def absolute_row_sums(matrix: arb_mat) -> arb_mat:
    """The sum of the absolute values in each row, (n, 1)."""
    sums = []
    for row in absolute(matrix).tolist():
        sums.append([sum(row, arb(0))])
    return arb_mat(sums)


def scale_rows(factors: arb_mat, matrix: arb_mat) -> arb_mat:
    """Row i of the matrix (n, m) times the number i of factors (n, 1)."""
    rows = []
    for (factor,), row in zip(factors.tolist(), matrix.tolist(), strict=True):
        rows.append([factor * entry for entry in row])
    return arb_mat(rows)


def split_rows(matrix: arb_mat, parts: int) -> list[arb_mat]:
    """The matrix cut into blocks of equally many rows."""
    rows = matrix.tolist()
    size = len(rows) // parts
    blocks = []
    for start in range(0, parts * size, size):
        blocks.append(arb_mat(rows[start : start + size]))
    return blocks


def join_rows(upper: arb_mat, lower: arb_mat) -> arb_mat:
    """Two matrices, one above the other."""
    return arb_mat(upper.tolist() + lower.tolist())


# Affine forms


def radius(form: AffineForm) -> arb_mat:
    """The largest distance of each number from the centre, (n, 1)."""
    return absolute_row_sums(form.coefficients) + form.error


def bounds(form: AffineForm) -> tuple[arb_mat, arb_mat]:
    """The smallest and the largest value of each number, (n, 1) each."""
    distance = radius(form)
    return form.centre - distance, form.centre + distance


def magnitude(form: AffineForm) -> arb_mat:
    """The largest absolute value of each number, (n, 1)."""
    return absolute(form.centre) + radius(form)


def constant(vector: arb_mat, columns: int, error: arb_mat) -> AffineForm:
    """A known vector (n, 1) with this error (n, 1), as a form of so many unknowns."""
    return AffineForm(vector, arb_mat(vector.nrows(), columns), error)


def widen(form: AffineForm, error: arb_mat) -> AffineForm:
    """The form with a larger error, by `error` (n, 1)."""
    return form._replace(error=form.error + error)


def with_errors_as_unknowns(form: AffineForm) -> AffineForm:
    """The same vectors without errors: each error becomes an unknown of its own.

    Linear maps keep track of unknowns, and add up the magnitudes of errors.
    """
    rows = []
    for place, (row, (error,)) in enumerate(
        zip(form.coefficients.tolist(), form.error.tolist(), strict=True)
    ):
        of_errors = [arb(0)] * form.error.nrows()
        of_errors[place] = error
        rows.append(row + of_errors)
    no_error = arb_mat(form.error.nrows(), 1)
    return AffineForm(form.centre, arb_mat(rows), no_error)


def split(form: AffineForm, parts: int) -> list[AffineForm]:
    """The vector cut into parts of equal length."""
    centres = split_rows(form.centre, parts)
    coefficients = split_rows(form.coefficients, parts)
    errors = split_rows(form.error, parts)
    return list(map(AffineForm, centres, coefficients, errors))


def join(upper: AffineForm, lower: AffineForm) -> AffineForm:
    """Two vectors, one behind the other."""
    return AffineForm(
        join_rows(upper.centre, lower.centre),
        join_rows(upper.coefficients, lower.coefficients),
        join_rows(upper.error, lower.error),
    )


def add(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x + y."""
    return AffineForm(
        x.centre + y.centre,
        x.coefficients + y.coefficients,
        x.error + y.error,
    )


def subtract(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x - y."""
    return AffineForm(
        x.centre - y.centre,
        x.coefficients - y.coefficients,
        x.error + y.error,
    )


def linear(weight: arb_mat, bias: arb_mat, x: AffineForm) -> AffineForm:
    """The form of weight x + bias; weight (k, n), bias (k, 1)."""
    return AffineForm(
        weight * x.centre + bias,
        weight * x.coefficients,
        absolute(weight) * x.error,
    )


def tanh(x: AffineForm) -> AffineForm:
    """The form of the tanh of x, entry by entry."""
    return _sigmoidal(_tanh, _tanh_slope, x)


def sigmoid(x: AffineForm) -> AffineForm:
    """The form of 1 / (1 + exp(-x)), entry by entry."""
    return _sigmoidal(_sigmoid, _sigmoid_slope, x)


def _tanh(x: arb) -> arb:
    return x.tanh()


def _tanh_slope(value: arb) -> arb:
    return 1 - value * value


def _sigmoid(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def _sigmoid_slope(value: arb) -> arb:
    return value * (1 - value)


def _sigmoidal(
    function: Callable[[arb], arb],
    slope_at_value: Callable[[arb], arb],
    x: AffineForm,
) -> AffineForm:
    """An S-shaped function of each number: it increases, and is least steep at an end of a range.

    Let s be no greater than the slope of f at either end of the range of x. Then f(x) - s x still
    increases over the range, so that its values at the two ends bound it.

    Args:
        function: f.
        slope_at_value: The slope of f as a function of the value of f.
        x: The argument of f.
    """

    def smaller_slope(low: arb, high: arb) -> arb:
        slope_at_low = slope_at_value(function(low))
        slope_at_high = slope_at_value(function(high))
        return slope_at_low.min(slope_at_high).lower()

    low, high = bounds(x)
    # Any smaller slope will do. The exact lower end of the ball does not widen what follows.
    slope = map_entries(smaller_slope, low, high)
    remainder_low = map_entries(function, low) - scale_rows(slope, low)
    remainder_high = map_entries(function, high) - scale_rows(slope, high)
    return _around_plane([slope], [x], remainder_low, remainder_high)


def multiply(x: AffineForm, y: AffineForm) -> AffineForm:
    """The form of x y, entry by entry.

    For any a and b,  x y = a x + b y - a b + (x - b)(y - a).  With a in the range of y and b in
    the range of x, the ranges of x - b and y - a contain 0. Then the last product is smallest, and
    largest, where both factors are at ends of their ranges.
    """
    x_low, x_high = bounds(x)
    y_low, y_high = bounds(y)
    a = _nearest_to_zero(y_low, y_high)
    b = _nearest_to_zero(x_low, x_high)
    # The ends of the ranges of x - b and of y - a.
    ends = (x_low - b, x_high - b, y_low - a, y_high - a)
    smallest = map_entries(_smallest_product, *ends)
    largest = map_entries(_largest_product, *ends)
    ab = scale_rows(a, b)
    return _around_plane([a, b], [x, y], smallest - ab, largest - ab)


def _smallest_product(x_low: arb, x_high: arb, y_low: arb, y_high: arb) -> arb:
    """The smallest product of numbers from two ranges that contain 0."""
    return (x_low * y_high).min(x_high * y_low)


def _largest_product(x_low: arb, x_high: arb, y_low: arb, y_high: arb) -> arb:
    """The largest product of numbers from two ranges that contain 0."""
    return (x_low * y_low).max(x_high * y_high)


def blend(u: AffineForm, n: AffineForm, h: AffineForm) -> AffineForm:
    """The form of (1 - u) n + u h, entry by entry.

    Let u lie in [u_low, u_high]. Less the plane (1 - u_high) n + u_low h + a u, for any a, there
    remains

        (u_high - u) n + (u - u_low) h - a u.

    This is linear in u, so for given n and h it is smallest, and largest, at an end of the range of
    u. There it is (u_high - u_low) n - a u_low or (u_high - u_low) h - a u_high.
    """
    u_low, u_high = bounds(u)
    n_low, n_high = bounds(n)
    h_low, h_high = bounds(h)
    # h - n is the slope of the blend in u.
    a = _nearest_to_zero(*bounds(subtract(h, n)))
    width = u_high - u_low
    a_u_low = scale_rows(a, u_low)
    a_u_high = scale_rows(a, u_high)
    low = map_entries(
        arb.min,
        scale_rows(width, n_low) - a_u_low,
        scale_rows(width, h_low) - a_u_high,
    )
    high = map_entries(
        arb.max,
        scale_rows(width, n_high) - a_u_low,
        scale_rows(width, h_high) - a_u_high,
    )
    slopes = [a, map_entries(_one_minus, u_high), u_low]
    return _around_plane(slopes, [u, n, h], low, high)


def _one_minus(number: arb) -> arb:
    return 1 - number


def _nearest_to_zero(low: arb_mat, high: arb_mat) -> arb_mat:
    """The number nearest to 0 in each range."""

    def nearest(low: arb, high: arb) -> arb:
        return low.max(arb(0)) + high.min(arb(0))

    return map_entries(nearest, low, high)


def _around_plane(
    slopes: list[arb_mat],
    variables: list[AffineForm],
    low: arb_mat,
    high: arb_mat,
) -> AffineForm:
    """A function f of the variables that stays close to a plane, entry by entry.

    Args:
        slopes: a_1, a_2, ..., each (n, 1).
        variables: x_1, x_2, ..., as many.
        low: A lower bound (n, 1) on f - (a_1 x_1 + a_2 x_2 + ...).
        high: An upper bound on it.
    """
    centre = (low + high) * arb(0.5)
    coefficients = _zeros_like(variables[0].coefficients)
    error = (high - low) * arb(0.5)
    for slope, x in zip(slopes, variables, strict=True):
        centre = centre + scale_rows(slope, x.centre)
        coefficients = coefficients + scale_rows(slope, x.coefficients)
        error = error + scale_rows(absolute(slope), x.error)
    return AffineForm(centre, coefficients, error)


def _zeros_like(matrix: arb_mat) -> arb_mat:
    return arb_mat(matrix.nrows(), matrix.ncols())
