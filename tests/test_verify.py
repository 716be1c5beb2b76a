"""The checker against nets built by hand, high precision and tampering; the search against the model and the checker."""

import copy
import json

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from jaxdl.models.rnn import RNN
from jaxdl.data import sequences
from jaxdl.verify import check, affine as forms, automaton as machine, falsify as refute, search

K = 12.0


def by_hand():
    """An RNN that adds: units 0..2 say whether a + b + carry is above .5, 1.5, 2.5; carry = (unit 1 + unit 3) / 2, unit 3 is one."""
    carry = np.array([0, K / 2, 0, K / 2])
    weights = {
        'weight_ih_l0': np.array([[K, K]] * 3 + [[0, 0]]),
        'weight_hh_l0': np.array([carry] * 3 + [0 * carry]),
        'bias_ih_l0': -K * np.array([0.5, 1.5, 2.5, -1]),
        'bias_hh_l0': np.zeros(4),
        'head_weight': np.array([[1.0, -1, 1, 0]]),
        'head_bias': np.zeros(1),
    }
    ends = [
        np.zeros((2, 4)) + [[-0.01], [0.01]],
        *(
            np.array([[-1.01, sign - 0.01, -1.01, 0.99], [1.01, sign + 0.01, 1.01, 1.01]])
            for sign in (-1, 1)
        ),
    ]
    return certify('rnn', weights, [(0, (1, 1, 1, 2)), (0, (1, 1, 1, 2)), (1, (1, 2, 2, 2))], ends)


def certify(cell, weights, labels, ends, task='binary_add', k=3):
    lo, hi = (np.stack(side) for side in zip(*ends))
    return check.certificate(
        task,
        k,
        cell,
        weights,
        search.Sets((lo + hi) / 2, jax.vmap(jnp.diag)((hi - lo) / 2)),
        search.Labels(*map(np.array, zip(*labels))),
    )


def sealed(certificate):
    return certificate | {'sha256': check.digest(certificate)}


def params_of(certificate):
    def read(x):
        return [read(each) for each in x] if isinstance(x, list) else float.fromhex(x)

    return {
        name: jnp.array(read(value), jnp.float32) for name, value in certificate['weights'].items()
    }


def test_a_right_net_is_accepted():
    slack, margin = check.check(by_hand())
    assert 0 < slack <= 0.01 and 0.9 < margin < 1
    assert check.float32_error(by_hand(), margin) < 1e-4


@pytest.mark.parametrize(
    'change, says',
    [
        (
            lambda c: c['sets'][0].update(next=[1, 1, 2, 2]),
            r'set 0 \(memory 0\) on input \(1, 0\): set 2 has memory 1, it must be 0',
        ),
        (
            lambda c: c['sets'][0]['centre'].__setitem__(1, (0.011).hex()),
            'the start state is not in set 0',
        ),
        (lambda c: c['sets'][0].update(memory=1), 'the start state is not in set 0'),
        (
            lambda c: c['weights'].update(
                head_weight=[[(-1.0).hex(), (1.0).hex(), (-1.0).hex(), (0.0).hex()]]
            ),
            r'set 0 \(memory 0\) on input \(0, 0\): the answer may not be 0',
        ),
        (
            lambda c: c['weights']['weight_hh_l0'][1].__setitem__(1, (0.0).hex()),
            r'on input \(0, 1\): the next state may leave set',
        ),
        (
            lambda c: c['sets'][2]['centre'].__setitem__(1, (0.9).hex()),
            r'set 0 \(memory 0\) on input \(1, 1\): the next state may leave set 2',
        ),
        (lambda c: c['sets'][1]['edges'][1].__setitem__(1, (1.0).hex()), 'may leave|may not be'),
        (
            lambda c: c['sets'][1]['edges'][1].__setitem__(1, (0.0).hex()),
            'the edges of set 1 are not independent',
        ),
        (lambda c: c['sets'][1].update(memory=-1), 'names a memory or a set that there is not'),
        (
            lambda c: c['sets'][1]['next'].__setitem__(3, -1),
            'names a memory or a set that there is not',
        ),
        (lambda c: c['sets'][1]['edges'].pop(), 'the edges of set 1 are not 4 by 4'),
        (lambda c: c.update(format='another'), "this is not a 'jaxdl certificate 2'"),
    ],
)
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
        for row in (lambda c: c['sets'][number]['centre'], lambda c: c['sets'][number]['edges'][1]):
            other = copy.deepcopy(certificate)
            row(other)[1] = (float.fromhex(row(other)[1]) + 0.0001).hex()
            with pytest.raises(check.Refused):
                check.check(other)


