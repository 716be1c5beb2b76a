"""The checker against nets built by hand, high precision and tampering; the search against the model and the checker."""
import copy
import json

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb
from jaxdl.models.rnn import RNN
from jaxdl.verify import check, refute, search

K = 12.


def by_hand():
    """An RNN that adds: units 0..2 say whether a + b + carry is above .5, 1.5, 2.5; carry = (unit 1 + unit 3) / 2, unit 3 is one."""
    carry = np.array([0, K / 2, 0, K / 2])
    weights = {'weight_ih_l0': np.array([[K, K]] * 3 + [[0, 0]]), 'weight_hh_l0': np.array([carry] * 3 + [0 * carry]),
               'bias_ih_l0': -K * np.array([.5, 1.5, 2.5, -1]), 'bias_hh_l0': np.zeros(4),
               'head_weight': np.array([[1., -1, 1, 0]]), 'head_bias': np.zeros(1)}
    ends = [np.zeros((2, 4)) + [[-.01], [.01]], *(np.array([[-1.01, sign - .01, -1.01, .99], [1.01, sign + .01, 1.01, 1.01]]) for sign in (-1, 1))]
    return certify('rnn', weights, [(0, (1, 1, 1, 2)), (0, (1, 1, 1, 2)), (1, (1, 2, 2, 2))], ends)


def certify(cell, weights, labels, ends):
    def exact(x):
        return [exact(each) for each in x] if isinstance(x, list) else float(x).hex()
    return sealed({'format': check.FORMAT, 'cell': cell, 'weights': {name: exact(value.tolist()) for name, value in weights.items()},
            'sets': [{'carry': carry, 'next': list(following), 'lo': exact([lo.tolist()]), 'hi': exact([hi.tolist()])}
                     for (carry, following), (lo, hi) in zip(labels, ends)]})


def sealed(certificate):
    return certificate | {'sha256': check.digest(certificate)}


def params_of(certificate):
    def read(x):
        return [read(each) for each in x] if isinstance(x, list) else float.fromhex(x)
    return {name: jnp.array(read(value), jnp.float32) for name, value in certificate['weights'].items()}


def test_a_right_net_is_accepted():
    slack, margin = check.check(by_hand())
    assert 0 < slack <= .01 and .9 < margin < 1
    assert check.float32_error(by_hand(), margin) < 1e-4


@pytest.mark.parametrize('change, says', [
    (lambda c: c['sets'][0].update(next=[1, 1, 2, 2]), r'set 0 \(carry 0\) on 1 \+ 0: set 2 has carry 1, the sum has 0'),
    (lambda c: c['sets'][0]['lo'][0].__setitem__(1, (.001).hex()), 'the start state is not in set 0'),
    (lambda c: c['sets'][0].update(carry=1), 'the start state is not in set 0'),
    (lambda c: c['weights'].update(head_weight=[[(-1.).hex(), (1.).hex(), (-1.).hex(), (0.).hex()]]), r'set 0 \(carry 0\) on 0 \+ 0: the answer may not be 0'),
    (lambda c: c['weights']['weight_hh_l0'][1].__setitem__(1, (0.).hex()), r'on 0 \+ 1: the next state may leave set'),
    (lambda c: c['sets'][2]['hi'][0].__setitem__(1, (.9).hex()), r'set 0 \(carry 0\) on 1 \+ 1: the next state may leave set 2'),
    (lambda c: c['sets'][1]['hi'][0].__setitem__(1, (0.).hex()), 'may leave|may not be'),
    (lambda c: c.update(format='another'), "this is not a 'jaxdl adder certificate 1'")])
def test_wrong_nets_and_sets_are_refused(change, says):
    certificate = by_hand()
    change(certificate)
    with pytest.raises(check.Refused, match=says):
        check.check(sealed(certificate))


def test_every_tampered_number_is_noticed():
    certificate = by_hand()
    for name, row in (('weight_hh_l0', 1), ('weight_ih_l0', 1), ('head_weight', 0)):
        for column, value in enumerate(certificate['weights'][name][row]):
            other = copy.deepcopy(certificate)
            other['weights'][name][row][column] = np.nextafter(float.fromhex(value), 9).hex()
            with pytest.raises(check.Refused, match='SHA-256 differs'):
                check.check(other)
    for number in range(3):
        for end in ('lo', 'hi'):
            other = copy.deepcopy(certificate)
            other['sets'][number][end][0][1] = (float.fromhex(other['sets'][number][end][0][1]) * .97).hex()
            with pytest.raises(check.Refused):
                check.check(other)


@pytest.mark.parametrize('change', [
    lambda c: c['sets'][1]['next'].pop(), lambda c: c['sets'][0]['lo'][0].pop(), lambda c: c['sets'][1]['hi'].append([]),
    lambda c: c['weights']['weight_hh_l0'].pop(), lambda c: c['weights']['weight_hh_l0'][0].pop(), lambda c: c['weights'].pop('head_bias')])
def test_nothing_may_be_left_out(change, tmp_path):
    certificate = by_hand()
    change(certificate)
    (tmp_path / 'proof.json').write_text(json.dumps(certificate))
    with pytest.raises(check.Refused):
        check.check_file(tmp_path / 'proof.json')


