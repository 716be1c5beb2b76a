"""The backward rules of the activations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import UserError
from jaxdl.models.activations import ACTIVATIONS, RECTIFIERS, RULES, make_activation

X = jnp.array([-2.0, -0.5, 0.5, 2.0, -1.0, 3.0])
SIGNAL = jnp.array([1.0, -1.0, 1.0, -1.0, -3.0, 3.0])


def expected_signal(name, rule):
    """What a rule makes of SIGNAL on its way back through the activation at X."""
    gradient = jax.vmap(jax.grad(ACTIVATIONS[name]))(X)
    if rule == 'gradient' or name not in RECTIFIERS:
        return SIGNAL * gradient
    negative_slope = 0.2 if name == 'leaky_relu' else 0.0
    rectified = jnp.where(SIGNAL > 0, SIGNAL, negative_slope * SIGNAL)
    if rule == 'deconvnet':
        return rectified
    return rectified * gradient


@pytest.mark.quick
@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('name', ACTIVATIONS)
def test_backward_rules(name, rule):
    values, pullback = jax.vjp(make_activation(name, rule), X)
    np.testing.assert_array_equal(values, ACTIVATIONS[name](X))
    (signal,) = pullback(SIGNAL)
    np.testing.assert_allclose(signal, expected_signal(name, rule), rtol=1e-6)


def test_an_unknown_rule_is_an_error():
    with pytest.raises(UserError, match="the backward rule 'guidd' is unknown"):
        make_activation('relu', 'guidd')


def test_an_unknown_activation_is_an_error():
    with pytest.raises(UserError, match="the activation 'rlu' is unknown"):
        make_activation('rlu')
