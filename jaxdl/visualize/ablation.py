"""Nets with a part taken out: what is left of them says what the part was for."""

from jaxdl.visualize.model_interface import Params

CLOSED = -1e4  # a pre-activation whose sigmoid is 0 in any precision


def close_forget_gate(params: Params, hidden: int) -> Params:
    """The parameters of an LSTM of one layer that forgets its cell state at each step.

    The forget gate f = sigmoid(W x + U h + b) is held at 0, so that c' = i * g: what is left of the
    memory is the state h.

    Args:
        params: Named and shaped as in torch, with the gates in the order i, f, g, o.
        hidden: H, the number of units.
    """
    tensors = dict(params['params'])
    forget = slice(hidden, 2 * hidden)
    # Nothing may reach the gate but its bias.
    for name in ('weight_ih_l0', 'weight_hh_l0', 'bias_hh_l0'):
        tensors[name] = tensors[name].at[forget].set(0)
    tensors['bias_ih_l0'] = tensors['bias_ih_l0'].at[forget].set(CLOSED)
    return {'params': tensors}
