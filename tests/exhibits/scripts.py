"""Runs scripts of the playground in a bare JavaScript engine."""

import atexit
import json

import numpy as np
from py_mini_racer import MiniRacer

from experiments.exhibits import page

# JSON has no typed arrays: they are marked on the way in, and become lists on the way out.
CALL = """
'use strict';

function callFromTest(name, argumentsText) {
  const withTypedArrays = (_, value) => (value?.float64 ? new Float64Array(value.float64) : value);
  const withLists = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  const result = globalThis[name](...JSON.parse(argumentsText, withTypedArrays));
  return JSON.stringify(result, withLists);
}
"""


def engine(*names: str) -> MiniRacer:
    """An engine in which scripts of experiments/exhibits/site/ have run.

    Args:
        *names: Of the files, in the order in which they run. By default page.ARITHMETIC.
    """
    context = MiniRacer()
    # One that is still open when Python ends would wait for its thread for ever.
    atexit.register(context.close)
    context.eval(page.text_of(names or page.ARITHMETIC))
    context.eval(CALL)
    return context


def call(context: MiniRacer, function: str, *arguments):
    """Calls a function that is declared at the top of a script.

    Args:
        context: Made by `engine`.
        function: Its name.
        *arguments: Of what JSON has. An array of NumPy or JAX becomes a Float64Array, flattened.

    Returns:
        What JSON has. A typed array becomes a list.
    """
    text = json.dumps(arguments, default=_as_typed_array)
    return json.loads(context.call('callFromTest', function, text))


def shaped(array) -> dict:
    """An array as the scripts have it: {shape, values}."""
    return {'shape': list(array.shape), 'values': np.asarray(array)}


def shaped_all(weights) -> dict:
    """All weights of a net, by name, as the scripts have them."""
    return {name: shaped(array) for name, array in weights.items()}


def array_of(result: dict) -> np.ndarray:
    """The array of a result {shape, values}."""
    return np.reshape(result['values'], result['shape'])


def _as_typed_array(array):
    return {'float64': np.ravel(array).tolist()}
