"""The second checker: right certificates are accepted, false and loosely written ones refused."""

import copy
import json
import shutil
import subprocess
import sys
from fractions import Fraction

import pytest
from certificate_files import alternating, latch, sealed
from hand_built import entry_of, set_entry

from jaxdl.verify import second_check
from jaxdl.verify.second_check import Refused, check_text

REMOVED = object()


def check_document(document):
    return check_text(json.dumps(document))


def changed(document, path, value):
    """The document with another entry at a path, or without it, and with the right digest."""
    document = copy.deepcopy(document)
    if value is REMOVED:
        *parents, name = path
        del entry_of(document, parents)[name]
    else:
        set_entry(document, path, value)
    return document


# --- What is true is accepted --------------------------------------------------------------------


@pytest.mark.quick
@pytest.mark.parametrize('slack', [0.0, 0.01, 0.02])
@pytest.mark.parametrize('steps', [1, 2, 3])
def test_a_latch_is_proved(steps, slack):
    statement = check_document(latch(steps, slack))
    assert statement == (
        'proved: the rnn of 1 units follows the automaton of the file (2 states, 2 symbols) on '
        f'every sequence, with errors of up to {slack:.3g} in each number of its state at every '
        f'step (k = {steps}; float32 rounding is not judged)'
    )


@pytest.mark.quick
def test_a_set_that_closes_after_two_steps_is_proved_over_two():
    check_document(alternating(steps=2))
    check_document(alternating(steps=4))
    for steps in (1, 3):
        with pytest.raises(Refused, match='not proved to lead into set 0'):
            check_document(alternating(steps))


def test_the_answers_between_are_asked_for_too():
    """h lies in [-.045, .422] after one step, and in [-.363, .041] after two."""
    check_document(alternating(lowest_logit=0.37))
    with pytest.raises(Refused, match=r'set 0, word \(0, 0\): the answer'):
        check_document(alternating(lowest_logit=0.35))
    negated = alternating()
    negated['weights']['head_weight'] = [[(-1.0).hex()]]
    negated['weights']['head_bias'] = [(0.45).hex()]
    check_document(sealed(negated))
    negated['weights']['head_bias'] = [(0.4).hex()]
    with pytest.raises(Refused, match=r'set 0, word \(0,\): the answer'):
        check_document(sealed(negated))


def test_two_logits_say_what_one_says():
    """The logits (0, h - .25), and both .5 higher."""
    document = latch()
    document['automaton']['outputs'] = 2
    document['weights']['head_weight'] = [[(0.0).hex()], [(1.0).hex()]]
    for lower, upper in ((0.0, -0.25), (0.5, 0.25)):
        document['weights']['head_bias'] = [lower.hex(), upper.hex()]
        check_document(sealed(document))
    document['weights']['head_bias'] = [(0.0).hex(), (0.97).hex()]
    with pytest.raises(Refused, match='answer'):
        check_document(sealed(document))


# --- What is false is refused --------------------------------------------------------------------

CLOSURE = 'not proved to lead into set'
ANSWER = 'the answer is not proved'
LABEL = 'is one for another automaton state'


@pytest.mark.quick
@pytest.mark.parametrize('steps', [1, 2])
@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        # The zero state is not in the first set, or the start of the automaton is not its state.
        (('sets', 0, 'centre'), [(-0.55).hex()], 'the state 0 does not lie in set 0'),
        (('sets', 0, 'generators'), [[(0.49).hex()]], 'the state 0 does not lie in set 0'),
        (('sets', 0, 'state'), 1, 'set 0 is not one for the start'),
        # Sets that are too small, too large, or of another state.
        (('sets', 1, 'generators'), [[(0.01).hex()]], CLOSURE),
        (('sets', 1, 'centre'), [(0.9).hex()], CLOSURE),
        (('sets', 1, 'state'), 0, LABEL),
        (('sets', 0, 'generators'), [[(-1.2).hex()]], f'{CLOSURE}|{ANSWER}'),
        (('sets', 0, 'generators'), [[(0.0).hex()]], 'no inverse'),
        # Another automaton.
        (('automaton', 'next'), [[0, 0], [1, 1]], LABEL),
        (('automaton', 'next'), [[1, 1], [1, 1]], f'{LABEL}|{ANSWER}'),
        (('automaton', 'next'), [[0, 1], [0, 1]], LABEL),
        (('automaton', 'answers'), [[1, 1], [1, 1]], ANSWER),
        (('automaton', 'answers'), [[0, 0], [1, 1]], ANSWER),
        (('automaton', 'answers'), [[0, 1], [1, 0]], ANSWER),
        (('automaton', 'symbols'), [[1], [0]], ANSWER),
        # Another net.
        (('weights', 'weight_ih_l0'), [[(6.0).hex()]], f'{CLOSURE}|{ANSWER}'),
        (('weights', 'weight_hh_l0'), [[(2.0).hex()]], f'{CLOSURE}|{ANSWER}'),
        (('weights', 'weight_hh_l0'), [[(-6.0).hex()]], f'{CLOSURE}|{ANSWER}'),
        (('weights', 'bias_ih_l0'), [(0.5).hex()], f'{CLOSURE}|{ANSWER}'),
        (('weights', 'bias_hh_l0'), [(-5.0).hex()], f'{CLOSURE}|{ANSWER}'),
        (('weights', 'head_weight'), [[(-1.0).hex()]], ANSWER),
        (('weights', 'head_bias'), [(0.97).hex()], ANSWER),
        (('weights', 'head_bias'), [(-1.0).hex()], ANSWER),
        # A larger slack than the net bears.
        (('slack',), (0.04).hex(), CLOSURE),
    ],
)
def test_a_small_change_that_makes_it_false(steps, path, value, message):
    with pytest.raises(Refused, match=message):
        check_document(sealed(changed(latch(steps), path, value)))


