"""Which sets there are, and where symbols lead from them."""

import pytest

from jaxdl.verify.automaton import ADDER
from jaxdl.verify.set_graph import set_graph


@pytest.mark.quick
def test_set_graphs():
    by_carry = set_graph(ADDER)
    assert by_carry.automaton_state.tolist() == [0, 1]
    assert by_carry.next_set.tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]
    by_last_input = set_graph(ADDER, history=1)
    assert len(by_last_input.automaton_state) == 1 + 6
    by_two_inputs = set_graph(ADDER, history=2)
    assert len(by_two_inputs.automaton_state) == 1 + 4 + 24 - 4
    for graph in (by_carry, by_last_input, by_two_inputs):
        for automaton_state, targets in zip(graph.automaton_state, graph.next_set, strict=True):
            next_states = graph.automaton_state[targets].tolist()
            assert next_states == list(ADDER.next_state[automaton_state])
