"""Activations by name, for every model, and the backward rules that visualization puts in their place."""

import functools

import jax
import jax.numpy as jnp

ACTIVATIONS = {
    'tanh': jnp.tanh,
    'relu': jax.nn.relu,
    'sigmoid': jax.nn.sigmoid,
    'leaky_relu': functools.partial(jax.nn.leaky_relu, negative_slope=0.2),
}
RECTIFIERS = ('relu', 'leaky_relu')
RULES = {  # (activation, its pullback, the signal on its way back) -> the signal passed on
    'gradient': lambda act, pullback, signal: pullback(signal),
    'deconvnet': lambda act, pullback, signal: (act(signal),),
    'guided': lambda act, pullback, signal: pullback(act(signal)),
}


def activation(name, rule='gradient'):
    """An activation of ACTIVATIONS, whose vjp is that of a rule of RULES.

    deconvnet (Zeiler & Fergus 2013, section 2.1): the signal on its way back is rectified by the activation itself,
    whatever the forward pass was. guided (Springenberg et al. 2014, arXiv 1412.6806): rectified, and times the
    gradient. Both are for rectifiers; tanh and sigmoid keep their gradient under every rule.
    """
    act, backward = ACTIVATIONS[name], RULES[rule]
    if rule == 'gradient' or name not in RECTIFIERS:
        return act
    ruled = jax.custom_vjp(act)
    ruled.defvjp(functools.partial(jax.vjp, act), functools.partial(backward, act))
    return ruled
