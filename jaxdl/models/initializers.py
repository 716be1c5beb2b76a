"""Parameter initializers by name, for every model.

An entry maps the fan-in of a layer to a pair of initializers (weight, bias). Weights are stored
(outputs, inputs), as in torch.nn.Linear.
"""

import jax
from jax.nn import initializers as init

_FANS = dict(in_axis=1, out_axis=0)


def _torch(fan_in):
    """torch's default: U(-1/sqrt(fan), 1/sqrt(fan)) for weights and biases alike."""

    def uniform(key, shape, dtype=float):
        return jax.random.uniform(key, shape, dtype, -(fan_in**-0.5), fan_in**-0.5)

    return uniform, uniform


INITS = {
    'torch': _torch,
    'glorot_uniform': lambda fan_in: (init.glorot_uniform(**_FANS), init.zeros),
    'lecun_normal': lambda fan_in: (init.lecun_normal(**_FANS), init.zeros),
    'truncated_normal': lambda fan_in: (init.truncated_normal(0.1), init.constant(0.1)),
    'normal': lambda fan_in: (init.normal(1.0), init.normal(1.0)),
}
