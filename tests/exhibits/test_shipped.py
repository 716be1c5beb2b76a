"""The nets that come with jaxdl: what the page says of them is true, and they are small."""

import numpy as np
import pytest
from scipy.special import softmax
from scripts import array_of, call, engine, shaped

from experiments import playground
from experiments.core import file_schema
from experiments.core.schemas.exhibits import unpack
from experiments.exhibits import shipped
from jaxdl.models.cnn import CNN
from jaxdl.models.rnn import RNN
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certificate import parse
from jaxdl.verify.check import check

pytestmark = pytest.mark.quick
LARGEST = 1_000_000  # bytes of all nets together


@pytest.fixture(scope='module')
def adders():
    return shipped.read_net('adders')


@pytest.fixture(scope='module')
def scripts():
    return engine()


def unpacked(scripts, net):
    """A net as the page has it, with typed arrays."""
    result = call(scripts, 'unpackNet', file_schema.to_json(net))
    for array in result['weights'].values():
        array['values'] = np.array(array['values'])
    return result


def errors_of(scripts, net, pairs):
    """How many bits of a sum a net has wrong, and the first of them."""
    given = call(scripts, 'answeredBits', net, pairs)
    return call(scripts, 'countErrors', given, call(scripts, 'rightAnswers', pairs)['answers'])


def test_they_are_small():
    assert sum(file.stat().st_size for file in shipped.FOLDER.iterdir()) < LARGEST


def test_there_is_a_proved_adder_a_falsified_one_and_one_of_three_units(adders):
    assert {'proved', 'falsified'} <= {net.verdict for net in adders}
    assert 3 in {net.weights['weight_hh_l0'].shape[-1] for net in adders}


def test_the_certificate_proves_the_net_beside_it(adders):
    proved = [net for net in adders if net.certificate]
    assert proved
    for net in proved:
        claim = parse(net.certificate)
        assert check(claim).covers_float32
        assert claim.automaton == ADDER
        assert claim.cell == net.cell
        for name, numbers in claim.weights.items():
            np.testing.assert_array_equal(
                np.squeeze(numbers), np.squeeze(unpack(net.weights[name]))
            )


def test_no_sum_breaks_the_proved_adder(adders, scripts):
    rng = np.random.default_rng(0)
    random = rng.integers(0, 2, (10_000, 2)).tolist()
    carry = [[1, 1]] + [[0, 1]] * 999 + [[0, 0]]
    constant = [[0, 1]] * 10_000
    for net in adders:
        if net.verdict == 'proved':
            page_net = unpacked(scripts, net)
            for pairs in (random, carry, constant, [[1, 1]] * 1000):
                assert errors_of(scripts, page_net, pairs)['errors'] == 0


def test_a_counterexample_is_whole_and_its_last_bit_is_the_first_wrong_one(adders, scripts):
    for net in adders:
        if net.verdict == 'falsified':
            pairs = [list(pair) for pair in net.counterexample]
            result = errors_of(scripts, unpacked(scripts, net), pairs)
            assert result == {'errors': 1, 'firstError': len(pairs) - 1}


def test_the_states_stay_within_the_outlines_of_their_carry(adders, scripts):
    """The proved net on a random sum: each state, seen in the plane, is in a set of its carry."""
    pairs = np.random.default_rng(1).integers(0, 2, (200, 2)).tolist()
    carries = call(scripts, 'rightAnswers', pairs)['carries']
    for net in adders:
        if net.verdict != 'proved':
            continue
        page_net = unpacked(scripts, net)
        state = call(scripts, 'startState', page_net)
        for pair, carry in zip(pairs, carries, strict=True):
            state = call(scripts, 'addingStep', page_net, typed(state), pair)['state']
            place = call(scripts, 'projectState', page_net['plane'], typed(state))
            outlines = [s.outline for s in net.sets if s.carry == carry]
            assert any(contains(np.array(outline), place) for outline in outlines)
            assert call(scripts, 'heldCarry', page_net, typed(state)) == carry


def typed(state):
    """A state that came back as lists, to be passed on."""
    return {name: np.array(values) for name, values in state.items()}


def contains(outline, place):
    """Whether a convex outline (corners, 2), in either order, holds a place."""
    edges = np.roll(outline, -1, axis=0) - outline
    offsets = np.array(place) - outline
    sides = edges[:, 0] * offsets[:, 1] - edges[:, 1] * offsets[:, 0]
    return sides.min() > -1e-9 or sides.max() < 1e-9