@pytest.mark.parametrize(
    'change',
    [
        lambda c: c['sets'][1]['next'].pop(),
        lambda c: c['sets'][0]['centre'].pop(),
        lambda c: c['sets'][1]['edges'].append([]),
        lambda c: c['sets'][1]['edges'][2].pop(),
        lambda c: c['weights']['weight_hh_l0'].pop(),
        lambda c: c['weights']['weight_hh_l0'][0].pop(),
        lambda c: c['weights'].pop('head_bias'),
    ],
)
def test_nothing_may_be_left_out(change, tmp_path):
    certificate = by_hand()
    change(certificate)
    (tmp_path / 'proof.json').write_text(json.dumps(certificate))
    with pytest.raises(check.Refused):
        check.check_file(tmp_path / 'proof.json')


@pytest.mark.parametrize('number', ['inf', '-inf', 'nan'])
@pytest.mark.parametrize('place', ['weight', 'bias', 'set', 'centre'])
def test_numbers_must_be_finite(number, place, tmp_path):
    certificate = by_hand()
    of = {
        'weight': certificate['weights']['weight_hh_l0'][0],
        'bias': certificate['weights']['bias_ih_l0'],
        'set': certificate['sets'][1]['edges'][1],
        'centre': certificate['sets'][1]['centre'],
    }[place]
    of[0] = number
    (tmp_path / 'proof.json').write_text(json.dumps(sealed(certificate)))
    with pytest.raises(check.Refused):
        check.check_file(tmp_path / 'proof.json')


def test_an_infinite_weight_that_only_zero_meets():
    """Infinity times an interval about zero would be everything, but times the start state it is no number."""
    certificate = by_hand()
    zero = (0.0).hex()
    for name, row in (('weight_ih_l0', [zero] * 2), ('bias_ih_l0', zero), ('bias_hh_l0', zero)):
        certificate['weights'][name].append(row)
    for row in (*certificate['weights']['weight_hh_l0'], certificate['weights']['head_weight'][0]):
        row.append(zero)
    certificate['weights']['weight_hh_l0'].append([zero] * 4 + ['inf'])
    for each in certificate['sets']:
        each['centre'].append(zero)
        each['edges'] = [row + [zero] for row in each['edges']] + [[zero] * 4 + [(1.1).hex()]]
    with pytest.raises(check.Refused, match='not finite'):
        check.check(sealed(certificate))
    certificate['weights']['weight_hh_l0'][4][4] = (1.0).hex()
    assert check.check(sealed(certificate))[0] > 0


def test_other_weights_than_one_layers_are_refused():
    for change in (
        lambda w: w.update(weight_hh_l1=w['weight_hh_l0']),
        lambda w: w['bias_ih_l0'].append((0.0).hex()),
        lambda w: w['weight_ih_l0'][0].append((0.0).hex()),
        lambda w: w['head_weight'].append(w['head_weight'][0]),
        lambda w: w.pop('head_bias'),
    ):
        certificate = by_hand()
        change(certificate['weights'])
        with pytest.raises(check.Refused, match='expected|not of shape|rows differ'):
            check.check(sealed(certificate))


@pytest.mark.parametrize('scale', [2.0**-151, 1e300, 0.1 + 1e-12])
def test_float32_is_not_covered_where_float32_cannot_hold_the_weights(scale):
    certificate = by_hand()
    certificate['weights']['head_weight'] = [
        [(scale * float.fromhex(x)).hex() for x in certificate['weights']['head_weight'][0]]
    ]
    _, margin = check.check(sealed(certificate))
    assert check.float32_error(certificate, margin) == float('inf')


