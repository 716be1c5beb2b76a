"""How many last symbols the sets of a proof tell apart."""

import pytest

from experiments.proofs.history import chosen_history
from jaxdl import UserError
from jaxdl.verify.automaton import ADDER, recall
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick


def test_the_default_takes_few_sets():
    assert chosen_history(ADDER, -1) == 2
    assert chosen_history(recall(3), -1) == 0
    assert chosen_history(MACHINES['parity'].automaton, -1) == 2
    assert chosen_history(MACHINES['modular_arithmetic'].automaton, -1) == 0


def test_the_users_choice_is_taken_while_the_sets_are_not_too_many():
    assert chosen_history(ADDER, 4) == 4
    assert chosen_history(recall(20), 1) == 1
    with pytest.raises(UserError, match='--history=2 makes 1,011 sets, on 10 symbols each: lower'):
        chosen_history(recall(1), 2)
    with pytest.raises(UserError, match='--history=0 makes 310 sets.*: the automaton is too large'):
        chosen_history(recall(300), -1)
