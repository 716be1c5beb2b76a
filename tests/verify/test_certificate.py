"""Certificates: exact in a file, and refused where anything is missing or out of shape."""

import json

import pytest
from hand_built import adder_certificate, entry_of, recall_certificate, seal, set_entry

from jaxdl.verify.certificate import Refused, make_certificate, parse
from jaxdl.verify.check import check, check_file

ZERO = (0.0).hex()


@pytest.mark.quick
def test_parse_reads_what_was_made():
    certificate = adder_certificate()
    claim = parse(certificate)
    assert claim.weights['bias_ih_l0'] == [[-6.0], [-18.0], [-30.0], [12.0]]
    assert claim.sets[2].automaton_state == 1
    assert claim.sets[2].next_sets == [1, 2, 2, 2]
    weights = {}
    for name, matrix in claim.weights.items():
        weights[name] = [row[0] for row in matrix] if 'bias' in name else matrix
    assert make_certificate('binary_add', 3, 'rnn', weights, claim.sets) == certificate


def test_a_certificate_survives_its_file_bit_for_bit(tmp_path):
    certificate = adder_certificate()
    file = tmp_path / 'proof.json'
    file.write_text(json.dumps(certificate))
    assert json.loads(file.read_text())['weights'] == certificate['weights']
    assert check_file(file) == check(certificate)


@pytest.mark.quick
def test_files_that_hold_no_certificate_are_refused(tmp_path):
    text = json.dumps(adder_certificate())
    file = tmp_path / 'proof.json'
    too_large_a_number = text.replace('0x1.8000000000000p+3', '0x1p99999', 1)
    for content in (
        '{',
        '[]',
        '[' * 100_000,
        '{"format": "jaxdl certificate 2"}',
        too_large_a_number,
        text.replace('0x', '0y', 1),
    ):
        file.write_text(content)
        with pytest.raises(Refused):
            check_file(file)


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (('format',), 'another', "this is not a 'jaxdl certificate 2'"),
        (('cell',), 'mlp', "no proof is known for the cell 'mlp'"),
        (('sets',), [], 'there are no sets'),
        (('sets', 1, 'memory'), -1, 'set 1 names automaton state -1, which does not exist'),
        (('sets', 1, 'memory'), True, 'set 1 names automaton state True, which does not exist'),
        (('sets', 1, 'next', 3), -1, 'set 1 leads to set -1, which does not exist'),
        (('sets', 1, 'centre'), '1234', r'the centre of set 1 must have shape \(4,\)'),
    ],
)
def test_malformed_entries_are_refused(path, value, message):
    certificate = adder_certificate()
    set_entry(certificate, path, value)
    with pytest.raises(Refused, match=message):
        check(seal(certificate))


@pytest.mark.parametrize('k', [0, '1', None])
def test_a_recall_of_no_digit_is_refused(k):
    with pytest.raises(Refused, match='no automaton'):
        check(recall_certificate() | {'k': k})


@pytest.mark.parametrize(
    'path',
    [
        ('sets', 1, 'next'),
        ('sets', 0, 'centre'),
        ('sets', 1, 'edges'),
        ('sets', 1, 'edges', 2),
        ('weights', 'weight_hh_l0'),
        ('weights', 'weight_hh_l0', 0),
        ('weights', 'bias_hh_l0'),
    ],
)
def test_a_list_that_lacks_its_last_entry_is_refused(path, tmp_path):
    certificate = adder_certificate()
    entry_of(certificate, path).pop()
    (tmp_path / 'proof.json').write_text(json.dumps(certificate))
    with pytest.raises(Refused):
        check_file(tmp_path / 'proof.json')


def test_the_shape_of_generators_is_named():
    certificate = adder_certificate()
    certificate['sets'][1]['edges'].pop()
    with pytest.raises(Refused, match=r'the generators of set 1 must have shape \(4, 4\)'):
        check(seal(certificate))


def test_a_row_too_many_is_refused(tmp_path):
    certificate = adder_certificate()
    certificate['sets'][1]['edges'].append([])
    (tmp_path / 'proof.json').write_text(json.dumps(certificate))
    with pytest.raises(Refused):
        check_file(tmp_path / 'proof.json')


@pytest.mark.parametrize('name', ['head_bias', 'weight_hh_l0'])
def test_weights_that_are_missing_are_refused(name, tmp_path):
    certificate = adder_certificate()
    certificate['weights'].pop(name)
    (tmp_path / 'proof.json').write_text(json.dumps(certificate))
    with pytest.raises(Refused, match=f'expected|{name}'):
        check_file(tmp_path / 'proof.json')


def test_weights_of_a_second_layer_are_refused():
    certificate = adder_certificate()
    certificate['weights']['weight_hh_l1'] = certificate['weights']['weight_hh_l0']
    with pytest.raises(Refused, match='expected'):
        check(seal(certificate))


@pytest.mark.parametrize(
    ('path', 'entry'),
    [
        (('bias_ih_l0',), ZERO),
        (('weight_ih_l0', 0), ZERO),
        (('head_weight',), [ZERO, ZERO, ZERO, ZERO]),
    ],
)
def test_weights_of_another_shape_are_refused(path, entry):
    certificate = adder_certificate()
    entry_of(certificate['weights'], path).append(entry)
    with pytest.raises(Refused, match='must have shape'):
        check(seal(certificate))


@pytest.mark.parametrize('number', ['inf', '-inf', 'nan'])
@pytest.mark.parametrize(
    'path',
    [
        ('weights', 'weight_hh_l0', 0, 0),
        ('weights', 'bias_ih_l0', 0),
        ('sets', 1, 'edges', 1, 0),
        ('sets', 1, 'centre', 0),
    ],
)
def test_numbers_must_be_finite(number, path, tmp_path):
    certificate = adder_certificate()
    set_entry(certificate, path, number)
    (tmp_path / 'proof.json').write_text(json.dumps(seal(certificate)))
    with pytest.raises(Refused, match='not finite'):
        check_file(tmp_path / 'proof.json')
