"""Each sign, comparison, rounding and condition of the trusted code is tested: no mutant passes."""

import subprocess
import sys
from pathlib import Path

import pytest
from mutants import mutants_of

ROOT = Path(__file__).parents[2]
TESTS = {
    'affine': ('verify/test_affine', 'verify/test_check', 'verify/test_exact_step'),
    'exact_step': ('verify/test_exact_step', 'verify/test_check'),
    'rounding': ('verify/test_rounding', 'verify/test_exact_step', 'verify/test_check'),
    'check': (
        'verify/test_check',
        'verify/test_two_checkers',
        'verify/test_rounding',
        'fuzz/test_fuzz_certificates',
    ),
    'certificate': ('verify/test_certificate', 'verify/test_check', 'fuzz/test_fuzz_certificates'),
    'automaton': ('verify/test_automaton', 'verify/test_check'),
    'cell_sizes': ('verify/test_certificate', 'verify/test_check'),
    'second_check': ('verify/test_second_check', 'verify/test_second_check_arithmetic'),
}
# Mutants that no test can tell from the original, or none needs to, and why.
EQUIVALENT = {module: {} for module in TESTS}


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
def test_every_mutant_is_caught(module):
    files = [f'tests/{name}.py' for name in TESTS[module]]
    result = subprocess.run(
        [sys.executable, '-m', 'tests.mutants', f'jaxdl.verify.{module}', *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(result.stdout.splitlines()) == set(EQUIVALENT[module])
