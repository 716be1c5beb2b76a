"""The search finds invariants that the checker accepts."""

import jax
import jax.numpy as jnp
import numpy as np
from hand_built import ALWAYS_ONE, adder_certificate, check_content, params_of

from jaxdl.verify import search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certify import certify
from jaxdl.verify.reached import reached
from jaxdl.verify.set_graph import set_graph


def test_the_search_tunes_a_net_that_the_checker_proves():
    params = {name: value * 0.7 for name, value in params_of(adder_certificate()).items()}
    graph = set_graph(ADDER, history=1)

    def find(params):
        boxes = reached('rnn', params, graph, ADDER, jax.random.key(0))
        return search.search('rnn', params, boxes, graph, ADDER, fine_tune=True)

    candidate = jax.jit(find)(params)
    gaps = search.gaps('rnn', candidate.params, candidate.sets, graph, ADDER)
    # How far a net state moves, in lengths of the generators, if each number changes by 1 at most.
    sensitivity = jnp.abs(jnp.linalg.inv(candidate.sets.generators)).sum(-1)
    slack = (gaps.closure / sensitivity[graph.next_set]).min()
    assert gaps.start.min() >= 0
    assert gaps.answer.min() >= 0.09
    certified = certify(ADDER, 'rnn', candidate, graph)
    result = certified.result
    assert check_content(certified.certificate) == result
    # The largest power of 1/2 that closes; an answer has more to spare.
    assert slack / 2 < result.slack <= slack + 1e-5
    # An error of each number of h takes from a logit at most the sum of the head's weights.
    loss = result.slack * jnp.abs(candidate.params['head_weight']).sum()
    np.testing.assert_allclose(result.margin, gaps.answer.min() - loss, atol=1e-4)


def test_weights_as_trained_stay_while_the_sets_shear():
    """A net whose states turn: the image of an upright box is a tilted one, which sticks out."""
    angle = 0.7
    turn = 0.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    params = {
        'weight_ih_l0': jnp.array([[0.1], [0.0]]),
        'weight_hh_l0': jnp.array(turn @ np.diag([1.5, 0.6])),
        'bias_ih_l0': jnp.zeros(2),
        'bias_hh_l0': jnp.zeros(2),
        'head_weight': jnp.zeros((1, 2)),
        'head_bias': jnp.ones(1),
    }
    graph = set_graph(ALWAYS_ONE)

    def find(params):
        boxes = reached('rnn', params, graph, ALWAYS_ONE, jax.random.key(0))
        return search.search('rnn', params, boxes, graph, ALWAYS_ONE, fine_tune=False)

    candidate = jax.device_get(jax.jit(find)(params))
    for name, weights in params.items():
        np.testing.assert_array_equal(candidate.params[name], weights)
    (generators,) = candidate.sets.generators
    assert np.abs(generators - np.diag(np.diag(generators))).max() > 0.01
    proof = certify(ALWAYS_ONE, 'rnn', candidate, graph)
    assert check_content(proof.certificate) == proof.result


def test_a_search_that_is_stuck_gives_up():
    """A net whose answer is always wrong; it would take hours otherwise."""
    params = {
        'weight_ih_l0': jnp.zeros((1, 1)),
        'weight_hh_l0': jnp.zeros((1, 1)),
        'bias_ih_l0': jnp.zeros(1),
        'bias_hh_l0': jnp.zeros(1),
        'head_weight': jnp.zeros((1, 1)),
        'head_bias': -jnp.ones(1),
    }
    graph = set_graph(ALWAYS_ONE)
    boxes = reached('rnn', params, graph, ALWAYS_ONE, jax.random.key(0))
    candidate = search.search(
        'rnn', params, boxes, graph, ALWAYS_ONE, fine_tune=False, steps=1_000_000_000
    )
    assert certify(ALWAYS_ONE, 'rnn', jax.device_get(candidate), graph) is None


def test_an_rnn_of_two_units_can_add():
    """Built by hand: of the number of ones, one unit is the carry and one is nearly linear."""
    # Both see u = (ones that are read) + carry / 2 - 1.25, with a carry of -1 or 1, at first 0. The
    # next carry is whether u > 0. The sum is 1 where u is in (-1, 0) or above 1: where
    # tanh(u / 2) / tanh(1 / 2) - tanh(20 u) > 0.
    steepness = np.array([0.5, 20.0])
    params = {
        'weight_ih_l0': jnp.array(np.outer(steepness, [1.0, 1.0])),
        'weight_hh_l0': jnp.array(np.outer(steepness, [0.0, 0.5])),
        'bias_ih_l0': jnp.array(-1.25 * steepness),
        'bias_hh_l0': jnp.zeros(2),
        'head_weight': jnp.array([[1 / np.tanh(0.5), -1.0]]) * 20,
        'head_bias': jnp.zeros(1),
    }
    graph = set_graph(ADDER, history=1)

    def find(params):
        boxes = reached('rnn', params, graph, ADDER, jax.random.key(0))
        return search.search('rnn', params, boxes, graph, ADDER, fine_tune=False)

    candidate = jax.device_get(jax.jit(find)(params))
    proof = certify(ADDER, 'rnn', candidate, graph)
    assert check_content(proof.certificate) == proof.result
