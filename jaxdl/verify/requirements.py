"""What the search and the proof ask of an automaton and of a net.

Not trusted: a certificate is read once more, from its text (certificate.py).
"""

import jax

from jaxdl import UserError
from jaxdl.arguments import require_leading_axis, require_shape
from jaxdl.names import require_known
from jaxdl.verify.automaton import Automaton
from jaxdl.verify.bound_propagation import Params
from jaxdl.verify.cell_sizes import GATES, weight_shapes


def require_automaton(automaton: Automaton) -> None:
    """Raises UserError unless the tables are whole and every entry of them is possible."""
    _require_symbols(automaton.symbols)
    states, symbols = len(automaton.next_state), len(automaton.symbols)
    if not states or len(automaton.answer) != states:
        raise UserError(
            f'next_state and answer must have a row for each state; they have {states} and '
            f'{len(automaton.answer)} rows'
        )
    answers = max(automaton.outputs, 2)  # a single logit answers 0 or 1
    asks = False
    for state in range(states):
        for name, row in (
            ('next_state', automaton.next_state[state]),
            ('answer', automaton.answer[state]),
        ):
            if len(row) != symbols:
                raise UserError(
                    f'{name}[{state}] must have an entry for each of the {symbols} symbols, it has '
                    f'{len(row)}'
                )
        for symbol in range(symbols):
            target = automaton.next_state[state][symbol]
            if target not in range(states):
                raise UserError(
                    f'next_state[{state}][{symbol}] is {target}; states are 0 to {states - 1}'
                )
            answer = automaton.answer[state][symbol]
            if answer is not None and answer not in range(answers):
                raise UserError(
                    f'answer[{state}][{symbol}] is {answer}; with outputs={automaton.outputs} '
                    f'answers are 0 to {answers - 1}, or None'
                )
            asks = asks or answer is not None
    if not asks:
        raise UserError('the automaton asks for no answer: all its answers are None')


def _require_symbols(symbols):
    if not symbols:
        raise UserError('the automaton has no symbols')
    for number, vector in enumerate(symbols):
        if len(vector) != len(symbols[0]) or not set(vector) <= {0, 1}:
            raise UserError(
                f'symbols[{number}] is {vector}; symbols are vectors of 0 and 1, all of one length'
            )
    if len(set(symbols)) < len(symbols):
        raise UserError('two symbols of the automaton have the same vector')


def require_net(cell: str, params: Params, automaton: Automaton) -> None:
    """Raises UserError unless the params are those of a net that can follow the automaton.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        params: By name, of a net of one layer and one direction.
        automaton: What the net must do.
    """
    require_known('cell', cell, GATES)
    if 'params' in params:
        raise UserError("the params of a net are the dict inside of flax's: params['params']")
    if 'head_weight' not in params:
        raise UserError('the params lack head_weight; they are those of jaxdl.models.rnn.RNN')
    require_shape('head_weight', params['head_weight'], automaton.outputs, 'H')
    hidden = params['head_weight'].shape[1]
    shapes = weight_shapes(cell, hidden, len(automaton.symbols[0]), automaton.outputs)
    if params.keys() != shapes.keys():
        raise UserError(
            f'the params of a net of one layer are {", ".join(shapes)}; these are '
            f'{", ".join(params)}'
        )
    for name, shape in shapes.items():
        require_shape(f'{name} of a net of cell {cell}', params[name], *shape)


def require_nets(cell: str, params: Params, automaton: Automaton) -> None:
    """As require_net, of the params (S, ...) of several nets."""
    if 'head_weight' in params:
        require_shape('head_weight', params['head_weight'], 'S', automaton.outputs, 'H')
        require_leading_axis('params', params, len(params['head_weight']))

    def of_one_net(leaf):
        return jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype)

    require_net(cell, jax.tree.map(of_one_net, params), automaton)
