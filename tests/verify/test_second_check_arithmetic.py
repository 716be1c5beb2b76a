"""The arithmetic of the second checker, against mpmath and exact fractions.

With units of 2**-256 no test would see a missing unit of rounding. So most tests here make the
units coarse, where every one of them counts.
"""

import itertools
import json
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from certificate_files import ALWAYS_ONE, certificate_file, state_set
from exact_cells import exact_numbers, exact_step

from jaxdl.verify import second_check
from jaxdl.verify.second_check import Form, Refused

HIDDEN = 3
COARSE_BITS = 7


@pytest.fixture(autouse=True)
def many_digits():
    with mpmath.workdps(120):
        yield


@pytest.fixture
def coarse(monkeypatch):
    monkeypatch.setattr(second_check, 'BITS', COARSE_BITS)
    monkeypatch.setattr(second_check, 'ONE', 1 << COARSE_BITS)


@pytest.fixture
def no_guard(monkeypatch):
    """With so few guard digits each rounding of exp shows."""
    monkeypatch.setattr(second_check, 'GUARD_BITS', second_check.HALVINGS)


def in_units(value):
    """A number, counted in units."""
    return value * second_check.ONE


def from_units(units):
    return mpmath.mpf(units) / second_check.ONE


def exact_sigmoid(units):
    """The sigmoid of a number in units, in units."""
    return in_units(1 / (1 + mpmath.exp(-from_units(units))))


def exact_tanh(units):
    return in_units(mpmath.tanh(from_units(units)))


def arguments():
    """Integers of all sizes in units, with the places where the computation changes its way."""
    rng = np.random.default_rng(0)
    one = second_check.ONE
    limit = second_check.BITS * one
    numbers = [0, 1, limit - 1, limit, limit + 1, 10**6 * one]
    for size in rng.uniform(-60, 8, 60):
        numbers.append(int(one * 2.0**size))
    return numbers


@pytest.mark.quick
def test_exp_is_bounded_within_a_few_units():
    for number in arguments():
        low, high = second_check.exp_of_minus(number)
        assert low <= in_units(mpmath.exp(-from_units(number))) <= high
        assert 0 <= low <= high <= low + 2


@pytest.mark.quick
def test_sigmoid_is_bounded_within_a_few_units():
    for number in arguments():
        for signed in (number, -number):
            low, high = second_check.sigmoid_bounds(signed)
            assert low <= exact_sigmoid(signed) <= high
            assert 0 <= low <= high <= low + 3


def test_exp_and_sigmoid_in_coarse_units(coarse, no_guard):
    """Every argument up to the limit."""
    for number in range(second_check.BITS * second_check.ONE + 10):
        low, high = second_check.exp_of_minus(number)
        assert low <= in_units(mpmath.exp(-from_units(number))) <= high
        for signed in (number, -number):
            low, high = second_check.sigmoid_bounds(signed)
            assert low <= exact_sigmoid(signed) <= high


