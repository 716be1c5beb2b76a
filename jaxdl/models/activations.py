"""Activations by name, for every model, and the backward rules that visualization puts in their place."""
import functools

import jax
import jax.numpy as jnp

ACTIVATIONS = {'tanh': jnp.tanh, 'relu': jax.nn.relu, 'sigmoid': jax.nn.sigmoid,
               'leaky_relu': functools.partial(jax.nn.leaky_relu, negative_slope=.2)}
RECTIFIERS = ('relu', 'leaky_relu')
RULES = ('gradient', 'deconvnet', 'guided')


def activation(name, rule='gradient'):
    """An activation of ACTIVATIONS, whose vjp is that of a rule of RULES.

    deconvnet (Zeiler & Fergus 2013, section 2.1): the signal on its way back is rectified by the activation itself,
    whatever the forward pass was. guided (Springenberg et al. 2014, arXiv 1412.6806): rectified, and times the
    gradient. Both are for rectifiers; tanh and sigmoid keep their gradient under every rule.
    """
    act = ACTIVATIONS[name]
    if rule == 'gradient' or name not in RECTIFIERS:
        return act

    def backward(pullback, signal):
        return pullback(act(signal)) if rule == 'guided' else (act(signal),)
    ruled = jax.custom_vjp(act)
    ruled.defvjp(functools.partial(jax.vjp, act), backward)
    return ruled
