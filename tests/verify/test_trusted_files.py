"""What a proof trusts imports flint and the standard library alone."""

import ast
import sys
from pathlib import Path

import pytest

VERIFY = Path(__file__).parents[2] / 'jaxdl' / 'verify'
TRUSTED = {
    'affine',
    'automaton',
    'cell_sizes',
    'certificate',
    'check',
    'exact_step',
    'machine',
    'machines',
    'rounding',
}


def imported_modules(module):
    """The modules that a module of jaxdl/verify imports."""
    names = set()
    for node in ast.walk(ast.parse((VERIFY / f'{module}.py').read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == 'jaxdl.verify':
            names |= {f'jaxdl.verify.{alias.name}' for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


@pytest.mark.quick
def test_the_checker_imports_flint_and_the_standard_library_alone():
    visited = set()
    unvisited = ['check']
    while unvisited:
        module = unvisited.pop()
        visited.add(module)
        for name in imported_modules(module):
            package, *path = name.split('.')
            if package == 'jaxdl':
                assert path[0] == 'verify' and len(path) == 2, f'{module} imports {name}'
                if path[1] not in visited:
                    unvisited.append(path[1])
            else:
                assert package in {'flint', *sys.stdlib_module_names}, f'{module} imports {name}'
    assert visited == TRUSTED


@pytest.mark.quick
def test_the_second_checker_imports_the_standard_library_alone():
    assert imported_modules('second_check') <= sys.stdlib_module_names


@pytest.mark.quick
def test_the_description_of_a_counterexample_needs_no_jax():
    packages = {name.split('.')[0] for name in imported_modules('counterexamples')}
    assert packages == {'collections', 'typing', 'numpy', 'jaxdl'}
