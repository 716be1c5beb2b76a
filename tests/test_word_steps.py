"""After how many symbols the covers of a net close where the user names no number."""

import pytest
from hand_built import ALWAYS_ONE

from experiments.proofs.certify_covered import usual_word_steps
from jaxdl.verify.automaton import ADDER, recall
from jaxdl.verify.machines import MACHINES

pytestmark = pytest.mark.quick
ONE_SYMBOL = ALWAYS_ONE._replace(symbols=((0,),), next_state=((0,),), answer=((1,),))


@pytest.mark.parametrize(
    ('automaton', 'steps'),
    [
        (ADDER, [2, 3]),
        (recall(3), [1, 2]),
        (MACHINES['parity'].automaton, [5, 6]),
        (ONE_SYMBOL, [5, 6]),
    ],
)
def test_as_the_help_says(automaton, steps):
    assert usual_word_steps(automaton) == steps
