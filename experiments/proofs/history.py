"""How many sets the search for a proof has: one for each automaton state and last symbols."""

from jaxdl import UserError
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.set_graph import set_graph

# By default up to two last symbols, while there are few sets.
DEFAULT_HISTORY = 2
DEFAULT_SETS = 64
# Of all sets, on all symbols: hours of search.
MOST_TRANSITIONS = 3000


def chosen_history(automaton: Automaton, history: int) -> int:
    """How many last symbols the sets tell apart.

    Args:
        automaton: Of the run.
        history: The user's choice, or -1 for the default.

    Raises:
        UserError: There would be too many sets.
    """
    by_default = history < 0
    if by_default:
        history = DEFAULT_HISTORY
    # From few symbols up, since the sets grow manyfold with each.
    for symbols in range(history + 1):
        sets = len(set_graph(automaton, symbols).next_set)
        if by_default and symbols > 0 and sets > DEFAULT_SETS:
            return symbols - 1
        transitions = sets * len(automaton.symbols)
        if transitions > MOST_TRANSITIONS:
            advice = 'lower --history' if symbols > 0 else 'the automaton is too large to be proved'
            raise UserError(
                f'--history={symbols} makes {sets:,} sets, on {len(automaton.symbols)} symbols '
                f'each: {advice} ({MOST_TRANSITIONS:,} of both together is the most)'
            )
    return history
