"""The nets that come with jaxdl: what the page says of them is true, and they are small."""

import numpy as np
import pytest
from scripts import call, engine

from experiments.core import file_schema
from experiments.core.schemas.exhibits import unpack
from experiments.exhibits import shipped
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
    return engine('numbers.js', 'weights.js', 'recurrence.js', 'addition.js')


def unpacked(scripts, net):
    """A net as the page has it, with typed arrays."""
    result = call(scripts, 'unpackNet', file_schema.to_json(net))
    for array in result['weights'].values():
        array['values'] = np.array(array['values'])
    return result


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
    carry = [[1, 1]] + [[0, 1]] * 998 + [[0, 0]]
    constant = [[0, 1]] * 10_000
    for net in adders:
        if net.verdict == 'proved':
            page_net = unpacked(scripts, net)
            for pairs in (random, carry, constant, [[1, 1]] * 1000):
                assert call(scripts, 'countErrors', page_net, pairs)['errors'] == 0


def test_a_counterexample_is_whole_and_its_last_bit_is_the_first_wrong_one(adders, scripts):
    for net in adders:
        if net.verdict == 'falsified':
            pairs = [list(pair) for pair in net.counterexample]
            result = call(scripts, 'countErrors', unpacked(scripts, net), pairs)
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