@pytest.mark.quick
def test_words_are_counted_with_the_first_symbol_first():
    """Set 0 leads into itself on the word (0, 0) alone, the first of four."""
    for place in range(4):
        next_sets = [1, 1, 1, 1]
        next_sets[place] = 0
        document = sealed(changed(latch(2), ('sets', 0, 'next'), next_sets))
        if place == 0:
            check_document(document)
        else:
            with pytest.raises(Refused, match=LABEL):
                check_document(document)


def last_symbol(slack=0.0):
    """An RNN whose answer is the last symbol, so that the words (0, 1) and (1, 0) differ."""
    document = latch(2, slack)
    document['automaton'] |= {'next': [[0, 1], [0, 1]], 'answers': [[0, 1], [0, 1]]}
    document['weights'] |= {'weight_hh_l0': [[(1.0).hex()]], 'weight_ih_l0': [[(8.0).hex()]]}
    document['weights'] |= {'bias_ih_l0': [(-3.5).hex()]}
    for entry in document['sets']:
        entry['next'] = [0, 1, 0, 1]
    return sealed(document)


def test_the_last_symbol_of_a_word_counts_least():
    document = last_symbol()
    check_document(document)
    for next_sets in ([0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]):
        with pytest.raises(Refused, match=LABEL):
            check_document(sealed(changed(document, ('sets', 1, 'next'), next_sets)))


@pytest.mark.quick
def test_a_logit_that_may_be_zero_is_no_answer():
    document = changed(latch(), ('weights', 'head_weight'), [[(0.0).hex()]])
    for answer in (0, 1):
        document['automaton']['answers'] = [[answer, answer], [answer, answer]]
        for bias, right in ((0.0, False), (2.0**-256, answer == 1), (-(2.0**-256), answer == 0)):
            document['weights']['head_bias'] = [bias.hex()]
            if right:
                check_document(sealed(document))
            else:
                with pytest.raises(Refused, match=ANSWER):
                    check_document(sealed(document))


@pytest.mark.quick
def test_a_set_holds_its_faces():
    """The state 0 is an end of the set [-1, 0]."""
    first = latch()['sets'][0] | {'centre': [(-0.5).hex()], 'generators': [[(0.5).hex()]]}
    check_document(sealed(changed(latch(), ('sets', 0), first)))
    first['centre'] = [(-0.5 - 2.0**-50).hex()]
    with pytest.raises(Refused, match='the state 0 does not lie in set 0'):
        check_document(sealed(changed(latch(), ('sets', 0), first)))


@pytest.mark.quick
def test_generators_too_large_to_invert_are_refused():
    """The inverse of 2**300 is less than a unit."""
    document = changed(latch(), ('sets', 0, 'generators'), [[(2.0**300).hex()]])
    with pytest.raises(Refused, match=r'inverse is too fine for units of 2\*\*-256$'):
        check_document(sealed(document))


@pytest.mark.quick
def test_words_of_eight_symbols():
    check_document(alternating(steps=8))


