"""Steps of torch's recurrent cells in mpmath, as exact as mpmath.mp.dps says."""

import mpmath
import numpy as np

exact_tanh = np.vectorize(mpmath.tanh, otypes=[object])
exact_exp = np.vectorize(mpmath.exp, otypes=[object])
exact_numbers = np.vectorize(mpmath.mpf, otypes=[object])


def exact_sigmoid(values):
    return 1 / (1 + exact_exp(-values))


def exact_step(cell, params, state, vector):
    """The next state (n,) of one state (n,): arrays of mpf, h, for LSTM followed by c."""
    weights = {}
    for name, value in params.items():
        weights[name] = exact_numbers(np.asarray(value, float))
    hidden, *cell_state = np.split(state, 2 if cell == 'lstm' else 1)
    from_input = weights['weight_ih_l0'] @ exact_numbers(vector) + weights['bias_ih_l0']
    from_state = weights['weight_hh_l0'] @ hidden + weights['bias_hh_l0']
    if cell == 'rnn':
        return exact_tanh(from_input + from_state)
    if cell == 'lstm':
        i, f, g, o = np.split(from_input + from_state, 4)
        c = exact_sigmoid(f) * cell_state[0] + exact_sigmoid(i) * exact_tanh(g)
        return np.concatenate([exact_sigmoid(o) * exact_tanh(c), c])
    r_x, u_x, n_x = np.split(from_input, 3)
    r_h, u_h, n_h = np.split(from_state, 3)
    n = exact_tanh(n_x + exact_sigmoid(r_x + r_h) * n_h)
    u = exact_sigmoid(u_x + u_h)
    return (1 - u) * n + u * hidden
