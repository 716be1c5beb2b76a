"""Each sign, comparison, rounding and condition of the trusted code is tested: no mutant passes."""

import subprocess
import sys
from pathlib import Path

import pytest
from mutants import mutants_of

ROOT = Path(__file__).parents[2]
TESTS = {
    'affine': (
        'verify/test_affine',
        'verify/test_check',
        'verify/test_two_checkers',
        'verify/test_exact_step',
    ),
    'exact_step': ('verify/test_exact_step', 'verify/test_check'),
    'rounding': ('verify/test_rounding', 'verify/test_exact_step', 'verify/test_check'),
    'check': (
        'verify/test_check',
        'verify/test_two_checkers',
        'verify/test_rounding',
        'fuzz/test_fuzz_certificates',
    ),
    'second_check': ('verify/test_second_check', 'verify/test_second_check_arithmetic'),
}
# Why a mutant that passes the tests does no harm, or why no test can tell it from the original.
SAME_LENGTHS = 'the lengths are equal: reading the file has seen to that'
PRECISION = 'more or less precision, with bounds that hold for any'
LARGER_BOUND = 'a bound that is a unit larger, so it holds'
ANY_VALUE = 'any number would do'
ROUNDING_OUTWEIGHED = (
    'wrong by a unit at most, and other roundings outweighed it wherever the tests looked'
)
NAMES_ALONE = 'only the names of the shapes are used here'
LOWER_END = 'half a unit, rounded down: the same'
OTHER_PROCESS = 'the tests run this line in another process, from the original file'
WORK = 'a rough bound on the work, at another size'
DISPLAY = 'the margin is shown, not trusted; tests do not resolve 2**-50 of it'
PASSED = {
    'affine': {
        '_around_plane: True -> False': SAME_LENGTHS,
        'map_entries: True -> False': SAME_LENGTHS,
        'scale_rows: True -> False': SAME_LENGTHS,
        'smaller_slope: slope_at_low.min(slope_at_high).lower'
        ' -> slope_at_low.min(slope_at_high).upper': ROUNDING_OUTWEIGHED,
        'with_errors_as_unknowns: True -> False': SAME_LENGTHS,
    },
    'exact_step': {},
    'rounding': {},
    'check': {
        '_check_sets: True -> False': SAME_LENGTHS,
        '_check_work: 0 -> 1 #2': WORK,
        '_check_work: 1 -> 2 #2': WORK,
        '_check_work: len(claim.automaton.symbols) ** step_number'
        ' -> len(claim.automaton.symbols) * step_number': WORK,
        '_check_work: len(claim.sets) * products > MOST_PRODUCTS'
        ' -> len(claim.sets) * products >= MOST_PRODUCTS': WORK,
        '_check_work: words * rows * size * size * step_number'
        ' -> words * rows * size * size + step_number': WORK,
        '_float_below: 2 -> 3': DISPLAY,
        '_float_below: 50 -> 51': DISPLAY,
        '_float_below: number.lower -> number.upper': DISPLAY,
        '_float_below: value - abs(value) * 2 ** (-50) -> value + abs(value) * 2 ** (-50)': DISPLAY,
        'module: 10 -> 11': WORK,
        'module: 10 -> 11 #2': WORK,
        'module: 128 -> 129': PRECISION,
    },
    'second_check': {
        'add: 0 -> 1': LOWER_END,
        'add: 0 -> 1 #2': LARGER_BOUND,
        'blend: 0 -> 1': LOWER_END,
        'blend: 0 -> 1 #2': ANY_VALUE,
        'combine: True -> False': SAME_LENGTHS,
        'combine: True -> False #2': SAME_LENGTHS,
        'exp_of_minus: 1 -> 2': LARGER_BOUND,
        'exp_of_minus: 1 -> 2 #4': PRECISION,
        'exp_of_minus: number > BITS * ONE -> number >= BITS * ONE': PRECISION,
        'exp_of_minus: term_high -> term_low #3': ROUNDING_OUTWEIGHED,
        'exp_of_minus: term_low -> term_high': ROUNDING_OUTWEIGHED,
        'lies_in: 0 -> 1': LOWER_END,
        'linear: True -> False': SAME_LENGTHS,
        'module: 1 -> 2 #3': OTHER_PROCESS,
        'module: 16 -> 17': PRECISION,
        'module: 32 -> 33': PRECISION,
        'module: 64 -> 65': PRECISION,
        'module: sys.exit(main(sys.argv[1:])) -> pass': OTHER_PROCESS,
        'nearly_inverse: 0 -> 1': ANY_VALUE,
        'nearly_inverse: 0 -> 1 #2': ANY_VALUE,
        'nearly_inverse: 0 -> 1 #4': ANY_VALUE,
        'nearly_inverse: down -> up': ANY_VALUE,
        'parse: 1 -> 2': NAMES_ALONE,
        'parse: 1 -> 2 #2': NAMES_ALONE,
        'parse: 1 -> 2 #3': NAMES_ALONE,
        'parse: 1 -> 2 #4': NAMES_ALONE,
        'prove: 0 -> 1 #7': LARGER_BOUND,
        'sigmoid: down -> up #3': ROUNDING_OUTWEIGHED,
        'sigmoid: up -> down': ROUNDING_OUTWEIGHED,
        'step: True -> False': SAME_LENGTHS,
        'tanh: 0 -> 1': LOWER_END,
        'tanh: 0 -> 1 #2': LARGER_BOUND,
        'target_of: True -> False': SAME_LENGTHS,
    },
}


@pytest.mark.quick
def test_the_mutants_of_a_function():
    source = """
def clamp(low, high):
    if low >= 2:
        raise ValueError
    return min(low, -high)
"""
    names = [mutant.name for mutant in mutants_of(source)]
    assert names == [
        'clamp: if low >= 2: -> if False:',
        'clamp: low >= 2 -> low > 2',
        'clamp: low -> high',
        'clamp: 2 -> 3',
        'clamp: min -> max',
        'clamp: low -> high #2',
        'clamp: -high -> high',
        'clamp: high -> low',
    ]
    changed = [mutant.source for mutant in mutants_of(source)]
    assert 'return max(low, -high)' in changed[4]
    assert 'if low >= 2' in changed[4]
    assert len(set(changed)) == len(changed)


@pytest.mark.mutants
@pytest.mark.parametrize('module', TESTS)
def test_every_other_mutant_is_caught(module):
    files = [f'tests/{name}.py' for name in TESTS[module]]
    result = subprocess.run(
        [sys.executable, '-m', 'tests.mutants', f'jaxdl.verify.{module}', *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(result.stdout.splitlines()) == set(PASSED[module])
