"""Names that are mistyped."""

import re

import pytest

from jaxdl import UserError
from jaxdl.names import did_you_mean, look_up, unknown

pytestmark = pytest.mark.quick
CELLS = {'rnn': 1, 'lstm': 2, 'gru': 3}


def test_a_known_name():
    assert look_up('cell', 'gru', CELLS) == 3


def test_an_unknown_name_is_told_with_near_ones_and_all():
    with pytest.raises(UserError) as error:
        look_up('cell', 'ltsm', CELLS)
    assert str(error.value) == (
        "the cell 'ltsm' is unknown (did you mean lstm?); choose one of rnn, lstm, gru"
    )


def test_what_is_no_text_is_no_name():
    with pytest.raises(UserError, match='the cell None is unknown; choose one of rnn'):
        look_up('cell', None, CELLS)


@pytest.mark.parametrize(
    'name, near',
    [
        ('xyz', ''),
        ('mnist', ' (did you mean mnist_rnn or mnist_cnn?)'),
        ('mnist_cn', ' (did you mean mnist_cnn or mnist_rnn?)'),
    ],
)
def test_near_names(name, near):
    known = ['tomita_1', 'tomita_2', 'tomita_3', 'mnist_cnn', 'mnist_rnn']
    assert did_you_mean(name, known) == near


def test_equally_near_names_are_all_named():
    text = did_you_mean('tomita', ['tomita_1', 'tomita_2', 'tomita_3', 'mnist_cnn'])
    assert set(re.findall(r'\w+_\w+', text)) == {'tomita_1', 'tomita_2', 'tomita_3'}


def test_the_empty_name_is_no_choice():
    assert (
        str(unknown('--init=x', 'x', ['', 'torch'])) == '--init=x is unknown; choose one of torch'
    )
