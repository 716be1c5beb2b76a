"""The sizes of the recurrent nets that can be proved: one layer, one direction, tanh.

Trusted (see check.py).
"""

GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}  # blocks of `hidden` rows in the weights of a cell
STATE_ARRAYS = {'rnn': 1, 'gru': 1, 'lstm': 2}  # a net state is h, for LSTM h followed by c


def weight_shapes(cell: str, hidden: int, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter of a net, under the names of torch.nn.

    Args:
        cell: 'rnn', 'gru' or 'lstm'.
        hidden: Units of the recurrent layer.
        inputs: Numbers in an input vector.
        outputs: Logits.
    """
    rows = GATES[cell] * hidden
    return {
        'weight_ih_l0': (rows, inputs),
        'weight_hh_l0': (rows, hidden),
        'bias_ih_l0': (rows,),
        'bias_hh_l0': (rows,),
        'head_weight': (outputs, hidden),
        'head_bias': (outputs,),
    }
