"""Certificates: exact in a file, and refused where anything is missing or out of shape."""

import json

import pytest
from hand_built import adder_certificate, check_content, entry_of, seal, set_entry

from jaxdl.verify.automaton import ADDER
from jaxdl.verify.certificate import Refused, make_certificate, parse, parse_text
from jaxdl.verify.check import check_file

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
    made = make_certificate(ADDER, 'rnn', weights, claim.sets, claim.steps, claim.slack)
    assert made == certificate
    assert claim.automaton == ADDER


def test_a_certificate_survives_its_file_bit_for_bit(tmp_path):
    certificate = adder_certificate()
    file = tmp_path / 'proof.json'
    file.write_text(json.dumps(certificate))
    assert json.loads(file.read_text())['weights'] == certificate['weights']
    assert check_file(file) == check_content(certificate)


@pytest.mark.quick
def test_files_that_hold_no_certificate_are_refused(tmp_path):
    text = json.dumps(adder_certificate())
    file = tmp_path / 'proof.json'
    too_large_a_number = text.replace('0x1.8000000000000p+3', '0x1p99999', 1)
    for content in (
        '{',
        '[]',
        '[' * 100_000,
        '{"format": "jaxdl certificate 3"}',
        too_large_a_number,
        text.replace('0x', '0y', 1),
    ):
        file.write_text(content)
        with pytest.raises(Refused):
            check_file(file)


@pytest.mark.quick
@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (('format',), 'jaxdl certificate 2', "this is not a 'jaxdl certificate 3'"),
        (('cell',), 'mlp', "no proof is known for the cell 'mlp'"),
        (('cell',), ['rnn'], 'no proof is known for the cell'),
        (('steps',), 0, 'steps is 0; expected 1 to 8'),
        (('steps',), True, 'steps is True; expected 1 to 8'),
        (('steps',), '1', "steps is '1'; expected 1 to 8"),
        (('slack',), (-0.5).hex(), 'the slack is negative'),
        (('slack',), 0, 'the slack is 0, which is no hexadecimal float'),
        (('seed',), 3, 'the certificate has .*; expected format, automaton, cell'),
        (('automaton', 'name'), 'adder', 'the automaton has .*; expected symbols'),
        (('automaton', 'outputs'), True, 'the number of outputs is True'),
        (('automaton', 'symbols', 0), [0, 2], 'an entry of a symbol is 2; expected 0 to 1'),
        (('automaton', 'symbols', 0), [0, 1], 'the symbols are not different'),
        (('automaton', 'symbols', 0), [0, 0, 0], 'the symbols are not different'),
        (('automaton', 'symbols'), [], 'the symbols must have 1 to 1000 entries, it has 0'),
        (('automaton', 'next'), [], 'the next states must have 1 to'),
        (('automaton', 'next', 0, 1), 2, 'an entry of a row of the next states is 2'),
        (('automaton', 'next', 0), [0, 0, 0], 'a row of the next states must have 4 entries'),
        (('automaton', 'answers', 0, 1), 2, 'an answer is 2; expected 0 to 1'),
        (('automaton', 'answers', 0, 1), False, 'an answer is False; expected 0 to 1'),
        (('automaton', 'answers'), [[None] * 4] * 2, 'the automaton asks for no answer'),
        (('automaton', 'answers'), [[0] * 4], 'the answers must have 2 entries, it has 1'),
        (('automaton',), [], 'the automaton is no object'),
        (('weights',), [], 'the weights are no object'),
        (('sets',), [], 'the sets must have at least 1 entries, it has 0'),
        (('sets',), {}, 'the sets must be a list'),
        (('sets', 1), [], 'set 1 is no object'),
        (('sets', 1, 'memory'), 0, 'set 1 has .*; expected state, next, centre, generators'),
        (('sets', 1, 'state'), -1, 'the state of set 1 is -1; expected 0 to 1'),
        (('sets', 1, 'state'), True, 'the state of set 1 is True; expected 0 to 1'),
        (('sets', 1, 'next', 3), -1, 'an entry of next of set 1 is -1; expected 0 to 2'),
        (('sets', 1, 'next'), {'0': 1}, 'next of set 1 must be a list'),
        (('sets', 1, 'centre'), '1234', 'the centre of set 1 must be a list'),
        (('sets', 1, 'centre', 0), [ZERO], r"is \['0x0.0p\+0'\], which is no hexadecimal float"),
    ],
)
def test_malformed_entries_are_refused(path, value, message):
    certificate = adder_certificate()
    set_entry(certificate, path, value)
    with pytest.raises(Refused, match=message):
        check_content(seal(certificate))


def test_a_digest_that_is_no_text_is_refused():
    with pytest.raises(Refused, match='the sha256 is None, which is no text'):
        check_content(adder_certificate() | {'sha256': None})


@pytest.mark.quick
@pytest.mark.parametrize(
    'text', ['1e5', '1', '0x1p0', '0x1.0p+0', ' 0x0.0p+0', '0X1.0000000000000P+0']
)
def test_only_the_way_of_float_hex_is_a_number(text):
    """float.fromhex reads 1e5 as 485, and others in more than one way."""
    certificate = adder_certificate()
    set_entry(certificate, ('weights', 'head_bias', 0), text)
    with pytest.raises(Refused, match='which is not as float.hex writes it'):
        check_content(seal(certificate))


@pytest.mark.quick
@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('"steps": 1', '"steps": 1, "steps": 1', 'is there twice'),
        ('"state": 1', '"state": 1, "state": 1', 'is there twice'),
        ('"steps": 1', '"steps": 1.0', "the number '1.0' is not hexadecimal"),
        ('"steps": 1', '"steps": NaN', "the number 'NaN' is not hexadecimal"),
        ('"steps": 1', '"steps": ' + '9' * 5000, 'is too large'),
        ('"steps": 1', '"steps": ' + '[' * 100_000, 'it is nested too deeply'),
    ],
)
def test_texts_that_a_reader_may_take_otherwise_are_refused(old, new, message):
    text = json.dumps(adder_certificate())
    assert old in text
    with pytest.raises(Refused, match=message):
        parse_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    'path',
    [
        ('sets', 1, 'next'),
        ('sets', 0, 'centre'),
        ('sets', 1, 'generators'),
        ('sets', 1, 'generators', 2),
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
    certificate['sets'][1]['generators'].pop()
    with pytest.raises(Refused, match='the generators of set 1 must have 4 entries, it has 3'):
        check_content(seal(certificate))


def test_a_row_too_many_is_refused(tmp_path):
    certificate = adder_certificate()
    certificate['sets'][1]['generators'].append([])
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
        check_content(seal(certificate))


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
    with pytest.raises(Refused, match='must have'):
        check_content(seal(certificate))


@pytest.mark.parametrize('number', ['inf', '-inf', 'nan'])
@pytest.mark.parametrize(
    'path',
    [
        ('weights', 'weight_hh_l0', 0, 0),
        ('weights', 'bias_ih_l0', 0),
        ('sets', 1, 'generators', 1, 0),
        ('sets', 1, 'centre', 0),
    ],
)
def test_numbers_must_be_finite(number, path, tmp_path):
    certificate = adder_certificate()
    set_entry(certificate, path, number)
    (tmp_path / 'proof.json').write_text(json.dumps(seal(certificate)))
    with pytest.raises(Refused, match='which is not as float.hex writes it'):
        check_file(tmp_path / 'proof.json')