def test_the_adders_are_those_of_flax(adders, scripts, x64):
    """The states after each of 30 pairs, and the bits that are answered."""
    pairs = np.random.default_rng(2).integers(0, 2, (30, 2))
    for net in adders:
        page_net = unpacked(scripts, net)
        weights = {name: unpack(array).astype(float) for name, array in net.weights.items()}
        outputs, hidden = weights['head_weight'].shape
        model = RNN(outputs, hidden=hidden, cell=net.cell, every_step=True)
        logits, inside = model.apply({'params': weights}, pairs[None].astype(float))
        state = call(scripts, 'startState', page_net)
        for pair, expected in zip(pairs.tolist(), inside['layer0'][0], strict=True):
            state = call(scripts, 'addingStep', page_net, typed(state), pair)['state']
            np.testing.assert_allclose(state['h'], expected, atol=1e-9)
        answers = call(scripts, 'answeredBits', page_net, pairs.tolist())
        assert answers == (logits[0, :, 0] > 0).astype(int).tolist()


def test_the_recall_net_is_that_of_flax(scripts, x64):
    net = shipped.read_net('recall')
    digits = [3, 1, 4, 1, 5, 9, 2, 6, 5]
    steps = call(scripts, 'readDigits', unpacked(scripts, net), digits)
    logits = apply_rnn(net, np.eye(10)[digits])
    for step, step_logits in zip(steps, logits, strict=True):
        np.testing.assert_allclose(step['probabilities'], softmax(step_logits), atol=1e-9)
    text = call(scripts, 'recallVerdict', net.k, digits, steps)
    assert text == 'After 9 digits it answers 4: right.'
    assert call(scripts, 'recallVerdict', net.k, [3], steps[:1]) == 'Type at least 3 digits.'


def test_the_nets_that_read_digits_are_those_of_flax(scripts, x64):
    """Both read a sample as flax reads it in double precision."""
    levels = np.array(playground.sample_digits()[7])
    sample = call(scripts, 'enlargeSample', levels)
    image = array_of(call(scripts, 'bringIntoMnistForm', with_typed_values(sample)))
    rows, cnn = shipped.read_net('rows'), shipped.read_net('cnn')

    inputs = (image - rows.pixels.mean) / rows.pixels.deviation
    page_inputs = call(scripts, 'inputsOf', unpacked(scripts, rows), shaped(image))
    np.testing.assert_allclose(array_of(page_inputs), inputs, atol=1e-12)
    beliefs = call(scripts, 'readRows', unpacked(scripts, rows), with_typed_values(page_inputs))
    logits = apply_rnn(rows, inputs)
    np.testing.assert_allclose(beliefs, softmax(logits, axis=-1), atol=1e-9)

    page_inputs = call(scripts, 'inputsOf', unpacked(scripts, cnn), shaped(image))
    layers = call(scripts, 'applyCnn', unpacked(scripts, cnn), with_typed_values(page_inputs))
    weights = {name: unpack(array).astype(float) for name, array in cnn.weights.items()}
    model = CNN(hidden=weights['dense_bias'].size)
    expected, _ = model.apply({'params': weights}, array_of(page_inputs)[None, ..., None])
    np.testing.assert_allclose(layers['logits'], expected[0], atol=1e-6)
    assert np.argmax(beliefs[-1]) == np.argmax(layers['logits']) == 7


@pytest.mark.slow
def test_the_cnn_reads_the_sample_of_a_one_as_a_four(scripts):
    """As docs/playground.md says; it reads the others rightly."""
    cnn = unpacked(scripts, shipped.read_net('cnn'))
    answers = []
    for levels in playground.sample_digits():
        sample = call(scripts, 'enlargeSample', np.array(levels))
        image = call(scripts, 'bringIntoMnistForm', with_typed_values(sample))
        inputs = call(scripts, 'inputsOf', cnn, with_typed_values(image))
        answers.append(
            np.argmax(call(scripts, 'applyCnn', cnn, with_typed_values(inputs))['logits'])
        )
    assert answers == [0, 4, 2, 3, 4, 5, 6, 7, 8, 9]


def apply_rnn(net, inputs):
    """The logits by flax of a shipped net after each of inputs (T, D), in double precision."""
    weights = {name: unpack(array).astype(float) for name, array in net.weights.items()}
    outputs, hidden = weights['head_weight'].shape
    model = RNN(outputs, hidden=hidden, cell=net.cell, every_step=True)
    logits, _ = model.apply({'params': weights}, np.asarray(inputs, float)[None])
    return logits[0]


def with_typed_values(image):
    """An image that came back with a list of values, to be passed on."""
    return {'shape': image['shape'], 'values': np.array(image['values'])}