@pytest.mark.quick
def test_words_of_three_symbols():
    """The last of the three symbols sets the latch, the first two leave it."""
    document = latch(2)
    document['automaton'] = {
        'symbols': [[0, 0], [0, 1], [1, 0]],
        'outputs': 1,
        'next': [[0, 0, 1], [1, 1, 1]],
        'answers': [[0, 0, 1], [1, 1, 1]],
    }
    document['weights']['weight_ih_l0'] = [[(12.0).hex(), (-0.25).hex()]]
    document['sets'][0]['next'] = [0, 0, 1, 0, 0, 1, 1, 1, 1]
    document['sets'][1]['next'] = [1] * 9
    check_document(sealed(document))


def test_any_answer_will_do_where_none_is_asked_for():
    document = changed(latch(), ('weights', 'head_bias'), [(-1.0).hex()])
    free = changed(document, ('automaton', 'answers'), [[0, None], [None, None]])
    check_document(sealed(free))


# --- Loosely written files are refused -----------------------------------------------------------

NOT_A_FLOAT = 'a number that float.hex would not write'
HALF = (0.5).hex()


@pytest.mark.quick
@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        # Keys.
        (('comment',), 'text', 'the file: wrong keys'),
        (('sha256',), REMOVED, 'the file: wrong keys'),
        (('steps',), REMOVED, 'the file: wrong keys'),
        (('automaton', 'name'), 'latch', 'automaton: wrong keys'),
        (('automaton', 'outputs'), REMOVED, 'automaton: wrong keys'),
        (('weights', 'weight_ih_l1'), [], 'weights: wrong keys'),
        (('weights', 'head_bias'), REMOVED, 'weights: wrong keys'),
        (('sets', 1, 'memory'), 1, 'a set: wrong keys'),
        (('sets', 1, 'state'), REMOVED, 'a set: wrong keys'),
        # Types.
        (('automaton',), [], 'automaton: wrong keys'),
        (('weights',), 'text', 'weights: wrong keys'),
        (('sets', 0), [], 'a set: wrong keys'),
        (('format',), 3, 'format'),
        (('format',), 'jaxdl certificate 2', 'format'),
        (('cell',), ['rnn'], 'cell: unknown'),
        (('cell',), 'RNN', 'cell: unknown'),
        (('steps',), True, 'steps'),
        (('steps',), '1', 'steps'),
        (('steps',), [[1]], 'steps'),
        (('steps',), 0, 'steps'),
        (('steps',), 9, 'steps'),
        (('steps',), 2, 'next of a set: a list of the wrong length'),
        (('slack',), 0, NOT_A_FLOAT),
        (('slack',), None, NOT_A_FLOAT),
        (('slack',), (-0.01).hex(), 'slack: negative'),
        (('sets',), {'0': 1}, 'sets: not a list'),
        (('sets',), [], 'sets: not a list, or empty'),
        (('sets', 0, 'next'), '01', 'next of a set: not a list'),
        (('sets', 0, 'next'), {'0': 0, '1': 1}, 'next of a set: not a list'),
        (('sets', 0, 'next'), [0, True], 'next of a set: not an allowed integer'),
        (('sets', 0, 'next'), [0, '1'], 'next of a set: not an allowed integer'),
        (('sets', 0, 'next'), [0, 2], 'next of a set: not an allowed integer'),
        (('sets', 0, 'next'), [0, -1], 'next of a set: not an allowed integer'),
        (('sets', 0, 'next'), [0], 'next of a set: a list of the wrong length'),
        (('sets', 0, 'next'), [0, 1, 1], 'next of a set: a list of the wrong length'),
        (('sets', 0, 'state'), False, 'state of a set: not an allowed integer'),
        (('sets', 1, 'state'), 2, 'state of a set: not an allowed integer'),
        (('sets', 1, 'state'), -1, 'state of a set: not an allowed integer'),
        (('sets', 0, 'centre'), HALF, 'centre: not a list'),
        (('sets', 0, 'centre'), [[HALF]], NOT_A_FLOAT),
        (('sets', 0, 'centre'), [HALF, HALF], 'centre: a list of the wrong length'),
        (('sets', 0, 'generators'), [HALF], 'generators: not a list'),
        (('sets', 0, 'generators'), [[HALF, HALF]], 'generators: a list of the wrong length'),
        (('sets', 0, 'generators'), [[HALF], [HALF]], 'generators: a list of the wrong length'),
        (('weights', 'head_bias'), [], 'head_bias: not a list, or empty'),
        (('weights', 'head_weight'), [[HALF], [HALF]], 'head_weight: a list of the wrong length'),
        (('weights', 'weight_hh_l0'), [[HALF, HALF]], 'weight_hh_l0: a list of the wrong'),
        (('weights', 'weight_hh_l0'), [[HALF], [HALF]], 'a list of the wrong length'),
        (('weights', 'weight_hh_l0'), 'text', 'weight_hh_l0: not a list'),
        # The automaton.
        (('automaton', 'symbols'), [], 'symbols: not a list, or empty'),
        (('automaton', 'symbols'), [[], []], 'symbols: not a list, or empty'),
        (('automaton', 'symbols'), [[0], [0]], 'symbols: two are the same'),
        (('automaton', 'symbols'), [[0], [1, 0]], 'symbols: a list of the wrong length'),
        (('automaton', 'symbols'), [[0], [2]], 'symbols: not an allowed integer'),
        (('automaton', 'symbols'), [[0], [True]], 'symbols: not an allowed integer'),
        (('automaton', 'outputs'), 0, 'outputs'),
        (('automaton', 'outputs'), True, 'outputs'),
        (('automaton', 'outputs'), 2, 'head_weight: a list of the wrong length'),
        (('automaton', 'next'), [], 'next: not a list, or empty'),
        (('automaton', 'next'), [[0, 1]], 'not an allowed integer'),
        (('automaton', 'next'), [[0, 1], [1]], 'next: a list of the wrong length'),
        (('automaton', 'next'), [[0, 1], [1, 2]], 'next: not an allowed integer'),
        (('automaton', 'next'), [[0, 1], [1, None]], 'next: not an allowed integer'),
        (('automaton', 'answers'), [[0, 1]], 'answers: a list of the wrong length'),
        (('automaton', 'answers'), [[0, 1], [1, 2]], 'answers: not an allowed integer'),
        (('automaton', 'answers'), [[0, 1], [1, True]], 'answers: not an allowed integer'),
        (('automaton', 'answers'), [[0, 1], [1, '1']], 'answers: not an allowed integer'),
        (('automaton', 'answers'), [[None, None], [None, None]], 'answers: none is asked for'),
        # The digest.
        (('sha256',), 64 * '0', 'sha256: not the digest'),
        (('sha256',), None, 'sha256: not the digest'),
        (('weights', 'head_bias'), [(-0.26).hex()], 'sha256: not the digest'),
    ],
)
def test_what_is_written_loosely_is_refused(path, value, message):
    document = changed(latch(), path, value)
    # Every refusal but that of the digest comes first: the digest does not mend a file.
    with pytest.raises(Refused, match=message):
        check_document(document)