def test_certificates_survive_the_file_bit_for_bit(tmp_path):
    certificate = by_hand()
    slack, margin = check.check(certificate)
    file = tmp_path / 'proof.json'
    file.write_text(json.dumps(certificate))
    assert json.loads(file.read_text())['weights'] == certificate['weights']
    assert check.check_file(file)[:2] == (slack, margin)
    for content in (
        '{',
        '[]',
        '[' * 100_000,
        file.read_text().replace('0x1.8000000000000p+3', '0x1p99999', 1),
        '{"format": "jaxdl certificate 2"}',
        file.read_text().replace('0x', '0y', 1),
    ):
        file.write_text(content)
        with pytest.raises(check.Refused):
            check.check_file(file)


def random_net(cell, hidden, seed):
    model = RNN(1, hidden, cell, every_step=True)
    params = model.init(jax.random.key(seed), jnp.zeros((1, 3, 2)))
    return model, jax.tree.map(lambda x: 2 * x, params)


def exact_step(cell, weights, state, bits):
    """torch's equations at 60 digits, of one state: lists of mpf."""
    w = {
        name: np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(value, float))
        for name, value in weights.items()
    }
    h = np.array(state[0], object)
    z_x, z_h = (
        w['weight_ih_l0'] @ np.array([mpmath.mpf(b) for b in bits], object) + w['bias_ih_l0'],
        w['weight_hh_l0'] @ h + w['bias_hh_l0'],
    )
    tanh, sigmoid = (
        np.vectorize(mpmath.tanh, otypes=[object]),
        np.vectorize(lambda z: 1 / (1 + mpmath.exp(-z)), otypes=[object]),
    )
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
@pytest.mark.parametrize('size', [0.0, 0.1, 0.7])
def test_forms_hold_the_exact_values(cell, size):
    """Of states of a parallelotope; those of a point are the exact values, and the search's forms are the checker's."""
    _, params = random_net(cell, 3, 0)
    params = params['params']
    weights = {
        name: arb_mat([[float(x) for x in np.atleast_1d(row)] for row in np.asarray(value, float)])
        for name, value in params.items()
    }
    ctx.prec, mpmath.mp.dps = check.PRECISION, 60
    rng = np.random.default_rng(0)
    n = 3 * machine.ARRAYS[cell]
    centre, edges = (
        rng.uniform(-1, 1, n).astype(np.float32),
        (size * rng.uniform(-1, 1, (n, n))).astype(np.float32),
    )
    image = check.step(
        cell,
        weights,
        forms.Form(
            *(arb_mat(x.astype(float).tolist()) for x in (centre[:, None], edges, np.zeros((n, 1))))
        ),
        (0, 1),
    )
    near = search.step(
        cell, params, search.Form(centre, edges, jnp.zeros(n)), jnp.array([0.0, 1.0])
    )
    for found, bound in zip(near, image):
        np.testing.assert_allclose(
            np.reshape(found, -1), [float(x) for x in bound.entries()], atol=2e-5
        )
    mid, rows, error = (
        np.array([[mpmath.mpf(x.str(50, radius=False)) for x in row] for row in part.tolist()])
        for part in image
    )
    for corner in [*rng.choice([-1.0, 1.0], (30, n)), *rng.uniform(-1, 1, (30, n))]:
        exact = [mpmath.mpf(float(m)) for m in centre] + np.vectorize(mpmath.mpf, otypes=[object])(
            edges.astype(float)
        ) @ corner
        parts = exact_step(cell, params, np.split(exact, machine.ARRAYS[cell]), (0, 1))
        distance = np.abs(np.concatenate(parts) - mid[:, 0] - rows @ corner)
        assert (distance <= error[:, 0] + mpmath.mpf('1e-30')).all()
    assert size or (error < mpmath.mpf('1e-30')).all()