@pytest.mark.parametrize('terms', [1, 2, 3, 4])
@pytest.mark.parametrize('bits', [6, 10])
def test_the_series_of_exp_is_rounded_outwards(monkeypatch, terms, bits):
    """Without guard digits and halvings, for every argument up to 1/2, for which it is made."""
    for name, value in (('GUARD_BITS', 0), ('HALVINGS', 0), ('TERMS', terms), ('BITS', bits)):
        monkeypatch.setattr(second_check, name, value)
    monkeypatch.setattr(second_check, 'ONE', 1 << bits)
    for number in range(second_check.ONE // 2 + 1):
        low, high = second_check.exp_of_minus(number)
        assert low <= in_units(mpmath.exp(-from_units(number))) <= high


@pytest.mark.parametrize('terms', [1, 2, 3])
def test_exp_of_a_series_that_ends_early_is_bounded_too(monkeypatch, terms):
    """What is left out of the series is allowed for."""
    monkeypatch.setattr(second_check, 'TERMS', terms)
    monkeypatch.setattr(second_check, 'HALVINGS', 9)
    for number in arguments():
        low, high = second_check.exp_of_minus(number)
        exact = in_units(mpmath.exp(-from_units(number)))
        assert low <= exact <= high
        if terms == 3 and number < second_check.ONE:
            assert high - low < 1e-6 * second_check.ONE


@pytest.mark.quick
def test_products_are_rounded_outwards():
    one = second_check.ONE
    assert second_check.down(3 * one + 1) == 3
    assert second_check.up(3 * one + 1) == 4
    assert second_check.down(-3 * one - 1) == -4
    assert second_check.up(-3 * one - 1) == -3
    assert second_check.down(3 * one) == second_check.up(3 * one) == 3


def random_form(rng, size=200):
    coefficients = rng.integers(-size, size + 1, 2).tolist()
    return Form(int(rng.integers(-size, size + 1)), coefficients, int(rng.integers(0, size)))


def points(forms):
    """Values of forms of two unknowns in units: at all corners, and at the centre.

    Yields:
        The unknowns, and a value of each form.
    """
    one_or_none = (-1, 0, 1)
    shares = itertools.product(one_or_none, repeat=len(forms))
    for unknowns, errors in itertools.product(itertools.product((-1, 1), repeat=2), shares):
        values = []
        for form, share in zip(forms, errors, strict=True):
            values.append(plane(form, unknowns) + share * form.error)
        yield unknowns, values


def plane(form, unknowns):
    products = map(int.__mul__, form.coefficients, unknowns)
    return form.centre + sum(products)


def assert_contains(form, unknowns, value):
    assert abs(value - plane(form, unknowns)) <= form.error


def test_a_combination_contains_every_value_and_little_more(coarse):
    rng = np.random.default_rng(0)
    one = second_check.ONE
    for _ in range(300):
        forms = [random_form(rng), random_form(rng)]
        factors = rng.integers(-300, 300, 2).tolist()
        low, high = sorted(rng.integers(-50, 50, 2).tolist())
        image = second_check.combine(factors, forms, low, high)
        for unknowns, values in points(forms):
            exact = Fraction(factors[0] * values[0] + factors[1] * values[1], one)
            assert_contains(image, unknowns, exact + low)
            assert_contains(image, unknowns, exact + high)
        from_forms = Fraction(
            abs(factors[0]) * forms[0].error + abs(factors[1]) * forms[1].error, one
        )
        assert image.error < from_forms + Fraction(high - low, 2) + 5


def exact_product(x, y):
    return Fraction(x * y, second_check.ONE)


def exact_blend(u, n, h):
    return Fraction((second_check.ONE - u) * n + u * h, second_check.ONE)


@pytest.mark.parametrize(
    ('bound', 'function', 'count'),
    [
        (second_check.multiply, exact_product, 2),
        (second_check.blend, exact_blend, 3),
        (second_check.sigmoid, exact_sigmoid, 1),
        (second_check.tanh, exact_tanh, 1),
    ],
)
@pytest.mark.parametrize('size', [10, 200])
def test_a_form_contains_every_value(coarse, bound, function, count, size):
    rng = np.random.default_rng(0)
    for _ in range(300 // count):
        forms = []
        for _ in range(count):
            forms.append(random_form(rng, size))
        image = bound(*forms)
        for unknowns, values in points(forms):
            assert_contains(image, unknowns, function(*values))


def ranges(forms):
    return list(itertools.product(*map(second_check.bounds, forms)))


@pytest.mark.parametrize('signs', [(-1, -1), (-1, 1), (1, -1), (1, 1)])
def test_a_product_of_factors_of_known_sign_has_the_exact_range(signs):
    """As far as the planes go: nearest to zero, none of the product of ranges is lost."""
    one = second_check.ONE
    x = Form(signs[0] * 3 * one, [0], one)
    y = Form(signs[1] * 5 * one, [0], one)
    corners = []
    for x_end, y_end in ranges([x, y]):
        corners.append(x_end * y_end // one)
    low, high = second_check.bounds(second_check.multiply(x, y))
    assert abs(low - min(corners)) <= 8
    assert abs(high - max(corners)) <= 8


def test_a_product_of_ranges_that_contain_zero_has_the_exact_range():
    one = second_check.ONE
    x = Form(one, [0], 3 * one)
    y = Form(-one, [0], 2 * one)
    low, high = second_check.bounds(second_check.multiply(x, y))
    assert abs(low + 12 * one) <= 8
    assert abs(high - 6 * one) <= 8


def test_a_blend_has_the_exact_range_where_one_side_is_greater():
    """For u in [1/4, 3/4], of [-1, 0] and [2, 3]: from -3/4 + 2/4 to 9/4."""
    one = second_check.ONE
    u = Form(one // 2, [], one // 4)
    smaller = Form(-one // 2, [], one // 2)
    greater = Form(5 * one // 2, [], one // 2)
    for n, h in ((smaller, greater), (greater, smaller)):
        low, high = second_check.bounds(second_check.blend(u, n, h))
        assert abs(low + one // 4) <= 8
        assert abs(high - 9 * one // 4) <= 8


@pytest.mark.parametrize('function', [second_check.sigmoid, second_check.tanh])
def test_a_form_of_an_s_shaped_function_ends_at_its_values(function):
    """At one end of the range of x the form reaches no further than the function, nor less."""
    exact = {second_check.sigmoid: exact_sigmoid, second_check.tanh: exact_tanh}[function]
    one = second_check.ONE
    for centre in (-3 * one, -one // 3, 0, 2 * one):
        x = Form(centre, [one // 2], one // 8)
        image = function(x)
        x_low, x_high = second_check.bounds(x)
        slope = Fraction(image.coefficients[0], x.coefficients[0])
        low, high = second_check.bounds(image)
        assert abs(low - exact(x_low)) < 100
        assert abs(high - exact(x_high)) < 100
        # The smaller slope of the two ends, by a difference quotient.
        step = one >> 100
        at_low = (exact(x_low + step) - exact(x_low)) / step
        at_high = (exact(x_high) - exact(x_high - step)) / step
        assert abs(float(slope) - float(min(at_low, at_high))) < 1e-12


def test_the_slope_is_at_most_that_of_the_sigmoid_at_either_end(coarse):
    """The slope is the coefficient of an unknown whose coefficient was 1."""
    for centre in range(-600, 601):
        x = Form(centre, [second_check.ONE], 3)
        (slope,) = second_check.sigmoid(x).coefficients
        for end in second_check.bounds(x):
            value = from_units(exact_sigmoid(end))
            assert slope <= in_units(value * (1 - value))


@pytest.mark.quick
def test_errors_become_unknowns():
    one, other = Form(1, [2, 3], 4), Form(5, [6, 7], 8)
    assert second_check.with_errors_as_unknowns([one, other]) == [
        Form(1, [2, 3, 4, 0], 0),
        Form(5, [6, 7, 0, 8], 0),
    ]


def random_net_claim(cell, generators, centre):
    """A claim about a random net, read from a file, and the net's weights."""
    rng = np.random.default_rng(1)
    params = {}
    for name, shape in second_check.weight_shapes(2, HIDDEN, second_check.GATES[cell], 1).items():
        params[name] = rng.uniform(-1.5, 1.5, shape)
    automaton = ALWAYS_ONE | {'symbols': [[0, 1]]}
    sets = [state_set(0, [0], centre, generators)]
    document = certificate_file(automaton, cell, params, sets)
    return second_check.parse(json.dumps(document)), params


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
@pytest.mark.parametrize('size', [0.001, 0.1, 0.7])
def test_sampled_successors_lie_in_the_form_of_the_image(cell, size):
    rng = np.random.default_rng(0)
    numbers = HIDDEN * (2 if cell == 'lstm' else 1)
    centre = rng.uniform(-1, 1, numbers)
    generators = size * rng.uniform(-1, 1, (numbers, numbers))
    claim, params = random_net_claim(cell, generators, centre)
    states = []
    for number, row in zip(claim.sets[0].centre, claim.sets[0].generators, strict=True):
        states.append(Form(number, row, 0))
    image = second_check.step(claim, states, 0)
    corners = rng.choice([-1, 1], (30, numbers))
    for unknowns in np.concatenate([corners, np.zeros((1, numbers), int)]).tolist():
        state = exact_numbers(centre) + exact_numbers(generators) @ exact_numbers(unknowns)
        successor = exact_step(cell, params, state, [0, 1])
        for form, number in zip(image, successor, strict=True):
            assert_contains(form, unknowns, in_units(number))
    if size == 0.001:
        assert all(form.error < second_check.ONE // 1000 for form in image)


def solve(matrix, vector):
    """The solution of two linear equations by Cramer's rule."""
    (a, b), (c, d) = matrix
    determinant = Fraction(a * d - b * c)
    return (d * vector[0] - b * vector[1]) / determinant, (
        a * vector[1] - c * vector[0]
    ) / determinant


def test_states_that_lie_in_a_set_do_in_exact_fractions(coarse):
    """Coarse units: the inverse is far from exact, and the residual has to make up for it."""
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(3000):
        generators = rng.integers(-500, 500, (2, 2)).tolist()
        centre = rng.integers(-50, 50, 2).tolist()
        forms = [random_form(rng, 60), random_form(rng, 60)]
        try:
            target = second_check.target_of(second_check.StateSet(0, [], centre, generators))
        except Refused:
            continue
        if not second_check.lies_in(forms, target):
            continue
        accepted += 1
        for _, values in points(forms):
            offsets = [value - number for value, number in zip(values, centre, strict=True)]
            assert max(map(abs, solve(generators, offsets))) <= 1
    assert accepted > 100


def test_the_residual_is_the_exact_one_rounded_up(coarse):
    rng = np.random.default_rng(0)
    one = second_check.ONE
    found = 0
    for _ in range(100):
        generators = rng.integers(-500, 500, (3, 3))
        try:
            state_set_of_target = second_check.StateSet(0, [], [0] * 3, generators.tolist())
            target = second_check.target_of(state_set_of_target)
        except Refused:
            continue
        found += 1
        # Integers below 2**63, in units of the square of a unit.
        rest = one * one * np.eye(3, dtype=int) - np.array(target.inverse) @ generators
        largest = np.abs(rest).sum(1).max()
        assert target.residual == math.ceil(Fraction(int(largest), one))
    assert found > 50


@pytest.mark.parametrize('generators', [[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.5], [-0.25, 2.0]]])
def test_a_set_just_large_enough_holds_the_states(generators):
    """States of the size 1 - 3 2**-41 lie in a set of the size 1 - 2**-40, and not 1 - 2**-39."""
    scaled = []
    for row in generators:
        scaled.append([int(number * second_check.ONE) for number in row])
    for shrunk_by, expected in ((40, True), (39, False)):
        shrunk = []
        for row in scaled:
            shrunk.append([number - (number >> shrunk_by) for number in row])
        forms = []
        for row in scaled:
            forms.append(Form(7, [number - (3 * number >> 41) for number in row], 0))
        state_set_of_target = second_check.StateSet(0, [], [7, 7], shrunk)
        target = second_check.target_of(state_set_of_target)
        assert second_check.lies_in(forms, target) == expected


@pytest.mark.quick
@pytest.mark.parametrize('generators', [[[0]], [[1, 2], [2, 4]], [[0, 0], [0, 1]]])
def test_generators_without_an_inverse_are_refused(generators):
    scaled = []
    for row in generators:
        scaled.append([number * second_check.ONE for number in row])
    with pytest.raises(Refused, match='no inverse'):
        second_check.target_of(second_check.StateSet(0, [], [0], scaled))


def test_an_inverse_that_is_only_rounding_is_refused(coarse):
    """The determinant is a hundredth of a unit."""
    with pytest.raises(Refused, match='inverse is too fine for units'):
        second_check.target_of(second_check.StateSet(0, [], [0, 0], [[1000, 999], [999, 998]]))
