"""Affine forms of functions contain the values of the functions."""

import math

import numpy as np
import pytest
from flint import arb_mat

from jaxdl.verify import affine


def random_form(rng, centre):
    """A form of one number with three unknowns and an error."""
    coefficients = rng.uniform(-0.5, 0.5, (1, 3))
    return affine.AffineForm(
        arb_mat([[centre]]), arb_mat(coefficients.tolist()), arb_mat([[rng.uniform(0, 0.3)]])
    )


def value_of(form, unknowns, share_of_error):
    """A number that the form contains: `unknowns` in its coefficients, a share of its error."""
    coefficients = np.array([float(entry) for entry in form.coefficients.entries()])
    error = float(form.error.entries()[0])
    return float(form.centre.entries()[0]) + coefficients @ unknowns + share_of_error * error


def assert_contains(form, unknowns, value):
    middle = value_of(form, unknowns, share_of_error=0)
    assert abs(value - middle) <= float(form.error.entries()[0]) + 1e-12


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def product(x, y):
    return x * y


def mix(u, n, h):
    return (1 - u) * n + u * h


@pytest.mark.quick
@pytest.mark.parametrize(
    ('function', 'bound', 'arguments'),
    [
        (math.tanh, affine.tanh, 1),
        (sigmoid, affine.sigmoid, 1),
        (product, affine.multiply, 2),
        (mix, affine.blend, 3),
    ],
)
@pytest.mark.parametrize('centre', [-3.0, -0.2, 0.0, 1.5])
def test_a_form_contains_every_value(function, bound, arguments, centre):
    rng = np.random.default_rng(0)
    forms = [random_form(rng, centre + shift) for shift in range(arguments)]
    image = bound(*forms)
    for _ in range(50):
        unknowns = rng.choice([-1.0, 1.0], 3) * rng.choice([1.0, rng.uniform()])
        values = [value_of(form, unknowns, rng.choice([-1, 0, 1])) for form in forms]
        assert_contains(image, unknowns, function(*values))


@pytest.mark.quick
def test_linear_maps_keep_what_is_shared():
    """The difference of a form with itself is zero, but for its error."""
    x = affine.AffineForm(arb_mat([[1.0]]), arb_mat([[0.5]]), arb_mat([[0.25]]))
    difference = affine.subtract(x, x)
    assert float(affine.radius(difference).entries()[0]) == 0.5
    low, high = affine.bounds(affine.linear(arb_mat([[-2.0]]), arb_mat([[1.0]]), x))
    assert float(low.entries()[0]) == -2.5
    assert float(high.entries()[0]) == 0.5


def test_split_and_join_are_inverse():
    form = affine.AffineForm(
        arb_mat([[1], [2], [3], [4]]), arb_mat([[1, 2], [3, 4], [5, 6], [7, 8]]), arb_mat(4, 1)
    )
    upper, lower = affine.split(form, 2)
    assert upper.centre == arb_mat([[1], [2]])
    assert affine.join(upper, lower) == form


def interval(low, high):
    """The form of a number between low and high, which depends on no unknown."""
    return affine.AffineForm(
        arb_mat([[(low + high) / 2]]), arb_mat([[0.0]]), arb_mat([[(high - low) / 2]])
    )


@pytest.mark.quick
@pytest.mark.parametrize('x', [(2.0, 4.0), (-4.0, -2.0), (-2.0, 4.0), (-4.0, 0.0)])
@pytest.mark.parametrize('y', [(4.0, 6.0), (-6.0, -4.0), (-3.0, 1.0), (0.0, 2.0)])
def test_a_product_of_ranges_has_the_exact_range(x, y):
    """Powers of two and small integers, so that balls are exact."""
    corners = [x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]]
    low, high = affine.bounds(affine.multiply(interval(*x), interval(*y)))
    assert float(low.entries()[0]) == min(corners)
    assert float(high.entries()[0]) == max(corners)
