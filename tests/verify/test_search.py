"""The search finds invariants that the checker accepts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_built import adder_certificate, check_content, params_of

from jaxdl.verify import search
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certify import certify


@pytest.mark.quick
def test_set_graphs():
    by_carry = search.set_graph(ADDER)
    assert by_carry.automaton_state.tolist() == [0, 1]
    assert by_carry.next_set.tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]
    by_last_input = search.set_graph(ADDER, history=1)
    assert len(by_last_input.automaton_state) == 1 + 6
    by_two_inputs = search.set_graph(ADDER, history=2)
    assert len(by_two_inputs.automaton_state) == 1 + 4 + 24 - 4
    for graph in (by_carry, by_last_input, by_two_inputs):
        for automaton_state, targets in zip(graph.automaton_state, graph.next_set, strict=True):
            next_states = graph.automaton_state[targets].tolist()
            assert next_states == list(ADDER.next_state[automaton_state])


def find_candidate(params, graph, **options):
    """Searches for a proof of an RNN that adds."""

    def find(params):
        boxes = search.reached('rnn', params, graph, ADDER, jax.random.key(0))
        return search.search('rnn', params, boxes, graph, ADDER, **options)

    return jax.jit(find)(params)


def test_the_search_tunes_a_net_that_the_checker_proves():
    params = {name: value * 0.7 for name, value in params_of(adder_certificate()).items()}
    graph = search.set_graph(ADDER, history=1)
    candidate = find_candidate(params, graph, steps=1500)
    gaps = search.gaps('rnn', candidate.params, candidate.sets, graph, ADDER)
    slack = (gaps.closure / gaps.sensitivity[graph.next_set]).min()
    assert gaps.start.min() >= 0
    assert gaps.answer.min() >= 0.09
    certified = certify(ADDER, 'rnn', candidate, graph)
    result = certified.result
    assert check_content(certified.certificate) == result
    # The largest power of 1/2 that closes; an answer has ten times as much to spare.
    assert slack / 2 < result.slack <= slack + 1e-5
    # An error of each number of h takes from a logit at most the sum of the head's weights.
    loss = result.slack * jnp.abs(candidate.params['head_weight']).sum()
    np.testing.assert_allclose(result.margin, gaps.answer.min() - loss, atol=1e-4)


def with_a_rotation(params):
    """An RNN with two more units, which turn by 45 degrees and shrink to .8 at each step."""
    wide = {
        'weight_ih_l0': np.zeros((6, 2)),
        'weight_hh_l0': np.zeros((6, 6)),
        'bias_ih_l0': np.zeros(6),
        'bias_hh_l0': np.zeros(6),
        'head_weight': np.zeros((1, 6)),
        'head_bias': np.zeros(1),
    }
    wide['weight_ih_l0'][:4] = params['weight_ih_l0']
    wide['weight_hh_l0'][:4, :4] = params['weight_hh_l0']
    wide['bias_ih_l0'][:4] = params['bias_ih_l0']
    wide['bias_hh_l0'][:4] = params['bias_hh_l0']
    wide['head_weight'][:, :4] = params['head_weight']
    wide['head_bias'][:] = params['head_bias']
    rotation = np.sqrt(0.5) * np.array([[1.0, -1], [1, 1]])
    wide['weight_hh_l0'][4:, 4:] = 0.8 * rotation
    wide['weight_ih_l0'][4] = 0.3
    return {name: jnp.array(value, jnp.float32) for name, value in wide.items()}


def test_parallelotopes_prove_a_net_that_no_boxes_do():
    """The image of a box sticks out of the box; that of a turned square does not."""
    params = with_a_rotation(params_of(adder_certificate()))
    graph = search.set_graph(ADDER, history=1)
    candidate = find_candidate(params, graph, tune=False, steps=3000)
    for name, value in params.items():
        np.testing.assert_array_equal(candidate.params[name], value)
    certified = certify(ADDER, 'rnn', candidate, graph)
    assert check_content(certified.certificate).slack > 5e-5

    half_widths = jnp.abs(candidate.sets.generators).sum(-1)
    boxes = jax.vmap(jnp.diag)(half_widths)
    boxed = candidate._replace(sets=candidate.sets._replace(generators=boxes))
    assert certify(ADDER, 'rnn', boxed, graph) is None
