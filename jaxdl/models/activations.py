"""Activation functions by name, and the backward rules that visualization gives them.

A backward rule says what an activation does to a signal on its way from a layer down to the pixels.
The values of the forward pass are the same under every rule.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from jaxdl.names import look_up

Activation = Callable[[Array], Array]
# What jax.vjp returns for a function of one argument: a signal goes in, a 1-tuple comes out.
Pullback = Callable[[Array], tuple[Array]]
BackwardRule = Callable[[Activation, Pullback, Array], tuple[Array]]

ACTIVATIONS: dict[str, Activation] = {
    'tanh': jnp.tanh,
    'relu': jax.nn.relu,
    'sigmoid': jax.nn.sigmoid,
    'leaky_relu': functools.partial(jax.nn.leaky_relu, negative_slope=0.2),
}
RECTIFIERS = ('relu', 'leaky_relu')


def _gradient(activation: Activation, pullback: Pullback, signal: Array) -> tuple[Array]:
    """The true gradient: the signal times the activation's slope."""
    return pullback(signal)


def _deconvnet(activation: Activation, pullback: Pullback, signal: Array) -> tuple[Array]:
    """The rectified signal, whatever the forward pass was (Zeiler & Fergus 2013, section 2.1)."""
    return (activation(signal),)


def _guided(activation: Activation, pullback: Pullback, signal: Array) -> tuple[Array]:
    """The rectified signal times the slope (Springenberg et al. 2014, arXiv 1412.6806)."""
    return pullback(activation(signal))


RULES: dict[str, BackwardRule] = {
    'gradient': _gradient,
    'deconvnet': _deconvnet,
    'guided': _guided,
}


def make_activation(name: str, rule: str = 'gradient') -> Activation:
    """Returns an activation that passes signals back by a backward rule.

    Args:
      name: a key of ACTIVATIONS.
      rule: a key of RULES. The deconvnet and guided rules are defined for rectifiers;
        tanh and sigmoid keep their gradient under every rule.

    Raises:
      UserError: if the activation or the rule is unknown.
    """
    activation = look_up('activation', name, ACTIVATIONS)
    backward_rule = look_up('backward rule', rule, RULES)
    if rule == 'gradient' or name not in RECTIFIERS:
        return activation

    def forward(x):
        return jax.vjp(activation, x)

    def backward(pullback, signal):
        return backward_rule(activation, pullback, signal)

    with_rule = jax.custom_vjp(activation)
    with_rule.defvjp(forward, backward)
    return with_rule