@pytest.mark.quick
@pytest.mark.parametrize(
    'text',
    [
        '1e5',  # float.fromhex reads 485
        '0.5',
        '12',
        '0x1p-1',
        '0X1.0000000000000P-1',
        '1.0000000000000p-1',
        ' 0x1.0000000000000p-1',
        '0x1.0000000000000p-1 ',
        '+0x1.0000000000000p-1',
        '0x1.0000000000000p-01',
        '0x1.00000000000000p-1',
        '0x0.8000000000000p+0',
        '0x1.00000000000001p-1',
        '0x1.0000000000000p+1024',
        '0x1.0000000000000p+99999999999999999999',
        'inf',
        '-inf',
        'nan',
        'infinity',
        '',
        '0x',
        '\u0665',  # a digit of another script
        '0x1.0000000000000p-1\u0000',
        '\ud800',
    ],
)
def test_a_number_has_one_spelling(text):
    with pytest.raises(Refused, match=NOT_A_FLOAT):
        check_document(sealed(changed(latch(), ('sets', 0, 'centre'), [text])))


@pytest.mark.quick
def test_numbers_are_exactly_what_the_file_says():
    for number in (0.1, -3.0, 2.0**-200, 1e300, -0.0):
        document = sealed(changed(latch(), ('sets', 0, 'centre'), [number.hex()]))
        units = second_check.parse(json.dumps(document)).sets[0].centre[0]
        assert Fraction(units, 2**256) == Fraction(number)


@pytest.mark.quick
@pytest.mark.parametrize('number', [5e-324, 2.0**-257, 2.0**-220 * 1.0000000000000002])
def test_a_number_that_is_no_multiple_of_the_unit_is_refused(number):
    with pytest.raises(Refused, match=r'no multiple of 2\*\*-256$'):
        check_document(sealed(changed(latch(), ('sets', 0, 'centre'), [number.hex()])))
    unit = 2.0**-256
    check_document(sealed(changed(latch(), ('slack',), unit.hex())))


def replaced(old, new):
    text = json.dumps(latch())
    assert old in text
    return text.replace(old, new)


