"""The page's recurrent nets, against flax in double precision and against sums of integers."""

import json

import jax
import numpy as np
import pytest
from scripts import array_of, call, engine, shaped, shaped_all

from experiments.core.schemas.exhibits import pack, unpack
from jaxdl.models.rnn import RNN

pytestmark = pytest.mark.quick
HIDDEN = 4
STEPS = 7


@pytest.fixture(scope='module')
def scripts():
    return engine('numbers.js', 'weights.js', 'recurrence.js', 'addition.js')


def random_net(cell, rng):
    """The weights of a net that reads pairs, and those as the page has them."""
    rows = {'rnn': 1, 'gru': 3, 'lstm': 4}[cell] * HIDDEN
    shapes = {
        'weight_ih_l0': (rows, 2),
        'weight_hh_l0': (rows, HIDDEN),
        'bias_ih_l0': (rows,),
        'bias_hh_l0': (rows,),
        'head_weight': (1, HIDDEN),
        'head_bias': (1,),
    }
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return weights, {'cell': cell, 'weights': shaped_all(weights)}


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_every_step_is_that_of_flax(scripts, cell, x64):
    rng = np.random.default_rng(0)
    weights, net = random_net(cell, rng)
    inputs = rng.normal(size=(1, STEPS, 2))
    model = RNN(outputs=1, hidden=HIDDEN, cell=cell, every_step=True)
    with jax.default_matmul_precision('highest'):
        logits, inside = model.apply({'params': weights}, inputs)
    state = call(scripts, 'startState', net)
    for step in range(STEPS):
        state = typed(state)
        state = call(scripts, 'recurrentStep', net, state, inputs[0, step])['state']
        np.testing.assert_allclose(state['h'], inside['layer0'][0, step], atol=1e-12)
        (logit,) = call(scripts, 'logitsOf', net, typed(state))
        assert logit == pytest.approx(float(logits[0, step, 0]), abs=1e-12)


def typed(state):
    """A state that came back as lists, to be passed on."""
    return {name: np.array(values) for name, values in state.items()}


def test_the_gates_make_the_state(scripts):
    """The state of an LSTM and a GRU by NumPy from the gates that the bars show."""
    rng = np.random.default_rng(1)
    h, c, inputs = rng.normal(size=HIDDEN), rng.normal(size=HIDDEN), rng.normal(size=2)
    _, net = random_net('lstm', rng)
    result = call(scripts, 'recurrentStep', net, {'h': h, 'c': c}, inputs)
    gates = typed(result['gates'])
    expected_c = gates['forget'] * c + gates['input'] * gates['candidate']
    np.testing.assert_allclose(result['state']['c'], expected_c)
    np.testing.assert_allclose(result['state']['h'], gates['output'] * np.tanh(expected_c))

    _, net = random_net('gru', rng)
    result = call(scripts, 'recurrentStep', net, {'h': h}, inputs)
    gates = typed(result['gates'])
    expected_h = (1 - gates['update']) * gates['candidate'] + gates['update'] * h
    np.testing.assert_allclose(result['state']['h'], expected_h)


@pytest.mark.parametrize('shape', [(), (1,), (2,), (3, 5), (2, 1, 4)])
def test_packed_arrays_are_unpacked_bit_for_bit(scripts, shape):
    array = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    packed = pack(array)
    assert unpack(packed).tobytes() == array.tobytes()
    result = call(scripts, 'unpackArray', {'shape': packed.shape, 'float32': packed.float32})
    # The numbers are the same in double precision.
    assert array_of(result).astype(np.float32).tobytes() == array.tobytes()
    np.testing.assert_array_equal(array_of(result), array.astype(float))


@pytest.mark.parametrize('first, second', [(0, 0), (1, 3), (314, 1012), (2**70 - 1, 1)])
def test_sums_are_those_of_integers(scripts, first, second):
    pairs = json.loads(scripts.eval(f'JSON.stringify(pairsOfBits({first}n, {second}n))'))
    assert len(pairs) == max(first, second, 1).bit_length() + 1
    assert integer_of(pair[0] for pair in pairs) == first
    assert integer_of(pair[1] for pair in pairs) == second
    right = call(scripts, 'rightAnswers', pairs)
    assert integer_of(right['answers']) == first + second
    assert scripts.eval(f'`${{numberOfBits({right["answers"]})}}`') == str(first + second)
    for step, carry in enumerate(right['carries']):
        modulus = 2 ** (step + 1)
        assert carry == (first % modulus + second % modulus) // modulus


def integer_of(bits):
    """The integer of bits, lowest first."""
    return sum(bit << place for place, bit in enumerate(bits))


def test_softmax_and_argmax(scripts):
    logits = [1.0, 3.0, 3.0, -700.0, 2.0]
    exponentials = np.exp(np.array(logits) - 3)
    expected = exponentials / exponentials.sum()
    np.testing.assert_allclose(call(scripts, 'softmax', logits), expected)
    assert call(scripts, 'argmax', logits) == 1
    matrix = np.arange(6.0).reshape(2, 3)
    product = call(scripts, 'affine', shaped(matrix), [1, 2, 3], shaped(np.array([10.0, 20.0])))
    np.testing.assert_allclose(product, matrix @ [1, 2, 3] + [10, 20])
