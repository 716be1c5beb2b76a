"""Covers of the states that a net can reach: what sampled runs do, and what the checker says."""

import jax.numpy as jnp
import numpy as np
import pytest
from hand_built import adder_certificate, check_content, params_of, recall_certificate

from jaxdl.verify.automaton import ADDER, recall
from jaxdl.verify.certify import certify
from jaxdl.verify.cover import find_cover
from jaxdl.verify.search import Candidate
from jaxdl.verify.set_images import make_set_images
from jaxdl.verify.simulation import simulate

pytestmark = pytest.mark.usefixtures('quick_compilation')

SLACK = 2.0**-17


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


def cover_of(params, word_steps, size=0.3, automaton=ADDER, most_sets=100):
    """(what a search for a cover of an RNN finds, the params as arrays of NumPy)."""
    params = {name: np.asarray(value) for name, value in params.items()}
    units = params['weight_hh_l0'].shape[1]
    set_images = make_set_images('rnn', units, automaton, word_steps, 2 * SLACK)
    return find_cover(set_images, params, size, most_sets), params


@pytest.mark.parametrize('word_steps', [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_net_with_units_that_turn_is_proved_as_it_is(word_steps):
    attempt, params = cover_of(with_a_rotation(params_of(adder_certificate())), word_steps)
    sets, graph = attempt.cover
    assert attempt.open_sets == 0
    assert graph.next_set.shape == (attempt.sets, 4**word_steps)
    certified = certify(ADDER, 'rnn', Candidate(params, sets), graph, word_steps, SLACK)
    assert check_content(certified.certificate) == certified.result
    assert certified.result.slack == SLACK
    assert certified.result.margin == pytest.approx(attempt.answer, abs=1e-3)
    for name, value in params.items():
        np.testing.assert_array_equal(params_of(certified.certificate)[name], value)


@pytest.mark.quick
def test_random_runs_stay_in_the_sets_that_the_graph_names():
    """Every second step of a run lies in the set that its words lead to."""
    attempt, params = cover_of(with_a_rotation(params_of(adder_certificate())), word_steps=2)
    sets, graph = attempt.cover
    symbols = np.random.default_rng(0).integers(0, 4, (50, 40))
    states = simulate('rnn', params, np.array(ADDER.symbols)[symbols]).states
    words = 4 * symbols[:, ::2] + symbols[:, 1::2]
    current = np.zeros(len(symbols), int)
    for place in range(words.shape[1]):
        current = graph.next_set[current, words[:, place]]
        from_centre = np.asarray(states[:, 2 * place + 1]) - sets.centre[current]
        coordinates = np.linalg.solve(sets.generators[current], from_centre[..., None])
        assert np.abs(coordinates).max() <= 1


@pytest.mark.quick
def test_answers_that_any_will_do_are_free():
    """A net that recalls the first digit, and one that must do so of the second."""
    params = params_of(recall_certificate())
    attempt, _ = cover_of(params, 1, automaton=recall(1), size=0.01)
    assert attempt.cover is not None
    assert attempt.answer > 0
    attempt, _ = cover_of(params, 1, automaton=recall(2), size=0.01)
    assert attempt.cover is None
    assert attempt.answer < 0


@pytest.mark.quick
def test_the_search_says_why_it_stops():
    params = with_a_rotation(params_of(adder_certificate()))
    # Too few sets: answers were right as far as it came.
    attempt, _ = cover_of(params, 1, size=0.001, most_sets=5)
    assert attempt.cover is None
    assert attempt.sets == 5
    assert attempt.open_sets > 0
    assert attempt.answer > 0
    # Sets so large that they hold wrong answers.
    attempt, _ = cover_of(params, 1, size=3.0)
    assert attempt.cover is None
    assert attempt.answer < 0
    # A net that always says 1.
    wrong = params | {'head_weight': 0 * params['head_weight'], 'head_bias': jnp.ones(1)}
    attempt, _ = cover_of(wrong, 1)
    assert attempt.cover is None
    assert attempt.answer == -1