@pytest.mark.quick
@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (replaced('"steps": 1', '"steps": 1, "steps": 1'), 'a key occurs twice'),
        (replaced('"state": 1', '"state": 0, "state": 1'), 'a key occurs twice'),
        (replaced('"steps": 1', '"steps": 1.0'), 'neither an integer nor a hexadecimal'),
        (replaced('"steps": 1', '"steps": 1e0'), 'neither an integer nor a hexadecimal'),
        (replaced('"steps": 1', '"steps": NaN'), 'neither an integer nor a hexadecimal'),
        (replaced('"steps": 1', '"steps": -Infinity'), 'neither an integer nor a hexadecimal'),
        (replaced('"steps": 1', '"steps": ' + 5000 * '1'), 'too many digits'),
        (replaced('"steps": 1', '"steps": 1234567890'), 'too many digits'),
        (replaced('"steps": 1', '"steps": 123456789'), 'steps: not an integer from 1 to 8'),
        (replaced('"steps": 1', '"steps": ' + 100_000 * '[' + 100_000 * ']'), 'too deeply'),
        (100_000 * '{"a":', 'too deeply'),
        (replaced('"steps": 1', '"steps": 1,'), 'not JSON'),
        ('\ufeff' + json.dumps(latch()), 'not JSON'),
        (json.dumps(latch()) + ' {}', 'not JSON'),
        ('', 'not JSON'),
        ('[]', 'the file: wrong keys'),
        ('null', 'the file: wrong keys'),
        ('"jaxdl certificate 3"', 'the file: wrong keys'),
    ],
    ids=range(18),
)
def test_json_of_more_than_one_meaning_is_refused(text, message):
    with pytest.raises(Refused, match=message):
        check_text(text)


def test_deep_lists_in_every_place_are_refused():
    """Deep enough to be read as JSON, and too deep for what looks into every level."""
    deep = []
    for _ in range(600):
        deep = [deep]
    for path in (('format',), ('steps',), ('slack',), ('sets', 0, 'centre'), ('sha256',)):
        with pytest.raises(Refused):
            check_document(changed(latch(), path, deep))


@pytest.mark.quick
def test_every_changed_number_is_noticed_by_the_digest():
    text = json.dumps(latch())
    for old, new in (('"0x1.8000000000000p+3"', '"0x1.8000000000001p+3"'), ('[1, 1]', '[1, 0]')):
        assert old in text
        with pytest.raises(Refused, match='sha256'):
            check_text(text.replace(old, new, 1))


# --- The command ---------------------------------------------------------------------------------


def run_alone(folder, *arguments):
    """Runs a copy of the file in a folder, without the packages of this environment."""
    script = folder / 'second_check.py'
    shutil.copy(second_check.__file__, script)
    command = [sys.executable, '-I', '-S', script.name, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_file_alone_checks_certificates(tmp_path):
    (tmp_path / 'right.json').write_text(json.dumps(latch()))
    (tmp_path / 'wrong.json').write_text(json.dumps(latch(slack=0.5)))
    (tmp_path / 'binary.json').write_bytes(b'\xff\xfe')
    names = ['right.json', 'wrong.json', 'binary.json', 'none.json']
    result = run_alone(tmp_path, *names)
    assert result.returncode == 1
    assert result.stderr == ''
    right, wrong, binary, none = result.stdout.splitlines()
    assert right.startswith('right.json: proved: the rnn of 1 units follows the automaton')
    assert wrong.startswith('wrong.json: refused: set 0, word (0,): ')
    assert binary.startswith('binary.json: refused: ')
    assert none.startswith('none.json: refused: ')
    result = run_alone(tmp_path, 'right.json')
    assert result.returncode == 0


def test_the_command_from_within(tmp_path, capsys):
    """As the tests above, but of the module as it is imported."""
    right, wrong = tmp_path / 'right.json', tmp_path / 'wrong.json'
    right.write_text(json.dumps(latch()))
    wrong.write_text('{}')
    assert second_check.main([str(right)]) == 0
    assert capsys.readouterr().out == f'{right}: {check_document(latch())}\n'
    assert second_check.main([str(wrong), str(right)]) == 1
    assert capsys.readouterr().out.startswith(f'{wrong}: refused: the file: wrong keys\n{right}: ')
    assert second_check.main([]) == 2
    assert capsys.readouterr().out == 'usage: python second_check.py FILE...\n'


def test_the_file_alone_asks_for_certificates(tmp_path):
    result = run_alone(tmp_path)
    assert result.returncode == 2
    assert 'FILE' in result.stdout