@pytest.mark.parametrize('cell', ['rnn', 'gru', 'lstm'])
def test_simulation_is_the_models(cell):
    model, params = random_net(cell, 4, 1)
    bits = np.random.default_rng(0).integers(0, 2, (5, 9, 2))
    logits, layers = model.apply(params, bits.astype(np.float32))
    states, found = search.simulate(cell, params['params'], bits)
    np.testing.assert_allclose(states[..., :4], layers['layer0'], atol=1e-5)
    np.testing.assert_allclose(found, logits, atol=1e-5)


def test_the_machines_are_the_tasks():
    """Against arithmetic on integers, and the sampler that the nets are trained on."""
    bits = np.random.default_rng(0).integers(0, 2, (50, 30, 2))
    sums = [sequences.bits_to_int(row[:, 0]) + sequences.bits_to_int(row[:, 1]) for row in bits]
    right = refute.right_answers(machine.ADDER, 2 * bits[..., 0] + bits[..., 1])
    assert right.tolist() == [[total >> t & 1 for t in range(30)] for total in sums]
    for k in (1, 3):
        inputs, targets, _ = sequences.recall(jax.random.key(k), jnp.full(20, 9), 9, k)
        right = refute.right_answers(machine.recall(k), np.asarray(inputs.argmax(-1)))
        assert (right[:, : k - 1] == -1).all() and (
            right[:, k - 1 :] == np.asarray(targets)[:, None]
        ).all()
    assert machine.demands(1, 0) == [(-1,)] and machine.demands(3, 1) == [(-1, 1, 0), (0, 1, -1)]


def test_labels():
    plain, one, two = (search.labels(machine.ADDER, k) for k in (0, 1, 2))
    assert plain.memory.tolist() == [0, 1] and plain.next.tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]
    assert len(one.memory) == 1 + 6 and len(two.memory) == 1 + 4 + 24 - 4
    for labels in (plain, one, two):
        for memory, row in zip(labels.memory, labels.next):
            assert labels.memory[row].tolist() == list(machine.ADDER.next[memory])


def found_sets(cell, params, labels, right, **options):
    sets = search.reached(cell, params, labels, right, jax.random.key(0))
    params, sets = jax.jit(
        lambda params, sets: search.search(cell, params, sets, labels, right, **options)
    )(params, sets)
    return (
        params,
        sets,
        check.certificate('binary_add', 0, cell, params, jax.tree.map(np.asarray, sets), labels),
    )


def test_the_search_tunes_a_net_that_the_checker_proves():
    params = {name: value * 0.7 for name, value in params_of(by_hand()).items()}
    labels = search.labels(machine.ADDER, 1)
    tuned, sets, certificate = found_sets('rnn', params, labels, machine.ADDER, steps=1500)
    closure, logits, start, into = search.gaps('rnn', tuned, sets, labels, machine.ADDER)
    slack, margin = check.check(certificate)
    np.testing.assert_allclose(margin, logits.min(), atol=1e-4)
    assert slack <= (closure / into[labels.next]).min() + 1e-5 and start.min() >= 0


def test_parallelotopes_prove_a_net_that_no_boxes_do():
    """Two units that turn by 45 degrees and shrink to .8 at each step: a box's image sticks out of it, a turned square's does not."""
    turn = 0.8 * np.sqrt(0.5) * np.array([[1.0, -1], [1, 1]])
    params = {name: np.asarray(value, np.float32) for name, value in params_of(by_hand()).items()}
    n = 6
    wide = {
        'weight_ih_l0': np.zeros((n, 2)),
        'weight_hh_l0': np.zeros((n, n)),
        'bias_ih_l0': np.zeros(n),
        'bias_hh_l0': np.zeros(n),
        'head_weight': np.zeros((1, n)),
        'head_bias': np.zeros(1),
    }
    for name, value in params.items():
        wide[name][tuple(slice(0, size) for size in value.shape)] = value
    wide['weight_hh_l0'][4:, 4:] = turn
    wide['weight_ih_l0'][4] = 0.3
    wide = {name: jnp.array(value, jnp.float32) for name, value in wide.items()}
    labels = search.labels(machine.ADDER, 1)
    kept, sets, certificate = found_sets('rnn', wide, labels, machine.ADDER, tune=False, steps=3000)
    assert all((kept[name] == wide[name]).all() for name in wide)
    assert check.check(certificate)[0] > 5e-5
    boxes = sets._replace(edges=jax.vmap(jnp.diag)(jnp.abs(sets.edges).sum(-1)))
    with pytest.raises(check.Refused, match='may leave'):
        check.check(
            check.certificate('binary_add', 0, 'rnn', wide, jax.tree.map(np.asarray, boxes), labels)
        )


