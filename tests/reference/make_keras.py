"""Makes keras_cells.npz: outputs and gradients of Keras's LSTM and GRU.

tests/test_keras_cells.py reads it. The GRU resets the state before the product, as that of
TensorFlow 1 does. The LSTM starts with a bias of 1 in the forget gate. Both are in float64.

    pip install -e '.[bench]'
    python tests/reference/make_keras.py           # writes the file
    python tests/reference/make_keras.py --check   # compares new arrays with the file
"""

import os
from pathlib import Path

os.environ['KERAS_BACKEND'] = 'jax'  # keras reads it as it is imported

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers
from reference_file import write_or_check

FILE = Path(__file__).with_name('keras_cells.npz')
BATCH, STEPS, INPUTS, HIDDEN = 3, 4, 3, 4
# Of JAX: the tanh of Keras rounds float64 to float32, and so do its products on torch.
ACTIVATIONS = {'tanh': jnp.tanh, 'relu': jax.nn.relu}


def make():
    """Returns {'<cell>-<activation>/<what>': array}."""
    jax.config.update('jax_enable_x64', True)
    keras.config.set_floatx('float64')
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    arrays = {}
    for activation, function in ACTIVATIONS.items():
        options = {'activation': function, 'return_sequences': True}
        cells = {
            'gru': layers.GRU(HIDDEN, reset_after=False, **options),
            'lstm': layers.LSTM(HIDDEN, unit_forget_bias=True, **options),
        }
        for cell, layer in cells.items():
            for what, array in outputs_and_gradients(layer, rng).items():
                arrays[f'{cell}-{activation}/{what}'] = np.asarray(array)
    return arrays


def outputs_and_gradients(layer, rng):
    """The arrays of a layer, by name. The gradients are those of sum(output * mix)."""
    layer.build((BATCH, STEPS, INPUTS))
    names = [variable.name for variable in layer.trainable_variables]
    kernel, recurrent_kernel, initial_bias = layer.get_weights()
    # A bias of zeros would hide where it is added.
    weights = [kernel, recurrent_kernel, rng.normal(size=initial_bias.shape)]
    inputs = rng.normal(size=(BATCH, STEPS, INPUTS))
    mix = rng.normal(size=(BATCH, STEPS, HIDDEN))

    def loss(weights, inputs):
        output, _ = layer.stateless_call(weights, non_trainable, inputs)
        return (output * mix).sum(), output

    non_trainable = [variable.value for variable in layer.non_trainable_variables]
    gradients, output = jax.grad(loss, argnums=(0, 1), has_aux=True)(weights, inputs)
    d_weights, d_inputs = gradients
    arrays = {
        'initial_bias': initial_bias,
        'inputs': inputs,
        'output': output,
        'mix': mix,
        'grad/inputs': d_inputs,
    }
    for name, weight, d_weight in zip(names, weights, d_weights, strict=True):
        arrays[f'param/{name}'] = weight
        arrays[f'grad/{name}'] = d_weight
    return arrays


if __name__ == '__main__':
    write_or_check(FILE, make(), f'keras {keras.__version__}')