@pytest.mark.parametrize('number', ['inf', '-inf', 'nan'])
@pytest.mark.parametrize('place', ['weight', 'bias', 'box'])
def test_numbers_must_be_finite(number, place, tmp_path):
    certificate = by_hand()
    of = {'weight': certificate['weights']['weight_hh_l0'][0], 'bias': certificate['weights']['bias_ih_l0'],
          'box': certificate['sets'][1]['hi'][0]}[place]
    of[0] = number
    (tmp_path / 'proof.json').write_text(json.dumps(sealed(certificate)))
    with pytest.raises(check.Refused):
        check.check_file(tmp_path / 'proof.json')


def test_an_infinite_weight_that_only_zero_meets():
    """Infinity times an interval about zero would be everything, but times the start state it is no number."""
    certificate = by_hand()
    zero = (0.).hex()
    for name, row in (('weight_ih_l0', [zero] * 2), ('bias_ih_l0', zero), ('bias_hh_l0', zero)):
        certificate['weights'][name].append(row)
    for row in (*certificate['weights']['weight_hh_l0'], certificate['weights']['head_weight'][0]):
        row.append(zero)
    certificate['weights']['weight_hh_l0'].append([zero] * 4 + ['inf'])
    for each in certificate['sets']:
        each['lo'][0].append((-1.1).hex())
        each['hi'][0].append((1.1).hex())
    with pytest.raises(ValueError, match='not finite'):
        check.check(sealed(certificate))
    certificate['weights']['weight_hh_l0'][4][4] = (1.).hex()
    assert check.check(sealed(certificate))[0] > 0


def test_other_weights_than_one_layers_are_refused():
    for change in (lambda w: w.update(weight_hh_l1=w['weight_hh_l0']), lambda w: w['bias_ih_l0'].append((0.).hex()),
                   lambda w: w['weight_ih_l0'][0].append((0.).hex()), lambda w: w['head_weight'].append(w['head_weight'][0])):
        certificate = by_hand()
        change(certificate['weights'])
        with pytest.raises(check.Refused, match='expected|not of shape'):
            check.check(sealed(certificate))


@pytest.mark.parametrize('scale', [2. ** -151, 1e300, .1 + 1e-12])
def test_float32_is_not_covered_where_float32_cannot_hold_the_weights(scale):
    certificate = by_hand()
    certificate['weights']['head_weight'] = [[(scale * float.fromhex(x)).hex() for x in certificate['weights']['head_weight'][0]]]
    _, margin = check.check(sealed(certificate))
    assert check.float32_error(certificate, margin) == float('inf')


def test_swapped_ends_prove_nothing():
    """Sets that nothing lies in are never reached from the start's."""
    certificate = by_hand()
    for each in certificate['sets'][1:]:
        each['lo'], each['hi'] = each['hi'], each['lo']
    with pytest.raises(check.Refused, match='may leave'):
        check.check(sealed(certificate))


def test_certificates_survive_the_file_bit_for_bit(tmp_path):
    certificate = by_hand()
    slack, margin = check.check(certificate)
    file = tmp_path / 'proof.json'
    file.write_text(json.dumps(certificate))
    assert json.loads(file.read_text())['weights'] == certificate['weights']
    assert check.check_file(file)[:2] == (slack, margin)
    for content in ('{', '[]', '[' * 100_000, file.read_text().replace('0x1.8000000000000p+3', '0x1p99999', 1), '{"format": "jaxdl adder certificate 1"}', file.read_text().replace('0x', '0y', 1)):
        file.write_text(content)
        with pytest.raises(check.Refused):
            check.check_file(file)


def random_net(cell, hidden, seed):
    model = RNN(1, hidden, cell, every_step=True)
    params = model.init(jax.random.key(seed), jnp.zeros((1, 3, 2)))
    return model, jax.tree.map(lambda x: 2 * x, params)