def test_a_recall_net_by_hand():
    """Unit 10 says that a digit was read; unit d starts at tanh(3) for digit d, else tanh(-3), and 12 h - 6 then holds it there."""
    hold = 12 * np.eye(11)
    hold[:, 10] = [-6] * 10 + [0]
    weights = {
        'weight_ih_l0': np.concatenate([6 * np.eye(10), np.full((1, 10), 9.0)]),
        'weight_hh_l0': hold,
        'bias_ih_l0': np.array([-3.0] * 10 + [0]),
        'bias_hh_l0': np.zeros(11),
        'head_weight': np.eye(10, 11),
        'head_bias': np.zeros(10),
    }
    lo, hi = np.full((11, 11), -1.01), np.full((11, 11), -0.9)
    lo[:, 10], hi[:, 10] = 0.9, 1.01
    for d in range(10):
        lo[1 + d, d], hi[1 + d, d] = 0.9, 1.01
    lo[0], hi[0] = -0.001, 0.001
    labels = [(0, tuple(range(1, 11))), *((1 + d, (1 + d,) * 10) for d in range(10))]
    certificate = certify('rnn', weights, labels, list(zip(lo, hi)), 'recall', 1)
    slack, margin = check.check(certificate)
    assert slack > 0.001 and margin > 1.7
    with pytest.raises(check.Refused, match='it must be'):
        check.check(sealed(certificate | {'k': 2}))
    wrong = copy.deepcopy(certificate)
    wrong['weights']['head_weight'][3], wrong['weights']['head_weight'][4] = (
        wrong['weights']['head_weight'][4],
        wrong['weights']['head_weight'][3],
    )
    with pytest.raises(check.Refused, match='the answer may not be 3'):
        check.check(sealed(wrong))
    nets = jax.tree.map(lambda *x: jnp.stack(x), params_of(certificate), params_of(wrong))
    none, found = refute.refute('rnn', machine.recall(1), nets, jax.random.key(0))
    assert none is None and len(found.inputs) == 1 and {found.inputs[0], found.answer} == {3, 4}
    for k in (0, '1', None):
        with pytest.raises(check.Refused, match='no machine'):
            check.check(certificate | {'k': k})


def test_refutation_finds_the_shortest_wrong_sum():
    right = params_of(by_hand())
    forgets = right | {
        'weight_hh_l0': right['weight_hh_l0'].at[1].mul(0.2)
    }  # 1 + 1 carries, 0 + 1 does not keep it
    wrong_bit = right | {'head_bias': jnp.array([-1.5])}  # says 0 always
    nets = jax.tree.map(lambda *x: jnp.stack(x), right, forgets, wrong_bit)
    none, carry, bit = refute.refute('rnn', machine.ADDER, nets, jax.random.key(0))
    assert none is None
    pairs = np.array(machine.ADDER.inputs)
    assert (
        len(bit.inputs) == 1
        and refute.words(pairs[bit.inputs]) in ('0 + 1 = 0 (mod 2)?', '1 + 0 = 0 (mod 2)?')
        and bit.answer == 0
    )
    assert (
        pairs[carry.inputs].tolist() == [[1, 1], [0, 1]]
        and refute.words(pairs[carry.inputs]) == '1 + 3 = 2 (mod 4)?'
    )
    assert refute.words(np.array([[1, 1]] + [[0, 1]] * 99)) == '1+1 x 1, 0+1 x 99: bit 99'
