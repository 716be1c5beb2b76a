"""Certificates from strangers: each is refused in one line, or proves what the original proves."""

import copy
import os

import pytest
from hand_built import adder_certificate, check_content, recall_certificate, seal
from hypothesis import given
from hypothesis import strategies as st
from strangers import FEW, MANY, NUMBERS, changed, damaged, fuzz, nested, to_bytes

from jaxdl.verify import check
from jaxdl.verify.certificate import Refused
from jaxdl.verify.check import check_file

ADDER = adder_certificate()
ZERO = (0.0).hex()
SMALL_NUMBERS = ['0x1p-1074', '0x1.fffffffffffffp+1023', '-0x1p+1000', '0x1p-1000', ZERO, 'nan']


def check_certificate(folder, content):
    file = folder / 'seed0.json'
    file.write_bytes(content if isinstance(content, bytes) else to_bytes(content))
    try:
        result = check_file(file)
    except Refused as error:
        assert '\n' not in str(error)
        assert len(str(error)) < 400
        return None
    assert result.slack >= 0 and result.margin > 0
    return result


@pytest.mark.quick
def test_changed_certificates(tmp_path):
    fuzz(check_certificate, tmp_path, changed(ADDER) | damaged(to_bytes(ADDER)), FEW)


@pytest.mark.slow
def test_many_changed_certificates(tmp_path):
    for certificate in (ADDER, recall_certificate()):
        strategy = changed(certificate) | damaged(to_bytes(certificate))
        fuzz(check_certificate, tmp_path, strategy, MANY)


@st.composite
def sealed(draw):
    """A certificate with other numbers whose digest is right."""
    certificate = copy.deepcopy(ADDER)
    weights, sets = certificate['weights'], certificate['sets']
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.sampled_from(SMALL_NUMBERS) | NUMBERS.map(as_hexadecimal))
        place = draw(st.sampled_from(['weights', 'centre', 'generators', 'next']))
        if place == 'weights':
            matrix = weights[draw(st.sampled_from(['weight_ih_l0', 'weight_hh_l0', 'head_weight']))]
            draw(st.sampled_from(matrix))[0] = number
        elif place == 'next':
            draw(st.sampled_from(sets))['next'][0] = draw(st.integers(0, 2))
        else:
            state_set = draw(st.sampled_from(sets))
            row = state_set['centre'] if place == 'centre' else state_set['generators'][1]
            row[draw(st.integers(0, 3))] = number
    return seal(certificate)


def as_hexadecimal(number):
    try:
        return float(number).hex()
    except OverflowError:
        return 'inf'


@FEW
@given(sealed())
def test_extreme_numbers(tmp_path_factory, certificate):
    check_certificate(tmp_path_factory.getbasetemp(), certificate)


@pytest.mark.quick
@pytest.mark.parametrize(
    'content',
    [
        b'[' * 100_000,
        b'{"sets":' * 100_000,
        to_bytes({**ADDER, 'note': nested(900)}),
        to_bytes({**ADDER, 'sets': [{**ADDER['sets'][0], 'note': nested(900)}]}),
        to_bytes({**ADDER, 'steps': 10**4000}),
        to_bytes({**ADDER, 'cell': nested(900)}),
        to_bytes({**ADDER, 'cell': 'x' * 10**6}),
        to_bytes({**ADDER, 'weights': {'a\nb': 1}}),
        b'1' * 5000,
        b'\xff',
    ],
    ids=lambda content: content[:10].decode(errors='replace') + str(len(content)),
)
def test_what_is_refused(content, tmp_path):
    assert check_certificate(tmp_path, content) is None


@pytest.mark.quick
def test_a_proof_that_would_take_too_long(monkeypatch):
    """A megabyte of numbers can ask for days of work."""
    assert check_content(ADDER).margin > 0
    # 3 sets, 4 symbols, weights (4, 4) and generators (4, 4).
    monkeypatch.setattr(check, 'MOST_PRODUCTS', 3 * 4 * 4 * 4 * 4 - 1)
    with pytest.raises(
        Refused, match='3 sets of 4 numbers, over 1 steps, are too many to be checked'
    ):
        check_content(ADDER)


@pytest.mark.quick
def test_what_is_no_file(tmp_path):
    with pytest.raises(Refused, match='it is not a file'):
        check_file(tmp_path)
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(Refused, match='it is not a file'):
        check_file(tmp_path / 'pipe')