def exact_step(cell, weights, state, bits):
    """torch's equations at 60 digits, of one state: lists of mpf."""
    mpmath.mp.dps = 60
    w = {name: np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(value, float)) for name, value in weights.items()}
    h = np.array(state[0], object)
    z_x, z_h = w['weight_ih_l0'] @ np.array([mpmath.mpf(b) for b in bits], object) + w['bias_ih_l0'], w['weight_hh_l0'] @ h + w['bias_hh_l0']
    tanh, sigmoid = np.vectorize(mpmath.tanh, otypes=[object]), np.vectorize(lambda z: 1 / (1 + mpmath.exp(-z)), otypes=[object])
    if cell == 'rnn':
        return [tanh(z_x + z_h)]
    if cell == 'lstm':
        i, f, g, o = np.split(z_x + z_h, 4)
        c = sigmoid(f) * np.array(state[1], object) + sigmoid(i) * tanh(g)
        return [sigmoid(o) * tanh(c), c]
    (r_x, u_x, n_x), (r_h, u_h, n_h) = np.split(z_x, 3), np.split(z_h, 3)
    n = tanh(n_x + sigmoid(r_x + r_h) * n_h)
    u = sigmoid(u_x + u_h)
    return [(1 - u) * n + u * h]


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_interval_steps_hold_the_exact_values(cell):
    _, params = random_net(cell, 3, 0)
    params = params['params']
    weights = {name: [[arb(float(x)) for x in row] if np.ndim(row) else arb(float(row)) for row in np.asarray(value, float)]
               for name, value in params.items()}
    rng = np.random.default_rng(0)
    lo = rng.uniform(-1, 1, (check.STATES[cell], 3))
    hi = lo + rng.uniform(0, .5, lo.shape)
    box = [[check.Interval(arb(a), arb(b)) for a, b in zip(*ends)] for ends in zip(lo.tolist(), hi.tolist())]
    near = jax.device_get(search.step(cell, params, jnp.asarray(lo, jnp.float32), jnp.asarray(hi, jnp.float32), jnp.array([0., 1.])))
    image = check.step(cell, weights, box, (0, 1))
    np.testing.assert_allclose(near, [[[float(getattr(x, end)) for x in part] for part in image] for end in ('lo', 'hi')], atol=1e-5)
    for _ in range(30):
        state = [[mpmath.mpf(x) for x in part] for part in (lo + rng.uniform(size=lo.shape) * (hi - lo)).tolist()]
        for part, bounds in zip(exact_step(cell, params, state, (0, 1)), image):
            for value, bound in zip(part, bounds):
                assert float(bound.lo) - 1e-15 <= value <= float(bound.hi) + 1e-15
    point = [[check.Interval(arb(a), arb(a)) for a in part] for part in lo.tolist()]
    exact = exact_step(cell, params, [[mpmath.mpf(a) for a in part] for part in lo.tolist()], (0, 1))
    for part, bounds in zip(exact, check.step(cell, weights, point, (0, 1))):
        for value, bound in zip(part, bounds):
            assert abs(mpmath.mpf(bound.lo.str(50, radius=False)) - value) < mpmath.mpf('1e-30')
            assert abs(mpmath.mpf(bound.hi.str(50, radius=False)) - value) < mpmath.mpf('1e-30')


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_simulation_is_the_models(cell):
    model, params = random_net(cell, 4, 1)
    bits = np.random.default_rng(0).integers(0, 2, (5, 9, 2))
    logits, layers = model.apply(params, bits.astype(np.float32))
    states, found = search.simulate(cell, params['params'], bits)
    np.testing.assert_allclose(states[:, :, 0], layers['layer0'], atol=1e-5)
    np.testing.assert_allclose(found, logits[..., 0], atol=1e-5)


def test_automata():
    plain, one, two = (search.automaton(k) for k in (0, 1, 2))
    assert plain.carry.tolist() == [0, 1] and plain.next.tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]
    assert len(one.carry) == 1 + 6 and len(two.carry) == 1 + 4 + 24 - 4
    for sets in (plain, one, two):
        for carry, row in zip(sets.carry, sets.next):
            assert sets.carry[row].tolist() == [(carry + a + b) // 2 for a, b in search.INPUTS]


def test_the_search_tunes_a_net_that_the_checker_proves():
    params = {name: value * .7 for name, value in params_of(by_hand()).items()}
    sets = search.automaton(1)
    boxes = search.reached('rnn', params, sets, jax.random.key(0))
    tuned, boxes = jax.jit(lambda params, boxes: search.search('rnn', params, boxes, sets, 1500))(params, boxes)
    closure, logits, start = search.gaps('rnn', tuned, boxes, sets)
    slack, margin = check.check(sealed(search.certificate('rnn', tuned, boxes, sets)))
    np.testing.assert_allclose(margin, logits.min(), atol=1e-4)
    assert slack <= closure.min() + 1e-5 and start.min() >= 0


def test_closing_finds_the_sets_of_a_contracting_net():
    params, sets = params_of(by_hand()), search.automaton(1)
    boxes = search.close('rnn', params, search.reached('rnn', params, sets, jax.random.key(0)), sets)
    assert check.check(sealed(search.certificate('rnn', params, boxes, sets)))[0] > 5e-5


def test_refutation_finds_the_shortest_wrong_sum():
    right = params_of(by_hand())
    forgets = right | {'weight_hh_l0': right['weight_hh_l0'].at[1].mul(.2)}  # 1 + 1 carries, 0 + 1 does not keep it
    wrong_bit = right | {'head_bias': jnp.array([-1.5])}                      # says 0 always
    nets = jax.tree.map(lambda *x: jnp.stack(x), right, forgets, wrong_bit)
    none, carry, bit = refute.refute('rnn', nets, jax.random.key(0))
    assert none is None
    assert bit.kind == 'word' and len(bit.bits) == 1 and bit.bits.sum() == 1
    assert refute.words(bit.bits) in ('0 + 1 = 0 (mod 2)?', '1 + 0 = 0 (mod 2)?')
    assert carry.bits.tolist() == [[1, 1], [0, 1]] and refute.words(carry.bits) == '1 + 3 = 2 (mod 4)?'
    assert refute.words(np.array([[1, 1]] + [[0, 1]] * 99)) == '1+1 x 1, 0+1 x 99: bit 99'
